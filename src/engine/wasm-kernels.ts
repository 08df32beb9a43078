/**
 * The portable kernel set: WASM SIMD (assembly/) on a shared memory. Thread 0 is the caller; the others
 * are workers that start with the first program, each with its own instance of the module, and sleep on
 * a word of the memory between programs.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HEAP_BASE, type KernelMemory, type KernelSet } from './kernels.js';

const PAGE = 65_536;
const PAGES_MAX = 65_536;
const THREADS_MAX = 64;

/** Words that threads share, as indices of i32; assembly/run.ts knows them too. */
const WORD = {
  phase: 65_536 / 4,
  asleep: 65_792 / 4,
  runs: 65_920 / 4,
  program: 66_048 / 4,
  ready: 66_176 / 4,
  failed: 66_304 / 4,
  looks: 66_432 / 4,
} as const;
const END = -1;

/** Looks at a word before sleeping on it: some 250 microseconds, or few where threads share cores. */
const LOOKS = 600_000;
const CROWDED_LOOKS = 2_000;

/** Milliseconds until all workers must be up: a busy machine takes seconds. */
const START_LIMIT = 30_000;

/**
 * A worker: serves until it is told to end. Where it fails, nobody must wait for it. Text, so that it is
 * found from src as from dist.
 */
const WORKER = `
const { workerData } = require('node:worker_threads');
const { module, memory, thread, threads, word } = workerData;
try {
  new WebAssembly.Instance(module, { env: { memory } }).exports.serve(thread, threads);
} catch {
  const words = new Int32Array(memory.buffer);
  Atomics.store(words, word.failed, 1);
  for (const at of [word.phase, word.ready]) {
    Atomics.add(words, at, 1);
    Atomics.notify(words, at);
  }
}
`;

interface Kernels {
  run(program: number, thread: number, threads: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** dist/engine/kernels.wasm, seen from src/engine as from dist/src/engine. */
function kernelModule(): WebAssembly.Module {
  if (compiled !== undefined) return compiled;
  for (const path of ['../../dist/engine/kernels.wasm', '../../engine/kernels.wasm']) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(new URL(path, import.meta.url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw error;
    }
    compiled = new WebAssembly.Module(new Uint8Array(bytes));
    return compiled;
  }
  throw new Error('dist/engine/kernels.wasm is missing; run `node scripts/build-engine.mjs`');
}

export function wasmKernels({ threads = 1 }: { threads?: number } = {}): KernelSet {
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX) {
    throw new RangeError(`threads: ${threads} is not a whole number in 1..${THREADS_MAX}`);
  }
  const module = kernelModule();
  return {
    name: 'wasm',
    version: 'wasm simd',
    threads,
    allocate: (bytes) => new WasmMemory(module, bytes, threads),
  };
}

/** The threads other than the caller's. They must not keep their memory's owner reachable. */
class Team {
  private readonly words: Int32Array;
  private started = false;
  private broken: string | undefined;

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly memory: WebAssembly.Memory,
    private readonly threads: number,
  ) {
    this.words = new Int32Array(memory.buffer);
    this.words[WORD.looks] = threads > availableParallelism() ? CROWDED_LOOKS : LOOKS;
  }

  private start(): void {
    const { module, memory, threads, words } = this;
    this.started = true;
    for (let thread = 1; thread < threads; thread++) {
      // Nothing of the caller's: neither its loaders nor its arguments.
      const worker = new Worker(WORKER, {
        eval: true,
        execArgv: [],
        env: {},
        name: 'halfgate kernels',
        workerData: { module, memory, thread, threads, word: WORD },
      });
      worker.unref();
      worker.on('error', (error) => this.fail(error.message));
      worker.on('exit', () => this.fail('a worker ended'));
    }
    // The workers need nothing of this thread's event loop to come up.
    const limit = performance.now() + START_LIMIT;
    for (;;) {
      const ready = Atomics.load(words, WORD.ready);
      if (Atomics.load(words, WORD.failed) !== 0) this.fail('a worker did not start');
      else if (ready < threads - 1) {
        const left = limit - performance.now();
        if (left > 0) Atomics.wait(words, WORD.ready, ready, left);
        else this.fail(`${threads - 1 - ready} workers did not start in ${START_LIMIT / 1000} s`);
      }
      if (this.broken !== undefined || ready === threads - 1) return;
    }
  }

  /** Wakes the other threads to a program. Throws where they cannot run. */
  begin(program: number): void {
    if (!this.started) this.start();
    if (this.broken !== undefined) throw new Error(`the kernels' threads: ${this.broken}`);
    const { words } = this;
    Atomics.store(words, WORD.program, program);
    Atomics.add(words, WORD.runs, 1);
    if (Atomics.load(words, WORD.asleep) !== 0) Atomics.notify(words, WORD.runs);
  }

  fail(reason: string): void {
    if (this.broken !== undefined) return;
    this.broken = reason;
    const { words } = this;
    Atomics.store(words, WORD.failed, 1);
    Atomics.add(words, WORD.phase, 1);
    Atomics.notify(words, WORD.phase);
    this.end();
  }

  end(): void {
    this.broken ??= 'ended';
    Atomics.store(this.words, WORD.runs, END);
    Atomics.notify(this.words, WORD.runs);
  }
}

const forgotten = new FinalizationRegistry<Team>((team) => team.end());

class WasmMemory implements KernelMemory {
  readonly buffer: ArrayBufferLike;
  private readonly kernels: Kernels;
  private readonly team: Team | undefined;
  private disposed = false;

  constructor(
    module: WebAssembly.Module,
    bytes: number,
    private readonly threads: number,
  ) {
    if (!Number.isInteger(bytes) || bytes < 1 || bytes > PAGES_MAX * PAGE) {
      throw new RangeError(`a memory of ${bytes} bytes: it holds 1 byte to 4 GiB`);
    }
    const pages = Math.ceil(Math.max(bytes, HEAP_BASE) / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.buffer = memory.buffer;
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.kernels = instance.exports as unknown as Kernels;
    if (threads > 1) {
      this.team = new Team(module, memory, threads);
      forgotten.register(this, this.team, this);
    }
  }

  run(program: number): void {
    if (this.disposed) throw new Error('the kernel memory was disposed of');
    if (!(program >= 0 && program < this.buffer.byteLength && program % 64 === 0)) {
      throw new RangeError(`there is no program at ${program}`);
    }
    this.team?.begin(program);
    try {
      this.kernels.run(program, 0, this.threads);
    } catch (error) {
      this.team?.fail((error as Error).message);
      throw error;
    }
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    forgotten.unregister(this);
    this.team?.end();
  }
}
