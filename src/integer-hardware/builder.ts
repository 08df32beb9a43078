/** Gathers operations, and the constants they use in their order. */
import { INT16_MAX, INT16_MIN } from '../integer/fixed-point.js';
import type { Operation, Phase } from './design.js';
import { ZERO_SCALE } from './scale.js';

export interface Program {
  readonly operations: readonly Operation[];
  /** Words of the array's weight memory: [word][row], zero where a fold has fewer sums than rows. */
  readonly weights: Int8Array;
  /** Of matrix sums and layer normalizations. */
  readonly biases: readonly number[];
  /** Of peepholes and layer normalizations. */
  readonly vectorWeights: readonly number[];
}

/** Of a program that has no others. */
export const WHOLE_STEP: Phase = {
  walk: 'forward',
  inputStart: 0,
  inputStride: 0,
  outputStart: 0,
  outputStride: 0,
  column: 0,
};

const NEUTRAL: Omit<Operation, 'kind' | 'title' | 'count' | 'phase'> = {
  operands: 0,
  source: 'state',
  isOld: false,
  a: 0,
  b: 0,
  base: 0,
  dest: 0,
  isWeighted: false,
  isComplement: false,
  scale: ZERO_SCALE,
  isPresaturated: false,
  isAdding: false,
  offset: 0,
  low: INT16_MIN,
  high: INT16_MAX,
  activation: 'none',
  alignment: 0,
  integerBits: 3,
  writes: 'none',
  isKept: false,
  isPhaseEnd: false,
  isFirst: false,
  isReleasing: false,
};

/** Fields that are not neutral. */
export type Choice = Partial<Operation> & Pick<Operation, 'kind' | 'title' | 'count'>;

export class ProgramBuilder {
  readonly operations: Operation[] = [];
  readonly biases: number[] = [];
  readonly vectorWeights: number[] = [];
  readonly #weights: Int8Array[] = [];
  #phase = WHOLE_STEP;

  constructor(readonly rows: number) {}

  add(choice: Choice): void {
    this.operations.push({ ...NEUTRAL, phase: this.#phase, ...choice });
  }

  /** What `add` adds is one phase. */
  addPhase(phase: Phase, add: () => void): void {
    this.#phase = phase;
    add();
    this.operations.push({ ...this.operations.pop()!, isPhaseEnd: true });
  }

  /** Weights [count, operands] fold by fold. */
  addMatrix(choice: Choice, weights: Int8Array, bias: ArrayLike<number>): void {
    const { rows } = this;
    const { count } = choice;
    const operands = weights.length / count;
    const folds = Math.ceil(count / rows);
    const words = new Int8Array(folds * operands * rows);
    for (let n = 0; n < count; n++) {
      const fold = Math.floor(n / rows);
      for (let k = 0; k < operands; k++) {
        words[(fold * operands + k) * rows + (n % rows)] = weights[n * operands + k];
      }
    }
    this.#weights.push(words);
    this.biases.push(...Array.from(bias));
    this.add({ ...choice, operands });
  }

  program(): Program {
    const { operations, biases, vectorWeights } = this;
    const weights = new Int8Array(this.#weights.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const words of this.#weights) {
      weights.set(words, at);
      at += words.length;
    }
    return { operations, weights, biases, vectorWeights };
  }
}
