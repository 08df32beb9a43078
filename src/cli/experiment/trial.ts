/** An experiment about to run: everything read and checked, a folder for each seed. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { datasetName, type DatasetSpec, loadDataset } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { checkTextLength } from '../../data/text.js';
import { UserError } from '../../errors.js';
import { parseExpression } from '../../experiment/expression.js';
import { limitDataset } from '../../experiment/limit.js';
import { METRICS } from '../../experiment/metric.js';
import { type Plan, planExperiment } from '../../experiment/plan.js';
import { checkProblem } from '../../experiment/results.js';
import { RunFolder } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { RUNS } from '../run-choice.js';
import { absoluteSpec, recordDataset } from '../stages/data.js';
import type { CellSetting } from '../stages/experiment-cell.js';
import type { ExperimentFlags } from './flags.js';
import { dataFolder, dataPaths, findExperiment, PATHS } from './sources.js';

/** The dataset's own paths as seen from `folder`. */
function placeSpec(spec: DatasetSpec, folder: string): DatasetSpec {
  const paths = spec as Partial<Record<(typeof PATHS)[number], string | undefined>>;
  const placed = PATHS.flatMap((name) => {
    const path = paths[name];
    return path === undefined ? [] : [[name, resolve(folder, path)]];
  });
  return absoluteSpec({ ...spec, ...Object.fromEntries(placed) } as DatasetSpec);
}

function loadData({ experiment, spec, limit }: Plan, given: string | undefined) {
  const folder = dataFolder(given);
  const placed = placeSpec(spec, folder);
  const missing = dataPaths(placed).filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new UserError({
      where: missing.join(', '),
      given: 'no such file or folder',
      allowed: `${experiment.name} needs ${dataPaths(spec).join(', ')}`,
      hint: 'name the folder that holds it with --data DIR or in HALFGATE_DATA',
    });
  }
  const whole = loadDataset(placed);
  const loaded: Loaded = { ...whole, dataset: limitDataset(whole.dataset, limit) };
  return { spec: placed, whole, loaded };
}

function checkMetric({ experiment, metric }: Plan, { dataset }: Loaded): void {
  const { kinds } = METRICS[metric];
  if (kinds.includes(dataset.kind)) return;
  throw new UserError({
    where: `${experiment.name}: metric`,
    given: `${metric} of ${dataset.kind}`,
    allowed: `it is measured on ${kinds.join(', ')}`,
  });
}

export function checkOnly({ runs }: Plan, only: readonly string[] | undefined): readonly string[] {
  const names = runs.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UserError({
      where: '--only',
      given: JSON.stringify(unknown),
      allowed: `runs are ${names.join(', ')}`,
    });
  }
  return only ?? names;
}

function checkLengths(plan: Plan, spec: DatasetSpec, { dataset }: Loaded): void {
  if (dataset.kind !== 'text') return;
  for (const { isTrained, config } of plan.runs) {
    const { batch, timeSteps } = config(0);
    if (isTrained) checkTextLength(datasetName(spec), dataset, batch, timeSteps);
  }
}

/** `...; used: the first 400000 of training, all of validation, the first 50000 of test` */
export function dataSummary(summary: string, { limit }: Plan): string {
  if (limit === undefined) return summary;
  const part = (name: string, count: number | undefined): string =>
    count === undefined ? `all of ${name}` : `the first ${count} of ${name}`;
  const { train, valid, test } = limit;
  return `${summary}; used: ${part('training', train)}, ${part('validation', valid)}, ${part('test', test)}`;
}

function wantsMaxCell({ experiment, checks, runs }: Plan): boolean {
  const names = runs.map(({ name }) => name);
  return (
    experiment.columns.includes('maxCell') ||
    checks.some(({ expression }) => parseExpression(expression, names).figures.includes('maxCell'))
  );
}

/** Checks that could not be evaluated after hours of training are refused before. */
function checkChecks(plan: Plan, seeds: readonly number[]): void {
  for (const check of plan.checks) {
    const given = checkProblem(plan, check, seeds.length);
    if (given === undefined) continue;
    const where = `${plan.experiment.name}: check ${JSON.stringify(check.claim)}`;
    throw new UserError({ where, given });
  }
}

export interface Trial {
  readonly plan: Plan;
  /** Absolute. */
  readonly spec: DatasetSpec;
  readonly loaded: Loaded;
  readonly seeds: readonly number[];
  readonly settings: readonly CellSetting[];
  /** results.json, the table and the plots go here, and a folder per seed. */
  readonly path: string;
  readonly nameOrFile: string;
  readonly flags: ExperimentFlags;
}

/** Everything is checked before anything is written. */
export function openTrial(nameOrFile: string, flags: ExperimentFlags, context: Context): Trial {
  const experiment = findExperiment(nameOrFile);
  const plan = planExperiment(experiment, flags.size);
  checkOnly(plan, flags.only);
  const seeds = [...new Set(flags.seeds ?? experiment.seeds)];
  checkChecks(plan, seeds);
  const { spec, whole, loaded } = loadData(plan, flags.data);
  checkMetric(plan, loaded);
  checkLengths(plan, spec, loaded);
  const path = flags.run ?? join(RUNS, 'experiments', `${experiment.name}-${flags.size}`);
  const settings = seeds.map((seed) => ({
    ...{ plan, seed, engine: flags.engine, wantsMaxCell: wantsMaxCell(plan) },
    folder: new RunFolder(join(path, `seed${seed}`)),
  }));
  for (const { folder } of settings) recordDataset(folder, spec, whole);
  context.progress.note(`${datasetName(spec)}: ${dataSummary(whole.summary, plan)}`);
  return { plan, spec, loaded, seeds, settings, path, nameOrFile, flags };
}
