/** View-model of the sequencer that runs step by step: the schedule as a table of segments. */
import { indexBits } from '../design/bits.js';
import type { Design, Job, Segment } from '../design/design.js';
import { literal, msb } from './literal.js';
import { flag, scheduledSegments, segmentFields, sequencerFrame } from './sequencer-frame.js';
import { hiddenBase, widths } from './widths.js';

/** Where a segment's h begins, in the bank that this step or the one before writes. */
function hiddenAddress(design: Design, { source, layer }: Segment): string {
  const bits = widths(design).hidden;
  if (source === 'input') return literal(0, bits);
  const address = (bank: 0 | 1): string => literal(hiddenBase(design, layer, bank), bits);
  return source === 'previous'
    ? `bank_q ? ${address(0)} : ${address(1)}`
    : `bank_q ? ${address(1)} : ${address(0)}`;
}

/** Whether a step ends with this job. */
function endsStep({ layers, headWhen }: Design, { kind, layer }: Job): string {
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

export function sequencerView(design: Design, header: string): object {
  const w = widths(design);
  const { input } = design;
  const features = input.kind === 'features' ? input.tables.length : 0;
  const featureBits = indexBits(Math.max(1, features));
  return {
    ...sequencerFrame(design, header),
    ...streamFields(design),
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
        layer: literal(job.layer, w.layer),
        endsStep: endsStep(design, job),
      };
    }),
  };
}
