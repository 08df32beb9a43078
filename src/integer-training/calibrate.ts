/** The sequences that calibration runs. */
import type { Reals } from '../integer/float-lstm.js';
import type { Dataset } from '../model/dataset.js';
import { Random } from '../model/random.js';
import { inputWidth, type NetworkConfig } from './network-config.js';
import { floatLayers, layoutOf, viewOf } from './parameters.js';
import type { ModelRanges } from './quantize-model.js';
import { calibrateLayers } from './ranges.js';

export interface CalibrationOptions {
  /** Sequences, drawn from the training part; the whole part where it has fewer. */
  readonly sequences: number;
  /** Symbols of one sequence; text only. */
  readonly timeSteps: number;
}

/** Calibration draws the same sequences each time. */
const SEED = 1;

/**
 * `count` different numbers of 0..total-1, in order. Drawn at random: at even distances, cases whose classes
 * take turns would show one class alone.
 */
function draw(total: number, count: number): Int32Array {
  const all = Int32Array.from({ length: total }, (_, k) => k);
  return new Random(SEED).shuffle(all).subarray(0, Math.min(total, count)).sort();
}

/** Rows of tables side by side, for ids [steps, tables]. */
function embedded(
  config: NetworkConfig,
  params: Float32Array,
  ids: ArrayLike<number>,
): Float64Array {
  const { tables } = layoutOf(config);
  const width = inputWidth(config);
  const steps = ids.length / tables.length;
  const x = new Float64Array(steps * width);
  let column = 0;
  tables.forEach((place, f) => {
    const table = viewOf(params, place);
    const size = place.shape[1];
    for (let t = 0; t < steps; t++) {
      const id = ids[t * tables.length + f];
      x.set(table.subarray(id * size, (id + 1) * size), t * width + column);
    }
    column += size;
  });
  return x;
}

function oneHot(ids: ArrayLike<number>, width: number): Float64Array {
  const x = new Float64Array(ids.length * width);
  for (let t = 0; t < ids.length; t++) x[t * width + ids[t]] = 1;
  return x;
}

/** x [steps, inputSize] of each sequence. */
export function calibrationInputs(
  config: NetworkConfig,
  params: Float32Array,
  dataset: Dataset,
  { sequences, timeSteps }: CalibrationOptions,
): Reals[] {
  switch (dataset.kind) {
    case 'text': {
      const { train } = dataset;
      const length = Math.min(timeSteps, train.length);
      return Array.from(draw(Math.floor(train.length / length), sequences), (n) => {
        const ids = train.subarray(n * length, (n + 1) * length);
        return config.input.kind === 'one-hot'
          ? oneHot(ids, inputWidth(config))
          : embedded(config, params, ids);
      });
    }
    case 'tagging':
      return Array.from(draw(dataset.train.length, sequences), (n) =>
        embedded(config, params, dataset.train[n].features),
      );
    case 'series':
    case 'regression': {
      const { channels, mean, gain, train } = dataset;
      return Array.from(draw(train.length, sequences), (n) =>
        train[n].values.map((v, k) => (v - mean[k % channels]) * gain[k % channels]),
      );
    }
  }
}

/** Ranges of a network over sequences of the training part, in double precision. */
export function calibrateNetwork(
  config: NetworkConfig,
  params: Float32Array,
  dataset: Dataset,
  options: CalibrationOptions,
): ModelRanges {
  const inputs = calibrationInputs(config, params, dataset, options);
  return calibrateLayers(floatLayers(layoutOf(config), params), inputs);
}
