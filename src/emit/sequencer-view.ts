/** View-model of the sequencer: the schedule as a table of segments. */
import type { Design, Job, Segment } from '../design/design.js';
import { indexBits } from '../design/bits.js';
import { literal, msb } from './literal.js';
import { hiddenBase, isTabled, widths } from './widths.js';

/** A signal of `from` bits as one of `to` bits. */
export function extend(signal: string, from: number, to: number): string {
  if (from === to) return signal;
  if (from > to) return `${signal}[${to - 1}:0]`;
  return `{${literal(0, to - from)}, ${signal}}`;
}

/** "layer 1", "layer 1 backward", "head". */
export function jobName({ kind, layer, direction }: Job): string {
  if (kind === 'head') return 'head';
  return direction === undefined ? `layer ${layer}` : `layer ${layer} ${direction}`;
}

export function segmentNote(job: Job, segment: Segment): string {
  const owner = jobName(job);
  const { source, layer, direction, feature } = segment;
  if (source === 'input')
    return `${owner}: x${feature === undefined ? '' : `, feature ${feature}`}`;
  const way = direction === undefined ? '' : ` ${direction}`;
  // Backward, the step that ran before is the next one.
  const before = direction === undefined ? 'previous' : 'next';
  const when = source === 'previous' ? `of the ${before} step` : 'of this step';
  return `${owner}: h of layer ${layer}${way} ${when}`;
}

export function jobLine(job: Job): string {
  const { outputs, sums, folds, foldCycles, k, passes } = job;
  const idle = passes.reduce((sum, { padCycles }) => sum + padCycles, 0);
  const sumsNote = sums === outputs ? '' : `, ${sums} sums,`;
  const drains = passes.length === 1 ? '1 drain' : `${passes.length} drains`;
  return (
    `${jobName(job)}: ${outputs} outputs${sumsNote} in ${folds} folds of ` +
    `${foldCycles} cycles (${k} operands${idle > 0 ? `, ${idle} idle` : ''}, ${drains})`
  );
}

export const flag = (value: boolean): string => (value ? "1'b1" : "1'b0");

export function sequencerView(design: Design, header: string): object {
  const w = widths(design);
  const { jobs } = design;
  const firstPad = jobs[0].passes[0].padCycles;
  const hasPad = jobs.some((job) => job.passes.some((pass) => pass.padCycles > 0));
  const hasPasses = design.combiner?.passes === 2;
  const lastLstm = design.layers.length - 1;
  const { input } = design;
  const features = input.kind === 'features' ? input.tables.length : 0;
  const featureBits = indexBits(Math.max(1, features));
  const segments: object[] = [];
  const pads: object[] = [];
  let first = 0;
  for (const job of jobs) {
    let index = first;
    job.passes.forEach((pass, p) => {
      if (pass.padCycles > 0) {
        pads.push({ index: literal(index, w.segment), cycles: literal(pass.padCycles, w.pad) });
      }
      pass.segments.forEach((segment, s) => {
        const address = (bank: 0 | 1): string =>
          literal(hiddenBase(design, segment.layer, bank), w.hidden);
        segments.push({
          index: literal(index++, w.segment),
          note: segmentNote(job, segment),
          lastK: literal(segment.length - 1, w.k),
          isInput: flag(segment.source === 'input'),
          needsInput: flag(segment.needsInput),
          feature: literal(segment.feature ?? 0, featureBits),
          isLastInput: flag(segment.feature === features - 1),
          isPrevious: flag(segment.source === 'previous'),
          hBase:
            segment.source === 'input'
              ? literal(0, w.hidden)
              : segment.source === 'previous'
                ? `bank_q ? ${address(0)} : ${address(1)}`
                : `bank_q ? ${address(1)} : ${address(0)}`,
          maxPending: literal(segment.maxPending, 4),
          isFirst: flag(s === 0),
          isLast: flag(s === pass.segments.length - 1),
          isFirstPass: flag(p === 0),
          isLastPass: flag(p === job.passes.length - 1),
          firstSegment: literal(first, w.segment),
          lastFold: literal(job.folds - 1, w.fold),
          lastRow: literal((job.sums - 1) % design.rows, w.row),
          isHead: flag(job.kind === 'head'),
          layer: literal(job.layer, w.layer),
          endsStep:
            job.kind === 'head'
              ? "1'b1"
              : job.layer === lastLstm && design.headWhen === 'last-step'
                ? '!last_step_q'
                : "1'b0",
        });
      });
    });
    first = index;
  }
  return {
    header,
    module: `${design.name}_sequencer`,
    hasPasses,
    isTabled: isTabled(design),
    hasFeatures: features > 0,
    featureMsb: msb(featureBits),
    zeroFeature: literal(0, featureBits),
    stretch: hasPasses ? 'pass' : 'fold',
    jobLines: jobs.map(jobLine),
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
    kAsHidden: extend('k_q', w.k, w.hidden),
    kAsIndex: extend('k_q', w.k, w.index),
    segments,
  };
}
