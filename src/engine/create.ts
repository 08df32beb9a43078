import type { Engine } from './engine.js';
import { fusedEngine } from './fused.js';
import type { KernelSet } from './kernels.js';
import { nativeKernels, nativeProblem } from './native.js';
import { referenceEngine } from './reference.js';
import { wasmKernels } from './wasm-kernels.js';
import { needsWhole, WholeSession } from './whole.js';

export const ENGINE_NAMES = ['auto', 'native', 'wasm', 'tfjs', 'reference'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export interface EngineOptions {
  /** Threads that share each step: `native` and `wasm`; results are the same for any number. */
  readonly threads?: number | undefined;
}

/** Most threads that a step can be shared by. */
export const MAX_THREADS = 64;

/** The fused kernels, for models of every kind. */
export function kernelEngine(kernels: KernelSet): Engine {
  const engine = fusedEngine(kernels);
  return {
    ...engine,
    createSession: (config) =>
      needsWhole(config.model) ? new WholeSession(kernels, config) : engine.createSession(config),
  };
}

/**
 * The engine of that name. `auto` is `native` where it has been built, else `wasm`. tfjs is loaded only
 * when asked for. Throws where the engine is not to be had, and says why.
 */
export async function createEngine(
  name: EngineName,
  { threads = 1 }: EngineOptions = {},
): Promise<Engine> {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new RangeError(`threads: ${threads} is not a whole number in 1..${MAX_THREADS}`);
  }
  switch (name) {
    case 'auto':
      return createEngine(nativeProblem() === undefined ? 'native' : 'wasm', { threads });
    case 'native':
      return kernelEngine(nativeKernels({ threads }));
    case 'wasm':
      return kernelEngine(wasmKernels({ threads }));
    case 'reference':
      return referenceEngine();
    case 'tfjs':
      return (await import('./tfjs.js')).tfjsEngine();
  }
}
