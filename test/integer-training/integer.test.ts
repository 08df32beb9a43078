import { describe, expect, test } from 'vitest';
import type { Batch } from '../../src/engine/engine.js';
import { initialState, type IntegerLstm, type LstmState } from '../../src/integer/lstm.js';
import { quantizeStack } from '../../src/integer/quantize.js';
import { noSaturations } from '../../src/integer/sequence.js';
import {
  type Codes,
  directionsOf,
  embed,
  headSums,
  type IntegerModel,
  quantizeValues,
  runModel,
  stepModel,
} from '../../src/integer/model.js';
import { Network } from '../../src/integer-training/network.js';
import { type NetworkConfig, PLAIN } from '../../src/integer-training/network-config.js';
import { floatLayers, layoutOf } from '../../src/integer-training/parameters.js';
import {
  type IntegerOptions,
  type ModelRanges,
  quantizeNetwork,
} from '../../src/integer-training/quantize-model.js';
import { calibrateLayers } from '../../src/integer-training/ranges.js';
import {
  LANES,
  randomBatch,
  randomParameters,
  SERIES,
  STEPS,
  TAGGING,
  textConfig,
  variantName,
  VARIANTS,
} from './cases.js';
import { laneInput } from './reference.js';

interface Prepared {
  readonly config: NetworkConfig;
  readonly params: Float32Array;
  readonly ranges: ModelRanges;
  readonly inputs: readonly Float64Array[];
}

/** Calibrated on `calm` of what the batches hold, so that some values saturate. */
function prepare(config: NetworkConfig, seed: number, calm = 0.7): Prepared {
  const layout = layoutOf(config);
  const params = randomParameters(layout.size, seed);
  const batch = randomBatch(config, seed + 100);
  const inputs = Array.from({ length: LANES }, (_, lane) =>
    laneInput(config, layout, params, batch, lane, LANES).map((v) => calm * v),
  );
  const ranges = calibrateLayers(floatLayers(layout, params), inputs);
  return { config, params, ranges, inputs };
}

/** x of one lane and step. */
function inputOf(model: IntegerModel, batch: Batch, at: number): Codes {
  const { tokens, features, values } = batch;
  if (tokens) return embed(model, [tokens[at]]);
  const data = (features ?? values)!;
  const width = data.length / (batch.timeSteps * LANES);
  const part = data.subarray(at * width, (at + 1) * width);
  return features ? embed(model, part) : quantizeValues(model, part as Float32Array);
}

function network({ config, params, ranges }: Prepared, options: IntegerOptions) {
  const quantized = quantizeNetwork(config, layoutOf(config), params, ranges, options);
  const shape = { batch: LANES, timeSteps: STEPS, isTrained: true };
  const net = new Network(config, params, { ...shape, arithmetic: 'integer' });
  net.load(quantized);
  return { quantized, net };
}

/** Two batches on end in training, against the golden step: logits, h and c, all equal. */
function checkStream(prepared: Prepared, options: IntegerOptions): LstmState[][] {
  const { config, params } = prepared;
  const { quantized, net } = network(prepared, options);
  const { model, layers } = quantized;
  const lanes = Array.from({ length: LANES }, () =>
    model.layers.map((layer) => initialState(layer as IntegerLstm)),
  );
  for (const seed of [1, 2]) {
    const batch = randomBatch(config, seed);
    const { logits } = net.gradient(batch, new Float64Array(params.length));
    const wanted = new Float64Array(logits.length);
    for (let t = 0; t < batch.timeSteps; t++) {
      lanes.forEach((states, lane) => {
        const at = t * LANES + lane;
        const sums = headSums(model.head, stepModel(model, states, inputOf(model, batch, at)));
        wanted.set(
          sums.map((sum) => sum * model.head.scale),
          at * config.classes,
        );
      });
    }
    expect([...logits]).toEqual([...wanted]);
  }
  const carried = net.states();
  layers.forEach(({ forward }, l) => {
    const { scale, zeroPoint } = forward.output;
    const unit = 2 ** forward.layer.cell.scaleLog2;
    const h = lanes.flatMap((states) =>
      [...states[l].h].map((q) => Math.fround(scale * (q - zeroPoint))),
    );
    const c = lanes.flatMap((states) => [...states[l].c].map((q) => unit * q));
    expect([...carried[`state.layer${l}.h`]]).toEqual(h);
    expect([...carried[`state.layer${l}.c`]]).toEqual(c);
  });
  return lanes;
}

const FORMATS: readonly IntegerOptions[] = [
  {},
  { activation: 'gemmlowp', rounding: 'double' },
  { arithmetic: 'tflm', rounding: 'double', cellBits: 12 },
  { arithmetic: 'cmsis-nn', rounding: 'single', weightBits: 4 },
  { arithmetic: 'cmsis-nn', rounding: 'double', activationBits: 16, cellBits: 8 },
];

describe("training's forward pass equals the golden step bit for bit", () => {
  test.each(
    VARIANTS.map(
      (variant, k) => [`${variantName(variant)}, seed ${40 + k}`, variant, 40 + k] as const,
    ),
  )('%s, all kernels, two batches on end', (_, variant, seed) => {
    let saturated = 0;
    for (const options of FORMATS) {
      const prepared = prepare(textConfig(variant, { hiddenSizes: [5, 6] }), seed);
      for (const states of checkStream(prepared, options)) {
        for (const { saturations } of states) saturated += saturations.outputs + saturations.cells;
      }
    }
    expect(saturated).toBeGreaterThan(0);
  });

  test('one-hot input', () => {
    const input = { kind: 'one-hot', vocabSize: 5 } as const;
    for (const options of FORMATS) checkStream(prepare(textConfig(PLAIN, { input }), 60), options);
  });

  test.each([
    ['sentences', { ...TAGGING, hiddenSizes: [4, 5] }],
    ['series', SERIES],
  ] as const)('whole %s in both directions', (_, changes) => {
    for (const options of FORMATS) {
      const config = textConfig(VARIANTS[14], { ...changes, bidirectional: true });
      const { quantized, net } = network(prepare(config, 61), options);
      const { model } = quantized;
      const batch = randomBatch(config, 62);
      const { logits } = net.forward(batch);
      for (let lane = 0; lane < LANES; lane++) {
        const steps = batch.lengths?.[lane] ?? batch.timeSteps;
        const xs = Array.from({ length: steps }, (_, t) => inputOf(model, batch, t * LANES + lane));
        const flat = xs.flatMap((x) => [...x]);
        const isWide = options.activationBits === 16;
        const h = runModel(
          model,
          isWide ? Int16Array.from(flat) : Int8Array.from(flat),
          noSaturations(),
        );
        const width = h.length / steps;
        for (let t = config.when === 'last-step' ? steps - 1 : 0; t < steps; t++) {
          const row = config.when === 'last-step' ? lane : t * LANES + lane;
          const sums = headSums(model.head, h.subarray(t * width, (t + 1) * width));
          const wanted = sums.map((sum) => sum * model.head.scale);
          const found = logits.subarray(row * config.classes, (row + 1) * config.classes);
          expect([...found]).toEqual([...wanted]);
        }
      }
    }
  });
});

describe('quantizeNetwork', () => {
  test('with the ranges of calibration gives the layers of quantizeStack', () => {
    const config = textConfig(VARIANTS[15], {
      ...TAGGING,
      bidirectional: true,
      hiddenSizes: [4, 5],
    });
    for (const options of FORMATS) {
      const { params, ranges, inputs } = prepare(config, 63, 1);
      const layout = layoutOf(config);
      const { model } = quantizeNetwork(config, layout, params, ranges, options);
      const stack = quantizeStack(floatLayers(layout, params), inputs, options);
      expect(model.layers).toEqual(stack.layers);
      expect(model.inputQuantization).toEqual(stack.input);
      expect(model.outputQuantization).toEqual(stack.output);
    }
  });

  test('the weights behind the gradient are those behind the integers', () => {
    const { config, params, ranges } = prepare(textConfig(VARIANTS[15]), 64, 1);
    const layout = layoutOf(config);
    const { effective, model } = quantizeNetwork(config, layout, params, ranges, { weightBits: 3 });
    const [layer] = floatLayers(layout, effective);
    const [{ gates }] = directionsOf(model.layers);
    if ('forward' in layer) throw new Error('one direction expected');
    const values = [...new Set(layer.gates.f.inputWeights)];
    const codes = new Set(gates.f.inputWeights);
    expect(values).toHaveLength(codes.size);
    const difference = effective.map((v, k) => Math.abs(v - params[k]));
    expect(Math.max(...difference)).toBeGreaterThan(0);
    expect(Math.max(...difference)).toBeLessThan(0.9 / 3 / 2 + 1e-6);
  });
});
