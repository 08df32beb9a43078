import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { HEAP_BASE } from '../../src/engine/kernels.js';
import { OP } from '../../src/engine/program.js';
import { wasmKernels } from '../../src/engine/wasm-kernels.js';
import { describeKernels } from './kernel-checks.js';

beforeAll(async () => void (await buildEngine()));

for (const threads of [1, 2, 3]) {
  const title = `wasm, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  describeKernels(title, () => wasmKernels({ threads }));
}

const PROGRAM = HEAP_BASE + 64 - (HEAP_BASE % 64);

/** Instructions to the program at PROGRAM. */
function write(buffer: ArrayBufferLike, ...instructions: readonly (readonly number[])[]): number {
  const words = new Uint32Array(buffer);
  instructions.forEach((words16, k) => words.set(words16, PROGRAM / 4 + 16 * k));
  words[PROGRAM / 4 + 16 * instructions.length] = OP.end;
  return PROGRAM;
}

describe('a wasm memory', () => {
  test('is zero, and as large as asked', () => {
    for (const bytes of [1, 64, 100_000, 9_000_000]) {
      const memory = wasmKernels().allocate(bytes);
      expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(bytes);
      expect(new Uint8Array(memory.buffer).every((v) => v === 0)).toBe(true);
      memory.dispose();
    }
  });

  test('of more than 4 GiB is a RangeError', () => {
    for (const bytes of [0, -1, 1.5, NaN, 2 ** 32 + 1, 1e300]) {
      expect(() => wasmKernels().allocate(bytes)).toThrow(RangeError);
    }
  });

  test('cannot be used after dispose', () => {
    const memory = wasmKernels({ threads: 2 }).allocate(1);
    memory.run(write(memory.buffer));
    memory.dispose();
    memory.dispose();
    expect(() => memory.run(PROGRAM)).toThrow('disposed');
  });

  test('runs no program that is none', () => {
    const memory = wasmKernels().allocate(1);
    for (const program of [-64, 2, memory.buffer.byteLength, NaN, 2 ** 40]) {
      expect(() => memory.run(program)).toThrow(RangeError);
    }
  });

  test('numbers of threads are whole and above 0', () => {
    for (const threads of [0, -1, 1.5, NaN, 65]) {
      expect(() => wasmKernels({ threads })).toThrow(RangeError);
    }
  });
});

describe('threads', () => {
  test('meet thousands of times', () => {
    const memory = wasmKernels({ threads: 3 }).allocate(200_000);
    const a = PROGRAM + 64 * 1024;
    const b = a + 64 * 96;
    const there = [OP.copy, a, b, 64, 96];
    // Lanes go to other threads on their way back.
    const back = [OP.copy, b, a, 32, 192];
    const rounds = Array.from({ length: 200 }, () => [there, [OP.sync], back, [OP.sync]]);
    const program = write(memory.buffer, ...rounds.flat());
    const values = new Int32Array(memory.buffer, a, 16 * 96);
    for (let k = 0; k < 20; k++) {
      values.forEach((_, i) => void (values[i] = i * k));
      memory.run(program);
      expect(values.every((v, i) => v === i * k)).toBe(true);
    }
    memory.dispose();
  });

  test('that fail do not leave the others waiting', () => {
    const { allocate } = wasmKernels({ threads: 3 });
    for (const instruction of [[99], [OP.zero, 0xfffff000 - 64 * 8, 64, 12]]) {
      const memory = allocate(200_000);
      expect(() => memory.run(write(memory.buffer, instruction, [OP.sync]))).toThrow();
      expect(() => memory.run(write(memory.buffer))).toThrow("the kernels' threads");
      memory.dispose();
    }
  });

  const child = (then: string) => {
    const built = pathToFileURL(join(import.meta.dirname, '../../dist/src/engine/wasm-kernels.js'));
    const text = `
      import { wasmKernels } from ${JSON.stringify(built.href)};
      const memory = wasmKernels({ threads: 3 }).allocate(200000);
      memory.run(${PROGRAM});
      ${then}`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', text], { timeout: 30_000 });
  };

  test('do not keep a process alive', () => {
    expect(child('').status).toBe(0);
    expect(child('memory.dispose();').status).toBe(0);
    expect(child('process.exit(3);').status).toBe(3);
  });

  test('do not keep a process alive after an uncaught error', () => {
    const { status, stderr } = child('throw new Error("boom");');
    expect(status).toBe(1);
    expect(String(stderr)).toContain('boom');
  });
});
