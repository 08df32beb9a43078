/** Ranges of a network's values: by calibration, and followed during training. */
import {
  emptyRanges,
  type FloatSequenceLayer,
  GATE_LETTERS,
  type LayerRanges,
  type Range,
  type Ranges,
  type Reals,
  runFloatLayer,
} from '../integer/float-lstm.js';
import type { ModelRanges } from './quantize-model.js';

export function emptyLayerRanges(): LayerRanges {
  return { forward: emptyRanges(), backward: emptyRanges() };
}

/** What the real layers see of `sequences` [steps, inputSize] from zero state, layer after layer. */
export function calibrateLayers(
  layers: readonly FloatSequenceLayer[],
  sequences: readonly Reals[],
): ModelRanges {
  let values = sequences;
  return layers.map((layer) => {
    const ranges = emptyLayerRanges();
    values = values.map((x) => runFloatLayer(layer, x, ranges));
    return ranges;
  });
}

function allRanges({ x, c, m, h, gateSums }: Ranges): Range[] {
  return [x, c, m, h, ...GATE_LETTERS.map((name) => gateSums[name])];
}

function flatten(ranges: ModelRanges): Range[] {
  return ranges.flatMap(({ forward, backward }) => [...allRanges(forward), ...allRanges(backward)]);
}

/** [numbers]: min and max of every range; infinite where nothing was seen. */
export function rangesToArray(ranges: ModelRanges): Float32Array {
  return Float32Array.from(flatten(ranges).flatMap(({ min, max }) => [min, max]));
}

/** The inverse, for as many layers as there are. */
export function rangesFromArray(numbers: ArrayLike<number>, layers: number): ModelRanges {
  const ranges = Array.from({ length: layers }, emptyLayerRanges);
  flatten(ranges).forEach((range, k) => {
    range.min = numbers[2 * k];
    range.max = numbers[2 * k + 1];
  });
  return ranges;
}

/** What of the distance to a narrower range remains after one step. */
export const DECAY = 0.999;

/** An end widens at once, and narrows by a moving average. */
function follow(end: number, seen: number, direction: 1 | -1): number {
  const isWider = direction * (seen - end) > 0;
  return Math.fround(isWider ? seen : seen + DECAY * (end - seen));
}

/** Moves `ranges` towards what one step saw; what it did not see stays. */
export function followRanges(ranges: ModelRanges, seen: ModelRanges): void {
  const latest = flatten(seen);
  flatten(ranges).forEach((range, k) => {
    const { min, max } = latest[k];
    if (min > max) return;
    range.min = follow(range.min, min, -1);
    range.max = follow(range.max, max, 1);
  });
}
