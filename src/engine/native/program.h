// What the kernels of one instruction set offer to the addon. See ../program.ts for the operations.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace halfgate {

enum class Op : int32_t {
  end = 0,
  sync,
  rowStatistics,
  ternarize,
  code8,
  pack32,
  transpose16Panels,
  transpose32Panels,
  embed,
  input,
  gather,
  zero,
  gemm16,
  gemm32,
  cellInt16,
  cellLevel3,
  cellFloat,
  backInt16,
  backLevel3,
  backFloat,
  softmax,
  quantizeRows,
  quantizeColumns,
  transpose16,
  transpose32,
  columnSums,
  scatterAdd,
  scatterRows,
  normalizedGradient,
  sumSquares,
  clip,
  adam,
  copy,
  dropout,
};

constexpr int WORDS = 16;
constexpr int PANEL = 16;
constexpr int NORM_BLOCK = 4096;

/** One thread's view of a run. */
struct Run {
  uint8_t *base;
  uint64_t size;
  uint32_t program;
  int thread;
  int threads;
  void (*sync)(void *team);
  void *team;
};

/** 0, or one more than the address of the first instruction that is none. */
typedef uint64_t (*RunProgram)(const Run &run);

struct Variant {
  const char *name;
  RunProgram run;
};

}  // namespace halfgate
