/** Contents of the design's read-only memories, as $readmemh text. */
import { TANH_FRACTION, TANH_TABLE, MULTIPLIER_BITS, PREACT_BITS } from '../quant/arithmetic.js';
import type { Design, Job } from '../design/design.js';
import { weightBits, type RowParameters } from '../quant/quantized-model.js';
import { bitsOf, hexWord } from './literal.js';

/** One line per word, and a comment that says what the file is. */
function hexFile(title: string, words: readonly bigint[], width: number): string {
  return `// ${title}\n${words.map((word) => hexWord(word, width)).join('\n')}\n`;
}

/** Two bits of a ternary weight: {negative, nonzero}. */
function weightCode(weight: number, ternary: boolean): bigint {
  return ternary ? (weight === 0 ? 0n : weight > 0 ? 1n : 3n) : bitsOf(weight, 8);
}

/** Row of the job's weight matrix that output n multiplies: unit by unit, gates i, f, g, o. */
export function matrixRow(job: Job, output: number): number {
  return job.kind === 'head' ? output : (output % 4) * (job.outputs / 4) + Math.floor(output / 4);
}

/** Weights of array row `row`: job by job, fold by fold, operand by operand; zero for unused rows. */
export function weightBankFile(design: Design, row: number): string {
  const { model, rows } = design;
  const ternary = design.scheme.weights === 'ternary';
  const width = weightBits(design.scheme.weights);
  const words: bigint[] = [];
  for (const job of design.jobs) {
    const matrix = job.kind === 'head' ? model.head.weights : model.layers[job.layer].weights;
    for (let fold = 0; fold < job.folds; fold++) {
      const output = fold * rows + row;
      const base = matrixRow(job, output) * job.k;
      for (const segment of job.segments) {
        for (let k = 0; k < segment.length; k++) {
          const weight = output < job.outputs ? matrix[base + segment.column + k] : 0;
          words.push(weightCode(weight, ternary));
        }
      }
    }
  }
  return hexFile(`weights of array row ${row}, in schedule order`, words, width);
}

function rowWord(row: RowParameters, design: Design): bigint {
  if (row.kind === 'threshold') {
    return (
      bitsOf(row.low, design.accBits) | (bitsOf(row.high, design.accBits) << BigInt(design.accBits))
    );
  }
  return (
    bitsOf(row.bias, PREACT_BITS) |
    (BigInt(row.multiplier) << BigInt(PREACT_BITS)) |
    (BigInt(row.shift - design.shiftMin) << BigInt(PREACT_BITS + MULTIPLIER_BITS))
  );
}

/** Row words in drain order: {high, low} of threshold rows, {shift select, multiplier, bias} of others. */
export function rowFile(design: Design, width: number): string {
  const words: bigint[] = [];
  for (const job of design.jobs) {
    const rows = job.kind === 'head' ? design.model.head.rows : design.model.layers[job.layer].rows;
    for (let n = 0; n < job.outputs; n++) words.push(rowWord(rows[matrixRow(job, n)], design));
  }
  return hexFile(
    'row words: {high, low} thresholds or {shift select, multiplier, bias}',
    words,
    width,
  );
}

export function tanhFile(): string {
  return hexFile(
    'tanh(k / 128) in Q0.12, k = 0..511',
    TANH_TABLE.map((value) => BigInt(value)),
    TANH_FRACTION,
  );
}

/** Embedding rows, each padded to a power of two. */
export function embeddingFile(design: Design): string {
  const { input, model } = design;
  if (input.kind !== 'tokens' || model.input.kind !== 'tokens') {
    throw new TypeError('embeddingFile: the design takes dense input');
  }
  const stride = 2 ** input.strideBits;
  const size = design.layers[0].inputSize;
  const words: bigint[] = [];
  for (let token = 0; token < input.vocabSize; token++) {
    for (let k = 0; k < stride; k++) {
      words.push(k < size ? bitsOf(model.input.embedding[token * size + k], 8) : 0n);
    }
  }
  return hexFile(`embedding in Q0.7, ${stride} words per token`, words, 8);
}
