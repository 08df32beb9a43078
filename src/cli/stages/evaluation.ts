import type { Evaluation } from '../../train/evaluate.js';
import type { StoredEvaluation } from '../../store/model-file.js';

/** Steps of the test part that the golden model itself repeats. */
export const GOLDEN_STEPS = 2000;

export function storedEvaluation(result: Evaluation): StoredEvaluation {
  return { split: 'test', ...result };
}
