/** Cycle counts of the Verilog modules, as they are written in rtl-templates/hgi_*.v. */
import type { ActivationFlavour } from '../integer/activations.js';

/** Stages of the vector unit between issue and write. */
export const VECTOR_LATENCY = 9;

/** Stages of the activation, and cycles from one value to the next. */
export const ACTIVATION_TIMING: Readonly<
  Record<ActivationFlavour, { readonly latency: number; readonly interval: number }>
> = {
  lut256: { latency: 5, interval: 1 },
  gemmlowp: { latency: 40, interval: 40 },
};

/** From the end of a fold's sums to the first one's issue. */
export const DRAIN_LATENCY = 3;

/** Between an operation's last activity and the start of the next: the pipeline is seen to be empty, fetch. */
export const NEXT = 3;

/** From the start of an operation that is left out to that of the next. */
export const SKIP_CYCLES = 2;

/** From the output's start to its first beat. */
export const OUTPUT_LATENCY = 2;

/** Of an inverse square root, each of so many cycles; and what else it, and the variance, take. */
export const INVERSE_SQRT_PRODUCTS = 21;
export const PRODUCT_CYCLES = 6;
export const SCALAR_REST = 27;

/** From the number of a symbol to the first element of x. */
export const INPUT_LATENCY = { table: 2, 'one-hot': 1 } as const;
