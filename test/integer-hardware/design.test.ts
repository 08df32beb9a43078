import { describe, expect, test } from 'vitest';
import {
  type IntegerDesign,
  IntegerDesignError,
  planInteger,
} from '../../src/integer-hardware/design.js';
import { emitInteger } from '../../src/integer-hardware/emit.js';
import { INTEGER_VARIANTS } from '../../src/integer-hardware/random.js';
import { realisticLayers } from '../../src/integer-hardware/realistic.js';
import type { IntegerLstm } from '../../src/integer/lstm.js';

const SIZES = { input: 3, cell: 5, output: 2 };
const [plain] = realisticLayers(1, [INTEGER_VARIANTS[0]], SIZES);
const [full] = realisticLayers(1, [INTEGER_VARIANTS[14]], SIZES);

function problems(layers: readonly IntegerLstm[], name = 'top', rows = 4): readonly string[] {
  try {
    planInteger(layers, { name, rows });
  } catch (error) {
    if (error instanceof IntegerDesignError) return error.problems;
    throw error;
  }
  return [];
}

describe('planInteger', () => {
  test('lists the operations of a plain layer', () => {
    const { operations } = planInteger([plain], { name: 'top' });
    expect(operations.map(({ title }) => title)).toEqual([
      ...['f', 'i', 'g', 'o'].flatMap((gate) => [
        `layer 0, ${gate}: W x`,
        `layer 0, ${gate}: R h, ${gate}`,
      ]),
      'layer 0, c: f c',
      'layer 0, c: + i g',
      'layer 0, c: tanh',
      'layer 0: h = o tanh(c)',
      'output of h',
    ]);
    expect(operations.map(({ isReleasing }) => isReleasing).lastIndexOf(true)).toBe(6);
  });

  test('names all problems at once', () => {
    const { cell, gates, hidden } = plain;
    const broken: IntegerLstm = {
      ...plain,
      outputZeroPoint: 200,
      cell: { ...cell, scaleLog2: -3, clip: 40000 },
      hidden: { ...hidden, scale: { multiplier: 2 ** 30, shift: -40 } },
      gates: {
        ...gates,
        f: { ...gates.f, inputScale: { multiplier: 2 ** 30, shift: 31 } },
        o: { ...gates.o, inputWeights: new Int8Array(3) },
        g: { ...gates.g, recurrentBias: gates.g.recurrentBias.map(() => 2 ** 33) },
      },
    };
    expect(problems([broken, plain], 'a-b', 0)).toEqual([
      "name: 'a-b' is no Verilog identifier",
      'rows: 0 is not in 1..256',
      'layers[0].gates.f, W x scale.shift: 31 makes a right shift of 0, which is not in 1..62',
      expect.stringMatching(/^layers\[0\]\.gates\.f, W x: sums may reach \d+ \* 2\^31/),
      expect.stringMatching(
        /^layers\[0\]\.gates\.g, R h: sums may reach \d+; the accumulator holds/,
      ),
      'layers[0].gates.o, W x: 3 weights, not 5 x 3',
      'layers[0].cell.clip: 40000 is not in 0..32767',
      'layers[0].cell.scaleLog2: -3 is not in -15..-9 (16 bits)',
      'layers[0].outputZeroPoint: 200 is not in -128..127',
      'layers[0].hidden.scale.shift: -40 makes a right shift of 71, which is not in 1..62',
      "layers[1].inputSize: 3 is not layer 0's 5",
      expect.stringMatching(/^layers\[1\]\.inputZeroPoint: -?\d+ is not layer 0's 200$/),
    ]);
    expect(() => planInteger([], { name: 'top' })).toThrow('1 problem\n  layers: there is none');
  });

  test('refuses layers of different widths or activations', () => {
    const wide = { ...plain, kernel: { ...plain.kernel, activationBits: 16 as const } };
    const other = { ...plain, kernel: { ...plain.kernel, activation: 'gemmlowp' as const } };
    const joined = (next: IntegerLstm): IntegerLstm => ({
      ...next,
      inputSize: 5,
      inputZeroPoint: plain.outputZeroPoint,
      gates: Object.fromEntries(
        Object.entries(next.gates).map(([name, gate]) => [
          name,
          { ...gate, inputWeights: new Int8Array(25) },
        ]),
      ) as unknown as IntegerLstm['gates'],
    });
    expect(problems([plain, joined(wide)])).toEqual([
      "layers[1].kernel.activationBits: 16 is not layer 0's",
    ]);
    expect(problems([plain, joined(other)])).toEqual([
      "layers[1].kernel.activation: gemmlowp is not layer 0's",
    ]);
  });
});

describe('emitInteger', () => {
  const design = (layer: IntegerLstm): IntegerDesign => planInteger([layer], { name: 'top' });

  test('gives the same bytes twice, and another id for another weight', () => {
    expect(emitInteger(design(plain))).toEqual(emitInteger(design(plain)));
    const weights = plain.gates.f.inputWeights.map((w, k) => (k === 0 ? -w : w));
    const gates = { ...plain.gates, f: { ...plain.gates.f, inputWeights: weights } };
    const ids = [plain, { ...plain, gates }].map((layer) => emitInteger(design(layer)).designId);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('leaves out what a layer does not need', () => {
    const names = (layer: IntegerLstm): string[] => Object.keys(emitInteger(design(layer)).files);
    const extra = names(full).filter((name) => !names(plain).includes(name));
    expect(extra).toEqual([
      'hgi_inverse_sqrt.v',
      'hgi_layer_norm.v',
      'hgi_wide_memory.v',
      'top_vector_weights.hex',
    ]);
    expect(emitInteger(design(plain)).files['top.v']).toContain('assign weight = ');
  });

  test('names the operations in the program file', () => {
    const lines = emitInteger(design(plain)).files['top_program.hex'].split('\n');
    expect(lines[1]).toMatch(/^[0-9a-f]+ \/\/ 0: layer 0, f: W x$/);
  });
});
