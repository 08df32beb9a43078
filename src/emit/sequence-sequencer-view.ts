/** View-model of the sequencer that runs whole sequences, layer by layer. */
import type { Design } from '../design/design.js';
import { hiddenSlot } from '../design/sequence-memory.js';
import { literal, msb } from './literal.js';
import { extend, flag, jobLine, segmentNote } from './sequencer-view.js';
import { isTabled, widths } from './widths.js';

export function sequenceSequencerView(design: Design, header: string): object {
  const w = widths(design);
  const { jobs, input, sequence } = design;
  if (!sequence) throw new TypeError('sequenceSequencerView: the design runs step by step');
  const firstPad = jobs[0].passes[0].padCycles;
  const hasPad = jobs.some((job) => job.passes.some((pass) => pass.padCycles > 0));
  const hasPasses = design.combiner?.passes === 2;
  const headIndex = jobs.length - 1;
  const isLastStepHead = design.headWhen === 'last-step';
  // After a backward phase the head's only step lies at the other end.
  const jumpsToLast = isLastStepHead && jobs[headIndex - 1].direction === 'backward';
  const firstFree = jobs.findIndex(({ kind, layer }) => kind === 'head' || layer > 0);
  const segments: object[] = [];
  const pads: object[] = [];
  const features: object[] = [];
  let first = 0;
  jobs.forEach((job, j) => {
    let index = first;
    const next = jobs[(j + 1) % jobs.length];
    job.passes.forEach((pass, p) => {
      if (pass.padCycles > 0) {
        pads.push({ index: literal(index, w.segment), cycles: literal(pass.padCycles, w.pad) });
      }
      pass.segments.forEach((segment, s) => {
        if (segment.feature !== undefined && segment.feature > 0) {
          features.push({
            index: literal(index, w.segment),
            feature: literal(segment.feature, w.x),
          });
        }
        const isInput = segment.source === 'input';
        segments.push({
          index: literal(index++, w.segment),
          note: segmentNote(job, segment),
          lastK: literal(segment.length - 1, w.k),
          isInput: flag(isInput),
          needsInput: flag(segment.needsInput),
          isPrevious: flag(segment.source === 'previous'),
          slot: literal(isInput ? 0 : hiddenSlot(design, segment), w.hidden),
          maxPending: literal(segment.maxPending, 4),
          isFirst: flag(s === 0),
          isLast: flag(s === pass.segments.length - 1),
          isFirstPass: flag(p === 0),
          isLastPass: flag(p === job.passes.length - 1),
          firstSegment: literal(first, w.segment),
          lastFold: literal(job.folds - 1, w.fold),
          lastRow: literal((job.sums - 1) % design.rows, w.row),
          isHead: flag(job.kind === 'head'),
          isBackward: flag(job.direction === 'backward'),
          stays: flag(
            job.direction === undefined &&
              (next.direction === 'backward' || (next.kind === 'head' && isLastStepHead)),
          ),
          jumps: flag(jumpsToLast && j === headIndex - 1),
          releasesX: flag(j === firstFree && p === 0 && s === 0),
          layer: literal(job.kind === 'head' ? 0 : j, w.layer),
        });
      });
    });
    first = index;
  });
  return {
    header,
    module: `${design.name}_sequencer`,
    hasPasses,
    isTabled: isTabled(design),
    isDense: input.kind === 'dense',
    hasFeatures: input.kind === 'features' && input.tables.length > 1,
    jumpsToLast,
    stretch: hasPasses ? 'pass' : 'fold',
    jobLines: jobs.map(jobLine),
    xMsb: msb(w.x),
    zeroX: literal(0, w.x),
    // Of a sequence that can only be one step long, the next one lies nowhere.
    xStride: literal(sequence.inputWords % 2 ** w.x, w.x),
    hiddenStride: literal(sequence.hiddenWords % 2 ** w.hidden, w.hidden),
    hiddenMsb: msb(w.hidden),
    indexMsb: msb(w.index),
    kMsb: msb(w.k),
    foldMsb: msb(w.fold),
    weightMsb: msb(w.weight),
    rowMsb: msb(w.row),
    layerMsb: msb(w.layer),
    segmentMsb: msb(w.segment),
    padMsb: msb(w.pad),
    zeroK: literal(0, w.k),
    oneK: literal(1, w.k),
    zeroHidden: literal(0, w.hidden),
    zeroSegment: literal(0, w.segment),
    oneSegment: literal(1, w.segment),
    zeroFold: literal(0, w.fold),
    oneFold: literal(1, w.fold),
    zeroRow: literal(0, w.row),
    fullRow: literal(design.rows - 1, w.row),
    zeroLayer: literal(0, w.layer),
    zeroWeight: literal(0, w.weight),
    oneWeight: literal(1, w.weight),
    zeroPad: literal(0, w.pad),
    onePad: literal(1, w.pad),
    hasPad,
    firstState: firstPad > 0 ? 'PAD' : 'MAC',
    firstPad: literal(firstPad, w.pad),
    pads,
    features,
    kAsHidden: extend('k_q', w.k, w.hidden),
    kAsX: extend('k_q', w.k, w.x),
    kAsIndex: extend('k_q', w.k, w.index),
    segments,
  };
}
