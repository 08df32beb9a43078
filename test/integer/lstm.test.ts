import { describe, expect, test } from 'vitest';
import { effectiveScale, quantizeMultiplier } from '../../src/integer/fixed-point.js';
import {
  initialState,
  type IntegerGate,
  type IntegerLstm,
  type Kernel,
  step,
} from '../../src/integer/lstm.js';

const INPUT = { size: 3, scale: 1 / 64, zeroPoint: -5 };
const CELLS = 4;
const HIDDEN = { scale: 1 / 128, zeroPoint: 3 };
const OUTPUT = { scale: 1 / 100, zeroPoint: 7 };
const CELL_SCALE_LOG2 = -12;
const WEIGHT_SCALES = { i: 0.011, f: 0.012, g: 0.013, o: 0.014 };
const PEEPHOLE_SCALE = 0.5 / 32767;
const PROJECTION_SCALE = 0.01;

/** Bytes of a linear congruential generator, -127..127. */
function generator(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (1103515245n * state + 12345n) % 2n ** 31n;
    return Math.max(-127, (Number(state >> 16n) & 255) - 128);
  };
}

interface Variant {
  readonly isCifg?: boolean;
  readonly hasPeephole?: boolean;
  readonly outputs?: number;
}

const KERNEL: Kernel = {
  arithmetic: 'tflite',
  activation: 'gemmlowp',
  rounding: 'double',
  activationBits: 8,
  peepholeRows: 'cell',
};

const double = (a: number, b: number, c: number) =>
  quantizeMultiplier(effectiveScale(a, b, c, 'float64'));

/** A layer whose tensors come from the generator, drawn gate by gate in order i, f, g, o. */
function layerOf({ isCifg, hasPeephole, outputs = CELLS }: Variant, kernel = KERNEL): IntegerLstm {
  const next = generator(1);
  const draw = (n: number, factor = 1): number[] =>
    Array.from({ length: n }, () => next() * factor);
  const rowSum = (values: readonly number[], rows: number, r: number): number => {
    const n = values.length / rows;
    return values.slice(r * n, (r + 1) * n).reduce((sum, v) => sum + v, 0);
  };
  const gate = (name: keyof typeof WEIGHT_SCALES): IntegerGate => {
    const scale = WEIGHT_SCALES[name];
    const input = draw(CELLS * INPUT.size);
    const recurrent = draw(CELLS * outputs);
    const bias = draw(CELLS, 40);
    const peephole = hasPeephole && name !== 'g' ? draw(CELLS, 200) : undefined;
    return {
      inputWeights: Int8Array.from(input),
      recurrentWeights: Int8Array.from(recurrent),
      inputBias: Float64Array.from(bias, (b, r) => b - INPUT.zeroPoint * rowSum(input, CELLS, r)),
      recurrentBias: Float64Array.from(
        bias,
        (_, r) => 0 - OUTPUT.zeroPoint * rowSum(recurrent, CELLS, r),
      ),
      inputScale: double(scale, INPUT.scale, 2 ** -12),
      recurrentScale: double(1.5 * scale, OUTPUT.scale, 2 ** -12),
      peephole: peephole
        ? {
            weights: Int16Array.from(peephole),
            scale: double(PEEPHOLE_SCALE, 2 ** CELL_SCALE_LOG2, 2 ** -12),
          }
        : null,
      layerNorm: null,
    };
  };
  const i = isCifg ? null : gate('i');
  const gates = { i, f: gate('f'), g: gate('g'), o: gate('o') };
  const hasProjection = outputs !== CELLS;
  const weights = hasProjection ? draw(outputs * CELLS) : [];
  const bias = hasProjection ? draw(outputs, 30) : [];
  return {
    kernel,
    inputSize: INPUT.size,
    cellSize: CELLS,
    outputSize: outputs,
    inputZeroPoint: INPUT.zeroPoint,
    outputZeroPoint: OUTPUT.zeroPoint,
    gates,
    cell: {
      bits: 16,
      scaleLog2: CELL_SCALE_LOG2,
      clip: 0,
      forgetScale: quantizeMultiplier(2 ** -15),
      inputScale: quantizeMultiplier(2 ** (-30 - CELL_SCALE_LOG2)),
    },
    hidden: {
      scale: quantizeMultiplier(2 ** -30 / (hasProjection ? HIDDEN.scale : OUTPUT.scale)),
      zeroPoint: hasProjection ? HIDDEN.zeroPoint : OUTPUT.zeroPoint,
    },
    projection: hasProjection
      ? {
          weights: Int8Array.from(weights),
          bias: Float64Array.from(
            bias,
            (b, r) => b - HIDDEN.zeroPoint * rowSum(weights, outputs, r),
          ),
          scale: double(PROJECTION_SCALE, HIDDEN.scale, OUTPUT.scale),
          clip: 0,
        }
      : null,
  };
}

/** States after each of the steps. */
function run(layer: IntegerLstm, steps: number) {
  const next = generator(99);
  const state = initialState(layer);
  return Array.from({ length: steps }, () => {
    step(layer, state, Int8Array.from({ length: INPUT.size }, next));
    return { h: [...state.h], c: [...state.c] };
  });
}

describe('reference vectors', () => {
  test('the generator draws the documented tensors', () => {
    const layer = layerOf({});
    const { i } = layer.gates;
    expect([...i!.inputWeights]).toEqual([70, -2, 1, -21, -53, 123, 98, 123, -44, 118, 61, 95]);
    expect([...i!.inputBias]).toEqual([2025, 565, -1835, -190]);
    expect(i!.inputScale).toEqual({ multiplier: 1511828488, shift: 0 });
    expect(layer.hidden.scale).toEqual({ multiplier: 1677721600, shift: -23 });
  });

  test('plain', () => {
    expect(run(layerOf({}), 4)).toEqual([
      { h: [-3, 0, 23, 68], c: [-1703, -689, 3072, 3514] },
      { h: [48, 19, 9, 12], c: [1902, 2326, 467, 4127] },
      { h: [3, 7, -53, 43], c: [-543, 1755, -2879, 2378] },
      { h: [37, -27, 8, 52], c: [1398, -2164, 259, 3291] },
    ]);
  });

  test.each([
    ['CIFG', { isCifg: true }, [29, 15, -17, 22], [1271, 660, -1479, 637]],
    ['projection', { outputs: 2 }, [-17, 19], [1423, 1033, -2557, -1888]],
    ['peephole', { hasPeephole: true }, [16, 24, 5, 24], [2448, 797, -1338, 699]],
  ])('%s', (_, variant, h, c) => {
    expect(run(layerOf(variant), 4)[3]).toEqual({ h, c });
  });
});

describe('kernels', () => {
  const variant = { hasPeephole: true, outputs: 2 };

  test('TensorFlow Lite alone gives peephole weights to as many cells as there are outputs', () => {
    const own = run(layerOf(variant), 4);
    const quirky = run(layerOf(variant, { ...KERNEL, peepholeRows: 'output' }), 4);
    expect(quirky).not.toEqual(own);
    const cut = layerOf(variant);
    for (const gate of [cut.gates.i, cut.gates.f, cut.gates.o]) gate!.peephole!.weights.fill(0, 2);
    expect(quirky).toEqual(run(cut, 4));
  });

  test('in a batch that runs together, peephole weights repeat over the batch cells', () => {
    const layer = layerOf(variant, { ...KERNEL, peepholeRows: 'output' });
    const x = Int8Array.of(48, 61, 36);
    const second = initialState(layer);
    second.c.set([1000, -2000, 3000, -4000]);
    const reference = layerOf(variant);
    const expected = initialState(reference);
    expected.c.set(second.c);
    // Of 3 items with 4 cells and 2 outputs, k = 0..5: item 1 has its cells 0 and 1, with weights 0 and 1.
    for (const gate of [reference.gates.i, reference.gates.f, reference.gates.o]) {
      gate!.peephole!.weights.fill(0, 2);
    }
    step(layer, second, x, { item: 1, items: 3 });
    step(reference, expected, x);
    expect([...second.h]).toEqual([...expected.h]);
    expect([...second.c]).toEqual([...expected.c]);
  });

  test('a clipped cell state stays within the clip, and saturations are counted', () => {
    const plain = layerOf({});
    const layer = { ...plain, cell: { ...plain.cell, clip: 1500 } };
    const states = run(layer, 4);
    expect(Math.max(...states.flatMap(({ c }) => c.map(Math.abs)))).toBe(1500);
    const state = initialState(layer);
    step(layer, state, Int8Array.of(48, 61, 36));
    expect(state.saturations).toEqual({ gateSums: 0, cells: 3, outputs: 0 });
  });

  test('fewer cell bits keep the same range in coarser steps', () => {
    const plain = layerOf({});
    const coarse: IntegerLstm = {
      ...plain,
      cell: { ...plain.cell, bits: 8, scaleLog2: CELL_SCALE_LOG2 + 8 },
    };
    const [wide, narrow] = [run(plain, 4), run(coarse, 4)];
    expect(narrow.every(({ c }) => c.every((v) => v >= -128 && v <= 127))).toBe(true);
    // One rounding of 2^-4 in c moves h by up to 6 steps of 1/100, and errors add up over steps.
    narrow.forEach(({ h }, t) =>
      h.forEach((v, u) => expect(Math.abs(v - wide[t].h[u])).toBeLessThan(20)),
    );
  });

  test('16-bit activations run with saturated outputs of 16 bits', () => {
    const plain = layerOf({}, { ...KERNEL, activationBits: 16, arithmetic: 'cmsis-nn' });
    const layer = {
      ...plain,
      hidden: { scale: quantizeMultiplier(2 ** -15), zeroPoint: OUTPUT.zeroPoint },
    };
    const state = initialState(layer);
    expect(state.h).toBeInstanceOf(Int16Array);
    step(layer, state, Int16Array.of(48, 61, 36));
    expect(Math.max(...state.h)).toBeGreaterThan(127);
  });

  test('a step allocates and changes nothing but its state', () => {
    const layer = layerOf({ hasPeephole: true });
    const before = structuredClone(layer);
    run(layer, 3);
    expect(layer).toEqual(before);
  });
});
