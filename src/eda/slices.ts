import type { BitPlace, Word } from './circuit.js';
import { isConstantBit } from './circuit.js';
import type { Bit, Bits } from './netlist.js';

/** Part of a connection that is contiguous in one word, perhaps followed by copies of its top bit. */
export interface WordSlice {
  readonly kind: 'word';
  readonly word: Word;
  /** First bit inside the word. */
  readonly offset: number;
  /** Bits taken from the word. */
  readonly width: number;
  /** Bits filled in the connection, `width` or more: the rest repeats the slice's top bit. */
  readonly extendedWidth: number;
  /** First bit inside the connection. */
  readonly position: number;
}

/** Part of a connection with a fixed value; undefined and undriven bits count as 0. */
export interface ConstantSlice {
  readonly kind: 'constant';
  readonly value: bigint;
  readonly width: number;
  readonly position: number;
}

export type Slice = WordSlice | ConstantSlice;

/** Cut a connection into as few slices as its sources allow. */
export function sliceBits(bits: Bits, places: ReadonlyMap<Bit, BitPlace>): Slice[] {
  const slices: Slice[] = [];
  const place = (index: number): BitPlace | undefined =>
    index < bits.length && !isConstantBit(bits[index]) ? places.get(bits[index]) : undefined;
  let position = 0;
  while (position < bits.length) {
    const first = place(position);
    let end = position + 1;
    if (first === undefined) {
      let digits = bits[position] === 1 ? '1' : '0';
      for (; end < bits.length && place(end) === undefined; end++) {
        digits = (bits[end] === 1 ? '1' : '0') + digits;
      }
      slices.push({
        ...{ kind: 'constant', value: BigInt(`0b${digits}`) },
        ...{ width: end - position, position },
      });
    } else {
      const { word, offset } = first;
      for (; end < bits.length; end++) {
        const next = place(end);
        if (next?.word !== word || next.offset !== offset + end - position) break;
      }
      const width = end - position;
      while (end < bits.length && bits[end] === bits[position + width - 1]) end++;
      slices.push({
        ...{ kind: 'word', word, offset, width },
        ...{ extendedWidth: end - position, position },
      });
    }
    position = end;
  }
  return slices;
}
