/** What is loaded into a design whose weights lie in RAM: the words of its windows, one after the other. */
import {
  IMAGE_MAGIC,
  imageOffsets,
  imageWords,
  WORD_BITS,
  type RegisterMap,
  type Window,
} from '../control/map.js';
import type { Design } from '../design/design.js';
import { rowWords } from '../design/planes.js';
import { designMap } from './emit.js';
import { hexWord } from './literal.js';
import {
  arrayMatrices,
  embeddingWords,
  factorWords,
  inputTableWords,
  weightBankWords,
} from './memories.js';

/** Contents of a window's memories: [unit][entry]. */
function windowContents(design: Design, { role, units }: Window): bigint[][] {
  const matrices = arrayMatrices(design);
  switch (role) {
    case 'weights':
      return Array.from({ length: units }, (_, row) => weightBankWords(design, matrices, row));
    case 'rows':
      return [rowWords(design, matrices)];
    case 'factors':
      return [factorWords(design, design.combiner!, matrices)];
    case 'embedding':
      return [embeddingWords(design)];
    case 'table':
      return [inputTableWords(design, matrices)];
    default:
      throw new TypeError(`windowContents: no window has role ${role}`);
  }
}

/** The words of a window in the order in which they are written. */
function windowWords(design: Design, window: Window): number[] {
  const { entries, units, unitBits, unitsPerWord, unitWords } = window;
  const contents = windowContents(design, window);
  const words: number[] = [];
  for (let entry = 0; entry < entries; entry++) {
    for (let unit = 0; unit < units; unit += unitsPerWord) {
      let word = 0n;
      for (let n = 0; n < unitsPerWord && unit + n < units; n++) {
        word |= contents[unit + n][entry] << BigInt(n * unitBits);
      }
      for (let part = 0; part < unitWords; part++) {
        words.push(Number(BigInt.asUintN(WORD_BITS, word >> BigInt(part * WORD_BITS))));
      }
    }
  }
  return words;
}

export interface LoadImage {
  readonly map: RegisterMap;
  /** What the windows hold, in the order of imageOffsets. */
  readonly contents: readonly number[];
  /** Magic, design, number of words, their sum modulo 2^32, then the contents. */
  readonly words: readonly number[];
}

/** @throws {TypeError} where the design's weights are not loaded */
export function loadImage(design: Design): LoadImage {
  if (design.weights !== 'ram') throw new TypeError('loadImage: the design has no windows');
  const map = designMap(design);
  const contents = map.windows.flatMap((window) => windowWords(design, window));
  if (contents.length !== imageWords(map)) {
    throw new Error(`loadImage: ${contents.length} words for ${imageWords(map)}`);
  }
  const sum = contents.reduce((total, word) => (total + word) % 2 ** WORD_BITS, 0);
  return {
    map,
    contents,
    words: [IMAGE_MAGIC, map.designId, contents.length, sum, ...contents],
  };
}

/** The image as text, a word of 8 hexadecimal digits a line. */
export function imageFile({ words }: LoadImage): string {
  return `${words.map((word) => hexWord(BigInt(word), WORD_BITS)).join('\n')}\n`;
}

/** The writes that load it: byte offset and word. */
export function imageWrites({ map, contents }: LoadImage): { offset: number; data: number }[] {
  return imageOffsets(map).map((offset, n) => ({ offset, data: contents[n] }));
}
