import type { Engine } from './engine.js';
import { referenceEngine } from './reference.js';
import { wasmEngine } from './wasm.js';

export const ENGINE_NAMES = ['wasm', 'tfjs', 'reference'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The engine of that name; tfjs is loaded only when asked for. */
export async function createEngine(name: EngineName): Promise<Engine> {
  switch (name) {
    case 'wasm':
      return wasmEngine();
    case 'reference':
      return referenceEngine();
    case 'tfjs':
      return (await import('./tfjs.js')).tfjsEngine();
  }
}
