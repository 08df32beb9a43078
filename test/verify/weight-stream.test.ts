/** Whole designs whose weights come from off chip: values and cycles of the Verilog, whatever the stream does. */
import { describe, expect, test } from 'vitest';
import { loadBoard } from '../../src/board/board.js';
import { emitBoard } from '../../src/board/emit-board.js';
import type { Design } from '../../src/design/design.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { templateSource } from '../../src/emit/render.js';
import { tritBytes } from '../../src/emit/weight-image.js';
import { Random } from '../../src/model/random.js';
import { cosimulateAll } from '../../src/verify/campaign.js';
import {
  compileDesign,
  cosimulate,
  type CosimulationOptions,
  expectationOf,
} from '../../src/verify/cosimulate.js';
import { randomInput } from '../../src/verify/golden-run.js';
import { randomCase } from '../../src/verify/random.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';
import { cosimulateStreams } from '../../src/verify/random-system.js';
import { streamedCase } from '../../src/verify/random-weights.js';

type Made = Partial<ModelShape & PlanOptions>;

function streamed(more: Made = {}): Design {
  const shape = { scheme: 'ternary-level3', inputSize: 5, hiddenSizes: [6], classes: 4 };
  const model = randomModel({ ...shape, when: 'every-step', ...more }, new Random(3));
  return plan(model, { name: 'dut', rows: 5, columns: 2, weights: 'stream', ...more });
}

const CASES: readonly (readonly [string, Made])[] = [
  ['a row to a beat, a head after the last step', { weightStreamBits: 8, when: 'last-step' }],
  ['a head that begins with a block', { weightBuffer: 1, when: 'last-step', hiddenSizes: [5] }],
  ['int8, two layers', { scheme: 'int8', hiddenSizes: [5, 3], rows: 4, weightBuffer: 6 }],
  ['several lines to a beat', { weightStreamBits: 256, weightBuffer: 20 }],
  ['items of several beats', { scheme: 'laq-linear-3', hiddenSizes: [20], weightStreamBits: 8 }],
  ['words of ternary activations', { scheme: 'hitnet-h', hiddenSizes: [9, 5] }],
  ['planes, passes and factors', { scheme: 'bcq-2', hiddenSizes: [3, 2], rows: 4 }],
  ['a table of tokens, registers', { vocabSize: 7, inputTable: true, control: 'axi-lite' }],
  ['one unit, one row', { hiddenSizes: [1], inputSize: 1, rows: 1, columns: 1 }],
];

describe('weights from off chip', () => {
  test.each(CASES)(
    'give the same values and the cycles of the simulators, in every run of the campaign (%s)',
    async (_, more) => {
      const design = streamed(more);
      const netlist = emit(design);
      const batches = randomInput(design, [3, 1, 2], new Random(4));
      const compiled = await compileDesign(design, netlist, { randomizeState: 5 });
      const expectation = expectationOf(design, batches);
      const result = await cosimulateAll(design, netlist, batches, {
        ...{ compiled, expectation, seed: 6 },
      });
      expect(result.firstProblems).toEqual([]);
      expect(result.runs).toContain('reset at work, weights go on 1');
      expect(result.runs).toContain('weights at half speed');
      expect(result.hiddenChecked).toBeGreaterThan(result.runs.length * design.columns);
    },
    60_000,
  );

  test('of several streams that share the core do so too', async () => {
    const design = streamed({ streams: 4, columns: 1, hiddenSizes: [5, 3] });
    const options = { name: 'dut', rows: 5, columns: 1 };
    const candidate = { design, lengths: [2, 3], index: 0, batches: [], options };
    const shape = { scheme: 'int8', inputSize: 1, hiddenSizes: [1], classes: 2 } as const;
    const result = await cosimulateStreams(
      { ...candidate, shape: { ...shape, when: 'every-step' } },
      7,
    );
    expect(result).toMatchObject({ bitMismatches: 0, cycleMismatches: 0, firstProblems: [] });
  });

  test('a source of less than the port brings makes the Verilog as slow as the simulators say', async () => {
    const design = streamed({ weightStreamBits: 32 });
    const batches = randomInput(design, [4], new Random(4));
    const cycles: number[] = [];
    for (const bitsPerCycle of [6.4, 16, 32]) {
      const weightSource = { bitsPerCycle, burstBeats: 3, latencyCycles: 9 };
      const result = await cosimulate(design, emit(design), batches, { weightSource });
      expect(result).toMatchObject({ bitMismatches: 0, cycleMismatches: 0, firstProblems: [] });
      cycles.push(result.cycles);
    }
    expect(cycles[0]).toBeGreaterThan(1.5 * cycles[1]);
    expect(cycles[1]).toBeGreaterThan(cycles[2]);
  });

  test.each([
    ['hg_weight_stream.v', 'released_q[RELEASE_DELAY-1]', "1'b1"],
    ['hg_weight_stream.v', 'in_image_q || s_axis_weights_tuser', "1'b1"],
    ['hg_weight_stream.v', 'has_block && !drops_q', 'has_block'],
    ['hg_weight_stream.v', 'line_end_i || place_q == LAST_PLACE', 'place_q == LAST_PLACE'],
    ['hg_trits.v', '{two_1, two_1 || one_1}', '{one_1, two_1 || one_1}'],
    ['dut_sequencer.v', ' && weight_ready_i', ''],
    [
      'dut_sequencer.v',
      'assign weight_step_end_o = step_ends',
      "assign weight_step_end_o = 1'b0 && step_ends",
    ],
    ['dut.v', "lines_group == 3'd1", "lines_group == 3'd0"],
  ])('a planted fault is caught: %s without %s', async (file, from, to) => {
    const design = streamed({
      when: 'last-step',
      weightBuffer: 6,
      columns: 1,
      weightStreamBits: 8,
    });
    const netlist = emit(design);
    expect(netlist.files[file]).toContain(from);
    const text = netlist.files[file].replace(from, () => to);
    const changed: Netlist = { ...netlist, files: { ...netlist.files, [file]: text } };
    const batches = randomInput(design, [3, 2], new Random(4));
    const compiled = await compileDesign(design, changed, { randomizeState: 5 });
    const expectation = expectationOf(design, batches);
    const { bitMismatches, cycleMismatches } = await cosimulateAll(design, changed, batches, {
      ...{ compiled, expectation, seed: 6, stopAtFirst: true },
    });
    expect(bitMismatches + cycleMismatches).toBeGreaterThan(0);
  });

  test('half of the random designs that can have theirs off chip, of all kinds', () => {
    const cases = Array.from({ length: 60 }, (_, index) => streamedCase(randomCase(5, index), 5));
    const found = cases.filter(({ design }) => design.weightStream !== undefined);
    expect(found.length).toBeGreaterThan(4);
    const streams = found.map(({ design }) => design.weightStream!);
    expect(new Set(streams.map(({ bits }) => bits)).size).toBeGreaterThan(2);
    expect(new Set(streams.map(({ perLine }) => perLine > 1)).size).toBe(2);
    expect(streamedCase(randomCase(5, 3), 5)).toEqual(streamedCase(randomCase(5, 3), 5));
  });
});

test('every byte that five trits make is decoded to them', async () => {
  const rtl = await compileRtl({ 'hg_trits.v': templateSource('hg_trits.v') }, 'hg_trits');
  const weights = [0, 1, -1];
  for (let n = 0; n < 3 ** 5; n++) {
    const trits = Array.from({ length: 5 }, (_, k) => weights[Math.floor(n / 3 ** k) % 3]);
    const [byte] = tritBytes(trits);
    expect(byte).toBe(n);
    rtl.set('byte_i', byte);
    rtl.eval();
    const codes = rtl.getNumber('trits_o');
    const decoded = trits.map((_, k) => Number(BigInt.asIntN(2, BigInt(codes) >> BigInt(2 * k))));
    expect(decoded).toEqual(trits);
  }
});

describe('are refused, with the reason', () => {
  test.each([
    [
      { dataflow: 'sparse', columns: 1 },
      'weights: stream brings all weights of a step in one order, once; sparse reads them otherwise, use os',
    ],
    [
      { bidirectional: [true] },
      'weights: stream brings each weight once a step, but a bidirectional model runs each layer over a whole sequence; use rom or ram',
    ],
    [{ weightStreamBits: 12 }, 'weightStreamBits: 12 is not a multiple of 8 in 8..512'],
    [{ weightStreamBits: 520 }, 'weightStreamBits: 520 is not a multiple of 8 in 8..512'],
    [{ weightBuffer: 0 }, 'weightBuffer: 0 is not an integer in 1..65536'],
    [
      { weights: 'rom', weightStreamBits: 32 },
      'weightStreamBits: 32, but weights are not streamed; use weights stream, or leave it out',
    ],
  ] as const)('%o', (more, problem) => {
    expect(() => streamed(more)).toThrow(problem);
  });

  test('on a board', () => {
    const design = streamed({ columns: 1 });
    expect(() => emitBoard(design, loadBoard('icebreaker'))).toThrow(
      '--weights: stream, a board has a UART and nothing that streams weights: designs that keep theirs; plan it with --weights rom',
    );
  });

  test('a source of weights for a design that keeps its own', async () => {
    const design = streamed({ weights: 'rom' });
    const options: CosimulationOptions = { weightSource: { bitsPerCycle: 8 } };
    const batches = randomInput(design, [1], new Random(4));
    await expect(cosimulate(design, emit(design), batches, options)).rejects.toThrow(
      'weightSource: the design keeps its weights; plan it with weights stream',
    );
  });
});
