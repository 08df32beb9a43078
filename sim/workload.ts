/** What the accelerator is given to do. */
import { type Design, type Segment, skipsZeros } from '../src/design/design.js';
import { beatsPerImage } from '../src/design/weight-stream.js';
import { checkWeightSource, type WeightSource } from './weight-source.js';

/** How many activations are not zero, of each step of all sequences, one behind the other. */
export interface Nonzeros {
  /** [step][layer]: of the layer's h. */
  readonly hidden: readonly (readonly number[])[];
  /** [step]: of a dense x. */
  readonly input?: readonly number[];
}

export interface Workload {
  /**
   * Length in steps of each batch of sequences, one after the other; `columns` sequences run side by
   * side. x is offered as fast as it is taken, results are taken at once.
   */
  readonly sequences: readonly number[];
  /** What a sparse design's cycles follow; without, nothing is zero. */
  readonly nonzeros?: Nonzeros;
  /** What streamed weights come from; without, a source that offers a beat in every cycle. */
  readonly weightSource?: WeightSource;
}

/** So many steps in which the same share of h, and of a dense x, is not zero. */
export function evenNonzeros(
  { layers, input }: Pick<Design, 'layers' | 'input'>,
  steps: number,
  density: number,
): Nonzeros {
  const of = (size: number): number => nonzeroCount(size, density);
  const fill = <T>(value: T): T[] => new Array<T>(steps).fill(value);
  return {
    hidden: fill(layers.map(({ hiddenSize }) => of(hiddenSize))),
    ...(input.kind === 'dense' ? { input: fill(of(input.size)) } : {}),
  };
}

/** How many of so many activations are not zero at a density. */
export function nonzeroCount(size: number, density: number): number {
  return Math.round(density * size);
}

/** Operands of a segment in a step, counted over all sequences; `isFresh`: the first of its sequence. */
export function operandsOf(
  design: Design,
  { nonzeros }: Pick<Workload, 'nonzeros'>,
  segment: Segment,
  step: number,
  isFresh: boolean,
): number {
  if (!skipsZeros(design, segment)) return segment.length;
  const { source, layer, length } = segment;
  if (source === 'input') return nonzeros?.input?.[step] ?? length;
  if (source === 'previous' && isFresh) return 0;
  return nonzeros?.hidden[source === 'previous' ? step - 1 : step][layer] ?? length;
}

/** @throws {RangeError} for a workload without steps, of sequences that the design cannot hold, or of other counts. */
export function checkWorkload(design: Design, workload: Workload): void {
  const { sequence, weightStream } = design;
  if (workload.weightSource && !weightStream) {
    throw new RangeError('weightSource: the design keeps its weights; plan it with weights stream');
  }
  if (workload.weightSource && weightStream) {
    checkWeightSource(workload.weightSource, beatsPerImage(weightStream, design.rows));
  }
  if (workload.sequences.length === 0)
    throw new RangeError('sequences: none given, need at least 1');
  workload.sequences.forEach((length, n) => {
    if (!Number.isInteger(length) || length < 1) {
      throw new RangeError(`sequences[${n}]: ${length} is not a positive integer`);
    }
    if (sequence && length > sequence.maxSteps) {
      throw new RangeError(
        `sequences[${n}]: ${length} steps, but the design holds ${sequence.maxSteps}; plan it with maxSteps ${length} or more`,
      );
    }
  });
  if (workload.nonzeros) checkNonzeros(design, workload.sequences, workload.nonzeros);
}

function checkNonzeros(
  design: Design,
  sequences: readonly number[],
  { hidden, input }: Nonzeros,
): void {
  const steps = sequences.reduce((sum, length) => sum + length, 0);
  const { layers } = design;
  const check = (where: string, value: number | undefined, most: number): void => {
    if (value === undefined || !Number.isInteger(value) || value < 0 || value > most) {
      throw new RangeError(`nonzeros.${where}: ${value} is not an integer in 0..${most}`);
    }
  };
  if (hidden.length !== steps) {
    throw new RangeError(
      `nonzeros.hidden: ${hidden.length} steps, but the sequences have ${steps}`,
    );
  }
  hidden.forEach((counts, step) => {
    layers.forEach(({ hiddenSize }, l) => check(`hidden[${step}][${l}]`, counts[l], hiddenSize));
  });
  if (design.input.kind === 'dense' && design.dataflow === 'sparse') {
    const { size } = design.input;
    for (let step = 0; step < steps; step++) check(`input[${step}]`, input?.[step], size);
  }
}
