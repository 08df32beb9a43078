/** The image of a design whose weights come from off chip: what the stream brings for every step, beat by beat. */
import type { Design, WeightStream } from '../design/design.js';
import type { ArrayMatrix } from '../design/planes.js';
import { beatsPerImage, comesAsTrits, TRITS_PER_BYTE } from '../design/weight-stream.js';
import { hexWord } from './literal.js';
import { arrayMatrices, weightBankWords } from './memories.js';

/** The design's stream of weights. @throws {TypeError} where it has none. */
export function weightStreamOf({ weightStream }: Pick<Design, 'weightStream'>): WeightStream {
  if (!weightStream) throw new TypeError('weightStreamOf: the weights are not streamed');
  return weightStream;
}

/** Trits as bytes, the first five in the first, the first of them the least; 0, +1, -1 are the digits 0, 1, 2. */
export function tritBytes(trits: readonly number[]): number[] {
  const bytes: number[] = [];
  for (let first = 0; first < trits.length; first += TRITS_PER_BYTE) {
    let byte = 0;
    for (let n = Math.min(first + TRITS_PER_BYTE, trits.length) - 1; n >= first; n--) {
      byte = 3 * byte + (trits[n] < 0 ? 2 : trits[n]);
    }
    bytes.push(byte);
  }
  return bytes;
}

/** A row's share of a line: its words, the first in the lowest bits. */
function itemOf({ array }: Design, words: readonly bigint[]): bigint {
  const { pack, weightBits } = array;
  const join = (values: readonly bigint[], width: number): bigint =>
    values.reduce((sum, value, n) => sum | (value << BigInt(n * width)), 0n);
  if (!comesAsTrits(array)) return join(words, pack * weightBits);
  const trits = words.flatMap((word) =>
    Array.from({ length: pack }, (_, n) =>
      Number(BigInt.asIntN(weightBits, word >> BigInt(n * weightBits))),
    ),
  );
  return join(tritBytes(trits).map(BigInt), 8);
}

/** [line][row]: items of the lines of a step, in the order of the schedule. */
function lineItems(design: Design, matrices: readonly ArrayMatrix[]): bigint[][] {
  const { perLine } = weightStreamOf(design);
  const banks = Array.from({ length: design.rows }, (_, row) =>
    weightBankWords(design, matrices, row),
  );
  const lines: bigint[][] = [];
  let word = 0;
  for (const { folds, passes } of design.jobs) {
    for (let fold = 0; fold < folds; fold++) {
      for (const { k } of passes) {
        for (let operand = 0; operand < k; operand += perLine) {
          const from = word + operand;
          const to = word + Math.min(operand + perLine, k);
          lines.push(banks.map((words) => itemOf(design, words.slice(from, to))));
        }
        word += k;
      }
    }
  }
  return lines;
}

/** tdata of every beat of a step's image. */
export function weightBeats(
  design: Design,
  matrices: readonly ArrayMatrix[] = arrayMatrices(design),
): bigint[] {
  const stream = weightStreamOf(design);
  const { bits, itemBits, rowsPerWrite, beatsPerItem, linesPerBeat } = stream;
  const beats: bigint[] = [];
  lineItems(design, matrices).forEach((items, line) => {
    for (let row = 0; row < items.length; row += rowsPerWrite) {
      const together = items
        .slice(row, row + rowsPerWrite)
        .reduce((sum, item, n) => sum | (item << BigInt(n * itemBits)), 0n);
      const place = line % linesPerBeat;
      if (place > 0) {
        beats[beats.length - 1] |= together << BigInt(place * rowsPerWrite * itemBits);
        continue;
      }
      for (let part = 0; part < beatsPerItem; part++) {
        beats.push(BigInt.asUintN(bits, together >> BigInt(part * bits)));
      }
    }
  });
  if (beats.length !== beatsPerImage(stream, design.rows)) {
    throw new Error(`weightBeats: ${beats.length} beats for ${beatsPerImage(stream, design.rows)}`);
  }
  return beats;
}

const BYTES_PER_LINE = 32;

/** The image's bytes in the order in which they come, in hexadecimal: `xxd -r -p` makes a binary file of them. */
export function weightImageFile(design: Design, matrices?: readonly ArrayMatrix[]): string {
  const { bits } = weightStreamOf(design);
  const digits = weightBeats(design, matrices).flatMap((beat) => {
    const bytes = hexWord(beat, bits).match(/../g)!;
    return bytes.reverse();
  });
  const lines: string[] = [];
  for (let n = 0; n < digits.length; n += BYTES_PER_LINE) {
    lines.push(digits.slice(n, n + BYTES_PER_LINE).join(''));
  }
  return `${lines.join('\n')}\n`;
}
