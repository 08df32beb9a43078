/** A run as spans of cycles: what the array issues, and behind it what drains, what cells and outputs are made. */
import { type Design, type Job, jobName } from '../src/design/design.js';
import { GATE_NAMES } from '../src/quant/gates.js';
import type { CycleBreakdown } from './report.js';
import { simulateStepByStep } from './step-by-step.js';
import { type DrainEvent, NONE, type Span, type Trace } from './trace.js';
import type { Workload } from './workload.js';

/** What happens behind the array's issue port, beside what it does. */
export type UnitKind = 'drain' | 'cell' | 'logit' | 'output';

export interface UnitSpan {
  readonly kind: UnitKind;
  readonly step: number;
  readonly job: number;
  readonly fold: number;
  readonly start: number;
  readonly cycles: number;
}

export interface Timeline {
  readonly cycles: number;
  /** Without gaps: their cycles by kind are the run's breakdown. */
  readonly array: readonly Span[];
  readonly units: readonly UnitSpan[];
  readonly breakdown: CycleBreakdown;
  readonly stepStarts: readonly number[];
}

/** Rows of the array that a fold fills. */
function rowsOf(
  design: Pick<Design, 'rows' | 'columns' | 'stationary'>,
  job: Job,
  fold: number,
): number {
  const size = sumsOfFold(design);
  return Math.min(size, job.sums - fold * size);
}

/** Sums of a whole fold: a row each or, where weights stay, a column. */
function sumsOfFold({
  rows,
  columns,
  stationary,
}: Pick<Design, 'rows' | 'columns' | 'stationary'>): number {
  return stationary ? columns : rows;
}

/** Where weights stay, a group drains at a time, and every sequence has an output of its own. */
function groupSpans(
  design: Design,
  groups: readonly DrainEvent[],
  outputCycles: readonly number[],
): UnitSpan[] {
  const { drainToGate, gateToHidden, drainToArgmax } = design.pipeline;
  const { sequences } = design.stationary!;
  let output = 0;
  return groups.flatMap(({ step, job, fold, start, cycles }): UnitSpan[] => {
    const where = { step, job, fold };
    const drain: UnitSpan = { ...where, kind: 'drain', start, cycles };
    if (design.jobs[job].kind === 'lstm') {
      return [
        drain,
        { ...where, kind: 'cell', start: start + drainToGate, cycles: cycles + gateToHidden },
      ];
    }
    const own = outputCycles.slice(output, output + sequences);
    output += sequences;
    return [
      drain,
      { ...where, kind: 'logit', start: start + 1, cycles: cycles - 1 + drainToArgmax },
      ...own.map((cycle): UnitSpan => ({ ...where, kind: 'output', start: cycle, cycles: 1 })),
    ];
  });
}

function unitSpans(design: Design, { folds, outputCycles, groups }: Trace): UnitSpan[] {
  if (groups) return groupSpans(design, groups, outputCycles);
  const { issueToDrain, drainToGate, gateToHidden, drainToArgmax } = design.pipeline;
  const spans: UnitSpan[] = [];
  let output = 0;
  for (const { step, job: index, fold, drain } of folds) {
    const job = design.jobs[index];
    const wide = rowsOf(design, job, fold) + design.columns - 1;
    const start = drain + issueToDrain;
    const where = { step, job: index, fold };
    spans.push({ ...where, kind: 'drain', start, cycles: wide });
    if (job.kind === 'lstm') {
      const cycles = wide + gateToHidden;
      spans.push({ ...where, kind: 'cell', start: start + drainToGate, cycles });
      continue;
    }
    spans.push({ ...where, kind: 'logit', start: start + 1, cycles: wide - 1 + drainToArgmax });
    if (fold === job.folds - 1) {
      spans.push({ ...where, kind: 'output', start: outputCycles[output++], cycles: 1 });
    }
  }
  return spans;
}

/** @throws {RangeError} for a workload that the design does not take */
export function timelineOf(design: Design, workload: Workload): Timeline {
  const trace = simulateStepByStep(design, workload);
  const { cycles, spans, breakdown, stepStarts } = trace;
  return { cycles, array: spans, units: unitSpans(design, trace), breakdown, stepStarts };
}

/** Cycles of the spans by kind. */
export function sumSpans(spans: readonly Span[]): CycleBreakdown {
  const sum = { ...NONE };
  for (const { kind, cycles } of spans) sum[kind] += cycles;
  return sum;
}

/** What a fold computes: "units 4 to 7, gates i to o", "classes 0 to 9". */
export function foldContents(design: Design, index: number, fold: number): string {
  const job = design.jobs[index];
  const first = fold * sumsOfFold(design);
  const last = first + rowsOf(design, job, fold) - 1;
  const perGroup = job.planes.reduce((sum, planes) => sum + planes, 0);
  const group = (sum: number): number => Math.floor(sum / perGroup);
  const range = (name: string, from: string | number, to: string | number): string =>
    from === to ? `${name} ${from}` : `${name}s ${from} to ${to}`;
  if (job.kind === 'head') {
    const [from, to] = [group(first), group(last)];
    return from === to ? `class ${from}` : `classes ${from} to ${to}`;
  }
  const gateAt = (sum: number): string => {
    let rest = sum % perGroup;
    const gate = job.planes.findIndex((planes) => (rest -= planes) < 0);
    return GATE_NAMES[gate];
  };
  const gates = group(first) === group(last) ? [gateAt(first), gateAt(last)] : ['i', 'o'];
  return `${range('unit', group(first), group(last))}, ${range('gate', gates[0], gates[1])}`;
}

const NAMES: Readonly<Record<Span['kind'] | UnitKind, string>> = {
  mac: 'multiply-accumulate',
  flush: 'drain and clear',
  pad: 'pad',
  stallInput: 'stall: input',
  stallDependency: 'stall: dependency',
  stallOutput: 'stall: output',
  stallWeights: 'stall: weights',
  tail: 'after the last operand',
  drain: 'rows drain',
  cell: 'gates and cell update',
  logit: 'logits',
  output: 'output',
};

export function spanName(kind: Span['kind'] | UnitKind): string {
  return NAMES[kind];
}

const THREADS: Readonly<Record<UnitKind, number>> = { drain: 2, cell: 3, logit: 4, output: 5 };

/**
 * The timeline as a Chrome trace (Perfetto, chrome://tracing reads it): complete events, ts and dur in cycles, shown as
 * microseconds. Drains and cell updates of neighbouring folds overlap: they alternate between two rows.
 */
export function chromeTrace(design: Design, { array, units, cycles }: Timeline): object {
  const name = (tid: number, text: string): object => ({
    ...{ name: 'thread_name', ph: 'M', pid: 1, tid },
    args: { name: text },
  });
  const event = (tid: number, span: Span | UnitSpan): object => {
    const { kind, step, job, fold, start } = span;
    const isTail = kind === 'tail';
    return {
      name: spanName(kind),
      cat: isTail ? 'tail' : jobName(design.jobs[job]),
      ph: 'X',
      ts: start,
      dur: span.cycles,
      ...{ pid: 1, tid },
      args: isTail
        ? {}
        : {
            step,
            job: jobName(design.jobs[job]),
            fold,
            ...('pass' in span ? { pass: span.pass } : {}),
            computes: foldContents(design, job, fold),
          },
    };
  };
  return {
    displayTimeUnit: 'ms',
    otherData: { design: design.name, cycles, unit: 'ts and dur are cycles' },
    traceEvents: [
      { name: 'process_name', ph: 'M', pid: 1, args: { name: design.name } },
      name(1, 'array'),
      ...(Object.keys(THREADS) as UnitKind[]).flatMap((kind) =>
        [0, 1].map((half) => name(2 * THREADS[kind] + half, spanName(kind))),
      ),
      ...array.map((span) => event(1, span)),
      ...units.map((span) => event(2 * THREADS[span.kind] + (span.fold % 2), span)),
    ],
  };
}
