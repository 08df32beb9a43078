/** What the emitted README says about weights that come from off chip. */
import type { Design } from '../design/design.js';
import { beatsPerImage, comesAsTrits, writesPerLine } from '../design/weight-stream.js';

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** What an item is, in words. */
function itemText({ array, weightStream }: Design): string {
  const { pack, weightBits } = array;
  const { perLine, itemBits } = weightStream!;
  const weights = perLine * pack;
  const words = pack > 1 ? `, ${pack} to an operand` : '';
  if (comesAsTrits(array)) {
    return (
      `an item is ${plural(itemBits / 8, 'byte')} of ${plural(weights, 'trit')}${words}, five to a byte: ` +
      `d0 + 3 d1 + 9 d2 + 27 d3 + 81 d4, where 0, 1, 2 stand for 0, +1, -1, the first trit in d0, trits that are missing 0`
    );
  }
  const coding = {
    binary: 'a bit each, 1 for -1 and 0 for +1',
    pow2: `${weightBits} bits each, {negative, exponent + 1}, 0 for 0`,
    int: `${weightBits} bits each, two's complement`,
  }[array.kind as 'binary' | 'pow2' | 'int'];
  return `an item is ${plural(weights, 'weight')}${words}, ${coding}, the first in the lowest bits`;
}

/** How items lie in beats, in words. */
function beatText({ weightStream, rows }: Design): string {
  const { rowsPerWrite, beatsPerItem, linesPerBeat, itemBits } = weightStream!;
  if (beatsPerItem > 1) return `an item takes ${beatsPerItem} beats, its lowest bits first`;
  if (linesPerBeat > 1) {
    return `a beat holds ${linesPerBeat} lines of ${rows} items, ${rows * itemBits} bits each, side by side from bit 0`;
  }
  const writes = writesPerLine(weightStream!, rows);
  return writes === 1
    ? `a line takes a beat, its items side by side from bit 0`
    : `a line takes ${writes} beats of ${plural(rowsPerWrite, 'item')}, side by side from bit 0`;
}

/** Fields of the README's view-model. */
export function streamNotes(design: Design): object {
  const { weightStream, rows } = design;
  if (!weightStream) return { isStreamed: false };
  const { bits, perLine, lines, halfLines } = weightStream;
  const beats = beatsPerImage(weightStream, rows);
  return {
    isStreamed: true,
    portBits: String(bits),
    imageBeats: String(beats),
    imageBytes: String((beats * bits) / 8),
    imageLines: [
      `${plural(lines, 'line')}, in the order of the schedule: job by job, fold by fold, operand by operand; the head is always there, whether a step has a result or not;`,
      `a line holds the weights of ${plural(perLine, 'operand')} of a pass for all ${rows} rows of the array, an item for each row, row 0 first; the last line of a pass may have fewer operands, rows beyond the last output weights of 0;`,
      `${itemText(design)};`,
      `${beatText(design)}; what is left of a beat is 0.`,
      `The buffer has two halves of ${plural(halfLines, 'line')}: ${halfLines * perLine} operands each.`,
    ],
  };
}
