/** What the runs of an experiment gave: plain data, from which every output follows. */
import type { Axis, CheckDescription, ColumnName, Experiment, SizeName } from './description.js';
import {
  type Comparison,
  ExpressionError,
  parseExpression,
  type RunFigures,
} from './expression.js';
import { METRICS, type Scores } from './metric.js';
import { schemeName } from '../model/model.js';
import type { Plan } from './plan.js';

export interface Round {
  readonly round: number;
  /** Mean cross-entropy in nats on the validation part, right after quantizing. */
  readonly loss: number;
  /** |W - Wq| / |W|. */
  readonly relativeError: number;
}

/** One run with one seed. */
export interface Cell {
  /** On the test part; of the golden integer model where the scheme is quantized. */
  readonly evaluation: Scores & {
    /** Predictions made. */
    readonly count: number;
  };
  /** Part of the layers' weights that are 0 once coded; not of the float scheme. */
  readonly zeros?: number | undefined;
  /** Largest |c| on the beginning of the test part. */
  readonly maxCell?: number | undefined;
  readonly rounds?: readonly Round[] | undefined;
  /** Optimizer steps. */
  readonly steps: number;
  readonly seconds: number;
  /** `native: AVX2, 1 thread`. */
  readonly engine: string;
  /** YYYY-MM-DD, UTC. */
  readonly date: string;
}

export interface RunResult {
  readonly name: string;
  readonly label: string;
  readonly scheme: string;
  /** In the order of the seeds; null where it was not run. */
  readonly values: readonly (number | null)[];
  readonly mean: number | null;
  /** Largest minus smallest. */
  readonly spread: number | null;
  /** Mean less that of the reference run. */
  readonly difference: number | null;
  /** Mean over the seeds. */
  readonly zeros: number | null;
  /** Largest over the seeds. */
  readonly maxCell: number | null;
  /** Means over the seeds. */
  readonly rounds?: readonly Round[] | undefined;
  /** In the order of the columns. */
  readonly paper: readonly (number | null)[];
  /** All seeds together. */
  readonly seconds: number | null;
}

export interface CheckResult {
  readonly claim: string;
  readonly expression: string;
  readonly status: 'passed' | 'failed' | 'not run';
  readonly comparisons: readonly Comparison[];
  /** Why it could not be evaluated; failed then. */
  readonly problem?: string | undefined;
}

export interface Results {
  readonly name: string;
  readonly title: string;
  readonly source: { readonly paper: string; readonly table?: string | undefined };
  readonly size: SizeName;
  readonly seeds: readonly number[];
  readonly data: { readonly name: string; readonly sha256: string; readonly summary: string };
  readonly metric: {
    readonly name: Experiment['metric'];
    readonly label: string;
    readonly isLowerBetter: boolean;
    readonly digits: number;
  };
  readonly columns: readonly ColumnName[];
  readonly axis: Axis;
  readonly reference: string;
  readonly paper: readonly { readonly heading: string; readonly source: string }[];
  readonly runs: readonly RunResult[];
  readonly checks: readonly CheckResult[];
  readonly notes: readonly string[];
  readonly made: {
    readonly halfgate: string;
    readonly engines: readonly string[];
    /** Of the latest cell. */
    readonly date: string;
    readonly recipe: string;
    readonly command: string;
  };
}

export interface About {
  readonly seeds: readonly number[];
  readonly data: Results['data'];
  readonly halfgate: string;
  readonly recipe: string;
  readonly command: string;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The list where nothing is missing in it. */
function whole<T>(values: readonly (T | undefined | null)[]): readonly T[] | undefined {
  return values.every((value) => value !== undefined && value !== null)
    ? (values as readonly T[])
    : undefined;
}

function meanRounds(cells: readonly Cell[]): Round[] | undefined {
  const all = whole(cells.map(({ rounds }) => rounds));
  if (all === undefined || all.length === 0) return undefined;
  return all[0].map(({ round }, k) => ({
    round,
    loss: mean(all.map((rounds) => rounds[k].loss)),
    relativeError: mean(all.map((rounds) => rounds[k].relativeError)),
  }));
}

function figuresOf(cells: readonly Cell[], values: readonly number[]): RunFigures {
  const rounds = meanRounds(cells);
  return {
    values,
    zeros: whole(cells.map(({ zeros }) => zeros)),
    maxCell: whole(cells.map(({ maxCell }) => maxCell)),
    rounds: rounds && {
      loss: rounds.map(({ loss }) => loss),
      relativeError: rounds.map(({ relativeError }) => relativeError),
    },
  };
}

/**
 * `cells`: of each run in the plan's order, by seed, undefined where not run. The same cells give the same
 * results. Throws RangeError where an evaluation lacks the metric.
 */
export function gatherResults(
  plan: Plan,
  cells: readonly (readonly (Cell | undefined)[])[],
  about: About,
): Results {
  const { experiment, size, runs, metric: metricName, paper } = plan;
  const { columns, reference } = experiment;
  const metric = METRICS[metricName];
  const values = cells.map((row) => row.map((cell) => cell && metricOf(plan, cell)));
  const means = values.map((row) => {
    const list = whole(row);
    return list && mean(list);
  });
  const base = means[runs.findIndex(({ name }) => name === reference)];
  const results = runs.map((run, k): RunResult => {
    const list = whole(values[k]);
    const own = whole(cells[k]);
    const figures = own && list && figuresOf(own, list);
    const at = means[k];
    return {
      name: run.name,
      label: run.label,
      scheme: run.integer ? 'integer' : schemeName(run.scheme),
      values: values[k].map((value) => value ?? null),
      mean: at ?? null,
      spread: list ? Math.max(...list) - Math.min(...list) : null,
      difference: at === undefined || base === undefined ? null : at - base,
      zeros: figures?.zeros ? mean(figures.zeros) : null,
      maxCell: figures?.maxCell ? Math.max(...figures.maxCell) : null,
      ...(own && { rounds: meanRounds(own) }),
      paper: paper.map((column) => column.values[run.name] ?? null),
      seconds: own ? own.reduce((sum, { seconds }) => sum + seconds, 0) : null,
    };
  });
  const found = cells.flatMap((row) => row.filter((cell) => cell !== undefined));
  const { label, isLowerBetter, digits } = metric;
  return {
    name: experiment.name,
    title: experiment.title,
    source: experiment.source,
    size,
    seeds: about.seeds,
    data: about.data,
    metric: { name: metricName, label, isLowerBetter, digits },
    columns,
    axis: plan.axis,
    reference,
    paper: paper.map(({ heading, source }) => ({ heading, source })),
    runs: results,
    checks: plan.checks.map((check) =>
      checkOne(plan, check, (name) => {
        const k = runs.findIndex((run) => run.name === name);
        const [own, list] = [whole(cells[k]), whole(values[k])];
        return own && list && figuresOf(own, list);
      }),
    ),
    notes: experiment.notes,
    made: {
      halfgate: about.halfgate,
      engines: [...new Set(found.map(({ engine }) => engine))].sort(),
      date: found.map(({ date }) => date).reduce((a, b) => (a > b ? a : b), ''),
      recipe: about.recipe,
      command: about.command,
    },
  };
}

function metricOf({ experiment, metric }: Plan, { evaluation }: Cell): number {
  const value = METRICS[metric].value(evaluation);
  if (value !== undefined) return value;
  throw new RangeError(`${experiment.name}: the evaluation has no ${metric}`);
}

function checkOne(
  { runs }: Plan,
  { claim, expression: text }: CheckDescription,
  figures: (run: string) => RunFigures | undefined,
): CheckResult {
  const expression = parseExpression(
    text,
    runs.map(({ name }) => name),
  );
  const isReady = expression.runs.every((name) => figures(name) !== undefined);
  if (!isReady) return { claim, expression: text, status: 'not run', comparisons: [] };
  try {
    const { passed, comparisons } = expression.evaluate((name) => figures(name)!);
    return { claim, expression: text, status: passed ? 'passed' : 'failed', comparisons };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { message: problem } = error;
    return { claim, expression: text, status: 'failed', comparisons: [], problem };
  }
}

/** What would keep a check from being evaluated once all runs are there; tried on made-up figures. */
export function checkProblem(
  plan: Plan,
  check: CheckDescription,
  seeds: number,
): string | undefined {
  const list = (length: number): number[] => Array.from({ length }, (_, k) => 1 + k / 10);
  return checkOne(plan, check, (name) => {
    const { scheme, integer, config } = plan.runs.find((run) => run.name === name)!;
    const { retraining } = config(0);
    const rounds = retraining && list(retraining.rounds + 1);
    return {
      values: list(seeds),
      zeros: scheme === 'float' ? undefined : list(seeds),
      maxCell: integer ? undefined : list(seeds),
      rounds: rounds && { loss: rounds, relativeError: rounds },
    };
  }).problem;
}
