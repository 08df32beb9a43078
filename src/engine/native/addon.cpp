// The addon: memories with their threads, for native.ts.
#include <node_api.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "program.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace halfgate {

#if defined(__x86_64__)
namespace avx512vnni {
extern const Variant variant;
}
namespace avx512 {
extern const Variant variant;
}
namespace avx2 {
extern const Variant variant;
}
namespace baseline {
extern const Variant variant;
}
#else
namespace neon {
extern const Variant variant;
}
#endif

namespace {

/** What this CPU runs, the fastest first. */
std::vector<const Variant *> findVariants() {
  std::vector<const Variant *> found;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512f = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const bool avx2f = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2f && avx512f && __builtin_cpu_supports("avx512vnni"))
    found.push_back(&avx512vnni::variant);
  if (avx2f && avx512f) found.push_back(&avx512::variant);
  if (avx2f) found.push_back(&avx2::variant);
  found.push_back(&baseline::variant);
#else
  found.push_back(&neon::variant);
#endif
  return found;
}

const std::vector<const Variant *> &variants() {
  static const std::vector<const Variant *> all = findVariants();
  return all;
}

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  asm volatile("yield");
#endif
}

/**
 * Nanoseconds to look for the others before sleeping. Waking a thread may take tens of
 * microseconds, and one that sleeps makes the next meeting late as well; where there are more threads
 * than cores, one that looks keeps the one it waits for from running.
 */
constexpr int SPIN = 300000;
constexpr int CROWDED_SPIN = 2000;

/** Waits for a number to change: looks for a while, then sleeps. */
void await(const std::atomic<uint32_t> &number, uint32_t old, int nanoseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(nanoseconds);
  do {
    for (int k = 0; k < 16; k++) {
      if (number.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < until);
  number.wait(old, std::memory_order_acquire);
}

/** The threads of a memory; the caller of `run` is the first of them. */
class Team {
 public:
  explicit Team(int threads)
      : threads_(threads),
        spin_((unsigned)threads > std::thread::hardware_concurrency() ? CROWDED_SPIN : SPIN) {
    try {
      for (int k = 1; k < threads; k++) others_.emplace_back([this, k] { serve(k); });
    } catch (...) {
      stop();
      throw;
    }
  }

  ~Team() { stop(); }

  int threads() const { return threads_; }

  uint64_t run(RunProgram program, Run work) {
    program_ = program;
    work_ = work;
    work_.threads = threads_;
    work_.sync = [](void *team) { static_cast<Team *>(team)->sync(); };
    if (threads_ > 1) {
      turn_.fetch_add(1, std::memory_order_release);
      turn_.notify_all();
    }
    const uint64_t result = runMine(0);
    sync();
    return result;
  }

 private:
  uint64_t runMine(int thread) {
    Run mine = work_;
    mine.thread = thread;
    mine.team = this;
    return program_(mine);
  }

  void sync() {
    if (threads_ == 1) return;
    const uint32_t phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == (uint32_t)threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1, std::memory_order_release);
      phase_.notify_all();
    } else await(phase_, phase, spin_);
  }

  void serve(int thread) {
    for (uint32_t turn = 0;; turn++) {
      await(turn_, turn, spin_);
      if (stopped_.load(std::memory_order_relaxed)) return;
      runMine(thread);
      sync();
    }
  }

  void stop() {
    stopped_.store(true, std::memory_order_relaxed);
    turn_.fetch_add(1, std::memory_order_release);
    turn_.notify_all();
    for (std::thread &other : others_) other.join();
    others_.clear();
  }

  const int threads_;
  const int spin_;
  std::vector<std::thread> others_;
  RunProgram program_ = nullptr;
  Run work_ = {};
  alignas(64) std::atomic<uint32_t> turn_{0};
  std::atomic<bool> stopped_{false};
  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> phase_{0};
};

constexpr uint64_t MOST_BYTES = 1ull << 32;
constexpr int MOST_THREADS = 256;
constexpr uint64_t HUGE_PAGE = 2 << 20;

/** Zeroed pages, on a border of huge ones where it is large. */
class Pages {
 public:
  explicit Pages(uint64_t bytes) {
    const uint64_t extra = bytes >= HUGE_PAGE ? HUGE_PAGE : 0;
    mappedBytes_ = bytes + extra;
    mapped_ = mmap(nullptr, mappedBytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped_ == MAP_FAILED) throw std::bad_alloc();
    const uintptr_t at = reinterpret_cast<uintptr_t>(mapped_);
    start_ = reinterpret_cast<uint8_t *>(extra ? (at + extra - 1) & ~(extra - 1) : at);
#if defined(MADV_HUGEPAGE)
    if (extra) madvise(start_, bytes, MADV_HUGEPAGE);
#endif
  }
  ~Pages() { munmap(mapped_, mappedBytes_); }
  Pages(const Pages &) = delete;

  uint8_t *start() const { return start_; }

 private:
  void *mapped_;
  uint64_t mappedBytes_;
  uint8_t *start_;
};

/** Held by its JavaScript object and by the ArrayBuffer. Both let go on the JavaScript thread. */
struct Memory {
  Pages pages;
  uint64_t bytes;
  const Variant *variant;
  Team *team;
  int holders = 1;

  Memory(uint64_t bytes, int threads, const Variant *variant)
      : pages(bytes), bytes(bytes), variant(variant), team(new Team(threads)) {}
  ~Memory() { delete team; }

  void release() {
    if (--holders == 0) delete this;
  }
  void stop() {
    delete team;
    team = nullptr;
  }
};

const napi_type_tag MEMORY = {0x6a1f0d3c52b94e07, 0x9c83be41d6f2a075};

/** Thrown where JavaScript already has an exception to throw. */
struct Pending {};

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) {
    const napi_extended_error_info *info = nullptr;
    napi_get_last_error_info(env, &info);
    napi_throw_error(env, nullptr, info && info->error_message ? info->error_message : "N-API");
  }
  throw Pending();
}

[[noreturn]] void typeError(napi_env env, const char *text) {
  napi_throw_type_error(env, nullptr, text);
  throw Pending();
}

[[noreturn]] void rangeError(napi_env env, const char *text) {
  napi_throw_range_error(env, nullptr, text);
  throw Pending();
}

double integer(napi_env env, napi_value value, const char *text) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) typeError(env, text);
  if (!(std::floor(number) == number && number >= 0)) rangeError(env, text);
  return number;
}

Memory *memoryOf(napi_env env, napi_value value) {
  bool is = false;
  void *data = nullptr;
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type));
  if (type == napi_object) napi_check_object_type_tag(env, value, &MEMORY, &is);
  if (!is || napi_unwrap(env, value, &data) != napi_ok) typeError(env, "this is no native memory");
  return static_cast<Memory *>(data);
}

const Variant *variantOf(napi_env env, napi_value value) {
  napi_valuetype type;
  check(env, napi_typeof(env, value, &type));
  if (type == napi_undefined) return variants()[0];
  char name[32];
  size_t length;
  if (napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok)
    typeError(env, "the instruction set is a string");
  for (const Variant *variant : variants())
    if (std::strcmp(variant->name, name) == 0) return variant;
  rangeError(env, "this CPU does not run that instruction set");
}

void letGo(napi_env, void *, void *memory) { static_cast<Memory *>(memory)->release(); }

void finish(napi_env, void *data, void *) {
  Memory *memory = static_cast<Memory *>(data);
  memory->stop();
  memory->release();
}

/** allocate(bytes, threads, instruction set?): an object with its `buffer`, for run and dispose. */
napi_value allocate(napi_env env, napi_value *arguments) {
  const double bytes = integer(env, arguments[0], "bytes: a whole number");
  const double threads = integer(env, arguments[1], "threads: a whole number");
  if (bytes < 1 || bytes > MOST_BYTES) rangeError(env, "a native memory has 1 byte to 4 GiB");
  if (threads < 1 || threads > MOST_THREADS) rangeError(env, "threads: 1 to 256");
  const Variant *variant = variantOf(env, arguments[2]);
  Memory *memory;
  try {
    const uint64_t rounded = ((uint64_t)bytes + 63) & ~63ull;
    memory = new Memory(rounded, (int)threads, variant);
  } catch (const std::bad_alloc &) {
    rangeError(env, "there is no memory of this size");
  } catch (const std::system_error &) {
    rangeError(env, "so many threads cannot be started");
  }
  napi_value object;
  napi_value buffer;
  if (napi_create_object(env, &object) != napi_ok ||
      napi_wrap(env, object, memory, finish, nullptr, nullptr) != napi_ok) {
    memory->release();
    check(env, napi_generic_failure);
  }
  check(env, napi_type_tag_object(env, object, &MEMORY));
  // Where the buffer cannot be made, its finalizer may run all the same.
  memory->holders++;
  check(env, napi_create_external_arraybuffer(env, memory->pages.start(), (size_t)memory->bytes,
                                              letGo, memory, &buffer));
  check(env, napi_set_named_property(env, object, "buffer", buffer));
  return object;
}

napi_value run(napi_env env, napi_value *arguments) {
  Memory *memory = memoryOf(env, arguments[0]);
  const double program = integer(env, arguments[1], "program: an address");
  if (memory->team == nullptr) typeError(env, "this native memory has been disposed of");
  if (program + 4 * WORDS > (double)memory->bytes || std::fmod(program, 4) != 0)
    rangeError(env, "program: no address of an instruction");
  Run work = {};
  work.base = memory->pages.start();
  work.size = memory->bytes;
  work.program = (uint32_t)program;
  if (memory->team->run(memory->variant->run, work) != 0) {
    napi_throw_error(env, nullptr, "program: an unknown operation, or no end");
    throw Pending();
  }
  return nullptr;
}

napi_value dispose(napi_env env, napi_value *arguments) {
  Memory *memory = memoryOf(env, arguments[0]);
  if (memory->team == nullptr) return nullptr;
  memory->stop();
  napi_value buffer;
  check(env, napi_get_named_property(env, arguments[0], "buffer", &buffer));
  // The pages go when nobody holds them any more.
  napi_detach_arraybuffer(env, buffer);
  return nullptr;
}

/** Names of the instruction sets, the one that is used first. */
napi_value features(napi_env env, napi_value *) {
  napi_value names;
  check(env, napi_create_array(env, &names));
  uint32_t k = 0;
  for (const Variant *variant : variants()) {
    napi_value name;
    check(env, napi_create_string_utf8(env, variant->name, NAPI_AUTO_LENGTH, &name));
    check(env, napi_set_element(env, names, k++, name));
  }
  return names;
}

template <napi_value (*work)(napi_env, napi_value *)>
napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  // Missing ones are undefined.
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return nullptr;
  try {
    return work(env, arguments);
  } catch (const Pending &) {
    return nullptr;
  }
}

void define(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok)
    napi_set_named_property(env, exports, name, function);
}

}  // namespace
}  // namespace halfgate

NAPI_MODULE_INIT() {
  using namespace halfgate;
  define(env, exports, "features", call<features>);
  define(env, exports, "allocate", call<allocate>);
  define(env, exports, "run", call<run>);
  define(env, exports, "dispose", call<dispose>);
  return exports;
}
