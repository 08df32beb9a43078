/** Contents of the machine's read-only memories, as $readmemh text. */
import { bitsOf, hexWord } from '../emit/literal.js';
import { SIGMOID_TABLE } from '../integer/activations.js';
import type { IntegerTable } from '../integer/model.js';
import type { IntegerDesign } from './design.js';
import { type ProgramLayout, programWords } from './program-word.js';

export interface MemoryFiles {
  readonly program: string;
  readonly weights: string;
  readonly biases: string;
  readonly vectorWeights: string;
  readonly embedding: string;
  readonly sigmoid: string;
}

export function memoryFiles(name: string): MemoryFiles {
  return {
    program: `${name}_program.hex`,
    weights: `${name}_weights.hex`,
    biases: `${name}_biases.hex`,
    vectorWeights: `${name}_vector_weights.hex`,
    embedding: `${name}_embedding.hex`,
    sigmoid: `${name}_sigmoid.hex`,
  };
}

interface Line {
  readonly word: bigint;
  readonly note?: string;
}

/** One line per word, and a comment that says what the file is. */
function hexFile(title: string, lines: readonly Line[], width: number): string {
  const text = lines.map(
    ({ word, note }) => `${hexWord(word, width)}${note === undefined ? '' : ` // ${note}`}`,
  );
  return `// ${title}\n${text.join('\n')}\n`;
}

const plain = (values: readonly number[], width: number): Line[] =>
  values.map((value) => ({ word: bitsOf(value, width) }));

export function programFile(design: IntegerDesign, layout: ProgramLayout): string {
  const lines = programWords(layout).map((word, n) => ({
    word,
    note: `${n}: ${design.operations[n].title}`,
  }));
  return hexFile('operations of a step', lines, layout.width);
}

export function weightsFile({ weights, rows }: IntegerDesign): string {
  const lines: Line[] = [];
  for (let at = 0; at < weights.length; at += rows) {
    let word = 0n;
    for (let row = 0; row < rows; row++) {
      word |= bitsOf(weights[at + row], 8) << BigInt(8 * row);
    }
    lines.push({ word });
  }
  return hexFile('weights of all rows, row 0 last, in the order of use', lines, 8 * rows);
}

export function biasesFile({ biases, widths }: IntegerDesign): string {
  return hexFile('biases, in the order of use', plain(biases, widths.bias), widths.bias);
}

export function vectorWeightsFile({ vectorWeights }: IntegerDesign): string {
  return hexFile(
    'weights of peepholes and layer normalizations, in the order of use',
    plain(vectorWeights, 16),
    16,
  );
}

const DIFFERENCE_BITS = 10;

/** Rows of all tables, one after the other. */
export function embeddingFile(tables: readonly IntegerTable[], width: number): string {
  const lines = tables.flatMap(({ name, codes, size }) =>
    Array.from(codes, (value, k) => ({
      word: bitsOf(value, width),
      ...(k % size === 0 && { note: `${name} ${k / size}` }),
    })),
  );
  return hexFile('elements of x, row by row', lines, width);
}

/** {T[k+1] - T[k], T[k]}; the last difference is 0. */
export function sigmoidFile(): string {
  const lines = Array.from(SIGMOID_TABLE, (from, k) => {
    const difference = (SIGMOID_TABLE[k + 1] ?? from) - from;
    return { word: (bitsOf(difference, DIFFERENCE_BITS) << 16n) | BigInt(from) };
  });
  return hexFile('sigmoid(k / 24) * 65536 and the difference to the next', lines, 26);
}
