/** Contents of the memories that a weight-stationary design lays out by tile, as $readmemh text. */
import type { ArrayMatrix } from '../design/planes.js';
import { type StationaryDesign, tilesOf } from '../design/stationary.js';
import { indexBits } from '../design/bits.js';
import { bitsOf } from './literal.js';
import { hexFile, weightCode } from './memories.js';

/** File of a row's share of the embedding. */
export function embeddingRowFile(name: string, row: number): string {
  return `${name}_embedding_${row}.hex`;
}

/**
 * Weights of array column `column`: job by job, block by block, tile by tile, of each tile those of the last row
 * first, which have the longest way; zero where a tile has fewer rows or a block fewer columns.
 */
export function tileWords(
  design: StationaryDesign,
  matrices: readonly ArrayMatrix[],
  column: number,
): bigint[] {
  const { rows, columns, array } = design;
  const words: bigint[] = [];
  design.jobs.forEach((job, j) => {
    const { codes, columns: width } = matrices[j];
    for (let sum = column; sum < job.folds * columns; sum += columns) {
      for (const segment of job.passes.flatMap(({ segments }) => segments)) {
        for (let tile = 0; tile < tilesOf(design, segment); tile++) {
          for (let row = rows - 1; row >= 0; row--) {
            const k = tile * rows + row;
            const isUsed = sum < job.sums && k < segment.elements;
            const weight = isUsed ? codes[sum * width + segment.column + k] : 0;
            words.push(weightCode(weight, array.kind, array.weightBits));
          }
        }
      }
    }
  });
  return words;
}

export function tileFile(
  design: StationaryDesign,
  matrices: readonly ArrayMatrix[],
  column: number,
): string {
  const words = tileWords(design, matrices, column);
  return hexFile(
    `weights of array column ${column}, tile by tile, the last row first`,
    words,
    design.array.weightBits,
  );
}

/** A row's share of the embedding: of each token the elements k with k mod rows = row, padded to a power of two. */
export function embeddingRowText(design: StationaryDesign, row: number): string {
  const { rows, layers, model, array } = design;
  if (model.input.kind !== 'tokens') throw new TypeError('embeddingRowText: the design has none');
  const { vocabSize, embedding } = model.input;
  const { inputSize } = layers[0];
  const tiles = 2 ** indexBits(Math.ceil(inputSize / rows));
  const words: bigint[] = [];
  for (let token = 0; token < vocabSize; token++) {
    for (let tile = 0; tile < tiles; tile++) {
      const k = tile * rows + row;
      const value = k < inputSize ? embedding[token * inputSize + k] : 0;
      words.push(bitsOf(value, array.activationBits));
    }
  }
  return hexFile(
    `embedding, elements of array row ${row}, ${tiles} per token`,
    words,
    array.activationBits,
  );
}
