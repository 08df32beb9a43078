/** Weight-stationary designs: the emitted Verilog against golden and both simulators. */
import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import { sumSpans, timelineOf } from '../../sim/timeline.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { emit } from '../../src/emit/emit.js';
import { emitTestbench } from '../../src/emit/project.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput, testVectors } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

const iverilog = (await findTool('iverilog')) !== undefined;

type Shape = Partial<ModelShape> & Partial<PlanOptions>;

function made(more: Shape, lengths: readonly number[] = [3, 1, 4]) {
  const shape: ModelShape = {
    ...{ scheme: 'ternary-level3', inputSize: 5, hiddenSizes: [9], classes: 4 },
    when: 'every-step',
    ...more,
  };
  const options = { rows: 3, columns: 4, lockstep: 2, dataflow: 'ws', ...more } as const;
  const design = plan(randomModel(shape, new Random(3)), { name: 'dut', ...options });
  return { design, netlist: emit(design), batches: randomInput(design, lengths, new Random(4)) };
}

const NOTHING_WRONG = { bitMismatches: 0, cycleMismatches: 0, firstProblems: [] };

describe('emitted Verilog equals golden and simulator, also with stalls and after a reset midway:', () => {
  test.each<[string, Shape]>([
    ['dense x', {}],
    ['more sequences than rows', { lockstep: 7 }],
    [
      'one unit, one input, one element, one sequence',
      { inputSize: 1, hiddenSizes: [1], rows: 1, columns: 1, lockstep: 1, classes: 2 },
    ],
    ['columns that hold no whole units', { columns: 3, lockstep: 5 }],
    ['two columns, one sequence', { columns: 2, lockstep: 1, rows: 4 }],
    ['more rows than a segment has operands', { inputSize: 2, hiddenSizes: [5], rows: 16 }],
    ['more columns than a job has outputs', { columns: 40, lockstep: 4, hiddenSizes: [3] }],
    [
      'layers of different sizes, the last step alone',
      { hiddenSizes: [3, 8], when: 'last-step', lockstep: 4 },
    ],
    ['layers, results at every step', { hiddenSizes: [8, 4], lockstep: 4, classes: 9 }],
    ['tokens', { vocabSize: 6, lockstep: 5 }],
    ['gates from tables', { scheme: 'int8', vocabSize: 9, columns: 8 }],
    ['int elements', { scheme: 'int8-level3', lockstep: 4, columns: 5 }],
    ['a value', { classes: 1, output: 'value', lockstep: 3, inputSize: 4, hiddenSizes: [4] }],
    ['codes of other formats on int elements', { scheme: 'ternary', array: 'int', lockstep: 3 }],
  ])('%s', async (_, shape) => {
    const { design, netlist, batches } = made(shape);
    const compiled = await compileDesign(design, netlist, { randomizeState: 7 });
    const run = (options: object) => cosimulate(design, netlist, batches, { compiled, ...options });
    expect(await run({})).toMatchObject(NOTHING_WRONG);
    expect(await run({ stallSeed: 8 })).toMatchObject(NOTHING_WRONG);
    expect(await run({ resetAfter: 23 })).toMatchObject(NOTHING_WRONG);
  });
});

describe('the testbench that comes with a design', () => {
  const { design, netlist, batches } = made({ lockstep: 3, hiddenSizes: [5, 3] });
  const testbench = emitTestbench(design, testVectors(design, batches));
  const run = (files: Readonly<Record<string, string>>) =>
    runTestbench({ files: { ...files, ...testbench.files }, top: testbench.top, tool: 'iverilog' });

  test.skipIf(!iverilog)('passes in Icarus (skipped without iverilog)', async () => {
    expect(await run(netlist.files)).toMatchObject({ passed: true });
  });

  test.skipIf(!iverilog)('fails with a place of h swapped (skipped without iverilog)', async () => {
    const file = 'hg_hidden_place.v';
    const faulty = netlist.files[file].replace('returns ? group_row_q', '!returns ? group_row_q');
    expect(faulty).not.toBe(netlist.files[file]);
    expect(await run({ ...netlist.files, [file]: faulty })).toMatchObject({ passed: false });
  });
});

describe('utilization', () => {
  const wide = { inputSize: 128, hiddenSizes: [128], classes: 10 };
  const figures = (more: Shape) => {
    const { design } = made({ ...wide, rows: 16, columns: 16, ...more });
    const report = simulate(design, { sequences: [24] });
    const { reads } = report.activity.memories.find(({ name }) => name === 'weight_bank')!;
    return { ...report, readsPerStep: reads / 24 / design.stationary!.sequences };
  };

  test.each([
    [16, 16, 32, 'last-step'],
    [16, 16, 32, 'every-step'],
    [16, 8, 32, 'every-step'],
    [8, 16, 16, 'every-step'],
    [4, 4, 8, 'every-step'],
  ] as const)(
    'is at least 0.95 on %i x %i elements with %i sequences, results at %s',
    (rows, columns, lockstep, when) => {
      expect(figures({ rows, columns, lockstep, when }).utilization).toBeGreaterThanOrEqual(0.95);
    },
  );

  test('is what sequences and rows allow below that, and no more', () => {
    for (const lockstep of [1, 4, 12]) {
      const { utilization } = figures({ lockstep, when: 'last-step' });
      expect(utilization).toBeLessThanOrEqual(lockstep / 16);
      expect(utilization).toBeGreaterThan((0.98 * lockstep) / 16);
    }
  });

  test('each weight is read once for all sequences', () => {
    const one = figures({ lockstep: 1 }).readsPerStep;
    // 4 * 128 * 256, and a head of 10 classes on 16 columns.
    expect(one).toBe(4 * 128 * 256 + 16 * 128);
    for (const lockstep of [4, 16, 32]) {
      expect(figures({ lockstep }).readsPerStep).toBe(one / lockstep);
    }
  });
});

test('a timeline has every cycle of the array, and drains one after the other', () => {
  const { design } = made({ lockstep: 3, hiddenSizes: [5, 3] });
  const timeline = timelineOf(design, { sequences: [3, 2] });
  expect(sumSpans(timeline.array)).toEqual(timeline.breakdown);
  const drains = timeline.units.filter(({ kind }) => kind === 'drain');
  // Of 5 steps, 3 sequences each: 4 gates of 8 units, and 4 classes.
  expect(drains.reduce((sum, { cycles }) => sum + cycles, 0)).toBe(5 * 3 * (4 * 8 + 4));
  drains.slice(1).forEach(({ start }, n) => {
    expect(start).toBeGreaterThanOrEqual(drains[n].start + drains[n].cycles);
  });
  const { outputCycles } = simulate(design, { sequences: [3, 2] });
  const outputs = timeline.units.filter(({ kind }) => kind === 'output');
  expect(outputs.map(({ start }) => start)).toEqual(outputCycles);
});

describe('what does not hold its weights', () => {
  test.each<[string, Shape, string]>([
    ['sequences', { lockstep: 300 }, 'lockstep: 300 is not an integer in 1..256'],
    [
      'elements',
      { array: 'binary' },
      'array: binary elements have no stationary form; ws takes ternary or int',
    ],
    ['scales of x and h', { scheme: 'twn' }, 'scheme twn: x and h have scales of their own'],
    ['planes', { scheme: 'ternary' }, 'array: on ternary elements an output of this scheme takes'],
    ['tables', { vocabSize: 5, inputSize: 5, isOneHot: true }, 'inputTable: sums of x by token'],
    [
      'directions',
      { bidirectional: [true] },
      'dataflow: bidirectional models keep h of whole sequences',
    ],
    ['packs', { scheme: 'hitnet', pack: 4 }, 'pack: 4 activations in a word'],
    ['blocks', { dsp: 3 }, 'dsp: 3, but stationary elements multiply alike'],
    [
      'weights from off chip',
      { weights: 'stream' },
      'weights: they are loaded, or streamed, row by row',
    ],
    ['pairs in a block', { scheme: 'int8', dspPairs: true }, 'dspPairs: two elements to a block'],
    [
      'loading',
      { weights: 'ram', control: 'axi-lite' },
      'weights: they are loaded, or streamed, row by row',
    ],
    [
      'streams',
      { streams: 2 },
      'streams: 2, but a ws dataflow runs its sequences in lockstep; use lockstep',
    ],
    [
      'a head too large',
      { classes: 2000, lockstep: 256, columns: 4 },
      'lockstep: 256 sequences, of which a column keeps 256000',
    ],
    [
      'another dataflow',
      { dataflow: 'os' },
      'lockstep: 2 sequences, but only dataflow ws has any; use columns',
    ],
  ])('is refused: %s', (_, shape, problem) => {
    expect(() => made(shape)).toThrow(problem);
  });
});
