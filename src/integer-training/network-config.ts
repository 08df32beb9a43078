/** Sizes and variant of a network of LSTM layers, as plain data. */
import { GATE_LETTERS, type GateLetter } from '../integer/float-lstm.js';
import type { Dataset } from '../model/dataset.js';
import type { ModelConfig } from '../model/model.js';
import { modelTask } from '../train/model-task.js';
import type { TrainConfig } from '../train/train.js';

/** What a layer has beyond the plain LSTM; the equations are in src/integer/float-lstm.ts. */
export interface Variant {
  /** i = 1 - f */
  readonly isCifg: boolean;
  readonly hasPeephole: boolean;
  readonly hasLayerNorm: boolean;
  /** Outputs of the projection; 0 for none. */
  readonly projection: number;
  /** Limit of |c|; 0 for none. */
  readonly cellClip: number;
  /** Limit of |h| after a projection; 0 for none. */
  readonly projectionClip: number;
}

export const PLAIN: Variant = {
  isCifg: false,
  hasPeephole: false,
  hasLayerNorm: false,
  projection: 0,
  cellClip: 0,
  projectionClip: 0,
};

export interface NetworkConfig {
  readonly input: ModelConfig['input'];
  /** Cells of each layer. */
  readonly hiddenSizes: readonly number[];
  /** Every layer runs in both directions. */
  readonly bidirectional: boolean;
  readonly variant: Variant;
  readonly classes: number;
  /** Which steps have a prediction; `last-step` looks at the last step's output of both directions. */
  readonly when: 'every-step' | 'last-step';
  /** `value`: one real number instead of classes. */
  readonly output: 'class' | 'value';
}

/** Sizes of one direction of a layer. */
export interface DirectionShape {
  readonly inputSize: number;
  readonly cellSize: number;
  readonly outputSize: number;
  /** In the order of the parameters: i, f, g, o, or f, g, o. */
  readonly gates: readonly GateLetter[];
  readonly variant: Variant;
}

export function inputWidth({ input }: NetworkConfig): number {
  switch (input.kind) {
    case 'tokens':
      return input.embeddingSize;
    case 'one-hot':
      return input.vocabSize;
    case 'features':
      return input.features.reduce((sum, { size }) => sum + size, 0);
    case 'dense':
      return input.mean.length;
  }
}

/** One direction of every layer, first to last. */
export function directionShapes(config: NetworkConfig): DirectionShape[] {
  const { hiddenSizes, bidirectional, variant } = config;
  let inputSize = inputWidth(config);
  return hiddenSizes.map((cellSize) => {
    const outputSize = variant.projection || cellSize;
    const gates = GATE_LETTERS.filter((name) => name !== 'i' || !variant.isCifg);
    const shape = { inputSize, cellSize, outputSize, gates, variant };
    inputSize = (bidirectional ? 2 : 1) * outputSize;
    return shape;
  });
}

/** Width of what the head reads. */
export function headWidth({ hiddenSizes, bidirectional, variant }: NetworkConfig): number {
  return (bidirectional ? 2 : 1) * (variant.projection || hiddenSizes[hiddenSizes.length - 1]);
}

type Sizes = Pick<TrainConfig, 'hiddenSizes' | 'embeddingSize' | 'bidirectional'>;

/** The network that a dataset asks for. Throws TypeError for a text read backward. */
export function networkFor(
  dataset: Dataset,
  { hiddenSizes, embeddingSize, bidirectional }: Sizes,
  variant: Variant,
): NetworkConfig {
  return {
    ...{ hiddenSizes, bidirectional, variant },
    ...modelTask(dataset, { embeddingSize, bidirectional }),
  };
}
