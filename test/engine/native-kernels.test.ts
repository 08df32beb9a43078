import { describe, expect, test } from 'vitest';
import { nativeInstructions, nativeKernels, nativeProblem } from '../../src/engine/native.js';
import { OP } from '../../src/engine/program.js';
import { describeKernels } from './kernel-checks.js';

const problem = nativeProblem();

if (problem !== undefined) test.skip(`native kernels: ${problem}`, () => {});
else {
  for (const instructions of nativeInstructions()) {
    for (const threads of [1, 2, 3]) {
      const title = `native ${instructions}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
      describeKernels(title, () => nativeKernels({ threads, instructions }));
    }
  }

  describe('a native memory', () => {
    test('is zero, and as large as asked', () => {
      for (const bytes of [1, 64, 100_000, 9_000_000]) {
        const memory = nativeKernels().allocate(bytes);
        expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(bytes);
        expect(new Uint8Array(memory.buffer).every((v) => v === 0)).toBe(true);
        memory.dispose();
      }
    });

    test('of more than 4 GiB is a RangeError', () => {
      const { allocate } = nativeKernels();
      for (const bytes of [0, -1, 1.5, NaN, 2 ** 32 + 1, 1e300]) {
        expect(() => allocate(bytes)).toThrow(RangeError);
      }
      expect(() => allocate('x' as unknown as number)).toThrow(TypeError);
    });

    test('cannot be used after dispose', () => {
      const memory = nativeKernels({ threads: 2 }).allocate(4096);
      memory.run(0);
      memory.dispose();
      memory.dispose();
      expect(() => memory.run(0)).toThrow('disposed');
    });

    test('runs no program that is none', () => {
      const memory = nativeKernels({ threads: 2 }).allocate(4096);
      for (const program of [-64, 2, 4096, 4095, 0.5, NaN, 2 ** 40]) {
        expect(() => memory.run(program)).toThrow(RangeError);
      }
      new Int32Array(memory.buffer).fill(1234);
      expect(() => memory.run(0)).toThrow('unknown operation');
      // Nothing but syncs to the end of the memory.
      new Int32Array(memory.buffer).fill(OP.sync);
      expect(() => memory.run(0)).toThrow('no end');
      memory.dispose();
    });
  });

  test('a CPU without an instruction set does not run it', () => {
    expect(() => nativeKernels({ instructions: 'sve' })).toThrow(RangeError);
    expect(() => nativeKernels({ threads: 0 })).toThrow(RangeError);
  });
}
