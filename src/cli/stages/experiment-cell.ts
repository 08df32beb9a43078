/** One run of an experiment with one seed: its model, trained or quantized, and its figures. */
import type { DatasetSpec } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { createEngine, type EngineName } from '../../engine/create.js';
import { largestCell, zeroShare } from '../../experiment/figures.js';
import { type Plan, type PlannedRun, runsInOrder } from '../../experiment/plan.js';
import { weightBytes } from '../../integer/model.js';
import { calibrateNetwork } from '../../integer-training/calibrate.js';
import { evaluateInteger } from '../../integer-training/evaluate.js';
import { networkOfModel } from '../../integer-training/from-model.js';
import { layoutOf } from '../../integer-training/parameters.js';
import { quantizeNetwork } from '../../integer-training/quantize-model.js';
import { packageVersion } from '../../package-root.js';
import { CELL, type StoredCell } from '../../store/experiment-file.js';
import { writeInteger } from '../../store/integer-file.js';
import type { StoredModel } from '../../store/model-file.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Inputs } from '../../store/schemas.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { cached, hashOf, type Staged, type StageOptions, upToDate } from './cache.js';
import { storedEvaluation } from './evaluation.js';
import { trainInputs, trainStage } from './train.js';

/** What the cells of one seed have in common. */
export interface CellSetting {
  readonly plan: Plan;
  readonly seed: number;
  readonly engine: EngineName;
  /** Of the seed. */
  readonly folder: RunFolder;
  readonly wantsMaxCell: boolean;
}

const CELL_FILE = 'cell.json';

function trainOptions({ plan, seed, engine }: CellSetting, run: PlannedRun) {
  const { limit } = plan;
  return { config: run.config(seed), engine, isUntrained: !run.isTrained, limit };
}

/** What the integers of a model depend on. */
function integerInputs(run: PlannedRun, from: Inputs): Inputs {
  return { float: hashOf(from), options: hashOf(run.integer), halfgate: packageVersion() };
}

function cellInputs(setting: CellSetting, model: Inputs): Inputs {
  return { model: hashOf(model), figures: setting.wantsMaxCell ? 'zeros maxCell' : 'zeros' };
}

/** The cells of a seed that are there and belong to this plan, by name of the run. */
export function presentCells(
  setting: CellSetting,
  spec: DatasetSpec,
  sha256: string,
): Map<string, StoredCell> {
  const cells = new Map<string, StoredCell>();
  const models = new Map<string, Inputs>();
  for (const run of runsInOrder(setting.plan.runs)) {
    const from = run.from === undefined ? undefined : models.get(run.from)!;
    const inputs = run.integer
      ? integerInputs(run, from!)
      : trainInputs(spec, sha256, {
          ...trainOptions(setting, run),
          ...(from && { initial: { inputs: from } }),
        });
    models.set(run.name, inputs);
    const path = setting.folder.file(run.name, CELL_FILE);
    const cell = upToDate(path, CELL, cellInputs(setting, inputs));
    if (cell !== undefined) cells.set(run.name, cell as StoredCell);
  }
  return cells;
}

/** Train or quantize, evaluate on the test part, and keep the figures. */
export async function cellStage(
  setting: CellSetting,
  loaded: Loaded,
  run: PlannedRun,
  stage: StageOptions,
  context: Context,
): Promise<Staged<StoredCell>> {
  const { folder, engine: engineName } = setting;
  const { name, from, isTrained } = run;
  const initial = from === undefined ? undefined : folder.model(from);
  if (from !== undefined && initial === undefined) {
    throw new StageFailure(`${name}: ${folder.path} has no model of ${from} to start from`);
  }
  if (run.integer) return integerCell(setting, loaded, run, initial!, stage, context);
  const { value: model } = await trainStage(
    folder,
    loaded,
    {
      ...trainOptions(setting, run),
      ...{ name, threads: 1, isForced: stage.isForced },
      ...(initial && { initial }),
    },
    context,
  );
  const inputs = cellInputs(setting, model.inputs);
  const { value, isFresh } = await cached(
    folder.file(name, CELL_FILE),
    CELL,
    inputs,
    stage,
    async () => {
      const { evaluation, training } = model;
      const zeros = zeroShare(model.model);
      const engine = await createEngine(engineName);
      const maxCell = setting.wantsMaxCell
        ? largestCell(model.model, loaded.dataset, engine)
        : undefined;
      return {
        evaluation,
        ...(zeros !== undefined && { zeros }),
        ...(maxCell !== undefined && { maxCell }),
        ...(isTrained && training.rounds !== undefined && { rounds: training.rounds }),
        steps: isTrained ? training.steps : 0,
        seconds: isTrained ? training.seconds : 0,
        engine: `${training.engine} (${training.engineVersion})`,
        date: new Date().toISOString().slice(0, 10),
      };
    },
  );
  return { value: value as StoredCell, isFresh };
}

const CALIBRATION_SEQUENCES = 100;
/** A calibration sequence of text is so many times as long as one of training, as in `halfgate integer`. */
const CALIBRATION_LENGTH = 8;

/** A float model's integers after calibration, and what they give on the golden step. */
async function integerCell(
  setting: CellSetting,
  { dataset }: Loaded,
  run: PlannedRun,
  { inputs: from, model }: StoredModel,
  stage: StageOptions,
  context: Context,
): Promise<Staged<StoredCell>> {
  const { folder, plan, seed } = setting;
  const made = integerInputs(run, from);
  const start = plan.runs.find(({ name }) => name === run.from)!;
  const { value, isFresh } = await cached(
    folder.file(run.name, CELL_FILE),
    CELL,
    cellInputs(setting, made),
    stage,
    async () => {
      const begun = performance.now();
      const { calibration, ...options } = run.integer!;
      const { network, params } = networkOfModel(model);
      const ranges = calibrateNetwork(network, params, dataset, {
        sequences: CALIBRATION_SEQUENCES,
        timeSteps: CALIBRATION_LENGTH * start.config(seed).timeSteps,
        ...calibration,
      });
      const quantized = quantizeNetwork(network, layoutOf(network), params, ranges, options);
      const { saturations, ...result } = await evaluateInteger(quantized.model, dataset, 'test', {
        signal: context.signal,
        onSteps: (steps) => context.progress.update(NaN, `${run.name}: ${steps} steps`, NaN),
      });
      const evaluation = storedEvaluation(result);
      const warnings = [...quantized.warnings];
      writeInteger(folder.file(run.name, 'integer.json'), {
        ...{ inputs: made, method: 'post-training', training: undefined },
        ...{ model: quantized.model, saturations, warnings, evaluation },
        weightBytes: weightBytes(quantized.model),
      });
      return {
        evaluation,
        ...{ steps: 0, seconds: (performance.now() - begun) / 1000 },
        engine: 'golden integer step',
        date: new Date().toISOString().slice(0, 10),
      };
    },
  );
  return { value: value as StoredCell, isFresh };
}
