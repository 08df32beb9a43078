import { describe, expect, test } from 'vitest';
import {
  type IntegerDesign,
  IntegerDesignError,
  type IntegerDesignOptions,
  planInteger,
} from '../../src/integer-hardware/design.js';
import { emitInteger } from '../../src/integer-hardware/emit.js';
import { INTEGER_VARIANTS } from '../../src/integer-hardware/random.js';
import { realisticLayers } from '../../src/integer-hardware/realistic.js';
import type { IntegerLstm } from '../../src/integer/lstm.js';
import type { IntegerHead } from '../../src/integer/model.js';
import type { SequenceLayer } from '../../src/integer/sequence.js';

const SIZES = { input: 3, cell: 5, output: 2 };
const [plain] = realisticLayers(1, [INTEGER_VARIANTS[0]], SIZES);
const [full] = realisticLayers(1, [INTEGER_VARIANTS[14]], SIZES);

function problems(
  layers: readonly SequenceLayer[],
  name = 'top',
  rows = 4,
  more: Partial<IntegerDesignOptions> = {},
): readonly string[] {
  try {
    planInteger(layers, { name, rows, ...more });
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

  test('names what is wrong with directions, input, head and length', () => {
    const backward = { ...plain, inputSize: 4, outputZeroPoint: plain.outputZeroPoint - 1 };
    const codes = new Int8Array(5);
    const head: IntegerHead = {
      ...{ classes: 2, weights: new Int8Array(10), bias: new Float64Array([0, 2 ** 31]), scale: 1 },
      when: 'every-step',
      output: 'class',
    };
    const found = problems([plain, { forward: plain, backward }], 'top', 4, {
      input: { kind: 'tokens', table: { name: 'embedding', count: 2, size: 4, codes } },
      head,
      maxSteps: 0,
    });
    expect(found).toEqual([
      'maxSteps: 0 is not in 1..65536',
      ...['f', 'i', 'g', 'o'].flatMap(() => [expect.any(String) as string]),
      "layers[1].forward.inputSize: 3 is not layer 0's 5",
      expect.stringMatching(/^layers\[1\]\.forward\.inputZeroPoint: -?\d+ is not layer 0's/),
      "layers[1].backward.inputSize: 4 is not layer 0's 5",
      expect.stringMatching(/^layers\[1\]\.backward\.inputZeroPoint/),
      "layers[1].backward.inputSize: 4 is not forward's 3",
      expect.stringMatching(/^layers\[1\]\.backward\.outputZeroPoint: -?\d+ is not forward's/),
      'input: gives 4 elements, layer 0 takes 3',
      'input.embedding: 5 elements, not 2 x 4',
      'head: 10 weights and 2 biases, not 2 x 10 and 2',
    ]);
    expect(problems([plain], 'top', 4, { head })).toEqual([
      'head: sums may reach 2147483648; the accumulator holds 32 bits',
    ]);
  });

  test('lists the phases of both directions, then the head', () => {
    const head = {
      ...{ classes: 3, weights: new Int8Array(30), bias: new Float64Array(3), scale: 1 },
      output: 'class',
    } as const;
    const phases = (when: 'every-step' | 'last-step'): string[] =>
      planInteger([{ forward: plain, backward: plain }], {
        ...{ name: 'top', maxSteps: 8, head: { ...head, when } },
      })
        .operations.filter(({ isPhaseEnd }) => isPhaseEnd)
        .map(({ title, phase }) => `${phase.walk}: ${title}`);
    expect(phases('every-step')).toEqual([
      'forward: layer 0: h = o tanh(c)',
      'backward: layer 0 backward: h = o tanh(c)',
      'forward: output of the class',
    ]);
    expect(phases('last-step')).toEqual([
      'forward: layer 0: h = o tanh(c)',
      'once: layer 0 backward: h = o tanh(c)',
      'once: output of the class, after the last step',
    ]);
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
