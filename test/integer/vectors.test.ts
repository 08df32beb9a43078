import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkVectorFile, vectorFiles } from '../../src/integer/vectors.js';
import { scratchFolder } from '../scratch.js';
import { GOLDEN, hasGolden, skipReason } from './shared.js';

/** A file's content, to be changed at any place. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Content = any;

const folder = scratchFolder();

describe.skipIf(!hasGolden)(`recorded results${skipReason}`, () => {
  const files = hasGolden ? vectorFiles(GOLDEN) : [];

  test('there are files of all kinds and kernels', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(new Set(files.map((file) => checkVectorFile(file).kind))).toEqual(
      new Set(['lstm', 'primitives', 'activation_exhaustive', 'table']),
    );
  });

  test.each(files.map((file) => [basename(file), file]))('%s', (_, file) => {
    const { problems, compared } = checkVectorFile(file);
    expect(problems).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });

  /** A copy of a golden file with one thing changed. */
  function changed(name: string, change: (file: Content) => void): string {
    const file = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf8')) as object;
    change(file);
    return folder.write(`${name}.json`, JSON.stringify(file));
  }

  test.each([
    [
      'cmsis-nn-s8-lstm-1',
      (f: Content) => f.expected.output.data[25]++,
      /^expected\.output\.data\[25\] \(step 2, batch 0, unit 3\): computed -?\d+, expected -?\d+ \(1 of \d+ values differ\)$/,
    ],
    [
      'cmsis-nn-s8-gen-24-mixed',
      (f: Content) => f.expected.output.data[40]++,
      /^expected\.output\.data\[40\] \(step 0, batch 1, unit 5\)/,
    ],
    [
      'tflite-8x8-16-gen-cifg-0',
      (f: Content) => f.expected.cell_state_per_step.data[4]--,
      /^expected\.cell_state_per_step\.data\[4\] \(step 1, batch 0, unit 1\)/,
    ],
    [
      'tflite-8x8-16-gen-cifg-0',
      (f: Content) => f.expected.forget_gate_per_step.data[0]--,
      /^expected\.forget_gate_per_step\.data\[0\] \(step 0, batch 0, unit 0\)/,
    ],
    [
      'tflm-int8-2x3x2x2',
      (f: Content) => f.expected.final_cell_state.data[3]--,
      /^expected\.final_cell_state\.data\[3\] \(after the last step, batch 1, unit 1\)/,
    ],
    [
      'tflm-int8-2x3x2x2',
      (f: Content) => (f.float_reference.expected_output.data[3] += 0.1),
      /^float_reference\.expected_output\.data\[3\]: computed .*, expected .* within 0.01$/,
    ],
    [
      'model-mnist-lstm-cmsis',
      (f: Content) => (f.head.labels[4] = 7),
      /^head\.labels\[4\]: computed 4, expected 7/,
    ],
    [
      'model-mnist-lstm-cmsis',
      (f: Content) => f.head.expected_logits.data[12]++,
      /^head\.expected_logits\.data\[12\] \(batch 1, class 2\)/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => f.gates.cell.recurrent_multiplier++,
      /^gates\.cell\.recurrent_multiplier from scales: computed \d+, expected \d+/,
    ],
    [
      'tflite-8x8-16-gen-special-cell-clip',
      (f: Content) => (f.scales.cell_clip = 1),
      /^cell\.clip from scales/,
    ],
    [
      'tflite-8x8-16-gen-layer-norm-0',
      (f: Content) => (f.gates.output.layer_norm_variance_guard = 2),
      /^gates\.output\.layer_norm_variance_guard from scales: computed 1, expected 2/,
    ],
    [
      'cmsis-nn-s8-gen-12-real',
      (f: Content) => (f.single_rounding_gives_same_output = true),
      /^single_rounding_gives_same_output: computed false, expected true/,
    ],
    [
      'tflm-s8-gen-18-sat',
      (f: Content) => (f.also_exact_for = ['cmsis_nn_s8']),
      /^also_exact_for cmsis_nn_s8: expected\./,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => f.gates.forget.input_effective_bias.data[0]++,
      /^gates\.forget\.input_effective_bias\.data\[0\]: -?\d+, bias - zero point \* sum of the row's weights is/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => (f.input.data[0] = 128),
      /^input\.data\[0\]: 128, an integer in -128\.\.127$/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => (f.gates.forget.input_weights.shape = [2, 3]),
      /^gates\.forget\.input_weights\.shape: \[2, 3\], \[1, 1\]$/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => (f.kernel = 'cmsis_nn_s4'),
      /^kernel: given "cmsis_nn_s4", must be "cmsis_nn_s8" or "cmsis_nn_s16"/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => (f.expected.hidden_per_step = f.expected.output),
      /^expected\.hidden_per_step: unknown key$/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => (f.expected = {}),
      /^expected: nothing, needs a result/,
    ],
    [
      'cmsis-nn-s8-gen-00-real',
      (f: Content) => (f.schema = 'int8-lstm-golden/2'),
      /^schema: given "int8-lstm-golden\/2", must be "int8-lstm-golden\/1"$/,
    ],
    [
      'table-sigmoid-uint16',
      (f: Content) => f.data[7]++,
      /^data\[7\]: computed \d+, expected \d+ \(1 of 256 values differ\)$/,
    ],
    [
      'activation-lut-tanh-shift-m2',
      (f: Content) => {
        const bytes = Buffer.from(f.output, 'base64');
        bytes.writeInt16LE(5, 2 * (32768 - 9));
        f.output = bytes.toString('base64');
      },
      /^output at input -9: computed -?\d+, expected 5/,
    ],
    [
      'primitives-generated-a',
      (f: Content) => f.entries[2].expected[3]++,
      /^entries\[2\] \(requantize_64bit\)\.expected\[3\]: computed/,
    ],
    [
      'primitives-tflite-upstream',
      (f: Content) => (f.entries[5].op = 'layer_normalize'),
      /^entries\[5\] \(layer_normalize, QuantApplyLayerNormTest\): unknown operation$/,
    ],
    [
      'primitives-tflite-upstream',
      (f: Content) => f.entries[5].bias.pop(),
      /^entries\[5\] \(layer_norm, QuantApplyLayerNormTest\)\.bias: 14 values, 15 as cols$/,
    ],
  ])('a changed %s fails and says where', (name, change, message) => {
    const { problems, hasPassed } = checkVectorFile(changed(name, change));
    expect(hasPassed).toBe(false);
    expect(problems[0]).toMatch(message);
  });

  test('what only describes, and what may be missing, does not matter', () => {
    const path = changed('tflite-8x8-16-gen-basic-0', (f) => {
      for (const key of ['origin', 'scales', 'style', 'variant', 'types', 'also_exact_for']) {
        delete f[key];
      }
      f.head = null;
      f.initial_state = null;
      f.gates.cell.bias.data = f.gates.cell.bias.data.map(String);
      f.hidden.zero_point = null;
      delete f.gates.output.input_effective_bias;
      f.something_new = { note: 'that nothing depends on' };
    });
    expect(checkVectorFile(path).problems).toEqual([]);
  });

  test('biases of 64 bits that no double holds saturate their gate', () => {
    const path = changed('cmsis-nn-s16-gen-00-real', (f) => {
      f.gates.forget.bias.data = ['9223372036854775000'];
      f.gates.forget.input_effective_bias.data = ['9223372036854775000'];
      f.expected = { forget_gate_per_step: { ...f.expected.forget_gate_per_step, data: [32757] } };
    });
    expect(checkVectorFile(path).problems).toEqual([]);
  });
});

describe('unreadable files', () => {
  test.each([
    ['not JSON', '{', /^not JSON \(/],
    ['a list', '[]', /^given \[\], must be an object$/],
    ['no schema', '{"kind": "lstm"}', /^schema: given nothing, must be "int8-lstm-golden\/1"$/],
    [
      'another kind',
      '{"schema": "int8-lstm-golden/1", "kind": "gru"}',
      /^kind: given "gru", must be "lstm" or/,
    ],
    [
      'an empty LSTM',
      '{"schema": "int8-lstm-golden/1", "kind": "lstm"}',
      /^kernel: given nothing, must be "cmsis_nn_s8" or .*; dims: given nothing, must be an object;/,
    ],
  ])('%s', (name, content, message) => {
    const path = folder.write(`${name}.json`, content);
    const { problems, compared } = checkVectorFile(path);
    expect(problems[0]).toMatch(message);
    expect(compared).toBe(0);
  });

  test('a missing file', () => {
    expect(checkVectorFile(join(folder.path, 'none.json')).problems).toEqual([
      'no such file or folder',
    ]);
    expect(() => vectorFiles(join(folder.path, 'none'))).toThrow('no such file or folder');
  });
});
