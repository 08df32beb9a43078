// Matrix products on packed panels. A step multiplies one 4-byte word of each row of A, two int16 or one
// float, with one 64-byte line of a panel; both kinds of product share everything but the multiplication.
#pragma once
#include "simd.h"

namespace halfgate {
namespace HALFGATE_ISA {

/** Steps of one pass: so many lines of two panels stay in the first-level cache. */
constexpr int DEPTH_BLOCK = 256;
/** Bytes of A that one sweep over the panels keeps in the second-level cache. */
constexpr int ROWS_BYTES = 256 * 1024;

enum class Out { store, add, storeScaled, addScaled, storeColumns, addColumns };

struct Sink {
  uint8_t *c;
  intptr_t row;
  Out out;
  /** One per row, or one per column. */
  const float *scale;
};

struct Ints {
#if defined(__AVX512VNNI__)
  static constexpr int PARTS = 1;
  INLINE I splat(const uint8_t *a) { return splatI(load<int32_t>(a)); }
  INLINE void step(I *acc, I b, I a) {
    *acc = (I)_mm512_dpwssd_epi32((__m512i)*acc, (__m512i)b, (__m512i)a);
  }
#elif VECTOR_BYTES == 64
  static constexpr int PARTS = 1;
  INLINE I splat(const uint8_t *a) { return splatI(load<int32_t>(a)); }
  INLINE void step(I *acc, I b, I a) {
    *acc += (I)_mm512_madd_epi16((__m512i)b, (__m512i)a);
  }
#elif VECTOR_BYTES == 32
  static constexpr int PARTS = 1;
  INLINE I splat(const uint8_t *a) { return splatI(load<int32_t>(a)); }
  INLINE void step(I *acc, I b, I a) {
    *acc += (I)_mm256_madd_epi16((__m256i)b, (__m256i)a);
  }
#elif defined(__x86_64__)
  static constexpr int PARTS = 1;
  INLINE I splat(const uint8_t *a) { return splatI(load<int32_t>(a)); }
  INLINE void step(I *acc, I b, I a) { *acc += (I)_mm_madd_epi16((__m128i)b, (__m128i)a); }
#else
  // Even and odd products are summed apart, and added at the end.
  static constexpr int PARTS = 2;
  INLINE I splat(const uint8_t *a) { return splatI(load<int32_t>(a)); }
  INLINE void step(I *acc, I b, I a) {
    const int16x8_t x = (int16x8_t)b;
    const int16x8_t y = (int16x8_t)a;
    acc[0] = (I)vmlal_s16((int32x4_t)acc[0], vget_low_s16(x), vget_low_s16(y));
    acc[1] = (I)vmlal_high_s16((int32x4_t)acc[1], x, y);
  }
#endif
  INLINE I sum(const I *acc) {
#if defined(__aarch64__)
    return (I)vpaddq_s32((int32x4_t)acc[0], (int32x4_t)acc[1]);
#else
    return *acc;
#endif
  }
  typedef I V;
};

struct Floats {
  typedef F V;
  static constexpr int PARTS = 1;
  INLINE F splat(const uint8_t *a) { return HALFGATE_ISA::splat(load<float>(a)); }
  INLINE void step(F *acc, F b, F a) {
#if VECTOR_BYTES == 64
    *acc = (F)_mm512_fmadd_ps((__m512)b, (__m512)a, (__m512)*acc);
#elif VECTOR_BYTES == 32
    *acc = (F)_mm256_fmadd_ps((__m256)b, (__m256)a, (__m256)*acc);
#elif defined(__aarch64__)
    *acc = (F)vfmaq_f32((float32x4_t)*acc, (float32x4_t)b, (float32x4_t)a);
#else
    *acc += b * a;
#endif
  }
  INLINE F sum(const F *acc) { return *acc; }
};

INLINE void write(const Sink &to, int row, int column, I sum) {
  uint8_t *c = to.c + row * to.row + column * 4;
  switch (to.out) {
    case Out::store:
      return store(c, sum);
    case Out::add:
      return store(c, load<I>(c) + sum);
    case Out::storeScaled:
      return store(c, toF(sum) * splat(to.scale[row]));
    case Out::addScaled:
      return store(c, load<F>(c) + toF(sum) * splat(to.scale[row]));
    case Out::storeColumns:
      return store(c, toF(sum) * load<F>(to.scale + column));
    case Out::addColumns:
      return store(c, load<F>(c) + toF(sum) * load<F>(to.scale + column));
  }
}

INLINE void write(const Sink &to, int row, int column, F sum) {
  uint8_t *c = to.c + row * to.row + column * 4;
  store(c, to.out == Out::store ? sum : load<F>(c) + sum);
}

/** R rows of A by P panels. Rows are addressed from every third one: fewer registers than one each. */
template <class T, int R, int P>
static void tile(const uint8_t *a, intptr_t aRow, const uint8_t *b, intptr_t bPanel, int depth,
                 const Sink &to) {
  typedef typename T::V V;
  constexpr int N = P * PANEL_VECTORS;
  constexpr int STARTS = (R + 2) / 3;
  V acc[R][N * T::PARTS];
#pragma GCC unroll 64
  for (int r = 0; r < R; r++)
#pragma GCC unroll 64
    for (int n = 0; n < N * T::PARTS; n++) acc[r][n] = V{};
  const uint8_t *start[STARTS];
#pragma GCC unroll 64
  for (int s = 0; s < STARTS; s++) {
    start[s] = a + 3 * s * aRow;
    // Not to be derived from one another again.
    asm("" : "+r"(start[s]));
  }
#pragma GCC unroll 2
  for (int k = 0; k < depth; k++) {
    V line[N];
#pragma GCC unroll 64
    for (int n = 0; n < N; n++)
      line[n] = load<V>(b + (n / PANEL_VECTORS) * bPanel + (n % PANEL_VECTORS) * VECTOR_BYTES);
#pragma GCC unroll 64
    for (int r = 0; r < R; r++) {
      const V x = T::splat(start[r / 3] + (r % 3) * aRow);
#pragma GCC unroll 64
      for (int n = 0; n < N; n++) T::step(&acc[r][n * T::PARTS], line[n], x);
    }
    b += 64;
#pragma GCC unroll 64
    for (int s = 0; s < STARTS; s++) start[s] += 4;
  }
#pragma GCC unroll 64
  for (int r = 0; r < R; r++)
#pragma GCC unroll 64
    for (int n = 0; n < N; n++) write(to, r, n * W, T::sum(&acc[r][n * T::PARTS]));
}

typedef void (*Tile)(const uint8_t *, intptr_t, const uint8_t *, intptr_t, int, const Sink &);

/** Which tiles there are: up to ROWS rows, and `panels` panels for so many rows, or fewer by halves. */
template <class T>
struct Tiles;

#define TILES_2(T, P) tile<T, 1, P>, tile<T, 2, P>
#define TILES_3(T, P) TILES_2(T, P), tile<T, 3, P>
#define TILES_5(T, P) TILES_3(T, P), tile<T, 4, P>, tile<T, 5, P>
#define TILES_6(T, P) TILES_5(T, P), tile<T, 6, P>
#define TILES_12(T, P)                                                                \
  TILES_6(T, P), tile<T, 7, P>, tile<T, 8, P>, tile<T, 9, P>, tile<T, 10, P>, tile<T, 11, P>, \
      tile<T, 12, P>

#if VECTOR_BYTES == 64
template <class T>
struct Tiles {
  static constexpr int ROWS = 12;
  static int panels(int rows) { return rows <= 5 ? 4 : 2; }
  static Tile find(int rows, int panels) {
    static const Tile one[] = {TILES_12(T, 1)};
    static const Tile two[] = {TILES_12(T, 2)};
    static const Tile four[] = {TILES_5(T, 4)};
    return (panels == 4 ? four : panels == 2 ? two : one)[rows - 1];
  }
};
#elif VECTOR_BYTES == 32
template <class T>
struct Tiles {
  static constexpr int ROWS = 6;
  static int panels(int rows) { return rows <= 3 ? 2 : 1; }
  static Tile find(int rows, int panels) {
    static const Tile one[] = {TILES_6(T, 1)};
    static const Tile two[] = {TILES_3(T, 2)};
    return (panels == 2 ? two : one)[rows - 1];
  }
};
#elif defined(__aarch64__)
template <class T>
struct Tiles {
  static constexpr int ROWS = T::PARTS == 2 ? 3 : 6;
  static int panels(int) { return 1; }
  static Tile find(int rows, int) {
    static const Tile one[] = {TILES_6(T, 1)};
    return one[rows - 1];
  }
};
#else
template <class T>
struct Tiles {
  static constexpr int ROWS = 2;
  static int panels(int) { return 1; }
  static Tile find(int rows, int) {
    static const Tile one[] = {TILES_2(T, 1)};
    return one[rows - 1];
  }
};
#endif

struct Product {
  const uint8_t *a;
  intptr_t aRow;
  intptr_t aGroup;
  const uint8_t *b;
  intptr_t bPanel;
  uint8_t *c;
  intptr_t cRow;
  intptr_t cGroup;
  int groups;
  int rows;
  int depth;
  Range panels;
  /** Of the first block of the depth, and of those after. */
  Out first;
  Out later;
  const float *scale;
  bool scaleRows;
  /** Rows of the scale from one group to the next. */
  int scaleGroup;
  /** Depth that is summed in integers, its scales so many floats apart; 0: that of a pass. */
  int block;
  int scaleBlock;
};

template <class T>
static void multiply(Product p) {
  if (p.rows <= 0 || p.groups <= 0 || p.depth <= 0) return;
  if (p.aGroup == p.rows * p.aRow && p.cGroup == p.rows * p.cRow && p.scaleGroup == p.rows) {
    p.rows *= p.groups;
    p.groups = 1;
  }
  // Tiles of almost equal heights, the taller ones first.
  const int each = (p.rows + Tiles<T>::ROWS - 1) / Tiles<T>::ROWS;
  const int low = p.rows / each;
  const int taller = p.rows - low * each;
  const int64_t tiles = (int64_t)each * p.groups;
  const int highest = low + (taller > 0);
  const int wide = Tiles<T>::panels(highest);
  int64_t sweep = tiles;
  if (tiles > 4) {
    sweep = ROWS_BYTES / (4 * (int64_t)p.depth * highest);
    if (sweep < 4) sweep = 4;
  }
  int64_t firstGroup = 0;
  int firstPlace = 0;
  for (int64_t from = 0; from < tiles; from += sweep) {
    const int64_t to = from + sweep < tiles ? from + sweep : tiles;
    if (from > 0) {
      firstGroup = from / each;
      firstPlace = (int)(from - firstGroup * each);
    }
    int count = wide;
    for (int panel = p.panels.begin; panel < p.panels.end; panel += count) {
      while (panel + count > p.panels.end) count /= 2;
      const uint8_t *b = p.b + panel * p.bPanel;
      for (int k = 0; k < p.depth; k += DEPTH_BLOCK) {
        const int depth = p.depth - k < DEPTH_BLOCK ? p.depth - k : DEPTH_BLOCK;
        int64_t g = firstGroup;
        int place = firstPlace;
        for (int64_t t = from; t < to; t++) {
          Sink sink = {nullptr, p.cRow, k == 0 ? p.first : p.later, nullptr};
          const int row = place * low + (place < taller ? place : taller);
          const int rows = low + (place < taller);
          sink.c = p.c + g * p.cGroup + row * p.cRow + panel * 64;
          if (p.scale) sink.scale = p.scale + (p.scaleRows ? g * p.scaleGroup + row : panel * 16);
          const uint8_t *a = p.a + g * p.aGroup + row * p.aRow + (intptr_t)k * 4;
          if (++place == each) {
            place = 0;
            g++;
          }
          const uint8_t *line = b + (intptr_t)k * 64;
          const Tile run = Tiles<T>::find(rows, count);
          if (!p.block) {
            run(a, p.aRow, line, p.bPanel, depth, sink);
            continue;
          }
          // Rows of C are often a power of two apart and would push one another out of the cache.
          alignas(64) uint8_t local[Tiles<T>::ROWS * 4 * 64];
          const Sink out = sink;
          const size_t bytes = (size_t)count * 64;
          sink.c = local;
          sink.row = bytes;
          const bool adds = out.out == Out::addColumns || out.out == Out::addScaled;
          for (int r = 0; r < rows && adds; r++)
            memcpy(local + r * bytes, out.c + r * p.cRow, bytes);
          for (int at = 0; at < depth; at += p.block) {
            const int deep = depth - at < p.block ? depth - at : p.block;
            run(a + at * 4, p.aRow, line + (intptr_t)at * 64, p.bPanel, deep, sink);
            sink.out = p.later;
            sink.scale += p.scaleBlock;
          }
          for (int r = 0; r < rows; r++) memcpy(out.c + r * p.cRow, local + r * bytes, bytes);
        }
      }
    }
  }
}

}  // namespace HALFGATE_ISA
}  // namespace halfgate
