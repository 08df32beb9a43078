/** What a dataset asks of a model: what it reads, what it predicts, and when. */
import { UserError } from '../errors.js';
import type { Dataset } from '../model/dataset.js';
import type { ModelConfig } from '../model/model.js';

type Task = Required<Pick<ModelConfig, 'input' | 'classes' | 'when' | 'output'>>;

/** Of a text, embeddings of 0 are none: one-hot. A tag's first feature has the whole size, others a quarter. */
function inputFor(dataset: Dataset, embeddingSize: number): ModelConfig['input'] {
  switch (dataset.kind) {
    case 'text': {
      const vocabSize = dataset.symbols.length;
      return embeddingSize === 0
        ? { kind: 'one-hot', vocabSize }
        : { kind: 'tokens', vocabSize, embeddingSize };
    }
    case 'tagging':
      if (embeddingSize < 1) {
        throw new UserError({
          where: 'embedding',
          given: String(embeddingSize),
          allowed: 'must be 1 or more for tags: every feature is embedded',
        });
      }
      return {
        kind: 'features',
        features: dataset.features.map(({ name, size: count }, f) => ({
          ...{ name, count },
          size: f === 0 ? embeddingSize : Math.ceil(embeddingSize / 4),
        })),
      };
    default:
      return { kind: 'dense', mean: dataset.mean, gain: dataset.gain };
  }
}

function classesOf(dataset: Dataset): number {
  switch (dataset.kind) {
    case 'text':
      return dataset.symbols.length;
    case 'tagging':
      return dataset.tags.length;
    case 'series':
      return dataset.classes.length;
    case 'regression':
      return 1;
  }
}

/** @throws {TypeError} for a text that would be read backward */
export function modelTask(
  dataset: Dataset,
  sizes: { readonly embeddingSize: number; readonly bidirectional: boolean },
): Task {
  const { embeddingSize, bidirectional } = sizes;
  if (bidirectional && dataset.kind === 'text') {
    throw new TypeError('train: a language model cannot read its text backward');
  }
  const isEveryStep = dataset.kind === 'text' || dataset.kind === 'tagging';
  return {
    input: inputFor(dataset, embeddingSize),
    classes: classesOf(dataset),
    when: isEveryStep ? 'every-step' : 'last-step',
    output: dataset.kind === 'regression' ? 'value' : 'class',
  };
}
