import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  calibrate,
  emptyRanges,
  type FloatGate,
  type FloatLstm,
  type FloatSequenceLayer,
  type Reals,
  runFloatDirection,
  runFloatSequence,
} from '../../src/integer/float-lstm.js';
import { initialState, step } from '../../src/integer/lstm.js';
import {
  activationQuantization,
  dequantize,
  quantizeActivations,
  quantizeLstm,
  type QuantizeOptions,
  quantizeStack,
  quantizeWeights,
} from '../../src/integer/quantize.js';
import { noSaturations, runBatch, runSequence } from '../../src/integer/sequence.js';
import { Random } from '../../src/model/random.js';
import { randomFloatLstm, randomReals, variantName, VARIANTS } from './random-float.js';
import { GOLDEN, hasGolden, skipReason } from './shared.js';

const SIZES = { input: 8, cell: 16, output: 10 };
const STEPS = 30;

function randomSequences(seed: number, count: number, width: number): Float64Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => randomReals(random, STEPS * width, 1.5));
}

/** Root mean square and largest error of the integer layer, as shares of the output's range. */
function errors(
  layers: readonly FloatSequenceLayer[],
  sequences: readonly Reals[],
  options: QuantizeOptions,
): { rms: number; max: number } {
  const stack = quantizeStack(layers, sequences, options);
  expect(stack.warnings).toEqual([]);
  const real = sequences.map((x) => [...runFloatSequence(layers, x)]).flat();
  const range = Math.max(...real, 0) - Math.min(...real, 0);
  const bits = options.activationBits ?? 8;
  const found = sequences
    .map((x) => [
      ...dequantize(
        runSequence(stack.layers, quantizeActivations(x, stack.input, bits)),
        stack.output,
      ),
    ])
    .flat();
  const shares = real.map((value, k) => Math.abs(value - found[k]) / range);
  const squares = shares.reduce((sum, share) => sum + share * share, 0);
  return { rms: Math.sqrt(squares / shares.length), max: Math.max(...shares) };
}

describe('tensors', () => {
  test('8-bit activations use the whole range, with zero inside and exact', () => {
    const quantization = activationQuantization({ min: 0.5, max: 3 }, 8);
    expect(quantization).toEqual({ scale: Math.fround(3 / 255), zeroPoint: -128 });
    expect(activationQuantization({ min: -1, max: 3 }, 8).zeroPoint).toBe(-64);
    const values = quantizeActivations(Float64Array.of(0, 3, 9, -1), quantization, 8);
    expect([...values]).toEqual([-128, 127, 127, -128]);
    expect(dequantize(values, quantization)[0]).toBe(0);
  });

  test('16-bit activations and weights are symmetric', () => {
    const quantization = activationQuantization({ min: -2, max: 1 }, 16, 'float64');
    expect(quantization).toEqual({ scale: 2 / 32767, zeroPoint: 0 });
    expect([...quantizeActivations(Float64Array.of(-2, 1), quantization, 16)]).toEqual([
      -32767, 16384,
    ]);
    const { scale, data } = quantizeWeights(Float64Array.of(-0.7, 0.1, 0.5), 4, 'float64');
    expect(scale).toBe(0.7 / 7);
    expect([...data]).toEqual([-7, 1, 5]);
  });

  test('nothing seen, all weights zero: scale 1', () => {
    expect(activationQuantization({ min: Infinity, max: -Infinity }, 8)).toEqual({
      scale: 1,
      zeroPoint: 0,
    });
    expect(quantizeWeights(new Float64Array(3), 8).scale).toBe(1);
    expect(quantizeWeights(new Float64Array(3), 3).scale).toBe(1);
  });
});

describe.each(VARIANTS.map((variant, k) => ({ name: variantName(variant), variant, k })))(
  '$name',
  ({ variant, k }) => {
    const layer = randomFloatLstm(60 + k, variant, SIZES);
    const sequences = randomSequences(80 + k, 6, SIZES.input);

    test.each([
      ['the default', {}, 0.0035, 0.03],
      ['gemmlowp, double rounding', { activation: 'gemmlowp', rounding: 'double' }, 0.0035, 0.03],
      ['tflm', { arithmetic: 'tflm', rounding: 'double' }, 0.0035, 0.03],
      ['16-bit activations', { activationBits: 16, arithmetic: 'cmsis-nn' }, 0.002, 0.02],
      ['10-bit cells', { cellBits: 10 }, 0.0045, 0.04],
      ['4-bit weights', { weightBits: 4 }, 0.03, 0.3],
    ] as const)('%s: error below %d of the range in the mean', (_, options, rms, max) => {
      const found = errors([layer], sequences, options);
      expect(found.rms).toBeLessThan(rms);
      expect(found.max).toBeLessThan(max);
    });
  },
);

describe('options', () => {
  const layer = randomFloatLstm(7, VARIANTS[0], SIZES);
  const sequences = randomSequences(8, 6, SIZES.input);
  const rms = (options: QuantizeOptions): number => errors([layer], sequences, options).rms;

  test('fewer weight bits and fewer cell bits cost accuracy', () => {
    const weights = [8, 6, 4, 3, 2].map((weightBits) => rms({ weightBits }));
    expect(weights).toEqual([...weights].sort((a, b) => a - b));
    const cells = [16, 8, 6].map((cellBits) => rms({ cellBits }));
    expect(cells).toEqual([...cells].sort((a, b) => a - b));
    expect(cells[2]).toBeGreaterThan(2 * cells[0]);
  });

  test('weights and cell states stay within their bits', () => {
    const quantized = quantizeLstm(layer, calibrate(layer, sequences), {
      weightBits: 3,
      cellBits: 7,
    });
    const { gates, cell } = quantized.layer;
    expect(Math.max(...gates.f.inputWeights.map(Math.abs))).toBe(3);
    expect(cell.bits).toBe(7);
    const state = initialState(quantized.layer);
    for (const x of sequences) {
      for (let t = 0; t < STEPS; t++) {
        const row = x.subarray(t * SIZES.input, (t + 1) * SIZES.input);
        step(quantized.layer, state, quantizeActivations(row, quantized.input, 8));
        expect(Math.max(...state.c.map(Math.abs))).toBeLessThanOrEqual(64);
      }
    }
  });

  test('the cell scale is the smallest power of two that holds what was seen, up to 64', () => {
    const scaleOf = (max: number): readonly [number, readonly string[]] => {
      const ranges = { ...calibrate(layer, sequences), c: { min: -max, max: max / 2 } };
      const { layer: integer, warnings } = quantizeLstm(layer, ranges);
      return [integer.cell.scaleLog2, warnings];
    };
    expect([0.2, 1, 1.01, 4, 36.8, 64].map((max) => scaleOf(max)[0])).toEqual([
      -15, -15, -14, -13, -9, -9,
    ]);
    expect(scaleOf(100)).toEqual([
      -9,
      ['cell: states up to 100.0 saturate at 64; train with a cell clip'],
    ]);
  });

  test('ranges that calibration did not see saturate, and are counted', () => {
    const quiet = sequences.map((x) => x.map((v) => v * 0.1));
    const { layers, input } = quantizeStack([layer], quiet, {});
    const [calm, loud] = [noSaturations(), noSaturations()];
    runSequence(layers, quantizeActivations(quiet[0], input, 8), calm);
    runSequence(layers, quantizeActivations(sequences[0], input, 8), loud);
    expect(calm.cells + calm.gateSums).toBe(0);
    expect(loud.outputs).toBeGreaterThan(0);
  });

  test('clips become limits of the stored values', () => {
    const variant = { ...VARIANTS[0], hasProjection: true };
    const clipped = { ...randomFloatLstm(7, variant, SIZES), cellClip: 0.5, projectionClip: 0.25 };
    const output = { scale: 1 / 128, zeroPoint: 0 };
    const ranges = calibrate(clipped, sequences);
    const quantized = quantizeLstm(clipped, ranges, { output });
    expect(quantized.layer.cell.clip).toBe(16384);
    expect(quantized.layer.projection!.clip).toBe(32);
    expect(quantized.warnings).toEqual([]);
    const shifted = quantizeLstm(clipped, ranges, { output: { ...output, zeroPoint: 3 } });
    expect(shifted.warnings[0]).toContain('the clip is off by the zero point 3');
  });

  test('biases beyond 32 bits, and accumulators that a left shift would overflow, are told', () => {
    const gate = (bias: number): FloatGate => ({
      inputWeights: Float64Array.of(1e-6),
      recurrentWeights: Float64Array.of(1),
      bias: Float64Array.of(bias),
      peephole: null,
      layerNorm: null,
    });
    const tiny: FloatLstm = {
      inputSize: 1,
      cellSize: 1,
      outputSize: 1,
      gates: { i: gate(0), f: gate(100), g: gate(0), o: gate(0) },
      projection: null,
      cellClip: 0,
      projectionClip: 0,
    };
    const { layer: integer, warnings } = quantizeLstm(tiny, calibrate(tiny, [Float64Array.of(1)]));
    expect(warnings).toEqual([
      expect.stringMatching(
        /^gates\.f: bias beyond 32 bits, cut; the scale 3\..*e-11 is too small$/,
      ),
    ]);
    expect(integer.gates.f.inputBias[0]).toBeGreaterThan(2 ** 31 - 2 ** 16);
    const huge = {
      ...tiny,
      gates: { ...tiny.gates, f: { ...gate(3e5), inputWeights: Float64Array.of(3e5) } },
    };
    const found = quantizeLstm(huge, calibrate(huge, [Float64Array.of(1)])).warnings;
    expect(found).toEqual([
      'gates.f, input: accumulators may exceed 32 bits when shifted left by 16',
    ]);
  });

  test.each([
    [{ weightBits: 9 }, 'weightBits: 9 is not in 2..8'],
    [{ weightBits: 1 }, 'weightBits: 1 is not in 2..8'],
    [{ cellBits: 5 }, 'cellBits: 5 is not in 6..16'],
    [{ cellBits: 12.5 }, 'cellBits: 12.5 is not in 6..16'],
  ])('refuses %j', (options, message) => {
    expect(() => quantizeLstm(layer, emptyRanges(), options)).toThrow(message);
  });
});

describe('stacks', () => {
  const sequences = randomSequences(9, 4, 8);
  const plain = VARIANTS[0];

  test('two layers, the lower one in two directions of one output scale', () => {
    const layers: FloatSequenceLayer[] = [
      {
        forward: randomFloatLstm(11, plain, { input: 8, cell: 12, output: 12 }),
        backward: randomFloatLstm(12, plain, { input: 8, cell: 12, output: 12 }),
      },
      randomFloatLstm(13, VARIANTS[15], { input: 24, cell: 12, output: 6 }),
    ];
    const { layers: integer } = quantizeStack(layers, sequences);
    const [lower, upper] = integer;
    if (!('forward' in lower) || 'forward' in upper) throw new Error('other layers than expected');
    expect(lower.backward.outputZeroPoint).toBe(lower.forward.outputZeroPoint);
    expect(upper.inputZeroPoint).toBe(lower.forward.outputZeroPoint);
    const { rms, max } = errors(layers, sequences, {});
    expect(rms).toBeLessThan(0.006);
    expect(max).toBeLessThan(0.05);
  });

  test('one layer is quantized as alone', () => {
    const layer = randomFloatLstm(11, plain, { input: 8, cell: 12, output: 12 });
    expect(quantizeStack([layer], sequences).layers).toEqual([
      quantizeLstm(layer, calibrate(layer, sequences)).layer,
    ]);
  });

  test('no layers are no stack', () => {
    expect(() => quantizeStack([], sequences)).toThrow('quantizeStack: no layers');
  });
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Content = any;

describe.skipIf(!hasGolden)(`real originals of recorded results${skipReason}`, () => {
  const load = (name: string): Content =>
    JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf8')) as Content;

  function floatLayer(file: Content): FloatLstm {
    const gate = (name: string): FloatGate => {
      const from = file.float_reference.gates[name];
      return {
        inputWeights: Float32Array.from(from.input_weights.data as number[]),
        recurrentWeights: Float32Array.from(from.recurrent_weights.data as number[]),
        bias: Float32Array.from(from.bias.data as number[]),
        peephole: null,
        layerNorm: null,
      };
    };
    return {
      inputSize: file.dims.input,
      cellSize: file.dims.cell,
      outputSize: file.dims.output,
      gates: { i: gate('input'), f: gate('forget'), g: gate('cell'), o: gate('output') },
      projection: null,
      cellClip: 0,
      projectionClip: 0,
    };
  }

  /** The sequences of a batch-major tensor. */
  function items(values: Reals, { dims }: Content): Reals[] {
    const size = dims.time * dims.input;
    return Array.from({ length: dims.batch }, (_, b) => values.subarray(b * size, (b + 1) * size));
  }

  const inputOf = (file: Content) => ({
    scale: file.scales.input as number,
    zeroPoint: file.zero_points.input as number,
  });
  const outputOf = (file: Content) => ({
    scale: file.scales.output as number,
    zeroPoint: file.zero_points.output as number,
  });

  test('the MNIST model: every integer follows from the real weights', () => {
    const file = load('model-mnist-lstm-cmsis');
    const layer = floatLayer(file);
    const x = dequantize(file.input.data, inputOf(file));
    const sequences = items(x, file);
    const { layer: integer, warnings } = quantizeLstm(layer, calibrate(layer, sequences), {
      arithmetic: 'cmsis-nn',
      rounding: 'double',
      input: inputOf(file),
      output: outputOf(file),
    });
    expect(warnings).toEqual([]);
    const names = { i: 'input', f: 'forget', g: 'cell', o: 'output' } as const;
    for (const [letter, name] of Object.entries(names)) {
      const gate = integer.gates[letter as 'f'];
      const wanted = file.gates[name];
      expect([...gate.inputWeights]).toEqual(wanted.input_weights.data);
      expect([...gate.recurrentWeights]).toEqual(wanted.recurrent_weights.data);
      expect([...gate.inputBias]).toEqual(wanted.input_effective_bias.data);
      expect([...gate.recurrentBias]).toEqual(wanted.recurrent_effective_bias.data);
      expect(gate.inputScale).toEqual({
        multiplier: wanted.input_multiplier,
        shift: wanted.input_shift,
      });
      expect(gate.recurrentScale).toEqual({
        multiplier: wanted.recurrent_multiplier,
        shift: wanted.recurrent_shift,
      });
    }
    expect(integer.cell.scaleLog2).toBe(file.cell.scale_log2);
    const shape = { batch: 10, timeSteps: 28, isTimeMajor: false };
    const input = Int8Array.from(file.input.data as number[]);
    const { output } = runBatch(integer, input, shape);
    expect([...output]).toEqual(file.expected.output.data);
    const real = sequences.flatMap((one) => [...runFloatDirection(layer, one)]);
    const found = dequantize(output, outputOf(file));
    const squares = real.reduce((sum, value, k) => sum + (value - found[k]) ** 2, 0);
    expect(Math.sqrt(squares / real.length)).toBeLessThan(0.012);
  });

  test.each(['tflm-int8-2x3x2x2', 'tflm-int16-2x3x2x2'])(
    '%s: integers from the reals, results within the tolerance of the test',
    (name) => {
      const file = load(name);
      const layer = floatLayer(file);
      const reference = file.float_reference;
      const x = Float32Array.from(reference.input.data as number[]);
      const sequences = items(x, file);
      const real = sequences.flatMap((one) => [...runFloatDirection(layer, one)]);
      real.forEach((value, k) => {
        expect(Math.abs(value - reference.expected_output.data[k])).toBeLessThan(1e-7);
      });
      const bits = name.includes('int16') ? 16 : 8;
      const { layer: integer } = quantizeLstm(layer, calibrate(layer, sequences), {
        arithmetic: 'tflm',
        rounding: 'double',
        activationBits: bits,
        input: inputOf(file),
        output: outputOf(file),
      });
      expect([...integer.gates.i!.inputWeights]).toEqual(file.gates.input.input_weights.data);
      expect([...integer.gates.o.recurrentWeights]).toEqual(
        file.gates.output.recurrent_weights.data,
      );
      expect([...integer.gates.f.inputBias]).toEqual(file.gates.forget.input_effective_bias.data);
      const input = quantizeActivations(x, inputOf(file), bits);
      expect([...input]).toEqual(file.input.data);
      const shape = { batch: 2, timeSteps: 3, isTimeMajor: false };
      const found = dequantize(runBatch(integer, input, shape).output, outputOf(file));
      real.forEach((value, k) => {
        expect(Math.abs(value - found[k])).toBeLessThan(reference.tolerance.output);
      });
    },
  );

  test.each([
    'tflite-8x8-16-op-projection-layer-norm',
    'tflite-8x8-16-uniseq-peephole-projection-layer-norm',
  ])('%s: 8-bit tensors from the reals and the recorded scales', (name) => {
    const file = load(name);
    let tensors = 0;
    for (const [key, from] of Object.entries<Content>(file.float_reference)) {
      if (!/^input$|weights$/.test(key) || /peephole|layer_norm/.test(key)) continue;
      const { scale, zero_point: zeroPoint } = file.scales[key];
      const values = Float32Array.from(from.data as number[]);
      const [gate, tensor] = key.split('.');
      const wanted = key.includes('.')
        ? file.gates[gate][tensor]
        : key === 'input'
          ? file.input
          : file.projection.weights;
      expect([...quantizeActivations(values, { scale, zeroPoint }, 8)], key).toEqual(wanted.data);
      tensors++;
    }
    expect(tensors).toBe(10);
  });
});

describe('narrow weights', () => {
  const random = new Random(11);
  // An outlier among weights about a tenth of it.
  const values = Float64Array.from({ length: 300 }, (_, n) =>
    n === 7 ? 1 : 0.1 * (random.uniform() + random.uniform() + random.uniform() - 1.5),
  );
  const errorAt = (scale: number, bits: number): number => {
    const limit = 2 ** (bits - 1) - 1;
    return values.reduce((sum, v) => {
      const code = Math.max(-limit, Math.min(limit, Math.round(v / scale)));
      return sum + (v - code * scale) ** 2;
    }, 0);
  };

  test('of 8 bits reach the largest magnitude, as in the kernels', () => {
    const { scale, data } = quantizeWeights(values, 8, 'float64');
    expect(scale).toBe(1 / 127);
    expect(data[7]).toBe(127);
  });

  test.each([2, 3, 4, 5, 6, 7])('of %i bits have nearly the least squared error', (bits) => {
    const { scale } = quantizeWeights(values, bits, 'float64');
    let least = Infinity;
    for (let n = 1; n <= 4000; n++) {
      least = Math.min(least, errorAt(n / 4000 / (2 ** (bits - 1) - 1), bits));
    }
    expect(errorAt(scale, bits)).toBeLessThan(1.15 * least);
    expect(errorAt(scale, bits)).toBeLessThanOrEqual(errorAt(1 / (2 ** (bits - 1) - 1), bits));
  });
});
