/** What the views of both sequencers have in common: the schedule's segments, and names and widths. */
import { type Design, type Job, jobName, type Pass, type Segment } from '../design/design.js';
import { extend, literal, msb } from './literal.js';
import { isTabled, type Widths, widths } from './widths.js';

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

function jobLine(job: Job): string {
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

/** A segment where it stands in the schedule. */
export interface Scheduled {
  readonly job: Job;
  /** Number of the job, of the pass in it, of the segment in that. */
  readonly j: number;
  readonly p: number;
  readonly s: number;
  readonly pass: Pass;
  readonly segment: Segment;
  /** Its number, and that of its job's first segment. */
  readonly index: number;
  readonly first: number;
}

export function scheduledSegments({ jobs }: Pick<Design, 'jobs'>): Scheduled[] {
  const all: Scheduled[] = [];
  jobs.forEach((job, j) => {
    const first = all.length;
    job.passes.forEach((pass, p) => {
      pass.segments.forEach((segment, s) => {
        all.push({ job, j, p, s, pass, segment, index: all.length, first });
      });
    });
  });
  return all;
}

/** What the table of segments says in both. */
export function segmentFields(
  { job, p, s, pass, segment, index, first }: Scheduled,
  { rows }: Pick<Design, 'rows'>,
  w: Widths,
): object {
  return {
    index: literal(index, w.segment),
    note: segmentNote(job, segment),
    lastK: literal(segment.length - 1, w.k),
    isInput: flag(segment.source === 'input'),
    needsInput: flag(segment.needsInput),
    isPrevious: flag(segment.source === 'previous'),
    maxPending: literal(segment.maxPending, 4),
    isFirst: flag(s === 0),
    isLast: flag(s === pass.segments.length - 1),
    isFirstPass: flag(p === 0),
    isLastPass: flag(p === job.passes.length - 1),
    firstSegment: literal(first, w.segment),
    lastFold: literal(job.folds - 1, w.fold),
    lastRow: literal((job.sums - 1) % rows, w.row),
    isHead: flag(job.kind === 'head'),
  };
}

/** Names, widths, constants, and the waits before short passes. */
export function sequencerFrame(design: Design, header: string): object {
  const w = widths(design);
  const { jobs } = design;
  const firstPad = jobs[0].passes[0].padCycles;
  const hasPad = jobs.some((job) => job.passes.some((pass) => pass.padCycles > 0));
  const hasPasses = design.combiner?.passes === 2;
  return {
    header,
    module: `${design.name}_sequencer`,
    hasPasses,
    isTabled: isTabled(design),
    hasControl: design.control === 'axi-lite',
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
    pads: scheduledSegments(design)
      .filter(({ pass, s }) => s === 0 && pass.padCycles > 0)
      .map(({ index, pass }) => ({
        index: literal(index, w.segment),
        cycles: literal(pass.padCycles, w.pad),
      })),
    kAsHidden: extend('k_q', w.k, w.hidden),
    kAsIndex: extend('k_q', w.k, w.index),
  };
}
