/** What the top module has where weights come from off chip: the stream's module, decoders, and how banks are written. */
import type { Design } from '../design/design.js';
import { indexBits } from '../design/bits.js';
import {
  beatsPerImage,
  comesAsTrits,
  TRITS_PER_BYTE,
  writesPerLine,
} from '../design/weight-stream.js';
import { literal, msb } from './literal.js';
import { widths } from './widths.js';

/** Bits of an item when its trits are decoded. */
function decodedBits({ array, weightStream }: Design): number {
  const { itemBits } = weightStream!;
  return comesAsTrits(array) ? (itemBits / 8) * TRITS_PER_BYTE * array.weightBits : itemBits;
}

/** Bits of what travels down the banks: the address, of streamed weights behind {taken, place in the line}. */
export function weightAddressBits(design: Design): number {
  const { weightStream } = design;
  return (weightStream ? 1 + indexBits(weightStream.perLine) : 0) + widths(design).weight;
}

/** When a row's bank is written, and with what. */
export function fillOf(design: Design, row: number): { enable: string; data: string } {
  const { weightStream, array, rows } = design;
  if (!weightStream) return { enable: '', data: '' };
  const { rowsPerWrite, perLine } = weightStream;
  const groups = writesPerLine(weightStream, rows);
  const group = Math.floor(row / rowsPerWrite);
  const low = (row % rowsPerWrite) * decodedBits(design);
  const high = low + perLine * array.pack * array.weightBits - 1;
  const source = comesAsTrits(array) ? 'lines_codes' : 'lines_data';
  return {
    enable:
      groups === 1
        ? 'lines_write'
        : `lines_write && lines_group == ${literal(group, indexBits(groups))}`,
    data: `${source}[${high}:${low}]`,
  };
}

/** Parameters and widths of hg_weight_stream and what lies behind it. */
export function streamFields(design: Design): object {
  const { weightStream, array, rows } = design;
  if (!weightStream) return { isStreamed: false, stream: {} };
  const { bits, perLine, itemBits, rowsPerWrite, beatsPerItem, linesPerBeat, halfLines } =
    weightStream;
  const groups = writesPerLine(weightStream, rows);
  const groupBits = indexBits(groups);
  const parts = Math.max(beatsPerItem, linesPerBeat);
  const partBits = indexBits(parts);
  const placeBits = indexBits(perLine);
  const bytes = (rowsPerWrite * itemBits) / 8;
  return {
    isStreamed: true,
    stream: {
      beats: String(beatsPerImage(weightStream, rows)),
      portMsb: msb(bits),
      bits: String(bits),
      perLine: String(perLine),
      halfLines: String(halfLines),
      itemBits: String(itemBits),
      items: String(rowsPerWrite),
      itemBeats: String(beatsPerItem),
      beatLines: String(linesPerBeat),
      groupWidth: String(groupBits),
      groupMsb: msb(groupBits),
      lastGroup: literal(groups - 1, groupBits),
      isOneGroup: groups === 1,
      partWidth: String(partBits),
      lastPart: literal(parts - 1, partBits),
      lineWidth: String(indexBits(halfLines)),
      placeWidth: String(placeBits),
      lastPlace: literal(perLine - 1, placeBits),
      releaseDelay: String(rows - 1),
      dataMsb: msb(rowsPerWrite * itemBits),
      addrMsb: msb(weightAddressBits(design)),
      hasTrits: comesAsTrits(array),
      bytes: String(bytes),
      codesMsb: msb(bytes * TRITS_PER_BYTE * array.weightBits),
    },
  };
}
