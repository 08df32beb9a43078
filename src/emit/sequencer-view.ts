/** View-model of the sequencer that runs step by step, zeros skipped or not: the schedule as a table of segments. */
import { indexBits } from '../design/bits.js';
import { type Design, drainGap, type Job, type Segment } from '../design/design.js';
import { extend, literal, msb } from './literal.js';
import { flag, scheduledSegments, segmentFields, sequencerFrame } from './sequencer-frame.js';
import { hiddenBase, listBits, type Widths, widths } from './widths.js';

/** What belongs to a segment's h, of the bank that this step or the one before writes; `none` where it reads x. */
function ofBank({ source }: Segment, value: (bank: 0 | 1) => string, none: string): string {
  if (source === 'input') return none;
  return source === 'previous'
    ? `bank_q ? ${value(0)} : ${value(1)}`
    : `bank_q ? ${value(1)} : ${value(0)}`;
}

/** Where a segment's h begins. */
function hiddenAddress(design: Design, segment: Segment): string {
  const bits = widths(design).hidden;
  const address = (bank: 0 | 1): string => literal(hiddenBase(design, segment.layer, bank), bits);
  return ofBank(segment, address, literal(0, bits));
}

/** Which list of h a segment reads: one of each layer for either bank, all of bank 0 first. */
function hiddenList(design: Design, segment: Segment): string {
  const bits = listBits(design);
  const { length } = design.layers;
  const list = (bank: 0 | 1): string => literal(bank * length + segment.layer, bits);
  return ofBank(segment, list, literal(0, bits));
}

/** Whether a step ends with this job. */
export function endsStep({ layers, headWhen }: Design, { kind, layer }: Job): string {
  if (kind === 'head') return flag(true);
  return layer === layers.length - 1 && headWhen === 'last-step' ? '!last_step_q' : flag(false);
}

/** What a schedule for several streams has besides. */
function streamFields(design: Design): object {
  const { streams = 1 } = design;
  const w = widths(design);
  return {
    hasStreams: streams > 1,
    streamMsb: msb(Math.max(1, w.stream)),
    streamsMsb: msb(streams),
    zeroStream: literal(0, Math.max(1, w.stream)),
    zeroBanks: `{${streams}{1'b0}}`,
    allFresh: `{${streams}{1'b1}}`,
    streamBase: `{stream_q, ${literal(0, Math.max(1, w.hidden - w.stream))}}`,
  };
}

/** What a schedule that skips zeros has besides: how many operands there are, and how long a drain takes. */
function sparseFields(design: Design): object {
  const w = widths(design);
  const isSparse = design.dataflow === 'sparse';
  const countsInput = isSparse && design.input.kind === 'dense';
  const gap = drainGap(design);
  const gapBits = indexBits(gap + 1);
  const lists = listBits(design);
  const bits = countBits(w);
  return {
    isSparse,
    countsInput,
    skipped: `of ${countsInput ? 'x and h' : 'h'} those that are not zero`,
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
    xCount: countsInput ? extend('x_count_i', w.index + 1, bits) : 'length',
    lengthAsWeight: extend('length', bits, w.weight),
  };
}

/** Bits that count a segment's operands. */
function countBits({ k }: Widths): number {
  return k + 1;
}

export function sequencerView(design: Design, header: string): object {
  const w = widths(design);
  const { input } = design;
  const features = input.kind === 'features' ? input.tables.length : 0;
  const featureBits = indexBits(Math.max(1, features));
  return {
    ...sequencerFrame(design, header),
    ...streamFields(design),
    ...sparseFields(design),
    isStreamed: design.weights === 'stream',
    hasFeatures: features > 0,
    featureMsb: msb(featureBits),
    zeroFeature: literal(0, featureBits),
    segments: scheduledSegments(design).map((scheduled) => {
      const { job, segment } = scheduled;
      return {
        ...segmentFields(scheduled, design, w),
        feature: literal(segment.feature ?? 0, featureBits),
        isLastInput: flag(segment.feature === features - 1),
        hBase: hiddenAddress(design, segment),
        length: literal(segment.length, countBits(w)),
        hList: hiddenList(design, segment),
        layer: literal(job.layer, w.layer),
        endsStep: endsStep(design, job),
      };
    }),
  };
}
