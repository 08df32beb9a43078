/** Weights off chip: the image, the emitted project, and the same Verilog in native tools. */
import { describe, expect, test } from 'vitest';
import { type Design, jobName, segmentsOf } from '../../src/design/design.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { beatsPerImage } from '../../src/design/weight-stream.js';
import { lintIverilog, lintVerilator, runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { emit } from '../../src/emit/emit.js';
import { emitProject, emitTestbench } from '../../src/emit/project.js';
import { arrayMatrices } from '../../src/emit/memories.js';
import { tritBytes, weightBeats, weightImageFile } from '../../src/emit/weight-image.js';
import { Random } from '../../src/model/random.js';
import { randomInput, testVectors } from '../../src/verify/golden-run.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

const verilator = (await findTool('verilator')) !== undefined;
const iverilog = (await findTool('iverilog')) !== undefined;

type Made = Partial<ModelShape & PlanOptions>;

function streamed(more: Made = {}): Design {
  const shape = { scheme: 'ternary-level3', inputSize: 7, hiddenSizes: [6], classes: 4 };
  const model = randomModel({ ...shape, when: 'every-step', ...more }, new Random(3));
  return plan(model, { name: 'dut', rows: 5, columns: 2, weights: 'stream', ...more });
}

const CASES: readonly (readonly [string, Made])[] = [
  ['trits, several rows to a beat', {}],
  ['trits, lines of a beat each', { weightStreamBits: 40 }],
  ['trits, several lines to a beat', { weightStreamBits: 128, weightBuffer: 30 }],
  ['a beat to a row', { weightStreamBits: 8 }],
  ['int8, a head after the last step', { scheme: 'int8', when: 'last-step', rows: 4 }],
  [
    'items of several beats',
    { scheme: 'laq-linear-3', hiddenSizes: [20], rows: 3, weightStreamBits: 8 },
  ],
  [
    'words of ternary activations',
    { scheme: 'hitnet-h', hiddenSizes: [9, 5], weightStreamBits: 16 },
  ],
  ['signs', { scheme: 'binary-level3', hiddenSizes: [3, 4], weightStreamBits: 24 }],
  ['powers of two', { scheme: 'laq-log-3', weightStreamBits: 16 }],
  ['one row, one column', { rows: 1, columns: 1 }],
  ['tokens with a table', { vocabSize: 7, inputTable: true, columns: 1 }],
  ['registers', { control: 'axi-lite', weightStreamBits: 64 }],
];

/** Weights of the image, read back by its description: [job][fold][operand][row] -> pack weights. */
function decode(design: Design): number[][] {
  const { array, rows, weightStream, jobs } = design;
  const { bits, perLine, itemBits, rowsPerWrite, beatsPerItem, linesPerBeat } = weightStream!;
  const beats = weightBeats(design);
  const items: bigint[] = [];
  const field = (beat: bigint, n: number): bigint =>
    BigInt.asUintN(itemBits, beat >> BigInt(n * itemBits));
  for (let b = 0; b < beats.length; b += beatsPerItem) {
    if (beatsPerItem > 1) {
      const parts = beats.slice(b, b + beatsPerItem);
      items.push(parts.reduce((sum, part, n) => sum | (part << BigInt(n * bits)), 0n));
      continue;
    }
    const left = rows - (items.length % rows);
    const count = linesPerBeat > 1 ? linesPerBeat * rows : Math.min(rowsPerWrite, left);
    for (let n = 0; n < count; n++) items.push(field(beats[b], n));
  }
  const weightsOf = (item: bigint): number[] => {
    const count = perLine * array.pack;
    if (array.kind === 'ternary') {
      return Array.from({ length: count }, (_, n) => {
        const byte = Number(BigInt.asUintN(8, item >> BigInt(8 * Math.floor(n / 5))));
        return [0, 1, -1][Math.floor(byte / 3 ** (n % 5)) % 3];
      });
    }
    return Array.from({ length: count }, (_, n) => {
      const code = item >> BigInt(n * array.weightBits);
      if (array.kind === 'binary') return (code & 1n) === 1n ? -1 : 1;
      if (array.kind === 'pow2') {
        const exponent = Number(BigInt.asUintN(array.weightBits - 1, code)) - 1;
        const isNegative = ((code >> BigInt(array.weightBits - 1)) & 1n) === 1n;
        return exponent < 0 ? 0 : (isNegative ? -1 : 1) * 2 ** exponent;
      }
      return Number(BigInt.asIntN(array.weightBits, code));
    });
  };
  // Rows of each fold, as far as its passes go.
  const found: number[][] = [];
  let item = 0;
  for (const { folds, passes } of jobs) {
    for (let fold = 0; fold < folds; fold++) {
      const ofFold: number[][] = Array.from({ length: rows }, () => []);
      for (const { k } of passes) {
        for (let operand = 0; operand < k; operand += perLine) {
          for (let row = 0; row < rows; row++) {
            const used = Math.min(perLine, k - operand) * array.pack;
            ofFold[row].push(...weightsOf(items[item++]).slice(0, used));
          }
        }
      }
      found.push(...ofFold);
    }
  }
  return found;
}

describe('the image of a step', () => {
  test('a byte is five trits, base 3, the first the least', () => {
    expect(tritBytes([0, 0, 0, 0, 0])).toEqual([0]);
    expect(tritBytes([1, 0, 0, 0, 0])).toEqual([1]);
    expect(tritBytes([-1, 0, 0, 0, 0])).toEqual([2]);
    expect(tritBytes([0, 0, 0, 0, -1])).toEqual([162]);
    expect(tritBytes([-1, -1, -1, -1, -1, 1])).toEqual([242, 1]);
  });

  test.each(CASES)(
    'has every weight of the array once, in the order of the schedule (%s)',
    (_, more) => {
      const design = streamed(more);
      const { jobs, rows, array } = design;
      const found = decode(design);
      let row = 0;
      arrayMatrices(design).forEach(({ codes, columns }, j) => {
        const job = jobs[j];
        for (let sum = 0; sum < job.folds * rows; sum++) {
          const read = found[row++];
          if (sum >= job.sums) continue;
          const want: (number | undefined)[] = [];
          for (const { column, elements, length } of segmentsOf(job)) {
            const from = sum * columns + column;
            const own = Array.from(codes.subarray(from, from + elements));
            // What fills a word's last places may be anything.
            want.push(
              ...own,
              ...new Array<undefined>(length * array.pack - elements).fill(undefined),
            );
          }
          expect(read).toHaveLength(want.length);
          const known = read.map((weight, k) => (want[k] === undefined ? undefined : weight));
          expect(known, `${jobName(job)}, sum ${sum}`).toEqual(want);
        }
      });
      expect(row).toBe(found.length);
    },
  );

  test('as a file it is those bytes in the order of memory', () => {
    const design = streamed({ weightStreamBits: 24 });
    const bytes = weightImageFile(design).replace(/\s/g, '');
    const beats = weightBeats(design);
    expect(beats).toHaveLength(beatsPerImage(design.weightStream!, design.rows));
    expect(bytes).toHaveLength(6 * beats.length);
    beats.forEach((beat, n) => {
      const own = bytes.slice(6 * n, 6 * n + 6).match(/../g)!;
      expect(BigInt(`0x${own.reverse().join('')}`)).toBe(beat);
    });
  });
});

describe('the emitted project', () => {
  const vectors = (design: Design) =>
    testVectors(design, randomInput(design, [3, 2], new Random(5)));

  test('has the image, its description, the ports, and no file of weights that synthesis reads', () => {
    const design = streamed();
    const files = emitProject(design, vectors(design), { cyclesPerStep: 1, utilization: 1 });
    expect(files['weights/dut_weights.hex']).toBe(weightImageFile(design));
    expect(Object.keys(files).filter((file) => /rtl\/.*weights.*hex/.test(file))).toEqual([]);
    expect(files['README.md']).toContain('`s_axis_weights_tuser` | in | 1');
    expect(files['README.md']).toContain('d0 + 3 d1 + 9 d2 + 27 d3 + 81 d4');
    expect(emitProject(design, vectors(design), { cyclesPerStep: 1, utilization: 1 })).toEqual(
      files,
    );
  });

  test.skipIf(!verilator).each(CASES)(
    'is clean under verilator -Wall (skipped without verilator): %s',
    async (_, more) => {
      expect(await lintVerilator(emit(streamed(more)).files, 'dut')).toMatchObject({ log: '' });
    },
  );

  test.skipIf(!iverilog).each(CASES)(
    'is clean under iverilog -Wall and passes the testbench, with stalls as well (skipped without iverilog): %s',
    async (_, more) => {
      const design = streamed(more);
      const { files } = emit(design);
      expect(await lintIverilog(files, 'dut')).toMatchObject({ clean: true, log: '' });
      const { top, files: bench } = emitTestbench(design, vectors(design));
      for (const STALLS of [0, 1]) {
        const run = await runTestbench({
          ...{ files: { ...files, ...bench }, top, tool: 'iverilog' },
          parameters: { STALLS },
        });
        expect(run.log).toContain('HALFGATE PASS');
      }
    },
  );
});
