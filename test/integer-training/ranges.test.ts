import { describe, expect, test } from 'vitest';
import { calibrationInputs } from '../../src/integer-training/calibrate.js';
import { initialParameters } from '../../src/integer-training/parameters.js';
import {
  DECAY,
  emptyLayerRanges,
  followRanges,
  rangesFromArray,
  rangesToArray,
} from '../../src/integer-training/ranges.js';
import { networkFor, PLAIN } from '../../src/integer-training/network-config.js';
import type { SeriesDataset, TextDataset } from '../../src/model/dataset.js';

describe('ranges', () => {
  const ranges = (min: number, max: number) => {
    const layer = emptyLayerRanges();
    Object.assign(layer.forward.c, { min, max });
    return [layer];
  };

  test('widen at once, narrow slowly, and stay where nothing was seen', () => {
    const known = ranges(-2, 2);
    Object.assign(known[0].forward.h, { min: -1, max: 1 });
    followRanges(known, ranges(-3, 1));
    const { c, h, gateSums } = known[0].forward;
    expect(c).toEqual({ min: -3, max: Math.fround(1 + DECAY) });
    expect(h).toEqual({ min: -1, max: 1 });
    expect(gateSums.i).toEqual({ min: Infinity, max: -Infinity });
  });

  test('come back from a flat array', () => {
    const known = ranges(-2, 0.5);
    expect(rangesFromArray(rangesToArray(known), 1)).toEqual(known);
  });
});

describe('calibration', () => {
  const sizes = { hiddenSizes: [2], embeddingSize: 2, bidirectional: false };

  test('takes cases of all classes where they take turns, and the same each time', () => {
    const cases = Array.from({ length: 40 }, (_, n) => ({
      values: Float32Array.of(n % 2 === 0 ? 1 : -1, n),
      label: n % 2,
    }));
    const dataset: SeriesDataset = {
      ...{ kind: 'series', channels: 1, classes: ['a', 'b'], mean: [1], gain: [2] },
      ...{ train: cases, valid: [], test: [] },
    };
    const network = networkFor(dataset, sizes, PLAIN);
    const draw = (sequences: number) =>
      calibrationInputs(network, new Float32Array(0), dataset, { sequences, timeSteps: 9 });
    expect(new Set(draw(20).map(([first]) => first))).toEqual(new Set([0, -4]));
    expect(new Set(draw(20).map(([, second]) => second)).size).toBe(20);
    expect(draw(20)).toEqual(draw(20));
    expect(draw(100)).toHaveLength(40);
  });

  test('takes windows of a text through the embedding, the whole of a short one', () => {
    const train = Uint16Array.from({ length: 30 }, (_, k) => k % 3);
    const dataset: TextDataset = {
      ...{ kind: 'text', symbols: ['a', 'b', 'c'], train, valid: train, test: train },
    };
    const network = networkFor(dataset, sizes, PLAIN);
    const params = initialParameters(network, 1);
    const draw = (timeSteps: number) =>
      calibrationInputs(network, params, dataset, { sequences: 4, timeSteps });
    expect(draw(6).map(({ length }) => length)).toEqual([12, 12, 12, 12]);
    expect(draw(100)).toHaveLength(1);
    expect([...draw(6)[0].subarray(2, 4)]).toEqual([...params.subarray(2, 4)]);
    const hot = networkFor(dataset, { ...sizes, embeddingSize: 0 }, PLAIN);
    const [x] = calibrationInputs(hot, params, dataset, { sequences: 1, timeSteps: 3 });
    expect([...x]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
});
