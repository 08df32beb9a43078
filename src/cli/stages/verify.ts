import { datasetInput } from '../../verify/dataset-input.js';
import { type Verification, verify } from '../../verify/verify.js';
import { designId } from '../../emit/emit.js';
import { VERIFICATION, type VerificationFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { VerifyEngine } from '../../verify/verify.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { pace } from '../progress.js';
import { cached, type Staged, type StageOptions } from './cache.js';
import { reopenDataset } from './data.js';
import { designInputs, type DesignOptions, withDesign } from './plan.js';

export interface VerifyStageOptions extends StageOptions, DesignOptions {
  /** Steps of test data. */
  readonly steps: number;
  readonly engines: readonly VerifyEngine[];
}

export async function verifyStage(
  run: RunFolder,
  scheme: string,
  options: VerifyStageOptions,
  context: Context,
): Promise<Staged<VerificationFile>> {
  const { steps, engines } = options;
  const staged = await withDesign(run, scheme, options, (design, file) => {
    const inputs = designInputs(file, { steps, engines });
    const path = run.file(scheme, 'verification.json');
    return cached(path, VERIFICATION, inputs, options, async () => {
      const batches = datasetInput(design, reopenDataset(run).dataset, steps);
      const left = pace();
      const { design: _, ...result } = await verify(design, batches, {
        engines,
        signal: context.signal,
        onProgress: (done, total, note) =>
          context.progress.update(done / total, `verify ${scheme}: ${note}`, left(done / total)),
      });
      return {
        scheme,
        designId: designId(design),
        steps: batches.reduce((sum, batch) => sum + batch.steps.length, 0),
        ...result,
        engines: result.engines.map((verdict) => ({ ...verdict, problems: [...verdict.problems] })),
      };
    });
  });
  if (!staged.value.passed) throw new StageFailure(failureText(scheme, staged.value));
  return staged;
}

function failureText(
  scheme: string,
  { bitMismatches, cycleMismatches, engines }: Omit<Verification, 'design'>,
): string {
  const problems = engines.flatMap(({ engine, problems }) =>
    problems.map((text) => `  ${engine}: ${text}`),
  );
  const counts = `${bitMismatches} bit mismatches, ${cycleMismatches} cycle mismatches`;
  return [`${scheme}: ${counts}`, ...problems].join('\n');
}
