import { describe, expect, test } from 'vitest';
import { macsPerStep } from '../../src/design/design.js';
import { plan } from '../../src/design/plan.js';
import { findTool } from '../../src/eda/tools.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput } from '../../src/verify/golden-run.js';
import { randomModel } from '../../src/verify/random-model.js';
import { describeCase, randomCase, verifyRandom } from '../../src/verify/random.js';
import { verify } from '../../src/verify/verify.js';

const iverilog = (await findTool('iverilog')) !== undefined;
const verilator = (await findTool('verilator')) !== undefined;

describe('emitted Verilog', () => {
  test('equals golden in every bit and the simulator in every cycle (10 designs of seed 2024)', async () => {
    const { cases, bitMismatches, cycleMismatches } = await verifyRandom({ count: 10, seed: 2024 });
    const wrong = cases.filter(({ result }) => result.firstProblems.length > 0);
    expect(wrong.map(({ description, result }) => [description, ...result.firstProblems])).toEqual(
      [],
    );
    expect([bitMismatches, cycleMismatches]).toEqual([0, 0]);
  }, 240_000);

  test.each([
    ['one row, one unit, one input', 'int8', 1, 1, [1], 1],
    ['one row, one unit, one input', 'ternary-level3', 1, 1, [1], 1],
    ['more rows than outputs', 'ternary-level3', 1, 1, [1], 16],
    ['more rows than outputs, two layers', 'int8', 2, 1, [1, 2], 16],
    ['rows that are no multiple of four', 'int8', 3, 2, [7], 5],
    ['a 64-row array', 'ternary-level3', 9, 1, [33], 64],
  ] as const)('is right for %s (%s)', async (_, scheme, inputSize, columns, hiddenSizes, rows) => {
    const shape = {
      scheme,
      inputSize,
      hiddenSizes: [...hiddenSizes],
      classes: 2,
      when: 'every-step',
    } as const;
    const design = plan(randomModel(shape, new Random(8)), { name: 'corner', rows, columns });
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

test.each([1, 17, 90, 333, 1000])(
  'one cycle of reset after %i cycles is enough',
  async (resetAfter) => {
    for (const index of [2, 5]) {
      const { design, batches } = randomCase(41, index);
      const result = await cosimulate(design, emit(design), batches, {
        resetAfter,
        randomizeState: 7,
      });
      expect(result.firstProblems).toEqual([]);
    }
  },
);

describe('cosimulation finds planted faults', () => {
  // Few inputs and many steps, so that sums meet thresholds and cells run into their limits.
  const shape = {
    scheme: 'ternary-level3',
    inputSize: 2,
    hiddenSizes: [12],
    classes: 5,
    when: 'every-step',
  } as const;
  const design = plan(randomModel(shape, new Random(3)), { name: 'dut', rows: 5, columns: 2 });
  const batches = randomInput(design, [60, 30], new Random(4));
  const netlist = emit(design);
  const faulty = (file: string, from: string, to: string): Netlist => {
    const text = netlist.files[file];
    expect(text).toContain(from);
    return { ...netlist, files: { ...netlist.files, [file]: text.replace(from, to) } };
  };

  test.each([
    ['a threshold one too high', 'hg_threshold.v', 'acc_i >= high_i', 'acc_i > high_i'],
    [
      'a half that rounds up',
      'hg_shift_multiplier.v',
      '{value_i[WIDTH-1], value_i[WIDTH-1:1]}',
      '((value_i + 1) >>> 1)',
    ],
    ['a tanh index that truncates', 'hg_tanh_lookup.v', '~half_i, 3', "1'b0, 3"],
    ['a drain one row late', 'hg_drain.v', 'select_o == last_row', 'select_o > last_row'],
  ])('%s', async (_, file, from, to) => {
    const result = await cosimulate(design, faulty(file, from, to), batches);
    expect(result.bitMismatches + result.cycleMismatches).toBeGreaterThan(0);
  });

  test('a wait that the schedule does not have', async () => {
    const file = `${design.name}_sequencer.v`;
    const late = faulty(
      file,
      'wire is_ready = ',
      'reg [1:0] tick_q; always @(posedge clk_i) tick_q <= tick_q + 1;\n  wire is_ready = tick_q[0] && ',
    );
    const result = await cosimulate(design, late, batches);
    expect(result.cycleMismatches).toBeGreaterThan(0);
  });
});

describe('verify', () => {
  const candidate = randomCase(31, 4);
  const engine = (name: 'iverilog' | 'verilator') =>
    verify(candidate.design, candidate.batches, { engines: [name] });

  test.skipIf(!iverilog)(
    'the generated testbench passes in Icarus (skipped without iverilog)',
    async () => {
      expect(await engine('iverilog'), describeCase(candidate)).toMatchObject({
        passed: true,
        bitMismatches: 0,
      });
    },
    60_000,
  );

  test.skipIf(!verilator)(
    'the generated testbench passes in Verilator (skipped without verilator)',
    async () => {
      expect(await engine('verilator'), describeCase(candidate)).toMatchObject({
        passed: true,
        bitMismatches: 0,
      });
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
