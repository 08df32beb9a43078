import { UserError } from '../../errors.js';
import { createEngine } from '../../engine/create.js';
import { adaptScheme, quantize } from '../../quant/quantize.js';
import type { Scheme } from '../../quant/scheme.js';
import { weightBytes } from '../../quant/quantized-model.js';
import { evaluate } from '../../train/evaluate.js';
import { QUANTIZED, type StoredQuantized, writeQuantized } from '../../store/quantized-file.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Inputs } from '../../store/schemas.js';
import type { Context } from '../context.js';
import { codeVersion, hashOf, type Staged, type StageOptions, upToDate } from './cache.js';
import { reopenDataset } from './data.js';
import { findScheme } from '../scheme-choice.js';
import { GOLDEN_STEPS, storedEvaluation } from './evaluation.js';

/** The model trained in this scheme, or else the float model quantized after training. */
export async function quantizeStage(
  run: RunFolder,
  scheme: string,
  options: StageOptions,
  context: Context,
): Promise<Staged<StoredQuantized>> {
  const own = run.model(scheme);
  const source = own ?? run.model('float');
  if (source === undefined) {
    throw new UserError({
      where: run.path,
      given: `no ${scheme} model and no float model`,
      hint: `train one with: halfgate train --scheme ${scheme}`,
    });
  }
  const inputs: Inputs = {
    model: hashOf(source.inputs, source.training.parametersAtStep),
    scheme,
    halfgate: codeVersion(),
  };
  const path = run.file(scheme, 'quantized.json');
  if (!options.isForced && upToDate(path, QUANTIZED, inputs) !== undefined) {
    return { value: run.quantized(scheme), isFresh: false };
  }
  const formats = own ? (own.model.scheme as Scheme) : findScheme(scheme);
  const quantized = quantize(source.model, formats);
  let result = source.evaluation;
  if (own === undefined) {
    context.progress.update(0, `quantize ${scheme}: evaluating`, NaN);
    const { dataset } = reopenDataset(run);
    const engine = await createEngine('auto');
    const { signal } = context;
    result = storedEvaluation(
      await evaluate(adaptScheme(source.model, formats), dataset, 'test', engine, {
        goldenSteps: GOLDEN_STEPS,
        signal,
      }),
    );
  }
  const stored: StoredQuantized = {
    inputs,
    trainedInScheme: own !== undefined,
    weightBytes: weightBytes(quantized),
    evaluation: result,
    quantized,
  };
  writeQuantized(path, stored);
  return { value: stored, isFresh: true };
}
