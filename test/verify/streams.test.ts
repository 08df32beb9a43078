/** Several streams that share a core, interleaved step by step at random. */
import { describe, expect, test } from 'vitest';
import type { Design } from '../../src/design/design.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { lintIverilog, lintVerilator, runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { emitTestbench } from '../../src/emit/project.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput, testVectors } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';
import { interleave, type Traffic } from '../../src/verify/streams.js';

const verilator = (await findTool('verilator')) !== undefined;
const iverilog = (await findTool('iverilog')) !== undefined;

type Made = Partial<ModelShape & PlanOptions>;

function sharing(more: Made): Design {
  const shape = { scheme: 'ternary-level3', inputSize: 4, hiddenSizes: [5], classes: 4 };
  const model = randomModel({ ...shape, when: 'every-step', ...more }, new Random(3));
  return plan(model, { name: 'dut', rows: 5, columns: 1, streams: 4, ...more });
}

/** Sequences of 1 to 3 steps of every stream, in random order; two seeds are two orders of the same. */
function trafficOf(design: Design, seed: number): Traffic {
  const random = new Random(17);
  const input = Array.from({ length: design.streams! }, () =>
    randomInput(
      design,
      Array.from({ length: 2 }, () => 1 + random.integer(3)),
      random,
    ),
  );
  return interleave(design, input, new Random(seed));
}

const CASES: readonly (readonly [string, Made])[] = [
  ['four streams', {}],
  ['two streams of two columns', { streams: 2, columns: 2, scheme: 'int8' }],
  ['two layers, a head after the last step', { hiddenSizes: [5, 3], when: 'last-step' }],
  ['tokens', { vocabSize: 7, hiddenSizes: [3, 2] }],
  ['planes, passes and factors', { scheme: 'bcq-2', hiddenSizes: [3, 2], rows: 4 }],
  ['ternary h of its own decisions', { scheme: 'hitnet', hiddenSizes: [9, 5], streams: 8 }],
  ['more rows than sums', { scheme: 'hitnet-h', hiddenSizes: [2], rows: 16 }],
  ['weights that are loaded', { weights: 'ram', control: 'axi-lite', scheme: 'int8' }],
  ['one unit', { hiddenSizes: [1], inputSize: 1, rows: 1 }],
];

describe('streams that share a core', () => {
  test.each(CASES)(
    'each compute what they would alone, in the cycles of the simulator (%s)',
    async (_, more) => {
      const design = sharing(more);
      const netlist = emit(design);
      const compiled = await compileDesign(design, netlist, { randomizeState: 5 });
      for (const seed of [1, 2]) {
        const traffic = trafficOf(design, seed);
        const options = { compiled, traffic };
        const smooth = await cosimulate(design, netlist, [], options);
        const stalled = await cosimulate(design, netlist, [], { ...options, stallSeed: seed });
        expect([...smooth.firstProblems, ...stalled.firstProblems]).toEqual([]);
        expect(smooth.resultsChecked).toBe(traffic.expected.results.length);
        expect(smooth.hiddenChecked).toBeGreaterThan(0);
        expect(smooth.cycles).toBe(smooth.expectedCycles);
      }
    },
    60_000,
  );

  test('the order of steps changes between seeds, and streams do interleave', () => {
    const design = sharing({});
    const order = (seed: number) => trafficOf(design, seed).beats.map(({ stream }) => stream);
    expect(order(1)).not.toEqual(order(2));
    expect([...order(1)].sort()).toEqual([...order(2)].sort());
    const changes = order(1).filter((stream, n, all) => n > 0 && stream !== all[n - 1]).length;
    expect(changes).toBeGreaterThan(5);
  });

  test.each([
    ['a state of the stream before', 'dut_sequencer.v', '{stream_q, ', "{stream_q ^ 2'd1, "],
    ['one state for all', 'dut.v', '{drain_stream, drain_layer}', "{2'd0, drain_layer}"],
    ['an end of all sequences at once', 'dut_sequencer.v', 'ended_q[stream_q]', 'ended_q[0]'],
    [
      'a result of another stream',
      'dut_sequencer.v',
      'result_stream_o <= stream_q',
      'result_stream_o <= x_stream_i',
    ],
    ['the stream of the other buffer', 'dut.v', 'x_streams_q[x_buffer]', 'x_streams_q[!x_buffer]'],
    ['a stream that drains too early', 'dut.v', 'if (stream_start_q) drain', 'drain'],
  ])('a planted fault is caught: %s', async (_, file, from, to) => {
    const design = sharing({ hiddenSizes: [5, 1], rows: 8, inputSize: 1, when: 'last-step' });
    const netlist = emit(design);
    expect(netlist.files[file]).toContain(from);
    const text = netlist.files[file].replace(from, () => to);
    const changed: Netlist = { ...netlist, files: { ...netlist.files, [file]: text } };
    const traffic = trafficOf(design, 1);
    const { bitMismatches } = await cosimulate(design, changed, [], { traffic });
    expect(bitMismatches).toBeGreaterThan(0);
  });

  test.skipIf(!verilator).each(CASES.filter((_, n) => n % 3 === 0))(
    'are clean under verilator -Wall (skipped without verilator): %s',
    async (_, more) => {
      expect(await lintVerilator(emit(sharing(more)).files, 'dut')).toMatchObject({ log: '' });
    },
  );

  test.skipIf(!iverilog)(
    'are clean under iverilog -Wall and pass the generated testbench (skipped without iverilog)',
    async () => {
      const design = sharing({ hiddenSizes: [3] });
      const { files } = emit(design);
      expect(await lintIverilog(files, 'dut')).toMatchObject({ clean: true, log: '' });
      const vectors = testVectors(design, randomInput(design, [3, 2], new Random(5)));
      const { top, files: bench } = emitTestbench(design, vectors);
      // The testbench runs the last stream, so h is where that one's lies.
      const run = await runTestbench({ files: { ...files, ...bench }, top, tool: 'iverilog' });
      expect(run.log).toContain('HALFGATE PASS');
    },
  );

  test.each([
    [{ streams: 6 }, 'streams: 6 is not a power of two in 1..64'],
    [{ streams: 128 }, 'streams: 128 is not a power of two in 1..64'],
    [
      { inputSize: 5, vocabSize: 5, isOneHot: true },
      'streams: 4, but an input table serves one; use an embedding without input table',
    ],
    [{ dataflow: 'sparse' }, 'streams: 4, but a sparse dataflow keeps the lists of one; use os'],
    [
      { bidirectional: [true] },
      'streams: 4, but a bidirectional model keeps no state from sequence to sequence; leave it out',
    ],
  ] as const)('are refused where they make no sense: %o', (more, problem) => {
    expect(() => sharing(more)).toThrow(problem);
  });

  test('one stream is the design without', () => {
    const one = sharing({ streams: 1 });
    expect('streams' in one).toBe(false);
    expect(Object.values(emit(one).files).join('')).not.toContain('tid');
  });
});
