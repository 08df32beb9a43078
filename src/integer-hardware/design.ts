/**
 * An `IntegerDesign` maps an integer LSTM, input table and head included, onto one sequential machine; emit
 * and simulate read it and never each other.
 *
 * The machine (rtl-templates/integer_top.v.hbs): an output-stationary array of `rows` processing elements
 * that share one activation a cycle; one requantizer; one activation function; memories of gates and cell
 * states (16 bits) and of h and m. It runs a *program* of operations, each a pass over the elements of a
 * vector, run to its end before the next one begins.
 */
import type { ActivationFlavour } from '../integer/activations.js';
import {
  directionsOf,
  type IntegerHead,
  type IntegerInput,
  type IntegerModel,
} from '../integer/model.js';
import { outputWidth, type SequenceLayer } from '../integer/sequence.js';
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
  /** Of each sum of a matrix operation; 0 for others. */
  readonly operands: number;
  /** Of a matrix operation's operands, and of what an output gives. */
  readonly source: OperandSource;
  /** Operand or b is as the step before left it: zero point or 0 at the start of a sequence. */
  readonly isOld: boolean;
  /** Regions of the gate memory. */
  readonly a: number;
  /** Of the state memory where `source` is `state`. */
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
  /** `result`: sums with their bias, unscaled, are the head's. */
  readonly writes: 'none' | 'gate' | 'state' | 'wide' | 'result';
  /** The state that is written also goes to the memory of whole sequences, at phase.column. */
  readonly isKept: boolean;
  readonly phase: Phase;
  /** Last of its phase. */
  readonly isPhaseEnd: boolean;
  /** Wait for x. */
  readonly isFirst: boolean;
  /** x is not needed any more afterwards. */
  readonly isReleasing: boolean;
}

/**
 * - `state`: a region of the state memory;
 * - `input`: x of the step;
 * - `sequence`: what the layer below gave at this step, of whole sequences;
 * - `kept`: what the layer above the phase's input gave at this step, of whole sequences;
 * - `result`: the head's.
 */
export type OperandSource = 'state' | 'input' | 'sequence' | 'kept' | 'result';

/**
 * Operations that run together for every step they walk over. Addresses are those of the memories of x, or
 * of the layers' outputs, of a whole sequence.
 */
export interface Phase {
  /** From the first step to the last; from where the phase before ended to the first; there alone. */
  readonly walk: 'forward' | 'backward' | 'once';
  /** Of the first step's operands, and from step to step. */
  readonly inputStart: number;
  readonly inputStride: number;
  /** Of what the layer gives. */
  readonly outputStart: number;
  readonly outputStride: number;
  /** First element that this direction gives. */
  readonly column: number;
}

/**
 * - `steps`: sequences of any length pass through step by step, x of the next one arrives meanwhile;
 * - `sequences`: layers run over whole sequences of `maxSteps` steps at most, as backward layers must.
 */
export type Flow = 'steps' | 'sequences';

/** x = saturate(round((value - mean) * gain / scale) + zeroPoint) per channel, ties away from zero. */
export interface ValueRule {
  readonly mean: readonly number[];
  readonly gain: readonly number[];
  readonly scale: number;
  readonly zeroPoint: number;
}

/** When h, or the head's result, leaves. */
export type OutputTime = 'every-step' | 'last-step';

export interface IntegerDesignOptions {
  /** Module name. */
  readonly name: string;
  /** Processing elements, 1..256; default 4. */
  readonly rows?: number;
  /** Default `every-step`, or what the head says. */
  readonly outputs?: OutputTime;
  /** Where the numbers that come in are not x themselves. */
  readonly input?: IntegerInput;
  /** Without one, h of the last layer leaves. */
  readonly head?: IntegerHead;
  /** How x comes about outside the machine: for its README. */
  readonly values?: ValueRule;
  /** Longest sequence, 1..65536, where a layer runs backward; default 64. */
  readonly maxSteps?: number;
}

/** Readonly plain data. */
export interface IntegerDesign extends Program {
  readonly name: string;
  readonly rows: number;
  readonly flow: Flow;
  /** Of flow `sequences`; else 0. */
  readonly maxSteps: number;
  readonly outputs: OutputTime;
  readonly layers: readonly SequenceLayer[];
  readonly values: ValueRule | null;
  /** Null where x comes in. */
  readonly input: Exclude<IntegerInput, { kind: 'dense' }> | null;
  readonly head: IntegerHead | null;
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

const DEFAULT_ROWS = 4;
const DEFAULT_MAX_STEPS = 64;

/** @throws IntegerDesignError */
export function planInteger(
  layers: readonly SequenceLayer[],
  options: IntegerDesignOptions,
): IntegerDesign {
  const { name, rows = DEFAULT_ROWS, maxSteps = DEFAULT_MAX_STEPS, head = null } = options;
  const input =
    options.input === undefined || options.input.kind === 'dense' ? null : options.input;
  const problems = problemsOf({ layers, name, rows, maxSteps, input, head });
  if (problems.length > 0) throw new IntegerDesignError(problems);
  const flow: Flow = layers.some((layer) => 'forward' in layer) ? 'sequences' : 'steps';
  const outputs = head?.when ?? options.outputs ?? 'every-step';
  const source = {
    ...{ layers, input, head, rows, outputs, flow },
    maxSteps: flow === 'sequences' ? maxSteps : 0,
  } as const;
  const program = programOf(source);
  const [{ kernel, inputSize }] = directionsOf(layers);
  return {
    ...{ ...program, ...source, name, inputSize },
    values: options.values ?? null,
    activationBits: kernel.activationBits,
    activation: kernel.activation,
    outputSize: outputWidth(layers[layers.length - 1]),
    widths: widthsOf(source, program),
  };
}

/** A whole model: numbers of symbols or features, or x, come in, the head's class or value leaves. */
export function planIntegerModel(
  { layers, input, head, inputQuantization }: IntegerModel,
  options: Omit<IntegerDesignOptions, 'input' | 'head' | 'outputs' | 'values'>,
): IntegerDesign {
  if (input.kind !== 'dense') return planInteger(layers, { ...options, input, head });
  const { mean, gain } = input;
  return planInteger(layers, { ...options, head, values: { mean, gain, ...inputQuantization } });
}
