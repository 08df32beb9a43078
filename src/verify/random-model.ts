/** Random quantized models for verification: every code, threshold and bias drawn from a seed. */
import { INT16_MAX, LEVEL3_DECISION, MULTIPLIER_MAX } from '../quant/arithmetic.js';
import {
  SCHEMES,
  type LinearRow,
  type QuantizedModel,
  type RowParameters,
  type SchemeName,
} from '../quant/quantized-model.js';
import type { Random } from '../model/random.js';

export interface ModelShape {
  readonly scheme: SchemeName;
  readonly inputSize: number;
  readonly hiddenSizes: readonly number[];
  readonly classes: number;
  /** Vocabulary of a token input; absent for dense input. */
  readonly vocabSize?: number;
  readonly when: 'every-step' | 'last-step';
}

function randomCode(random: Random, ternary: boolean): number {
  if (ternary) return random.integer(3) - 1;
  const kind = random.integer(8);
  return kind === 0 ? 127 : kind === 1 ? -127 : random.integer(255) - 127;
}

/** A multiplier and shift that bring typical sums of the row to a few units of the output format. */
function randomLinear(random: Random, rowNorm: number, fraction: number, shift: number): LinearRow {
  const typical = Math.max(1, rowNorm * 40);
  const target = 2 ** fraction * (0.3 + 3 * random.uniform());
  const multiplier = Math.round((target / typical) * 2 ** shift);
  return {
    kind: 'linear',
    multiplier: Math.min(MULTIPLIER_MAX, Math.max(1, multiplier)),
    shift,
    bias: Math.round((random.uniform() * 2 - 1) * Math.min(INT16_MAX, 2 ** fraction)),
  };
}

/** Largest shift whose multiplier for rows of this norm stays within range. */
function commonShift(rowNorm: number, fraction: number): number {
  let shift = 1;
  while (
    shift < 24 &&
    ((2 ** fraction * 4) / Math.max(1, rowNorm * 40)) * 2 ** shift < MULTIPLIER_MAX
  )
    shift++;
  return shift;
}

/** A random model of the shape; its gates and cells visit their whole range, saturation included. */
export function randomModel(shape: ModelShape, random: Random): QuantizedModel {
  const scheme = SCHEMES[shape.scheme];
  const ternary = scheme.weights === 'ternary';
  const norm = (weights: Int8Array, from: number, count: number): number => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += weights[from + k] ** 2;
    return Math.sqrt(sum);
  };
  let inputSize = shape.inputSize;
  const layers = shape.hiddenSizes.map((hiddenSize) => {
    const columns = inputSize + hiddenSize;
    const weights = Int8Array.from({ length: 4 * hiddenSize * columns }, () =>
      randomCode(random, ternary),
    );
    const shifts = Array.from({ length: 4 }, () =>
      Math.max(1, commonShift(norm(weights, 0, columns), 12) - random.integer(3)),
    );
    const rows: RowParameters[] = [];
    for (let row = 0; row < 4 * hiddenSize; row++) {
      const gate = Math.floor(row / hiddenSize);
      const rowNorm = norm(weights, row * columns, columns);
      if (scheme.gates === 'level3' && gate !== 2) {
        let bound = 0;
        for (let k = 0; k < columns; k++) bound += 127 * Math.abs(weights[row * columns + k]);
        const clamp = (value: number): number =>
          Math.max(-bound, Math.min(bound + 1, Math.round(value)));
        const width = Math.max(1, rowNorm * 60) * (0.2 + random.uniform());
        const centre = (random.uniform() * 2 - 1) * width;
        const never = random.integer(16);
        rows.push({
          kind: 'threshold',
          low: never === 0 ? bound + 1 : clamp(centre - (width * LEVEL3_DECISION) / 2),
          high: never <= 1 ? bound + 1 : clamp(centre + (width * LEVEL3_DECISION) / 2),
        });
      } else {
        rows.push(randomLinear(random, rowNorm, 12, shifts[gate]));
      }
    }
    const layer = { inputSize, hiddenSize, weights, rows };
    inputSize = hiddenSize;
    return layer;
  });
  const weights = Int8Array.from({ length: shape.classes * inputSize }, () =>
    randomCode(random, ternary),
  );
  const shift = commonShift(norm(weights, 0, inputSize), 9);
  const rows = Array.from({ length: shape.classes }, (_, n) =>
    randomLinear(random, norm(weights, n * inputSize, inputSize), 9, shift),
  );
  const vocabSize = shape.vocabSize;
  return {
    scheme,
    input:
      vocabSize === undefined
        ? {
            kind: 'dense',
            mean: new Array<number>(shape.inputSize).fill(0),
            gain: new Array<number>(shape.inputSize).fill(1),
          }
        : {
            kind: 'tokens',
            vocabSize,
            embedding: Int8Array.from(
              { length: vocabSize * shape.inputSize },
              () => random.integer(255) - 127,
            ),
          },
    layers,
    head: { classes: shape.classes, weights, rows, when: shape.when },
  };
}
