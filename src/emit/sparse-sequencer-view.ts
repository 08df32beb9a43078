/** View-model of the sequencer that skips zeros: the segments of the step-by-step schedule, and what counts them. */
import { indexBits } from '../design/bits.js';
import { type Design, drainGap, type Segment } from '../design/design.js';
import { extend, literal, msb } from './literal.js';
import { scheduledSegments } from './sequencer-frame.js';
import { sequencerView } from './sequencer-view.js';
import { type Widths, widths } from './widths.js';

/** Address bits of the lists of h: one of each layer for either bank, all of bank 0 first. */
export function listBits({ layers }: Pick<Design, 'layers'>): number {
  return indexBits(2 * layers.length);
}

/** Which list a segment reads: of the bank that this step or the one before writes. */
function hiddenList(design: Design, { source, layer }: Segment): string {
  const list = (bank: 0 | 1): string =>
    literal(bank * design.layers.length + layer, listBits(design));
  if (source === 'input') return list(0);
  const [now, before] = [`bank_q ? ${list(1)} : ${list(0)}`, `bank_q ? ${list(0)} : ${list(1)}`];
  return source === 'previous' ? before : now;
}

/** What is skipped, in words. */
function skippedNote({ input }: Design): string {
  const kept = input.kind === 'dense' ? 'x and h' : 'h';
  return `of ${kept} those that are not zero`;
}

/** Bits that count a segment's operands. */
function countBits(w: Widths): number {
  return w.k + 1;
}

export function sparseSequencerView(design: Design, header: string): object {
  const w = widths(design);
  const gap = drainGap(design);
  const gapBits = indexBits(gap + 1);
  const lists = listBits(design);
  const bits = countBits(w);
  const view = sequencerView(design, header) as { readonly segments: readonly object[] };
  return {
    ...view,
    isDense: design.input.kind === 'dense',
    skipped: skippedNote(design),
    gap: String(gap),
    gapMsb: msb(gapBits),
    zeroGap: literal(0, gapBits),
    oneGap: literal(1, gapBits),
    lastGap: literal(gap - 1, gapBits),
    listMsb: msb(lists),
    zeroList: literal(0, lists),
    hiddenCountMsb: msb(w.hiddenIndex + 1),
    inputCountMsb: msb(w.index + 1),
    countMsb: msb(bits),
    zeroCount: literal(0, bits),
    oneCount: literal(1, bits),
    kAsCount: extend('k_q', w.k, bits),
    hCount: extend('h_count_i', w.hiddenIndex + 1, bits),
    xCount: design.input.kind === 'dense' ? extend('x_count_i', w.index + 1, bits) : 'length',
    lengthAsWeight: extend('length', bits, w.weight),
    segments: scheduledSegments(design).map(({ segment }, n) => ({
      ...view.segments[n],
      length: literal(segment.length, bits),
      hList: hiddenList(design, segment),
    })),
  };
}
