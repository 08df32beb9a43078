/** Weight-stationary designs: the emitted Verilog against golden and both simulators. */
import { describe, expect, test } from 'vitest';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { emit } from '../../src/emit/emit.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

type Shape = Partial<ModelShape> & Partial<PlanOptions>;

function made(more: Shape, lengths: readonly number[] = [3, 1, 4]) {
  const shape: ModelShape = {
    ...{ scheme: 'ternary-level3', inputSize: 5, hiddenSizes: [9], classes: 4 },
    when: 'every-step',
    ...more,
  };
  const { rows = 3, columns = 4, lockstep = 2, array } = more;
  const design = plan(randomModel(shape, new Random(3)), {
    ...{ name: 'dut', rows, columns, lockstep, dataflow: 'ws' },
    ...(array && { array }),
  });
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
