import { describe, expect, test } from 'vitest';
import { macsPerStep } from '../../src/design/design.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { findTool } from '../../src/eda/tools.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { codingOf } from '../../src/quant/coding.js';
import { SCHEMES, type Scheme } from '../../src/quant/scheme.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';
import { randomCase, randomScheme, verifyRandom } from '../../src/verify/random.js';
import { verify } from '../../src/verify/verify.js';

const iverilog = (await findTool('iverilog')) !== undefined;
const verilator = (await findTool('verilator')) !== undefined;

/** What is wrong with a random design of a scheme, with what it is about. */
async function problemsOf(seed: number, scheme: string | Scheme): Promise<string[][]> {
  const { cases, ...sums } = await verifyRandom({ count: 1, seed, scheme });
  const wrong = cases.filter(({ result }) => result.firstProblems.length > 0);
  expect(wrong.length > 0).toBe(sums.bitMismatches + sums.cycleMismatches > 0);
  return wrong.map(({ description, result }) => [description, ...result.firstProblems]);
}

describe('emitted Verilog', () => {
  // Many more: halfgate verify --random, which .ci/run does as well.
  test('equals golden in every bit and the simulator in every cycle (2 mixtures of formats)', async () => {
    for (const seed of [2025, 2026]) {
      expect(await problemsOf(seed, randomScheme(new Random(seed)))).toEqual([]);
    }
  }, 120_000);

  test.each([
    ['int8', 'interpolated'],
    ['int8', 'piecewise'],
    ['ternary-level3', 'interpolated'],
    ['ternary-level3', 'piecewise'],
    ['hitnet-h', 'interpolated'],
  ] as const)(
    '%s with a tanh that is %s equals golden and simulator',
    async (name, tanh) => {
      const scheme = { ...SCHEMES[name], name: 'formed', tanh };
      expect(await problemsOf(12, scheme)).toEqual([]);
    },
    120_000,
  );

  // Schemes of the same formats are the same hardware, whatever trained them.
  const formats = new Map(
    Object.entries(SCHEMES).map(([name, { weights, head, normalization: _, ...rest }]) => {
      const formatOf = (coding: string): object => codingOf(coding).format;
      const gates = weights.map((layer) => Object.values(layer).map(formatOf));
      return [JSON.stringify([gates, formatOf(head), { ...rest, name: '' }]), name];
    }),
  );
  test.each([...formats.values()].map((scheme, index) => [scheme, index] as const))(
    'equals golden and simulator in scheme %s (design of seed %i)',
    async (scheme, seed) => {
      expect(await problemsOf(seed, scheme)).toEqual([]);
    },
    60_000,
  );

  interface Corner {
    readonly title: string;
    readonly scheme: string;
    readonly inputSize?: number;
    readonly columns?: number;
    readonly hiddenSizes?: readonly number[];
    readonly rows: number;
    readonly isOneHot?: boolean;
    readonly options?: Partial<PlanOptions>;
  }
  const corners: readonly Corner[] = [
    ...['int8', 'ternary-level3', 'twn', 'bcq-3', 'laq-log-3', 'hitnet', 'hitnet-h'].map(
      (scheme) => ({
        title: 'one row, one unit, one input',
        scheme,
        rows: 1,
      }),
    ),
    { title: 'more rows than outputs', scheme: 'ternary-level3', rows: 16 },
    { title: 'more rows than outputs', scheme: 'hitnet-h', rows: 16 },
    {
      title: 'more rows than outputs, two layers',
      scheme: 'int8',
      inputSize: 2,
      hiddenSizes: [1, 2],
      rows: 16,
    },
    {
      title: 'more rows than outputs, two layers',
      scheme: 'ttq',
      inputSize: 2,
      hiddenSizes: [1, 2],
      rows: 24,
    },
    {
      title: 'rows that are no multiple of four',
      scheme: 'int8',
      inputSize: 3,
      columns: 2,
      hiddenSizes: [7],
      rows: 5,
    },
    {
      title: 'planes that straddle folds',
      scheme: 'bcq-3',
      inputSize: 3,
      columns: 2,
      hiddenSizes: [7, 3],
      rows: 5,
    },
    {
      title: 'passes shorter than the combiner is deep',
      scheme: 'bcq-2',
      hiddenSizes: [1, 1],
      rows: 2,
    },
    {
      title: 'a 64-row array',
      scheme: 'ternary-level3',
      inputSize: 9,
      hiddenSizes: [33],
      rows: 64,
    },
    {
      title: 'one-hot, one row',
      scheme: 'int8',
      inputSize: 2,
      hiddenSizes: [1],
      rows: 1,
      isOneHot: true,
    },
    {
      title: 'one-hot, more rows than outputs',
      scheme: 'ternary-level3',
      inputSize: 5,
      columns: 3,
      hiddenSizes: [1],
      rows: 16,
      isOneHot: true,
    },
    {
      title: 'one-hot, two layers of planes',
      scheme: 'dorefa-3',
      inputSize: 5,
      columns: 2,
      hiddenSizes: [3, 2],
      rows: 7,
      isOneHot: true,
    },
    {
      title: 'words fuller than operands',
      scheme: 'hitnet',
      inputSize: 3,
      hiddenSizes: [5, 2],
      rows: 6,
      options: { pack: 32 },
    },
    {
      title: 'words of one',
      scheme: 'hitnet-h',
      inputSize: 3,
      hiddenSizes: [5],
      rows: 6,
      options: { pack: 1 },
    },
    {
      title: 'int8 on signs',
      scheme: 'int8-level3',
      inputSize: 3,
      hiddenSizes: [3],
      rows: 7,
      options: { array: 'binary' },
    },
    {
      title: 'int8 on powers of two',
      scheme: 'int8',
      inputSize: 3,
      hiddenSizes: [3],
      rows: 7,
      options: { array: 'pow2' },
    },
  ];
  test.each(corners)('is right for $title ($scheme)', async (corner) => {
    const { scheme, rows, isOneHot = false, options } = corner;
    const { inputSize = 1, columns = 1, hiddenSizes = [1] } = corner;
    const shape = {
      scheme,
      inputSize,
      hiddenSizes,
      classes: 2,
      when: 'every-step',
      ...(isOneHot ? { vocabSize: inputSize, isOneHot } : {}),
    } as const;
    const model = randomModel(shape, new Random(8));
    const design = plan(model, { name: 'corner', rows, columns, ...options });
    const batches = randomInput(design, [4, 1, 3], new Random(9));
    expect(await cosimulate(design, emit(design), batches, { randomizeState: 5 })).toMatchObject({
      bitMismatches: 0,
      cycleMismatches: 0,
      firstProblems: [],
    });
  });
});

test('the array is at least 90 % busy in RTL for H = I = 64, 16 rows, one sequence', async () => {
  for (const scheme of ['int8', 'ternary-level3'] as const) {
    const shape = {
      scheme,
      inputSize: 64,
      hiddenSizes: [64],
      classes: 16,
      when: 'every-step',
    } as const;
    const design = plan(randomModel(shape, new Random(1)), { name: 'busy', rows: 16, columns: 1 });
    const steps = 8;
    const batches = randomInput(design, [steps], new Random(2));
    const { resultCycles, bitMismatches, cycleMismatches } = await cosimulate(
      design,
      emit(design),
      batches,
    );
    expect([bitMismatches, cycleMismatches]).toEqual([0, 0]);
    const cyclesPerStep = (resultCycles[steps - 1] - resultCycles[steps / 2]) / (steps / 2 - 1);
    const { lstm, head } = macsPerStep(design);
    expect((lstm + head) / (16 * cyclesPerStep)).toBeGreaterThanOrEqual(0.9);
  }
}, 60_000);

test.each([2, 5])(
  'one cycle of reset is enough, after any number of cycles (random design %i of seed 41)',
  async (index) => {
    const { design, batches } = randomCase(41, index);
    const netlist = emit(design);
    const compiled = await compileDesign(design, netlist, { randomizeState: 7 });
    for (const resetAfter of [1, 17, 90, 333, 1000]) {
      const result = await cosimulate(design, netlist, batches, { resetAfter, compiled });
      expect(result.firstProblems).toEqual([]);
    }
  },
);

describe('cosimulation finds planted faults', () => {
  // Few inputs and many steps, so that sums meet thresholds and cells run into their limits.
  const shape = { inputSize: 2, hiddenSizes: [12], classes: 5, when: 'every-step' } as const;
  const made = (more: Partial<ModelShape & PlanOptions>, lengths: readonly number[]) => {
    const full = { ...shape, scheme: 'ternary-level3', ...more };
    const options = { name: 'dut', rows: 5, columns: 1, ...more };
    const design = plan(randomModel(full, new Random(3)), options);
    return { design, batches: randomInput(design, lengths, new Random(4)), netlist: emit(design) };
  };
  const plain = made({}, [60, 30]);
  const planed = made({ scheme: 'bcq-2', hiddenSizes: [4, 3] }, [6, 3]);
  const signed = made({ scheme: 'binary', hiddenSizes: [4] }, [6]);
  const tokens = { inputSize: 9, vocabSize: 9, isOneHot: true };
  const counted = {
    ...{ scheme: 'hitnet', ...tokens, hiddenSizes: [11, 6] },
    ...({ pack: 4, columns: 2 } as const),
  };
  const tabled = made({ ...counted, array: 'binary' }, [30, 20]);
  const all = { plain, planed, signed, tabled };

  const mismatches = async ({ design, batches }: typeof plain, netlist: Netlist) => {
    const { bitMismatches, cycleMismatches } = await cosimulate(design, netlist, batches);
    return bitMismatches + cycleMismatches;
  };
  const faulty = (netlist: Netlist, file: string, from: string, to: string): Netlist => {
    const text = netlist.files[file];
    expect(text).toContain(from);
    return { ...netlist, files: { ...netlist.files, [file]: text.replace(from, to) } };
  };

  test.each(Object.keys(all) as (keyof typeof all)[])('and none in the %s design', async (name) => {
    expect(await mismatches(all[name], all[name].netlist)).toBe(0);
  });

  test.each<[string, keyof typeof all, string, string, string]>([
    ['a threshold one too high', 'plain', 'hg_threshold.v', 'acc_i < high_i', 'acc_i <= high_i'],
    [
      'a half that rounds up',
      'plain',
      'hg_shift_multiplier.v',
      '{value_i[WIDTH-1], value_i[WIDTH-1:1]}',
      '((value_i + 1) >>> 1)',
    ],
    ['a tanh index that truncates', 'plain', 'hg_tanh_lookup.v', '(ONE << SHIFT) >> 1', '0'],
    ['a drain one row late', 'plain', 'hg_drain.v', 'select_o == last_row', 'select_o > last_row'],
    [
      'a place too few in a unit',
      'planed',
      'hg_drain_planes.v',
      'at_last_place ?',
      'place_q == 2 ?',
    ],
    ['a pass that goes on', 'planed', 'hg_drain_planes.v', 'start_q && !next_first_pass', "1'b0"],
    ['a factor of the sum before', 'planed', 'hg_drain_planes.v', '= sum_q;', "= sum_q - 1'b1;"],
    [
      'a pass left out',
      'planed',
      'hg_combine.v',
      '{SUM_WIDTH{!pass_first_q}}',
      "{SUM_WIDTH{1'b0}}",
    ],
    ['a sum that is not begun anew', 'planed', 'hg_combine.v', 'plane_first_q ?', "1'b0 ?"],
    ['a weight of the wrong sign', 'planed', 'hg_pe_binary.v', 'weight_i};', "1'b0};"],
    [
      'a row word too early',
      'planed',
      'dut.v',
      'row_addr_q[1] <= row_addr_q[0]',
      'row_addr_q[1] <= row_addr',
    ],
    ['a factor one power too high', 'signed', 'hg_combine.v', '<< factor_i', '<< (factor_i + 1)'],
    ['a table read for every layer', 'tabled', 'dut_column.v', 'drain_head_q ||', "1'b0 &&"],
    ['a token of another step', 'tabled', 'dut.v', 'release_buffer = ', 'release_buffer = !'],
    ['a token given away too early', 'tabled', 'dut.v', ' && drain_1[8]', ''],
    ['an element left from the word before', 'tabled', 'hg_pack.v', '|index', "1'b1"],
    ['a pair that is not counted', 'tabled', 'hg_pe_popcount.v', 'p < PACK;', 'p < PACK - 1;'],
    ['c decided one too high', 'tabled', 'hg_cell_level.v', '>=', '>'],
  ])('%s', async (_, name, file, from, to) => {
    const changed = faulty(all[name].netlist, file, from, to);
    expect(await mismatches(all[name], changed)).toBeGreaterThan(0);
  });

  test('a wait that the schedule does not have', async () => {
    const late = faulty(
      plain.netlist,
      'dut_sequencer.v',
      'wire is_ready = ',
      'reg [1:0] tick_q; always @(posedge clk_i) tick_q <= tick_q + 1;\n  wire is_ready = tick_q[0] && ',
    );
    const result = await cosimulate(plain.design, late, plain.batches);
    expect(result.cycleMismatches).toBeGreaterThan(0);
  });
});

describe('verify', () => {
  const small = (shape: Partial<ModelShape>) => {
    const sizes = { inputSize: 6, hiddenSizes: [5], classes: 4, when: 'every-step' } as const;
    const model = randomModel({ scheme: 'hitnet', ...sizes, ...shape }, new Random(6));
    const design = plan(model, { name: 'dut', rows: 3, columns: 2 });
    return { design, batches: randomInput(design, [5, 2], new Random(7)) };
  };
  const candidate = small({});
  const chosen = {
    hitnet: candidate,
    'one-hot bcq-2': small({ scheme: 'bcq-2', vocabSize: 6, isOneHot: true }),
    'bidirectional int8': small({
      scheme: 'int8',
      bidirectional: [true],
      features: [
        { count: 3, size: 4 },
        { count: 5, size: 2 },
      ],
    }),
    'value-giving ternary-level3': small({
      scheme: 'ternary-level3',
      output: 'value',
      classes: 1,
      when: 'last-step',
    }),
  };
  const isPresent = { iverilog, verilator };
  // Verilator compiles C++ for every design, which takes as long as everything else here.
  const runs = (['iverilog', 'verilator'] as const).flatMap((engine) =>
    Object.entries(chosen)
      .filter(([name]) => engine === 'iverilog' || name === 'bidirectional int8')
      .map(([name, run]) => [name, engine, run] as const),
  );

  test.each(runs)(
    'the generated testbench of %s passes in %s (skipped where it is not installed)',
    async (_, engine, { design, batches }) => {
      const { engines, passed } = await verify(design, batches, { engines: [engine] });
      if (isPresent[engine]) expect({ passed, engines }).toMatchObject({ passed: true });
      else expect(engines[0].status).toBe('skipped');
    },
    180_000,
  );

  test('says which engines it could not use', async () => {
    const { engines, passed } = await verify(candidate.design, candidate.batches, {
      engines: ['npm'],
    });
    expect(passed).toBe(true);
    expect(engines[0]).toMatchObject({ engine: 'npm', status: 'passed', problems: [] });
  });
});
