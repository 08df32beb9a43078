import type { Loaded } from '../../data/loaded.js';
import { parameterCount } from '../../model/model.js';
import { packageVersion } from '../../package-root.js';
import { createEngine, type EngineName } from '../../engine/create.js';
import { evaluate } from '../../train/evaluate.js';
import { train, type TrainConfig } from '../../train/train.js';
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
}

export async function trainStage(
  run: RunFolder,
  loaded: Loaded,
  options: TrainStageOptions,
  context: Context,
): Promise<Staged<StoredModel>> {
  const { config, engine: engineName, threads } = options;
  const { scheme } = config;
  const { dataset } = loaded;
  const inputs: Inputs = {
    dataset: loaded.sha256,
    options: hashOf(run.dataset().spec, config, engineName),
    halfgate: packageVersion(),
  };
  const path = run.file(scheme, 'model.json');
  const checkpoint = run.file(scheme, 'checkpoint.safetensors');
  if (!options.isForced && upToDate(path, MODEL, inputs) !== undefined) {
    return { value: run.model(scheme)!, isFresh: false };
  }
  const resume = options.isForced ? undefined : readCheckpoint(checkpoint, inputs);
  const engine = await createEngine(engineName, { threads });
  if (resume !== undefined)
    context.progress.note(`${scheme}: resuming after step ${resume.meta.step}`);
  const { model, log } = await train(dataset, config, engine, {
    ...(resume === undefined ? {} : { resume }),
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
      const text = `train ${scheme}: epoch ${epoch.toFixed(2)}, ${unit}${validated}`;
      context.progress.update(step / steps, text, etaSeconds);
    },
  });
  context.progress.update(1, `train ${scheme}: evaluating`, NaN);
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
    },
    evaluation: storedEvaluation(result),
  };
  writeModel(path, stored);
  removeCheckpoint(checkpoint);
  return { value: stored, isFresh: true };
}

function validationText(
  kind: 'text' | 'series',
  { loss, accuracy }: { loss: number; accuracy: number },
): string {
  return kind === 'text' ? (loss / Math.LN2).toFixed(3) : `${(100 * accuracy).toFixed(1)} %`;
}
