/** The native kernels (native/): a Node addon that `npm run build:native` compiles where it will run. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { KernelMemory, KernelSet } from './kernels.js';

interface Memory {
  readonly buffer: ArrayBuffer;
}

interface Addon {
  /** Instruction sets that this CPU runs, the fastest first. */
  features(): string[];
  allocate(bytes: number, threads: number, instructions: string): Memory;
  run(memory: Memory, program: number): void;
  dispose(memory: Memory): void;
}

export interface NativeOptions {
  /** 1 by default. */
  readonly threads?: number;
  /** One of nativeInstructions(); the environment's HALFGATE_NATIVE_ISA, or the fastest, by default. */
  readonly instructions?: string;
}

let loaded: Addon | string | undefined;

/** dist/native, seen from src/engine as from dist/src/engine; or why there is no addon. */
function load(): Addon | string {
  if (process.platform === 'win32') return 'native kernels are not supported on Windows';
  const name = `halfgate-${process.platform}-${process.arch}.node`;
  const files = ['../../dist/native/', '../../native/'].map((folder) =>
    fileURLToPath(new URL(folder + name, import.meta.url)),
  );
  const file = files.find((path) => existsSync(path));
  if (file === undefined) return 'native kernels are not built: run `npm run build:native`';
  try {
    return createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return `native kernels do not load (${reason}): run \`npm run build:native\``;
  }
}

function addon(): Addon {
  loaded ??= load();
  if (typeof loaded === 'string') throw new Error(loaded);
  return loaded;
}

/** Why there are no native kernels, in one line; undefined where there are. */
export function nativeProblem(): string | undefined {
  loaded ??= load();
  return typeof loaded === 'string' ? loaded : undefined;
}

/** Instruction sets that this CPU runs, the fastest first. */
export function nativeInstructions(): readonly string[] {
  return addon().features();
}

/** Throws an Error where nativeProblem() tells of one, RangeError where an option is out of range. */
export function nativeKernels(options: NativeOptions = {}): KernelSet {
  const { threads = 1 } = options;
  const native = addon();
  const all = native.features();
  const wanted = options.instructions ?? process.env['HALFGATE_NATIVE_ISA'];
  const instructions = wanted || all[0];
  if (!all.includes(instructions)) {
    throw new RangeError(
      `native kernels: ${instructions} is not among what this CPU runs: ${all.join(', ')}`,
    );
  }
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`native kernels: threads is ${threads}`);
  return {
    name: 'native',
    version: `native ${instructions}`,
    threads,
    allocate(bytes): KernelMemory {
      const memory = native.allocate(bytes, threads, instructions);
      return {
        buffer: memory.buffer,
        run: (program) => native.run(memory, program),
        dispose: () => native.dispose(memory),
      };
    },
  };
}
