/** Recorded runs of TensorFlow Lite and CMSIS-NN through the emitted Verilog. */
import { describe, expect, test } from 'vitest';
import { cosimulateInteger } from '../../src/integer-hardware/cosimulate.js';
import { planInteger } from '../../src/integer-hardware/design.js';
import { hasGolden, skipReason } from '../integer/shared.js';
import { readLstmFile, recordedRun } from './recorded.js';

describe.skipIf(!hasGolden)(`recorded runs${skipReason}`, () => {
  test.each([
    { name: 'model-mnist-lstm-cmsis', images: 2, rows: 8 },
    { name: 'model-mnist-lstm-tflite', images: 1, rows: 4 },
  ])('$images images through $name equal its outputs', async ({ name, images, rows }) => {
    const { layer, sequences, outputs } = recordedRun(readLstmFile(name));
    const design = planInteger([layer], { name: 'mnist', rows });
    const result = await cosimulateInteger(design, sequences.slice(0, images), {
      randomizeState: 1,
    });
    expect(result.firstProblems).toEqual([]);
    expect(result.outputs).toEqual(outputs.slice(0, images).flat());
  });

  test.each([
    'tflite-8x8-16-gen-cifg-peephole-layer-norm-0',
    'tflite-8x8-16-gen-projection-layer-norm-0',
    'tflite-8x8-16-gen-special-cell-saturation',
    'cmsis-nn-s16-gen-04-sat',
    'tflm-s8-gen-18-sat',
  ])('%s, from its start at real zero', async (name) => {
    const { layer, sequences, outputs } = recordedRun(readLstmFile(name));
    const design = planInteger([layer], { name: 'recorded', rows: 4 });
    const result = await cosimulateInteger(design, sequences);
    expect(result.firstProblems).toEqual([]);
    expect(result.outputs).toEqual(outputs.flat());
  });
});
