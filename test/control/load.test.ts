/** Designs whose weights are loaded through AXI4-Lite: once, with stalls, again with others, and wrongly. */
import { describe, expect, test } from 'vitest';
import { reload } from '../../src/design/reload.js';
import { runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { emitTestbench } from '../../src/emit/project.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput, testVectors } from '../../src/verify/golden-run.js';
import { loadable, modelOf, negated, type Made } from './designs.js';

const iverilog = (await findTool('iverilog')) !== undefined;
const oneHot = { inputSize: 5, vocabSize: 5, isOneHot: true };
const features = [
  { count: 3, size: 4 },
  { count: 5, size: 2 },
];

/** Every element, every table, words narrower and wider than the bus, both sequencers. */
const KINDS: readonly (readonly [string, Made])[] = [
  ['ternary-level3', {}],
  ['ternary-level3 of tokens, two layers', { vocabSize: 7, hiddenSizes: [6, 3] }],
  ['int8, whose rows take two words', { scheme: 'int8', rows: 7 }],
  ['int8 one-hot', { scheme: 'int8', ...oneHot }],
  ['bcq-2, which has factors', { scheme: 'bcq-2', hiddenSizes: [4, 3] }],
  ['laq-log-3', { scheme: 'laq-log-3' }],
  [
    'hitnet in words of 64 bits',
    { scheme: 'hitnet', hiddenSizes: [9], pack: 32, array: 'ternary' },
  ],
  ['hitnet of binary planes, one-hot', { scheme: 'hitnet', ...oneHot, pack: 4, array: 'binary' }],
  ['features', { scheme: 'int8', inputSize: 6, features }],
  ['bidirectional features', { inputSize: 6, features, bidirectional: [true], maxSteps: 5 }],
  ['bidirectional one-hot', { scheme: 'twn', ...oneHot, bidirectional: [true], maxSteps: 5 }],
  ['int8 multiplied in LUTs', { scheme: 'int8', dsp: 0, columns: 1 }],
  ['a sparse dataflow', { dataflow: 'sparse', columns: 1 }],
  ['a sparse dataflow of tokens', { dataflow: 'sparse', columns: 1, vocabSize: 7 }],
  ['rows that no sum needs', { rows: 32, columns: 1 }],
];

describe('weights loaded through AXI4-Lite', () => {
  test.each(KINDS)(
    'compute what the golden model says, in the cycles of the simulator, and so do others: %s',
    async (_, more) => {
      const design = loadable(more);
      const netlist = emit(design);
      const compiled = await compileDesign(design, netlist, { randomizeState: 11 });
      const batches = randomInput(design, [3, 1, 2], new Random(5));
      const smooth = await cosimulate(design, netlist, batches, { compiled });
      const stalled = await cosimulate(design, netlist, batches, { compiled, stallSeed: 6 });
      expect([...smooth.firstProblems, ...stalled.firstProblems]).toEqual([]);
      expect(smooth.hiddenChecked).toBeGreaterThan(0);
      // The same hardware, other weights.
      const other = reload(design, negated(design.model));
      expect(emit(other).files).toEqual(netlist.files);
      const again = await cosimulate(other, netlist, batches, { compiled });
      expect(again.firstProblems).toEqual([]);
    },
    60_000,
  );

  test('of a model drawn anew, of the same shape', async () => {
    const design = loadable({ scheme: 'ternary-level3', hiddenSizes: [8] });
    const other = reload(design, modelOf({ hiddenSizes: [8] }, 77));
    const batches = randomInput(design, [4, 2], new Random(5));
    const result = await cosimulate(other, emit(design), batches, { stallSeed: 8 });
    expect(result).toMatchObject({ bitMismatches: 0, cycleMismatches: 0, firstProblems: [] });
    // And the two do differ.
    const compiled = await compileDesign(design, emit(design));
    const first = await cosimulate(design, emit(design), batches, { compiled });
    expect(first.firstProblems).toEqual([]);
    expect(testVectors(other, batches).hidden).not.toEqual(testVectors(design, batches).hidden);
  });

  test('are in no file that the Verilog reads', () => {
    const files = Object.keys(emit(loadable()).files).filter((file) => file.endsWith('.hex'));
    expect(files).toEqual(['dut_tanh.hex']);
  });

  test.skipIf(!iverilog)(
    'pass the generated testbench in iverilog, which loads them (skipped where it is not installed)',
    async () => {
      const design = loadable({ scheme: 'int8', rows: 7, hiddenSizes: [2] });
      const batches = randomInput(design, [3, 2], new Random(5));
      const { top, files } = emitTestbench(design, testVectors(design, batches));
      const run = await runTestbench({
        files: { ...emit(design).files, ...files },
        ...{ top, tool: 'iverilog' },
      });
      expect(run.log).toContain('HALFGATE PASS');
      expect(run.passed).toBe(true);
    },
    60_000,
  );
});

describe('a planted fault is caught', () => {
  // Rows of more than 32 bits, and more banks than share a word of the bus.
  const design = loadable({ scheme: 'int8-level3', array: 'int', rows: 7, columns: 1 });
  const netlist = emit(design);
  const batches = randomInput(design, [4, 2], new Random(5));
  const outcome = async (file: string, from: string, to: string): Promise<string> => {
    const text = netlist.files[file];
    expect(text).toContain(from);
    const changed: Netlist = {
      ...netlist,
      files: { ...netlist.files, [file]: text.replace(from, () => to) },
    };
    const result = await cosimulate(design, changed, batches, { randomizeState: 3 });
    if (result.bitMismatches + result.cycleMismatches === 0) return 'passes';
    const [first] = result.firstProblems;
    if (!first.startsWith('loading: ')) return 'differs';
    return first.includes('is answered') ? 'refused' : first;
  };
  const base = /has_row_parameters = write_addr(\[\d+:\d+\]) == (\d+'d)(\d+)/.exec(
    netlist.files['dut_control.v'],
  )!;

  test('none', async () => {
    expect(await outcome('dut_control.v', base[0], base[0])).toBe('passes');
  });

  test.each([
    ['a wrong base address', 'dut_control.v', base[0], base[0].replace(/\d+$/, '1'), 'refused'],
    [
      'two windows in one place',
      'dut_control.v',
      "loads && has_weight_bank && write_addr[2] == 1'd0",
      "loads && write_addr[2] == 1'd0",
      'differs',
    ],
    [
      'banks of neighbours swapped',
      'dut.v',
      '(load_weight_bank[1])',
      '(load_weight_bank[0])',
      'differs',
    ],
    ['bytes of the bus swapped', 'dut.v', '(load_data[39:32])', '(load_data[47:40])', 'differs'],
    [
      'low words of wide ones lost',
      'dut_control.v',
      'hold_q <= write_data',
      "hold_q <= 32'd0",
      'differs',
    ],
    [
      'an entry too far',
      'hg_weight_bank_ram.v',
      '(load_addr_i)',
      "(load_addr_i + 1'b1)",
      'differs',
    ],
    [
      'a core that starts before it is loaded',
      'dut_control.v',
      'idle_i && !control_run_q && !core_rst_o',
      "1'b0",
      'never',
    ],
  ] as const)('%s', async (_, file, from, to, expected) => {
    const found = await outcome(file, from, to);
    if (expected === 'never') expect(found).toContain('does not halt');
    else expect(found).toBe(expected);
  });
});

describe('reload', () => {
  test('names everything in which a model needs other hardware', () => {
    const design = loadable();
    expect(() => reload(design, modelOf({ hiddenSizes: [7] }, 3))).toThrow(
      /layers: the model's are not the design's; plan it anew/,
    );
    expect(() => reload(design, modelOf({ scheme: 'int8' }, 3))).toThrow(
      /formats: .*\n.*jobs: .*\n.*combiner: /,
    );
    const { layers } = design.model;
    const [layer] = layers;
    const rows = layer.rows.map((row) => (row.kind === 'linear' ? { ...row, shift: 24 } : row));
    expect(() => reload(design, { ...design.model, layers: [{ ...layer, rows }] })).toThrow(
      /layers\[0\]: shift 24 is not in \d+\.\.\d+/,
    );
  });

  test('needs a design whose weights are loaded', () => {
    const design = { ...loadable(), weights: undefined } as never;
    expect(() => reload(design, modelOf({}, 3))).toThrow(
      "weights: the design's are read-only; plan it with weights ram",
    );
  });

  test('a threshold beyond every sum loads as never or always', () => {
    const design = loadable();
    const [layer] = design.model.layers;
    const rows = layer.rows.map((row) =>
      row.kind === 'threshold' ? { ...row, low: -1e6, high: 1e6 } : row,
    );
    expect(() => reload(design, { ...design.model, layers: [{ ...layer, rows }] })).not.toThrow();
  });
});
