/** One run of an experiment with one seed: its model, trained or quantized, and its figures. */
import type { DatasetSpec } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { createEngine, type EngineName } from '../../engine/create.js';
import { largestCell, zeroShare } from '../../experiment/figures.js';
import { type Plan, type PlannedRun, runsInOrder } from '../../experiment/plan.js';
import { CELL, type StoredCell } from '../../store/experiment-file.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Inputs } from '../../store/schemas.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { cached, hashOf, type Staged, type StageOptions, upToDate } from './cache.js';
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
    const inputs = trainInputs(spec, sha256, {
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
