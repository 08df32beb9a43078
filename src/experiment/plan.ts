/** An experiment in one size: the trainings it takes, and in which order. */
import type { DatasetSpec } from '../data/dataset-spec.js';
import type { ModelScheme } from '../model/model.js';
import { type TrainConfig, trainConfig } from '../train/train.js';
import type {
  Axis,
  CheckDescription,
  Experiment,
  ExperimentData,
  ExperimentRun,
  IntegerRecipe,
  PaperColumn,
  SizeName,
  TrainOverrides,
} from './description.js';
import type { DataLimit } from './limit.js';
import type { MetricName } from './metric.js';

export interface PlannedRun {
  readonly name: string;
  readonly label: string;
  readonly scheme: ModelScheme;
  readonly from?: string | undefined;
  readonly isTrained: boolean;
  readonly integer?: IntegerRecipe | undefined;
  readonly config: (seed: number) => TrainConfig;
}

export interface Plan {
  readonly experiment: Experiment;
  readonly size: SizeName;
  /** Paths still relative. */
  readonly spec: DatasetSpec;
  readonly limit?: DataLimit | undefined;
  readonly metric: MetricName;
  readonly axis: Axis;
  /** In the order of the description. */
  readonly runs: readonly PlannedRun[];
  readonly checks: readonly CheckDescription[];
  readonly paper: readonly PaperColumn[];
}

/** `b` over `a`, the optimizer's fields one by one. */
function merge(...all: readonly TrainOverrides[]): TrainOverrides {
  return all.reduce((a, b) => ({
    ...a,
    ...b,
    ...((a.optimizer ?? b.optimizer) && { optimizer: { ...a.optimizer, ...b.optimizer } }),
  }));
}

function planRun(run: ExperimentRun, overrides: TrainOverrides): PlannedRun {
  const { name, label, scheme, from, training, integer } = run;
  const isTrained = training !== 'none' && integer === undefined;
  return {
    ...{ name, label, scheme, from, isTrained, integer },
    config: (seed) => trainConfig(isTrained ? { ...overrides, scheme, seed } : { scheme, seed }),
  };
}

export function planExperiment(experiment: Experiment, size: SizeName): Plan {
  const { data, base, runs, checks, paper, metric, axis = {} } = experiment;
  const other = experiment.sizes[size];
  const { limit, ...spec } = { ...data, ...other.data } as ExperimentData;
  const isHere = ({ sizes }: { readonly sizes?: readonly SizeName[] | undefined }): boolean =>
    sizes === undefined || sizes.includes(size);
  return {
    ...{ experiment, size, spec, limit },
    metric: other.metric ?? metric,
    axis: other.axis ?? axis,
    runs: runs.map((run) =>
      planRun(run, merge(base, other.base, run.overrides, other.runs[run.name] ?? {})),
    ),
    checks: checks.filter(isHere),
    paper: paper.filter(isHere),
  };
}

/** These runs, all without `names`, and those they start from; each after the one it starts from. */
export function runsInOrder<R extends Pick<PlannedRun, 'name' | 'from'>>(
  runs: readonly R[],
  names: readonly string[] = runs.map(({ name }) => name),
): R[] {
  const ordered = new Set<R>();
  const add = (name: string): void => {
    const run = runs.find((other) => other.name === name)!;
    if (ordered.has(run)) return;
    if (run.from !== undefined) add(run.from);
    ordered.add(run);
  };
  names.forEach(add);
  return [...ordered];
}

/** Runs that start from each other in a circle, first and last the same; undefined where none do. */
export function circle(
  runs: readonly Pick<ExperimentRun, 'name' | 'from'>[],
): string[] | undefined {
  for (const { name } of runs) {
    const path = [name];
    for (let at = runs.find((run) => run.name === name)?.from; at !== undefined;) {
      path.push(at);
      if (at === name) return path;
      if (path.length > runs.length) break;
      at = runs.find((run) => run.name === at)?.from;
    }
  }
  return undefined;
}

/** `H = 96, one-hot, 40 steps x 50 lanes, Adam 0.002, 5 epochs`; other data than text: `batches of 32`. */
export function recipeText(config: TrainConfig, isText: boolean): string {
  const { hiddenSizes, embeddingSize, timeSteps, batch, learningRate, steps, epochs } = config;
  const input = embeddingSize === 0 ? 'one-hot' : `embedding ${embeddingSize}`;
  return [
    `H = ${hiddenSizes.join(', ')}${config.bidirectional ? ' in both directions' : ''}`,
    ...(isText ? [input, `${timeSteps} steps x ${batch} lanes`] : [`batches of ${batch}`]),
    `Adam ${learningRate}`,
    steps === undefined ? `${epochs} epochs` : `${steps} steps`,
  ].join(', ');
}
