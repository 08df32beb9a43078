/** Contents of the design's read-only memories, as $readmemh text. */
import type { ArrayKind } from '../design/array.js';
import { tableOf, type Combiner, type Design, type Job } from '../design/design.js';
import { arrayMatrix, inputTable, rowWords, type ArrayMatrix } from '../design/planes.js';
import { indexBits } from '../design/bits.js';
import { sharesLookup, squashStore, tanhStore } from '../design/lookup.js';
import { squashShape } from '../design/squash.js';
import { bitsOf, hexWord } from './literal.js';

/** One line per word, and a comment that says what the file is. */
export function hexFile(title: string, words: readonly bigint[], width: number): string {
  return `// ${title}\n${words.map((word) => hexWord(word, width)).join('\n')}\n`;
}

/** Names of the files that the design's memories read. */
export function memoryFiles(name: string): {
  weights: (row: number) => string;
  rows: string;
  factors: string;
  tanh: string;
  squash: string;
  embedding: string;
  table: string;
} {
  return {
    weights: (row) => `${name}_weights_${row}.hex`,
    rows: `${name}_rows.hex`,
    factors: `${name}_factors.hex`,
    tanh: `${name}_tanh.hex`,
    squash: `${name}_squash.hex`,
    embedding: `${name}_embedding.hex`,
    table: `${name}_table.hex`,
  };
}

/** The design's matrices, as its jobs have them. */
export function arrayMatrices({ model, jobs, array }: Design): ArrayMatrix[] {
  return jobs.map((job) => arrayMatrix(model, job, array));
}

/** {negative, nonzero} of -1, 0, +1, which is two's complement. */
const ternaryCode = (value: number): bigint => bitsOf(value, 2);

/** A weight as the array's elements read it. */
export function weightCode(weight: number, kind: ArrayKind, width: number): bigint {
  switch (kind) {
    case 'binary':
      return weight < 0 ? 1n : 0n;
    case 'ternary':
      return ternaryCode(weight);
    case 'pow2': {
      // {negative, exponent + 1}, 0 where the weight is.
      if (weight === 0) return 0n;
      const exponent = Math.log2(Math.abs(weight)) + 1;
      return bitsOf(exponent, width - 1) | (weight < 0 ? 1n << BigInt(width - 1) : 0n);
    }
    case 'int':
      return bitsOf(weight, width);
  }
}

/** Codes one after the other into words of `pack`, the first in the lowest bits. */
function packed(codes: readonly bigint[], pack: number, width: number): bigint[] {
  const words: bigint[] = [];
  for (let k = 0; k < codes.length; k += pack) {
    let word = 0n;
    for (let n = 0; n < pack && k + n < codes.length; n++) {
      word |= codes[k + n] << BigInt(n * width);
    }
    words.push(word);
  }
  return words;
}

/** Weights of array row `row`: job by job, fold by fold, operand by operand; zero for unused rows. */
export function weightBankWords(
  design: Design,
  matrices: readonly ArrayMatrix[],
  row: number,
): bigint[] {
  const { rows, array } = design;
  const { kind, weightBits, pack } = array;
  const words: bigint[] = [];
  design.jobs.forEach((job, j) => {
    const { codes, columns } = matrices[j];
    for (let sum = row; sum < job.folds * rows; sum += rows) {
      for (const { segments } of job.passes) {
        for (const { column, elements } of segments) {
          const from = sum * columns + column;
          const part = Array.from(
            sum < job.sums ? codes.subarray(from, from + elements) : new Int8Array(elements),
            (weight) => weightCode(weight, kind, weightBits),
          );
          words.push(...packed(part, pack, weightBits));
        }
      }
    }
  });
  return words;
}

export function weightBankFile(
  design: Design,
  matrices: readonly ArrayMatrix[],
  row: number,
): string {
  const { pack, weightBits } = design.array;
  const words = weightBankWords(design, matrices, row);
  return hexFile(`weights of array row ${row}, in schedule order`, words, pack * weightBits);
}

export function rowFile(design: Design, matrices: readonly ArrayMatrix[], width: number): string {
  return hexFile(
    'row words: {high, low} thresholds or {shift select, multiplier, bias}',
    rowWords(design, matrices),
    width,
  );
}

/** Places of a job's sums among those of a unit, or of a class: the gate and the plane of each. */
export function placesOf(job: Job): { readonly gate: number; readonly plane: number }[] {
  return job.planes.flatMap((count, gate) =>
    Array.from({ length: count }, (_, plane) => ({ gate, plane })),
  );
}

/** Factors, or their exponents, by sum in drain order or by {pass, job, place} (Combiner.factorsBy). */
export function factorWords(
  design: Design,
  combiner: Combiner,
  matrices: readonly ArrayMatrix[],
): bigint[] {
  const { jobs, rows } = design;
  const encode = (factor: number): bigint =>
    BigInt(combiner.factors === 'power' ? Math.log2(factor) : factor);
  let words: bigint[] = [];
  if (combiner.factorsBy === 'sum') {
    jobs.forEach((job, j) => {
      const { outputs } = matrices[j];
      const bySum = job.passes.map(({ operand }) =>
        outputs.flatMap(({ factors }) => factors[operand].map(encode)),
      );
      for (let sum = 0; sum < job.sums; sum += rows) {
        for (const factors of bySum) words.push(...factors.slice(sum, sum + rows));
      }
    });
  } else {
    const jobBits = indexBits(jobs.length);
    const depth = combiner.passes * 2 ** (jobBits + combiner.placeBits);
    words = new Array<bigint>(depth).fill(0n);
    jobs.forEach((job, j) => {
      const { outputs } = matrices[j];
      job.passes.forEach(({ operand }, pass) => {
        placesOf(job).forEach(({ gate, plane }, place) => {
          const address = (pass * 2 ** jobBits + j) * 2 ** combiner.placeBits + place;
          words[address] = encode(outputs[gate].factors[operand][plane]);
        });
      });
    });
  }
  return words;
}

export function factorFile(
  design: Design,
  combiner: Combiner,
  matrices: readonly ArrayMatrix[],
): string {
  const what = combiner.factors === 'power' ? 'exponents of factors' : 'factors';
  return hexFile(
    `${what} by ${combiner.factorsBy === 'sum' ? 'sum, in drain order' : '{pass, job, place}'}`,
    factorWords(design, combiner, matrices),
    combiner.factorBits,
  );
}

const INTERPOLATED = ', every 16th, below what is to be added up to the next';

/** What the look-up of tanh(z) stores; undefined where it computes it. */
export function tanhFile({ scheme }: Pick<Design, 'scheme'>): string | undefined {
  const store = tanhStore(scheme);
  if (!store) return undefined;
  const every = scheme.tanh === 'interpolated' ? INTERPOLATED : '';
  return hexFile(`tanh(k / 128) in Q0.12, k = 0..511${every}`, store.words, store.bits);
}

/** The same of tanh(s c), by c; undefined too where it is what tanh(z) has. */
export function squashFile({ scheme }: Pick<Design, 'scheme'>): string | undefined {
  const store = squashStore(scheme);
  if (!store || sharesLookup(scheme)) return undefined;
  const { cell, slope } = scheme;
  const { shift, depth } = squashShape(scheme);
  const every = scheme.tanh === 'interpolated' ? INTERPOLATED : '';
  return hexFile(
    `tanh(${slope === 1 ? '' : `${slope} `}c) in Q0.12, c = 0, ${2 ** shift}, .. ${(depth - 1) * 2 ** shift} / ${2 ** cell.fraction}${every}`,
    store.words,
    store.bits,
  );
}

interface Table {
  readonly count: number;
  readonly strideBits: number;
  /** [count, size] row-major. */
  readonly codes: Int8Array;
}

/** The tables of a model's embeddings in the order in which they lie in memory. */
function embeddingTables({ input, model }: Design): Table[] {
  if (input.kind === 'tokens' && model.input.kind === 'tokens') {
    const { strideBits, vocabSize: count } = input;
    return [{ count, strideBits, codes: model.input.embedding }];
  }
  if (input.kind === 'features' && model.input.kind === 'features') {
    const codes = model.input.tables.map((table) => table.codes);
    return input.tables
      .map((table, feature) => ({ ...table, codes: codes[feature] }))
      .sort((a, b) => a.base - b.base);
  }
  throw new TypeError('embeddingTables: the design has no embedding');
}

/** Embedding rows, each padded to a power of two. */
export function embeddingWords(design: Design): bigint[] {
  const { activationBits, pack } = design.array;
  const words: bigint[] = [];
  const tables = embeddingTables(design);
  for (const { count, strideBits, codes } of tables) {
    const size = codes.length / count;
    for (let token = 0; token < count; token++) {
      const row = packed(
        Array.from(codes.subarray(token * size, (token + 1) * size), (value) =>
          bitsOf(value, activationBits),
        ),
        pack,
        activationBits,
      );
      words.push(...row, ...new Array<bigint>(2 ** strideBits - row.length).fill(0n));
    }
  }
  const { depth } = design.memories.find(({ role }) => role === 'embedding')!;
  words.push(...new Array<bigint>(depth - words.length).fill(0n));
  return words;
}

export function embeddingFile(design: Design): string {
  const { activationBits, pack } = design.array;
  const words = embeddingWords(design);
  const tables = embeddingTables(design);
  const format = activationBits === 8 ? 'in Q0.7' : `of -1, 0, +1, ${pack} to a word`;
  const strides = tables.map(({ strideBits }) => 2 ** strideBits).join(', ');
  return hexFile(`embedding ${format}, ${strides} words per token`, words, pack * activationBits);
}

/**
 * Each token's share of each sum of layer 0, forward, then backward, in drain order, padded to a power of
 * two.
 */
export function inputTableWords(design: Design, matrices: readonly ArrayMatrix[]): bigint[] {
  const { input, model, jobs } = design;
  if (input.kind !== 'tokens' || input.table === undefined) {
    throw new TypeError('inputTableFile: the design has no input table');
  }
  const { bits } = input.table;
  const shares = matrices
    .filter((_, j) => jobs[j].isTabled)
    .map((matrix) => ({ outputs: matrix.outputs.length, ...inputTable(model, matrix) }));
  const stride = 2 ** input.strideBits;
  const words: bigint[] = [];
  for (let token = 0; token < input.vocabSize; token++) {
    const row = shares.flatMap(({ outputs, values }) =>
      Array.from(values.subarray(token * outputs, (token + 1) * outputs), (value) =>
        bitsOf(value, bits),
      ),
    );
    words.push(...row, ...new Array<bigint>(stride - row.length).fill(0n));
  }
  return words;
}

export function inputTableFile(design: Design, matrices: readonly ArrayMatrix[]): string {
  const { bits, shift } = tableOf(design)!;
  const stride = 2 ** (design.input as { strideBits: number }).strideBits;
  const words = inputTableWords(design, matrices);
  const unit = shift === 0 ? '' : ` in units of ${2 ** shift}`;
  return hexFile(`sums of x${unit} by token, ${stride} words each`, words, bits);
}
