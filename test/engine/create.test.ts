import { describe, expect, test } from 'vitest';
import { buildEngine } from '../../scripts/build-engine.mjs';
import { createEngine } from '../../src/engine/create.js';
import { nativeProblem } from '../../src/engine/native.js';

await buildEngine();

describe('createEngine', () => {
  test('auto is native where it is built, else wasm', async () => {
    const { name } = await createEngine('auto');
    expect(name).toBe(nativeProblem() === undefined ? 'native' : 'wasm');
  });

  test('names the engine, its kernels and Node', async () => {
    const { name, version } = await createEngine('wasm', { threads: 2 });
    expect(name).toBe('wasm');
    expect(version).toBe(`wasm simd, node ${process.versions.node}`);
  });

  test.each([0, 1.5, 65, NaN])('refuses %s threads', async (threads) => {
    await expect(createEngine('wasm', { threads })).rejects.toThrow(
      `threads: ${threads} is not a whole number in 1..64`,
    );
  });
});
