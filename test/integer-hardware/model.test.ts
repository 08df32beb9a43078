/** Whole models: what leaves the hardware is what the evaluation of the integer model counts. */
import { describe, expect, test } from 'vitest';
import { cosimulateInteger } from '../../src/integer-hardware/cosimulate.js';
import { datasetSequences, longestSequence } from '../../src/integer-hardware/dataset-input.js';
import { planIntegerModel } from '../../src/integer-hardware/design.js';
import { expectedRun } from '../../src/integer-hardware/golden.js';
import { emitIntegerProject } from '../../src/integer-hardware/project.js';
import {
  embed,
  headSums,
  initialStates,
  type IntegerModel,
  stepModel,
} from '../../src/integer/model.js';
import { calibrateNetwork } from '../../src/integer-training/calibrate.js';
import { evaluateInteger } from '../../src/integer-training/evaluate.js';
import { networkFor, PLAIN } from '../../src/integer-training/network-config.js';
import { initialParameters, layoutOf } from '../../src/integer-training/parameters.js';
import { type IntegerOptions, quantizeNetwork } from '../../src/integer-training/quantize-model.js';
import type { Dataset } from '../../src/model/dataset.js';
import { Random } from '../../src/model/random.js';

const random = new Random(12);
const reals = (n: number): Float32Array =>
  Float32Array.from({ length: n }, () => random.range(-1, 1));
const numbers = (n: number, below: number): Int32Array =>
  Int32Array.from({ length: n }, () => random.integer(below));

const NORMAL = { channels: 2, mean: [0.1, -0.1], gain: [0.9, 0.8] };
const LENGTHS = [3, 5, 1, 4, 2, 5];

const DATASETS: Readonly<Record<string, Dataset>> = {
  text: {
    kind: 'text',
    symbols: ['a', 'b', 'c', 'd', 'e'],
    train: numbers(200, 5),
    valid: numbers(20, 5),
    test: numbers(20, 5),
  },
  tagging: (() => {
    const part = LENGTHS.map((length) => ({
      features: Int32Array.from({ length: 2 * length }, (_, k) => random.integer([6, 3][k % 2])),
      tags: numbers(length, 3),
    }));
    return {
      ...{ kind: 'tagging', scheme: 'IOB2', tags: ['O', 'B-X', 'I-X'] },
      features: [
        { name: 'word', size: 6 },
        { name: 'shape', size: 3 },
      ],
      ...{ train: part, valid: part, test: part },
    } as const;
  })(),
  series: (() => {
    const part = LENGTHS.map((length) => ({ values: reals(2 * length), label: length % 3 }));
    return {
      ...{ kind: 'series', classes: ['u', 'v', 'w'], ...NORMAL },
      ...{ train: part, valid: part, test: part },
    } as const;
  })(),
  regression: (() => {
    const part = LENGTHS.map((length) => ({ values: reals(2 * length), target: length }));
    return {
      ...{ kind: 'regression', target: { name: 'y', mean: 3, gain: 0.4 }, ...NORMAL },
      ...{ train: part, valid: part, test: part },
    } as const;
  })(),
};

interface Sizes {
  readonly bidirectional: boolean;
  readonly embeddingSize?: number;
}

function modelOf(
  dataset: Dataset,
  { bidirectional, embeddingSize = 4 }: Sizes,
  options: IntegerOptions = {},
): IntegerModel {
  const sizes = { hiddenSizes: [5, 4], embeddingSize, bidirectional };
  const config = networkFor(dataset, sizes, PLAIN);
  const params = initialParameters(config, 3).map((value) => 2 * value);
  const ranges = calibrateNetwork(config, params, dataset, { sequences: 6, timeSteps: 20 });
  return quantizeNetwork(config, layoutOf(config), params, ranges, options).model;
}

/** Values of all beats that leave for the whole test part. */
function outputsOf(model: IntegerModel, dataset: Dataset): number[] {
  const design = planIntegerModel(model, { name: 'whole', maxSteps: 5 });
  const sequences = datasetSequences(model, dataset, Infinity);
  return expectedRun(design, sequences).outputs.map(({ value }) => value);
}

function shareOf(predicted: readonly number[], right: readonly number[]): number {
  return predicted.filter((value, k) => value === right[k]).length / right.length;
}

describe.each([false, true])('in both directions: %s', (bidirectional) => {
  test.each([{}, { activationBits: 16, arithmetic: 'cmsis-nn' }] as const)(
    'tags and classes are as accurate as the evaluation says, %o',
    async (options) => {
      for (const name of ['tagging', 'series']) {
        const dataset = DATASETS[name];
        const model = modelOf(dataset, { bidirectional }, options);
        const { accuracy } = await evaluateInteger(model, dataset, 'test');
        const right =
          dataset.kind === 'tagging'
            ? dataset.test.flatMap(({ tags }) => Array.from(tags))
            : dataset.kind === 'series'
              ? dataset.test.map(({ label }) => label)
              : [];
        expect(shareOf(outputsOf(model, dataset), right)).toBe(accuracy);
      }
    },
  );

  test('values have the error that the evaluation says', async () => {
    const dataset = DATASETS.regression;
    if (dataset.kind !== 'regression') throw new Error('regression');
    const model = modelOf(dataset, { bidirectional });
    const { rmse } = await evaluateInteger(model, dataset, 'test');
    const { mean, gain } = dataset.target;
    const errors = outputsOf(model, dataset).map(
      (sum, k) => (sum * model.head.scale) / gain + mean - dataset.test[k].target,
    );
    const square = errors.reduce((total, error) => total + error * error, 0) / errors.length;
    expect(Math.sqrt(square)).toBeCloseTo(rmse!, 5);
    const design = planIntegerModel(model, { name: 'whole', maxSteps: 5 });
    const readme = emitIntegerProject(design, datasetSequences(model, dataset, 1))['README.md'];
    const { scale, zeroPoint } = model.inputQuantization;
    expect(readme).toContain(`round((value - mean) * gain / ${scale}) + ${zeroPoint})`);
    expect(readme).toContain(`A sum stands for the real number sum * ${model.head.scale}.`);
  });
});

test.each([4, 0])('a text model predicts what its steps do, embedding %i', (embeddingSize) => {
  const dataset = DATASETS.text;
  const model = modelOf(dataset, { bidirectional: false, embeddingSize });
  expect(model.input.kind).toBe(embeddingSize === 0 ? 'one-hot' : 'tokens');
  const states = initialStates(model);
  const { test: tokens } = dataset as { readonly test: Int32Array };
  const expected = Array.from(tokens, (token) => {
    const sums = headSums(model.head, stepModel(model, states, embed(model, [token])));
    return sums.indexOf(Math.max(...sums));
  });
  expect(outputsOf(model, dataset)).toEqual(expected);
});

test('a model of tags in both directions runs as Verilog, sentence by sentence', async () => {
  const dataset = DATASETS.tagging;
  const model = modelOf(dataset, { bidirectional: true });
  const maxSteps = longestSequence(dataset);
  expect(maxSteps).toBe(5);
  const design = planIntegerModel(model, { name: 'tagger', rows: 3, maxSteps });
  const result = await cosimulateInteger(design, datasetSequences(model, dataset, 8), {
    randomizeState: 6,
  });
  expect(result.firstProblems).toEqual([]);
  // Sentences of 3 and 5 words.
  expect(result.outputsChecked).toBe(8);
});
