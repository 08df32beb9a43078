import { describe, expect, test } from 'vitest';
import type { IntegerGate, IntegerLstm } from '../../src/integer/lstm.js';
import { quantizeMultiplier } from '../../src/integer/fixed-point.js';
import { noSaturations, outputWidth, runBatch, runSequence } from '../../src/integer/sequence.js';
import { Random } from '../../src/model/random.js';

function randomLayer(seed: number, inputSize: number, cellSize: number): IntegerLstm {
  const random = new Random(seed);
  const bytes = (n: number): Int8Array =>
    Int8Array.from({ length: n }, () => random.integer(255) - 127);
  const gate = (): IntegerGate => ({
    inputWeights: bytes(cellSize * inputSize),
    recurrentWeights: bytes(cellSize * cellSize),
    inputBias: Float64Array.from({ length: cellSize }, () => random.integer(8000) - 4000),
    recurrentBias: new Float64Array(cellSize),
    inputScale: quantizeMultiplier(0.3),
    recurrentScale: quantizeMultiplier(0.2),
    peephole: null,
    layerNorm: null,
  });
  return {
    kernel: {
      arithmetic: 'cmsis-nn',
      activation: 'lut256',
      rounding: 'single',
      activationBits: 8,
      peepholeRows: 'cell',
    },
    inputSize,
    cellSize,
    outputSize: cellSize,
    inputZeroPoint: 0,
    outputZeroPoint: 0,
    gates: { i: gate(), f: gate(), g: gate(), o: gate() },
    cell: {
      bits: 16,
      scaleLog2: -11,
      clip: 0,
      forgetScale: quantizeMultiplier(2 ** -15),
      inputScale: quantizeMultiplier(2 ** -19),
    },
    hidden: { scale: quantizeMultiplier(2 ** -23), zeroPoint: 0 },
    projection: null,
  };
}

function randomInput(seed: number, n: number): Int8Array {
  const random = new Random(seed);
  return Int8Array.from({ length: n }, () => random.integer(256) - 128);
}

/** [a, b, n] as [b, a, n]. */
function transposed(values: ArrayLike<number>, a: number, b: number, n: number): Int8Array {
  const out = new Int8Array(a * b * n);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < n; k++) out[(j * a + i) * n + k] = values[(i * b + j) * n + k];
  return out;
}

describe('runBatch', () => {
  const layer = randomLayer(7, 5, 6);
  const [batch, timeSteps] = [3, 4];
  const input = randomInput(8, batch * timeSteps * 5);

  test('gives each item what it gets alone', () => {
    const { output } = runBatch(layer, input, { batch, timeSteps, isTimeMajor: false });
    for (let item = 0; item < batch; item++) {
      const size = timeSteps * 5;
      const alone = runSequence([layer], input.subarray(item * size, (item + 1) * size));
      expect([...output.subarray(item * timeSteps * 6, (item + 1) * timeSteps * 6)]).toEqual([
        ...alone,
      ]);
    }
  });

  test('time-major order changes the layout alone', () => {
    const { output } = runBatch(layer, input, { batch, timeSteps, isTimeMajor: false });
    const turned = runBatch(layer, transposed(input, batch, timeSteps, 5), {
      batch,
      timeSteps,
      isTimeMajor: true,
    });
    expect([...transposed(turned.output, timeSteps, batch, 6)]).toEqual([...output]);
  });

  test('continues from a state', () => {
    const whole = runBatch(layer, input, { batch: 1, timeSteps: 12, isTimeMajor: true });
    const first = runBatch(layer, input.subarray(0, 25), {
      batch: 1,
      timeSteps: 5,
      isTimeMajor: true,
    });
    const { h, c } = first.states[0];
    const shape = { batch: 1, timeSteps: 7, isTimeMajor: true };
    const rest = runBatch(layer, input.subarray(25), shape, { h, c });
    expect([...first.output, ...rest.output]).toEqual([...whole.output]);
  });
});

describe('runSequence', () => {
  const input = randomInput(9, 6 * 5);

  test('counts how often it saturated', () => {
    const plain = randomLayer(1, 5, 4);
    const layer = { ...plain, cell: { ...plain.cell, clip: 1 } };
    const { states } = runBatch(layer, input, { batch: 1, timeSteps: 6, isTimeMajor: true });
    const [one, two] = [noSaturations(), noSaturations()];
    runSequence([layer], input, one);
    runSequence([{ forward: layer, backward: layer }], input, two);
    expect(one).toEqual(states[0].saturations);
    expect(one.cells).toBeGreaterThan(10);
    expect(two.cells).toBeGreaterThan(one.cells);
  });

  test('feeds each layer with the outputs of the one before', () => {
    const [lower, upper] = [randomLayer(1, 5, 4), randomLayer(2, 4, 3)];
    expect([...runSequence([lower, upper], input)]).toEqual([
      ...runSequence([upper], runSequence([lower], input)),
    ]);
  });

  test('two directions stand side by side, the second read from the end', () => {
    const [forward, backward] = [randomLayer(1, 5, 4), randomLayer(2, 5, 3)];
    const output = runSequence([{ forward, backward }], input);
    expect(outputWidth({ forward, backward })).toBe(7);
    const reversed = Int8Array.from(
      { length: 30 },
      (_, k) => input[(5 - Math.floor(k / 5)) * 5 + (k % 5)],
    );
    const [ahead, back] = [runSequence([forward], input), runSequence([backward], reversed)];
    for (let t = 0; t < 6; t++) {
      expect([...output.subarray(t * 7, t * 7 + 4)]).toEqual([...ahead.subarray(t * 4, t * 4 + 4)]);
      expect([...output.subarray(t * 7 + 4, t * 7 + 7)]).toEqual([
        ...back.subarray((5 - t) * 3, (5 - t) * 3 + 3),
      ]);
    }
  });
});
