/** What runs programs (program.ts): one linear memory and the kernels that compute on it. */

/** Addresses below belong to the kernels: the module's own data and what its threads share. */
export const HEAP_BASE = 66_560;

export interface KernelMemory {
  /** The whole memory, zero at first; address 0 is its first byte. */
  readonly buffer: ArrayBufferLike;
  /** Run the program at that address to its end, on all threads. */
  run(program: number): void;
  /** Ends its threads; the memory is unusable afterwards. */
  dispose(): void;
}

export interface KernelSet {
  readonly name: 'wasm' | 'native';
  /** For reports: `wasm simd`, `native avx512vnni`. */
  readonly version: string;
  readonly threads: number;
  /** A memory of at least so many bytes. Throws RangeError where there is none so large. */
  allocate(bytes: number): KernelMemory;
}
