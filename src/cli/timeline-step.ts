/** One step of a run for the page: the tracks of a timeline between two steps' first operands. */
import type { Design } from '../design/design.js';
import { jobName } from '../design/design.js';
import { spanName, type Timeline, timelineOf } from '../../sim/timeline.js';
import type { GanttBar, GanttData } from '../report/gantt.js';

/** Colours in the order of the page's: what the array does, then what is behind it. */
const KINDS = [
  ...(['mac', 'pad', 'stallInput', 'cell', 'stallDependency', 'drain', 'flush', 'output'] as const),
];
type Kind = (typeof KINDS)[number];

function kindOf(kind: string): number {
  // What there is little of shares a colour.
  if (kind === 'stallOutput' || kind === 'stallWeights' || kind === 'tail') {
    return KINDS.indexOf('stallInput');
  }
  if (kind === 'logit') return KINDS.indexOf('cell');
  return KINDS.indexOf(kind as Kind);
}

/** Steps of the run whose last but one is shown. */
const STEPS = 6;
/** Cycles beyond which a run is not simulated cycle by cycle for a picture. */
const MOST_CYCLES = 2_000_000;

function stepOf(design: Design, { array, units }: Timeline, from: number, to: number): GanttData {
  const within = ({ start, cycles }: { start: number; cycles: number }): boolean =>
    start < to && start + cycles > from;
  const bars = (spans: readonly { kind: string; start: number; cycles: number }[]): GanttBar[] =>
    spans.filter(within).map(({ kind, start, cycles }) => ({ start, cycles, kind: kindOf(kind) }));
  const tracks = [
    ...design.jobs.map((job, j) => ({
      name: `array, ${jobName(job)}`,
      bars: bars(array.filter((span) => span.job === j)),
    })),
    { name: 'rows drain', bars: bars(units.filter(({ kind }) => kind === 'drain')) },
    {
      name: 'gates, cells, logits',
      bars: bars(units.filter(({ kind }) => kind === 'cell' || kind === 'logit')),
    },
    { name: 'output', bars: bars(units.filter(({ kind }) => kind === 'output')) },
  ];
  return {
    title: 'One step in the steady state',
    ...{ from, cycles: to - from, kinds: KINDS.map(spanName) },
    tracks: tracks.filter((track) => track.bars.length > 0),
  };
}

/** A step of a long run of forward layers; undefined where steps do not follow one another, or are too long. */
export function steadyStep(design: Design, cyclesPerStep: number): GanttData | undefined {
  if (design.sequence || design.dataflow === 'sparse') return undefined;
  if (STEPS * cyclesPerStep > MOST_CYCLES) return undefined;
  const timeline = timelineOf(design, { sequences: [STEPS] });
  const { stepStarts } = timeline;
  return stepOf(design, timeline, stepStarts[STEPS - 3], stepStarts[STEPS - 2]);
}
