/** View-model of the sequencer that runs whole sequences, layer by layer. */
import type { Design } from '../design/design.js';
import { hiddenSlot } from '../design/sequence-memory.js';
import { extend, literal, msb } from './literal.js';
import { flag, scheduledSegments, segmentFields, sequencerFrame } from './sequencer-frame.js';
import { widths } from './widths.js';

export function sequenceSequencerView(design: Design, header: string): object {
  const w = widths(design);
  const { jobs, input, sequence } = design;
  if (!sequence) throw new TypeError('sequenceSequencerView: the design runs step by step');
  const headIndex = jobs.length - 1;
  const isLastStepHead = design.headWhen === 'last-step';
  // After a backward phase the head's only step lies at the other end.
  const jumpsToLast = isLastStepHead && jobs[headIndex - 1].direction === 'backward';
  const firstFree = jobs.findIndex(({ kind, layer }) => kind === 'head' || layer > 0);
  const scheduled = scheduledSegments(design);
  return {
    ...sequencerFrame(design, header),
    isDense: input.kind === 'dense',
    hasFeatures: input.kind === 'features' && input.tables.length > 1,
    jumpsToLast,
    xMsb: msb(w.x),
    zeroX: literal(0, w.x),
    // Of a sequence that can only be one step long, the next one lies nowhere.
    xStride: literal(sequence.inputWords % 2 ** w.x, w.x),
    hiddenStride: literal(sequence.hiddenWords % 2 ** w.hidden, w.hidden),
    kAsX: extend('k_q', w.k, w.x),
    features: scheduled
      .filter(({ segment: { feature = 0 } }) => feature > 0)
      .map(({ index, segment }) => ({
        index: literal(index, w.segment),
        feature: literal(segment.feature!, w.x),
      })),
    segments: scheduled.map((at) => {
      const { job, j, p, s, segment } = at;
      const next = jobs[(j + 1) % jobs.length];
      const isInput = segment.source === 'input';
      return {
        ...segmentFields(at, design, w),
        slot: literal(isInput ? 0 : hiddenSlot(design, segment), w.hidden),
        isBackward: flag(job.direction === 'backward'),
        stays: flag(
          job.direction === undefined &&
            (next.direction === 'backward' || (next.kind === 'head' && isLastStepHead)),
        ),
        jumps: flag(jumpsToLast && j === headIndex - 1),
        releasesX: flag(j === firstFree && p === 0 && s === 0),
        layer: literal(job.kind === 'head' ? 0 : j, w.layer),
      };
    }),
  };
}
