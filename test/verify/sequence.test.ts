/** Whole sequences, several features, values: the emitted Verilog against golden and simulator. */
import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { goldenRun, randomInput } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

type Shape = Partial<ModelShape> & Partial<PlanOptions>;

const BASE = {
  ...{ scheme: 'int8', inputSize: 3, hiddenSizes: [5], classes: 4 },
  when: 'every-step',
} as const;

const FEATURES = {
  inputSize: 9,
  features: [
    { count: 5, size: 2 },
    { count: 3, size: 6 },
    { count: 9, size: 1 },
  ],
} as const;

function made(more: Shape, lengths: readonly number[]) {
  const model = randomModel({ ...BASE, ...more }, new Random(3));
  const { array, pack, inputTable, maxSteps, rows = 3, columns = 1 } = more;
  const design = plan(model, {
    ...{ name: 'dut', rows, columns },
    ...(array && { array }),
    ...(pack && { pack }),
    ...(inputTable && { inputTable }),
    ...(maxSteps && { maxSteps }),
  });
  return { design, netlist: emit(design), batches: randomInput(design, lengths, new Random(4)) };
}

const NOTHING_WRONG = { bitMismatches: 0, cycleMismatches: 0, firstProblems: [] };

describe('emitted Verilog equals golden and simulator, also with stalls:', () => {
  const both = { bidirectional: [true] };
  test.each<[string, Shape, readonly number[]]>([
    ['one unit, one input, one row, one step', { ...both, hiddenSizes: [1], rows: 1 }, [1, 3, 1]],
    ['room for one step only', { ...both, hiddenSizes: [2], maxSteps: 1, rows: 16 }, [1, 1, 1]],
    [
      'layers of different sizes, three columns',
      { bidirectional: [true, true], hiddenSizes: [6, 2], columns: 3, maxSteps: 5 },
      [5, 2],
    ],
    [
      'a layer of one direction between two of both, the last step alone',
      {
        ...{ scheme: 'ternary-level3', bidirectional: [true, false, true] },
        ...{ hiddenSizes: [4, 3, 3], when: 'last-step' },
      },
      [4, 1, 3],
    ],
    [
      'both directions below one, the last step alone',
      { bidirectional: [true, false], hiddenSizes: [4, 3], when: 'last-step' },
      [3, 2],
    ],
    [
      'tables of one-hot tokens for each direction, planes and passes',
      {
        ...{ scheme: 'bcq-2', bidirectional: [true, true], hiddenSizes: [3, 3] },
        ...{ inputSize: 5, vocabSize: 5, isOneHot: true, rows: 5, columns: 2 },
      },
      [4, 2],
    ],
    [
      'packed words that end within a direction, tables',
      {
        ...{ scheme: 'hitnet', bidirectional: [true, true], hiddenSizes: [6, 5], pack: 4 },
        ...{ inputSize: 7, vocabSize: 7, isOneHot: true, columns: 2 },
      },
      [3, 4],
    ],
    ['packed dense sequences', { ...both, scheme: 'hitnet-h', inputSize: 6, pack: 4 }, [3, 1, 4]],
    ['a token a step', { ...both, vocabSize: 9, columns: 2 }, [4, 1, 2]],
    ['features, step by step', { ...FEATURES, columns: 2 }, [4, 1]],
    [
      'features in passes of their own',
      { ...FEATURES, scheme: 'bcq-2', hiddenSizes: [4, 3] },
      [3, 2],
    ],
    ['features of packed words', { ...FEATURES, scheme: 'hitnet-h', pack: 2 }, [3, 2]],
    ['features of whole sequences', { ...FEATURES, ...both, columns: 2 }, [4, 1, 3]],
    ['one feature alone', { ...both, inputSize: 2, features: [{ count: 1, size: 2 }] }, [2, 2]],
    ['a value at the end', { output: 'value', classes: 1, when: 'last-step', columns: 2 }, [3, 1]],
    [
      'a value for every step of both directions',
      { ...both, scheme: 'ternary-level3', output: 'value', classes: 1 },
      [3, 2],
    ],
  ])('%s', async (_, more, lengths) => {
    const { design, netlist, batches } = made(more, lengths);
    const compiled = await compileDesign(design, netlist, { randomizeState: 5 });
    const run = (stalls: object) => cosimulate(design, netlist, batches, { compiled, ...stalls });
    expect(await run({})).toMatchObject(NOTHING_WRONG);
    expect(await run({ stallSeed: 6 })).toMatchObject(NOTHING_WRONG);
  });

  test('and after one cycle of reset, wherever a sequence stands', async () => {
    const { design, netlist, batches } = made(
      { ...FEATURES, bidirectional: [true, true], hiddenSizes: [3, 4], columns: 2 },
      [4, 2],
    );
    const compiled = await compileDesign(design, netlist, { randomizeState: 5 });
    for (const resetAfter of [1, 9, 40, 200, 700, 1500]) {
      const options = { compiled, resetAfter };
      expect(await cosimulate(design, netlist, batches, options)).toMatchObject(NOTHING_WRONG);
    }
  });
});

describe('a sequence of more steps than there is room for', () => {
  const shape = { bidirectional: [true], maxSteps: 4 };

  test('is cut by the hardware: what follows is another', async () => {
    const { design, netlist, batches } = made(shape, [4, 4]);
    const text = netlist.files['hg_sequence_in.v'];
    expect(text).toContain('= s_axis_tlast ||');
    // Nobody says where the first sequence ends.
    const deaf = text.replace('= s_axis_tlast ||', "= (s_axis_tlast && 1'b0) ||");
    const files = { ...netlist.files, 'hg_sequence_in.v': deaf };
    expect(await cosimulate(design, { ...netlist, files }, batches)).toMatchObject(NOTHING_WRONG);
  });

  test('is refused by the golden run and by the simulator', () => {
    const { design, batches } = made({ ...shape, maxSteps: 9 }, [4, 7]);
    const small = plan(design.model, { name: 'dut', rows: 3, columns: 1, maxSteps: 4 });
    expect(() => goldenRun(small, batches)).toThrow(
      'sequence 1: 7 steps, but the design holds 4; plan it with maxSteps 7 or more',
    );
    expect(() => simulate(small, { sequences: [4, 7] })).toThrow(
      'sequences[1]: 7 steps, but the design holds 4; plan it with maxSteps 7 or more',
    );
  });
});

describe('cosimulation finds planted faults', () => {
  const stacked = made({ bidirectional: [true, true], hiddenSizes: [2, 3], rows: 8 }, [4, 3]);
  const last = made({ bidirectional: [true], when: 'last-step' }, [4, 3]);
  const features = made(FEATURES, [5, 3]);
  const tagged = made({ ...FEATURES, bidirectional: [true] }, [5, 3]);
  const oneHot = { inputSize: 5, vocabSize: 5, isOneHot: true };
  const tabled = made({ ...oneHot, bidirectional: [true], columns: 2 }, [4, 3]);
  const planed = made({ scheme: 'bcq-2', bidirectional: [true], rows: 5 }, [3, 2]);
  const value = made({ output: 'value', classes: 1 }, [4]);
  const all = { stacked, last, features, tagged, tabled, planed, value };

  test.each<[string, keyof typeof all, string, string, string]>([
    [
      'own h of this step for that before',
      'stacked',
      'dut_sequencer.v',
      'is_previous ? before_q',
      'is_previous ? step_q',
    ],
    [
      'a backward phase from the first step on',
      'stacked',
      'dut_sequencer.v',
      'phase_ends && !stays',
      'phase_ends',
    ],
    [
      'a phase that does not wait for the one before',
      'stacked',
      'dut_sequencer.v',
      "fresh_q ? 4'd0 : max_pending",
      'max_pending',
    ],
    [
      'h of a step written to the next',
      'stacked',
      'dut_sequencer.v',
      'h_base_o <= step_q',
      'h_base_o <= step_d',
    ],
    [
      'weights of the first job for all',
      'stacked',
      'dut_sequencer.v',
      'weight_addr_o <= weight_base_q;',
      'weight_addr_o <= 0;',
    ],
    ['row words of another job', 'stacked', 'hg_drain.v', '{zeros, next_q[4+:LAYER_WIDTH]}', '0'],
    [
      'cells that never begin anew',
      'stacked',
      'dut_sequencer.v',
      'flush_fresh_o      = fresh_q',
      "flush_fresh_o      = 1'b0",
    ],
    [
      'a result that waits for none before',
      'stacked',
      'dut_sequencer.v',
      'at_first_fold && result_busy_q',
      "at_first_fold && 1'b0",
    ],
    ['a head at the wrong end', 'last', 'dut_sequencer.v', 'jumps ? last_q', "1'b0 ? last_q"],
    [
      'a sequence given away too early',
      'tagged',
      'dut_sequencer.v',
      "releases_x       = 1'b1",
      'releases_x       = is_input',
    ],
    [
      'a token of the cycle before',
      'tagged',
      'dut_sequencer.v',
      'issue_x_addr_o = x_d + feature',
      'issue_x_addr_o = x_q + feature',
    ],
    ['a feature of another table', 'tagged', 'hg_feature_start.v', 'BASES[feature_i*', 'BASES[0*'],
    [
      'a feature in rows of another width',
      'features',
      'hg_feature_start.v',
      '<< SHIFTS[8*f+:8]',
      '<< SHIFTS[7:0]',
    ],
    [
      'features in the other buffer',
      'features',
      'hg_source_features.v',
      '{buffer_i, feature_i}',
      '{!buffer_i, feature_i}',
    ],
    [
      'x given away with its first feature',
      'features',
      'dut_sequencer.v',
      'goes && is_last_input',
      'goes && is_input',
    ],
    [
      'a table of forward gates alone',
      'tabled',
      'dut_column.v',
      "1'b0 ? {TABLE_WIDTH",
      "drain_layer_q != 1'b0 ? {TABLE_WIDTH",
    ],
    [
      'a token that changes within a drain',
      'tabled',
      'dut.v',
      'drain_x_addr <= flush_x_addr',
      'drain_x_addr <= flush_x_addr + 1',
    ],
    [
      'factors of the wrong job',
      'planed',
      'hg_drain_planes.v',
      'sum_q <= SUM_BASES[next*',
      'sum_q <= SUM_BASES[0*',
    ],
    ['a value one too high', 'value', 'hg_value.v', '<= logit_i', "<= logit_i + 16'sd1"],
  ])('%s', async (_, name, file, from, to) => {
    const { design, netlist, batches } = all[name];
    const text = netlist.files[file];
    expect(text).toContain(from);
    const files = { ...netlist.files, [file]: text.replace(from, to) };
    const faulty: Netlist = { ...netlist, files };
    const { bitMismatches, cycleMismatches } = await cosimulate(design, faulty, batches);
    expect(bitMismatches + cycleMismatches).toBeGreaterThan(0);
  });
});
