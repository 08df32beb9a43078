/** Designs that skip zeros: the emitted Verilog against golden and simulator, whose cycles follow the data. */
import { describe, expect, test } from 'vitest';
import { simulateClosedForm } from '../../sim/closed-form.js';
import { simulate } from '../../sim/simulate.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput, type BatchInput } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

type Shape = Partial<ModelShape> & Partial<PlanOptions>;

function made(more: Shape, lengths: readonly number[] = [3, 1, 4]) {
  const shape: ModelShape = {
    ...{ scheme: 'ternary-level3', inputSize: 5, hiddenSizes: [9], classes: 4 },
    when: 'every-step',
    ...more,
  };
  const { inputTable, rows = 3, dataflow = 'sparse' } = more;
  const design = plan(randomModel(shape, new Random(3)), {
    ...{ name: 'dut', rows, columns: 1, dataflow },
    ...(inputTable && { inputTable }),
  });
  return { design, netlist: emit(design), batches: randomInput(design, lengths, new Random(4)) };
}

const NOTHING_WRONG = { bitMismatches: 0, cycleMismatches: 0, firstProblems: [] };

describe('emitted Verilog equals golden and simulator, also with stalls and after a reset midway:', () => {
  test.each<[string, Shape]>([
    ['dense x', {}],
    ['one unit, one input, one row', { inputSize: 1, hiddenSizes: [1], rows: 1 }],
    ['more rows than a fold has operands', { inputSize: 2, hiddenSizes: [5], rows: 16 }],
    ['layers of different sizes, the last step alone', { hiddenSizes: [3, 8], when: 'last-step' }],
    ['tokens', { vocabSize: 6 }],
    ['tokens from a table', { vocabSize: 6, inputTable: true, hiddenSizes: [8, 4] }],
    ['x and h with scales of their own', { scheme: 'laq-linear-3', rows: 5 }],
    ['ternary activations', { scheme: 'hitnet', inputSize: 11 }],
    ['gates from tables', { scheme: 'int8', vocabSize: 9 }],
  ])('%s', async (_, shape) => {
    const { design, netlist, batches } = made(shape);
    const compiled = await compileDesign(design, netlist, { randomizeState: 7 });
    const run = (options: object) => cosimulate(design, netlist, batches, { compiled, ...options });
    expect(await run({})).toMatchObject(NOTHING_WRONG);
    expect(await run({ stallSeed: 8 })).toMatchObject(NOTHING_WRONG);
    expect(await run({ resetAfter: 23 })).toMatchObject(NOTHING_WRONG);
  });
});

describe('cycles follow the data', () => {
  const { design, netlist } = made({});
  /** Two steps, of an x that is zero and of one that is not. */
  const batch = (x: number): BatchInput[] => [
    { steps: [[Int8Array.from([x, x, x, x, x])], [Int8Array.from([x, x, x, x, x])]] },
  ];

  test.each([[0], [9]])('of an x of %i, as golden and simulator say', async (x) => {
    expect(await cosimulate(design, netlist, batch(x))).toMatchObject(NOTHING_WRONG);
  });

  test('zeros of x take no cycles, but for one where there is nothing else', () => {
    const [none, one, three, five] = [0, 1, 3, 5].map((x) => {
      const nonzeros = { hidden: [[9], [9]], input: [x, x] };
      return simulateClosedForm(design, { sequences: [2], nonzeros });
    });
    const { folds } = design.jobs[0];
    expect(five.breakdown.mac - three.breakdown.mac).toBe(2 * folds * 2);
    expect(five.cycles).toBeGreaterThan(three.cycles);
    expect(one.breakdown.mac - none.breakdown.mac).toBe(2 * folds);
    expect(one.cycles).toBe(none.cycles);
  });

  test('without counts nothing is zero, but for the h before a sequence', () => {
    const dense = made({ dataflow: 'os' }).design;
    const sequences = [40];
    const [ofSparse, ofDense] = [design, dense].map((d) => simulate(d, { sequences }));
    const { sums, k } = dense.jobs[0];
    expect(ofDense.activity.macs - ofSparse.activity.macs).toBe(9 * sums);
    expect(k).toBe(14);
  });

  test.each([
    [{ hidden: [[9]] }, 'nonzeros.hidden: 1 steps, but the sequences have 2'],
    [{ hidden: [[9], [10]] }, 'nonzeros.hidden[1][0]: 10 is not an integer in 0..9'],
    [{ hidden: [[9], [2.5]] }, 'nonzeros.hidden[1][0]: 2.5 is not an integer in 0..9'],
    [{ hidden: [[1], [1]], input: [1] }, 'nonzeros.input[1]: undefined is not an integer in 0..5'],
  ])('counts that are none are refused: %o', (nonzeros, problem) => {
    expect(() => simulate(design, { sequences: [2], nonzeros })).toThrow(problem);
  });
});

describe('a planted fault is caught:', () => {
  const faults: readonly (readonly [string, string, string, string])[] = [
    ['an h too many', 'hg_queue.v', 'count_q[list_q] <= kept', "count_q[list_q] <= kept + 1'b1"],
    [
      'the place of the h before',
      'hg_queue.v',
      '{place_q, write_data_i}',
      '{kept_q[INDEX_WIDTH-1:0], write_data_i}',
    ],
    [
      'weights of the segment before',
      'dut_sequencer.v',
      'weight_addr_o <= weight_addr_o +',
      'weight_addr_o <= {weight_addr_o} &',
    ],
    [
      'a drain too early',
      'dut_sequencer.v',
      'state_q <= may_drain ? FLUSH : WAIT',
      'state_q <= FLUSH',
    ],
    [
      'an index that is a cycle late',
      'dut.v',
      'weight_base_q <= weight_addr;',
      'weight_base_q <= weight_base_q;',
    ],
  ];
  test.each(faults)('%s', async (_, file, from, to) => {
    const { design, netlist, batches } = made({ inputSize: 2, hiddenSizes: [5], rows: 8 });
    expect(netlist.files[file].split(from)).toHaveLength(2);
    const files = { ...netlist.files, [file]: netlist.files[file].replace(from, () => to) };
    const faulty: Netlist = { ...netlist, files };
    const { bitMismatches, cycleMismatches } = await cosimulate(design, faulty, batches);
    expect(bitMismatches + cycleMismatches).toBeGreaterThan(0);
  });
});
