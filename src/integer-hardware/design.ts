/**
 * An `IntegerDesign` maps stacked integer LSTM layers onto one sequential machine; emit and simulate read
 * it and never each other.
 *
 * The machine (rtl-templates/integer_top.v.hbs): an output-stationary array of `rows` processing elements
 * that share one activation a cycle; one requantizer; one activation function; memories of gates and cell
 * states (16 bits) and of h and m. A step is a *program* of operations, each a pass over the elements of a
 * vector, run to its end before the next one begins.
 */
import type { ActivationFlavour } from '../integer/activations.js';
import type { IntegerLstm } from '../integer/lstm.js';
import type { Scale } from './scale.js';
import { problemsOf } from './problems.js';
import type { Program } from './builder.js';
import { programOf } from './program.js';
import { type Widths, widthsOf } from './widths.js';

/**
 * - `matrix`: x is a sum of the array, plus bias;
 * - `product`: x = a * b;
 * - `statistics`: sum and squares of a, for a layer normalization;
 * - `scalar`: mean and inverse deviation from them;
 * - `center`: x = 1024 a - mean, times the inverse deviation, to the wide memory;
 * - `weigh`: wide value * vector weight + bias, over 1024, to the wide memory;
 * - `wide`: x is the wide value;
 * - `output`: elements of h leave.
 */
export type OperationKind =
  'matrix' | 'product' | 'statistics' | 'scalar' | 'center' | 'weigh' | 'wide' | 'output';

/** One pass; fields that its kind does not use have neutral values. */
export interface Operation {
  readonly kind: OperationKind;
  /** For people: `layer 0, f: R h`. */
  readonly title: string;
  /** Elements. */
  readonly count: number;
  /** Of each sum of a matrix operation: x of this step, or a vector of the state memory; 0 for others. */
  readonly operands: number;
  readonly isFromInput: boolean;
  /** Operand or b is as the step before left it: zero point or 0 at the start of a sequence. */
  readonly isOld: boolean;
  /** Regions of the gate memory. */
  readonly a: number;
  /** Of the state memory for `matrix` and `output`. */
  readonly b: number;
  readonly base: number;
  /** Of the state memory if `writes` says so. */
  readonly dest: number;
  /** a is the next vector weight (a peephole's). */
  readonly isWeighted: boolean;
  /** a is 32767 - a. */
  readonly isComplement: boolean;
  readonly scale: Scale;
  /** Saturate the rescaled x to 16 bits before the addition. */
  readonly isPresaturated: boolean;
  /** Add base from the gate memory, instead of `offset`. */
  readonly isAdding: boolean;
  /** Constant that is added; for a matrix operation with isOld the zero point of its operand. */
  readonly offset: number;
  readonly low: number;
  readonly high: number;
  readonly activation: 'none' | 'sigmoid' | 'tanh';
  /** Left shift of the activation's input to 16 bits, and its integer bits then. */
  readonly alignment: number;
  readonly integerBits: number;
  readonly writes: 'none' | 'gate' | 'state' | 'wide';
  /** Wait for the step's x. */
  readonly isFirst: boolean;
  /** x is not needed any more afterwards. */
  readonly isReleasing: boolean;
}

/** When h leaves. */
export type OutputTime = 'every-step' | 'last-step';

export interface IntegerDesignOptions {
  /** Module name. */
  readonly name: string;
  /** Processing elements, 1..256; default 4. */
  readonly rows?: number;
  /** Default `every-step`. */
  readonly outputs?: OutputTime;
}

/** Readonly plain data. */
export interface IntegerDesign extends Program {
  readonly name: string;
  readonly rows: number;
  readonly outputs: OutputTime;
  readonly layers: readonly IntegerLstm[];
  readonly activationBits: 8 | 16;
  readonly activation: ActivationFlavour;
  readonly inputSize: number;
  readonly outputSize: number;
  readonly widths: Widths;
}

/** A layer that this machine cannot hold, or a choice out of range: all problems at once. */
export class IntegerDesignError extends Error {
  constructor(readonly problems: readonly string[]) {
    const count = `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
    super(`IntegerDesignError: ${count}\n${problems.map((text) => `  ${text}`).join('\n')}`);
    this.name = 'IntegerDesignError';
  }
}

/** @throws IntegerDesignError */
export function planInteger(
  layers: readonly IntegerLstm[],
  { name, rows = 4, outputs = 'every-step' }: IntegerDesignOptions,
): IntegerDesign {
  const problems = problemsOf(layers, name, rows);
  if (problems.length > 0) throw new IntegerDesignError(problems);
  const program = programOf(layers, rows, outputs);
  const { activationBits, activation } = layers[0].kernel;
  return {
    ...program,
    ...{ name, rows, outputs, layers, activationBits, activation },
    inputSize: layers[0].inputSize,
    outputSize: layers[layers.length - 1].outputSize,
    widths: widthsOf(layers, rows, program),
  };
}
