/** What the run's design is given to do: the lengths of sequences and, where zeros are skipped, what is zero. */
import type { WeightSource } from '../../../sim/weight-source.js';
import { evenNonzeros, type Workload } from '../../../sim/workload.js';
import type { Design } from '../../design/design.js';
import { UserError } from '../../errors.js';
import type { RunFolder } from '../../store/run-folder.js';
import { datasetInput } from '../../verify/dataset-input.js';
import { goldenRun, workloadOf } from '../../verify/golden-run.js';
import { reopenDataset } from './data.js';

/** Steps without data, and of data where zeros are skipped. */
const DEFAULT_STEPS = 256;

export interface WorkloadOptions {
  readonly sequences?: readonly number[] | undefined;
  /** Share of activations that are not zero, instead of those of the data. */
  readonly density?: number | undefined;
  /** What streamed weights come from. */
  readonly weightSource?: WeightSource | undefined;
}

/** One long sequence, or the longest that the design holds. */
function defaultSequences({ sequence }: Design): readonly number[] {
  return [sequence?.maxSteps ?? DEFAULT_STEPS];
}

/**
 * The sequences asked for. A sparse design's cycles follow the data: without a density it is the golden model on
 * about as many steps of the run's test part that says what is zero.
 */
export function runWorkload(
  run: RunFolder,
  design: Design,
  { sequences = defaultSequences(design), density, weightSource }: WorkloadOptions,
): Workload {
  if (weightSource !== undefined && !design.weightStream) {
    throw new UserError({
      where: '--weight-bandwidth, --weight-burst, --weight-latency',
      given: 'the design keeps its weights',
      allowed: 'for weights that are streamed',
      hint: 'plan it with --weights stream',
    });
  }
  if (design.dataflow !== 'sparse') return { sequences, ...(weightSource && { weightSource }) };
  const steps = sequences.reduce((sum, length) => sum + length, 0);
  if (density !== undefined) return { sequences, nonzeros: evenNonzeros(design, steps, density) };
  const batches = datasetInput(design, reopenDataset(run).dataset, steps);
  return workloadOf(design, batches, goldenRun(design, batches));
}
