// What every operation of ../program.ts shares: its operands and its part of the work.

/** Operand number i of the instruction at p; the operation itself is number 0. */
// @ts-ignore: decorator
@inline
export function word(p: usize, i: i32): usize {
  return <usize>load<u32>(p + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function real(p: usize, i: i32): f32 {
  return load<f32>(p + (<usize>i << 2));
}

/** Where part k of `threads` of a range begins; part k + 1 begins where it ends. */
// @ts-ignore: decorator
@inline
export function part(count: usize, k: i32, threads: i32): usize {
  return <usize>((<u64>count * <u64>k) / <u64>threads);
}

/** Byte offset of a row block's array of n (ROW_BLOCK of ../program.ts). */
// @ts-ignore: decorator
@inline
export const BIAS_INT: usize = 8;
// @ts-ignore: decorator
@inline
export const LOW: usize = 12;
// @ts-ignore: decorator
@inline
export const HIGH: usize = 16;
// @ts-ignore: decorator
@inline
export const SLOPE: usize = 20;
// @ts-ignore: decorator
@inline
export const BIAS: usize = 24;
// @ts-ignore: decorator
@inline
export const SCALE: usize = 28;
