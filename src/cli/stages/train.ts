import { UserError } from '../../errors.js';
import type { Engine } from '../../engine/engine.js';
import type { Dataset } from '../../model/dataset.js';
import { adaptScheme } from '../../quant/quantize.js';
import type { DatasetSpec } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { parameterCount, schemeName } from '../../model/model.js';
import { packageVersion } from '../../package-root.js';
import { createEngine, type EngineName } from '../../engine/create.js';
import { evaluate } from '../../train/evaluate.js';
import { retrain } from '../../train/retrain.js';
import {
  train,
  type TrainConfig,
  type TrainHooks,
  type TrainResult,
  type Validation,
} from '../../train/train.js';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../../store/checkpoint.js';
import { MODEL, type StoredModel, writeModel } from '../../store/model-file.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Inputs } from '../../store/schemas.js';
import type { Context } from '../context.js';
import { hashOf, type Staged, type StageOptions, upToDate } from './cache.js';
import { GOLDEN_STEPS, storedEvaluation } from './evaluation.js';

export interface TrainStageOptions extends StageOptions {
  readonly config: TrainConfig;
  readonly engine: EngineName;
  /** Not among the inputs: results do not depend on it. */
  readonly threads: number;
  /** Folder in the run; the scheme's name unless given. */
  readonly name?: string;
  /** Start from this model. */
  readonly initial?: StoredModel;
  /** The initial model in the config's scheme as it is: quantization after training. */
  readonly isUntrained?: boolean;
  /** What makes the dataset at hand differ from that of dataset.json; plain data. */
  readonly limit?: unknown;
}

/** What the model depends on. */
export function trainInputs(
  spec: DatasetSpec,
  sha256: string,
  options: Pick<TrainStageOptions, 'config' | 'engine' | 'isUntrained' | 'limit'> & {
    readonly initial?: Pick<StoredModel, 'inputs'>;
  },
): Inputs {
  const { config, engine, initial, isUntrained, limit } = options;
  const other = [
    ...(limit === undefined ? [] : [{ limit }]),
    ...(isUntrained ? ['untrained'] : []),
  ];
  return {
    dataset: sha256,
    options: hashOf(spec, config, engine, ...other),
    halfgate: packageVersion(),
    ...(initial && { initial: hashOf(initial.inputs) }),
  };
}

export async function trainStage(
  run: RunFolder,
  loaded: Loaded,
  options: TrainStageOptions,
  context: Context,
): Promise<Staged<StoredModel>> {
  const { config, engine: engineName, threads, initial } = options;
  const name = options.name ?? schemeName(config.scheme);
  const { dataset } = loaded;
  const inputs = trainInputs(run.dataset().spec, loaded.sha256, options);
  const path = run.file(name, 'model.json');
  const checkpoint = run.file(name, 'checkpoint.safetensors');
  if (!options.isForced && upToDate(path, MODEL, inputs) !== undefined) {
    return { value: run.model(name)!, isFresh: false };
  }
  const resume = options.isForced ? undefined : readCheckpoint(checkpoint, inputs);
  const engine = await createEngine(engineName, { threads });
  if (resume !== undefined)
    context.progress.note(`${name}: resuming after step ${resume.meta.step}`);
  const start = initial && adaptScheme(initial.model, config.scheme);
  const hooks: TrainHooks = {
    ...(resume === undefined ? {} : { resume }),
    ...(start && { initial: start }),
    signal: context.signal,
    onCheckpoint: (state) => writeCheckpoint(checkpoint, inputs, state),
    onProgress: ({ step, steps, epoch, loss, etaSeconds, lastValidation }) => {
      const unit =
        dataset.kind === 'text'
          ? `${(loss / Math.LN2).toFixed(3)} bit/symbol`
          : `loss ${loss.toFixed(4)}`;
      const validated =
        lastValidation === undefined
          ? ''
          : `, validation ${validationText(dataset.kind, lastValidation)}`;
      const text = `train ${name}: epoch ${epoch.toFixed(2)}, ${unit}${validated}`;
      context.progress.update(step / steps, text, etaSeconds);
    },
  };
  const { model, log } =
    options.isUntrained === true
      ? { model: start!, log: initial!.training }
      : await trainBy(config, dataset, engine, initial, hooks);
  context.progress.update(1, `train ${name}: evaluating`, NaN);
  const result = await evaluate(model, dataset, 'test', engine, {
    goldenSteps: GOLDEN_STEPS,
    signal: context.signal,
  });
  const stored: StoredModel = {
    inputs,
    model,
    parameters: parameterCount(model),
    seed: config.seed,
    training: {
      ...log,
      validations: [...log.validations],
      curve: log.curve.map(([step, loss]): [number, number] => [step, loss]),
      rounds: log.rounds?.map((round) => ({ ...round })),
    },
    evaluation: storedEvaluation(result),
  };
  writeModel(path, stored);
  removeCheckpoint(checkpoint);
  return { value: stored, isFresh: true };
}

/** Training in the scheme, or rounds of retraining where the config asks for them. */
function trainBy(
  config: TrainConfig,
  dataset: Dataset,
  engine: Engine,
  initial: StoredModel | undefined,
  hooks: TrainHooks,
): Promise<TrainResult> {
  const { retraining } = config;
  if (retraining === undefined) return train(dataset, config, engine, hooks);
  if (initial === undefined) {
    throw new UserError({
      where: 'retraining',
      given: 'no model to start from',
      hint: 'train one in float first',
    });
  }
  return retrain(dataset, { ...config, retraining }, engine, initial.model, hooks);
}

function validationText(kind: Dataset['kind'], { loss, accuracy, f1, rmse }: Validation): string {
  if (f1 !== undefined) return `F1 ${(100 * f1).toFixed(1)} %`;
  if (rmse !== undefined) return `RMSE ${rmse.toPrecision(4)}`;
  return kind === 'text' ? (loss / Math.LN2).toFixed(3) : `${(100 * accuracy).toFixed(1)} %`;
}
