// The interpreter of ../program.ts and how its threads meet.

import {
  backFloat, backInt16, backLevel3, cellFloat, cellInt16, cellLevel3,
} from './cells';
import { softmax } from './loss';
import {
  code8, pack32, quantizeColumns, rowStatistics, ternarize, transpose16,
  transpose16Panels, transpose32, transpose32Panels,
} from './panels';
import { gemm16, gemm32 } from './product';
import {
  columnSums, copy, dropout, embed, gather, input, quantizeRows, scatterAdd, scatterRows, zero,
} from './rows';
import { adam, clip, normalizedGradient, sumSquares } from './update';

// What `run` alone calls is exported as well: a function of one caller would be inlined into it, and V8
// optimizes function by function.
export * from './cells';
export * from './loss';
export * from './panels';
export * from './product';
export * from './rows';
export * from './update';

// Words that threads share, a cache line each; ../wasm-kernels.ts knows them too.
// @ts-ignore: decorator
@inline
const PHASE: usize = 65536;
// @ts-ignore: decorator
@inline
const ARRIVED: usize = 65664;
// @ts-ignore: decorator
@inline
const ASLEEP: usize = 65792;
/** Counts runs; -1 ends the threads. */
// @ts-ignore: decorator
@inline
const RUNS: usize = 65920;
// @ts-ignore: decorator
@inline
const PROGRAM: usize = 66048;
/** Threads that are up. */
// @ts-ignore: decorator
@inline
const READY: usize = 66176;
/** Not 0 once a thread failed, which then moves PHASE on: nobody may wait for it. */
// @ts-ignore: decorator
@inline
const FAILED: usize = 66304;

/**
 * How often to look at a word before sleeping on it, set by the caller. Waking a thread may take
 * tens of microseconds, and one that sleeps makes the next meeting late as well.
 */
// @ts-ignore: decorator
@inline
const LOOKS: usize = 66432;

// Returns when the word is no longer `old`.
function awaitChange(address: usize, old: i32): void {
  const looks = load<i32>(LOOKS);
  for (let k = 0; k < looks; k++) {
    if (atomic.load<i32>(address) != old) return;
  }
  atomic.add<i32>(ASLEEP, 1);
  while (atomic.load<i32>(address) == old) atomic.wait<i32>(address, old, -1);
  atomic.sub<i32>(ASLEEP, 1);
}

function meet(threads: i32): void {
  const phase = atomic.load<i32>(PHASE);
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.store<i32>(PHASE, phase + 1);
    if (atomic.load<i32>(ASLEEP) != 0) atomic.notify(PHASE, -1);
  } else {
    awaitChange(PHASE, phase);
  }
  if (atomic.load<i32>(FAILED) != 0) unreachable();
}

/** This thread's part of the program; returns when all threads are through. */
export function run(program: usize, thread: i32, threads: i32): void {
  for (let p = program; ; p += 64) {
    switch (load<i32>(p)) {
      case 0: {
        if (threads > 1) meet(threads);
        return;
      }
      case 1: {
        if (threads > 1) meet(threads);
        break;
      }
      case 2: rowStatistics(p, thread, threads); break;
      case 3: ternarize(p, thread, threads); break;
      case 4: code8(p, thread, threads); break;
      case 5: pack32(p, thread, threads); break;
      case 6: transpose16Panels(p, thread, threads); break;
      case 7: transpose32Panels(p, thread, threads); break;
      case 8: embed(p, thread, threads); break;
      case 9: input(p, thread, threads); break;
      case 10: gather(p, thread, threads); break;
      case 11: zero(p, thread, threads); break;
      case 12: gemm16(p, thread, threads); break;
      case 13: gemm32(p, thread, threads); break;
      case 14: cellInt16(p, thread, threads); break;
      case 15: cellLevel3(p, thread, threads); break;
      case 16: cellFloat(p, thread, threads); break;
      case 17: backInt16(p, thread, threads); break;
      case 18: backLevel3(p, thread, threads); break;
      case 19: backFloat(p, thread, threads); break;
      case 20: softmax(p, thread, threads); break;
      case 21: quantizeRows(p, thread, threads); break;
      case 22: quantizeColumns(p, thread, threads); break;
      case 23: transpose16(p, thread, threads); break;
      case 24: transpose32(p, thread, threads); break;
      case 25: columnSums(p, thread, threads); break;
      case 26: scatterAdd(p, thread, threads); break;
      case 27: scatterRows(p, thread, threads); break;
      case 28: normalizedGradient(p, thread, threads); break;
      case 29: sumSquares(p, thread, threads); break;
      case 30: clip(p, thread); break;
      case 31: adam(p, thread, threads); break;
      case 32: copy(p, thread, threads); break;
      case 33: dropout(p, thread, threads); break;
      default: unreachable();
    }
  }
}

/** The life of a thread other than the caller's: returns when it is told to end. */
export function serve(thread: i32, threads: i32): void {
  let seen = 0;
  atomic.add<i32>(READY, 1);
  atomic.notify(READY, -1);
  for (;;) {
    awaitChange(RUNS, seen);
    seen = atomic.load<i32>(RUNS);
    if (seen == -1) return;
    run(<usize>atomic.load<i32>(PROGRAM), thread, threads);
  }
}
