import { describe, expect, test } from 'vitest';
import { plan } from '../../src/design/plan.js';
import { findTool } from '../../src/eda/tools.js';
import { Random } from '../../src/model/random.js';
import { goldenRun, randomInput } from '../../src/verify/golden-run.js';
import { randomModel } from '../../src/verify/random-model.js';
import { groupSignals, gtkwSave, WAVE_GROUPS } from '../../src/verify/wave-groups.js';
import { fstWaves, vcdWaves } from '../../src/verify/waves.js';

const iverilog = (await findTool('iverilog')) !== undefined;

const sizes = { inputSize: 3, hiddenSizes: [4], classes: 5, vocabSize: 7 };
const design = plan(
  randomModel({ scheme: 'ternary-level3', ...sizes, when: 'every-step' }, new Random(4)),
  { name: 'tiny', rows: 2, columns: 2 },
);
const batches = randomInput(design, [3, 2], new Random(9));

/** Variables as a viewer names them: `tiny.u_column_0.acc_q[10:0]`. */
function paths(vcd: string): string[] {
  const scope: string[] = [];
  return vcd.split('\n').flatMap((line) => {
    const [word, , third, , name, range] = line.trim().split(' ');
    if (word === '$scope') scope.push(third);
    if (word === '$upscope') scope.pop();
    return word === '$var' ? [`${scope.join('.')}.${name}${range === '$end' ? '' : range}`] : [];
  });
}

/** The values of a signal at every rising edge of the clock, and of others then. */
function edges(vcd: string, names: readonly string[]): Record<string, bigint>[] {
  const ids = new Map<string, string>();
  const scope: string[] = [];
  const values = new Map<string, bigint>();
  const rows: Record<string, bigint>[] = [];
  let clockId = '';
  let isRising = false;
  const close = (): void => {
    if (isRising)
      rows.push(Object.fromEntries(names.map((name) => [name, values.get(ids.get(name)!)!])));
    isRising = false;
  };
  for (const line of vcd.split('\n')) {
    const text = line.trim();
    const [word, , third, id, name] = text.split(' ');
    if (word === '$scope') scope.push(third);
    else if (word === '$upscope') scope.pop();
    else if (word === '$var') {
      const path = [...scope.slice(1), name].join('.');
      ids.set(path, id);
      if (path === 'clk_i') clockId = id;
    } else if (text.startsWith('#')) close();
    else if (text === `1${clockId}`) isRising = true;
    else if (/^[01]/.test(text)) values.set(text.slice(1), BigInt(text[0]));
    else if (text.startsWith('b')) values.set(text.split(' ')[1], BigInt(`0b${word.slice(1)}`));
  }
  return rows;
}

describe('waves', () => {
  test('a VCD holds what the run did: every h and every class, in order', async () => {
    const { files, cycles } = await vcdWaves(design, batches);
    const names = [
      'u_column_1.h_write',
      'u_column_1.h_write_data',
      'm_axis_tvalid',
      'm_axis_tdata',
    ];
    const rows = edges(files['tiny.vcd'] as string, names);
    expect(rows.length).toBeGreaterThanOrEqual(cycles);
    const golden = goldenRun(design, batches);
    const h = rows
      .filter((row) => row['u_column_1.h_write'] === 1n)
      .map((row) => Number(BigInt.asIntN(8, row['u_column_1.h_write_data'])));
    expect(h).toEqual(golden.runs.flatMap(({ hidden }) => [...hidden[1]]));
    const classes = rows
      .filter((row) => row['m_axis_tvalid'] === 1n)
      .map((row) => [Number(row['m_axis_tdata'] & 0xffn), Number(row['m_axis_tdata'] >> 8n)]);
    expect(classes).toEqual(golden.results.map(({ values }) => values));
  });

  test('the save file names signals that the dump has, in every group', async () => {
    const { files } = await vcdWaves(design, batches);
    const variables = paths(files['tiny.vcd'] as string);
    const save = files['tiny.vcd.gtkw'] as string;
    expect(save).toContain('[dumpfile] "tiny.vcd"');
    for (const group of WAVE_GROUPS) {
      const body = new RegExp(`@800200\n-${group}\n([^]*?)@1000200\n-${group}\n`).exec(save)![1];
      const signals = body.split('\n').filter((line) => line.startsWith('tiny.'));
      expect(signals.length, group).toBeGreaterThan(2);
      for (const signal of signals) {
        expect(variables, signal).toContain(signal);
      }
    }
  });

  test('columns and rows are in the order of their numbers', () => {
    const signals = [10, 9, 2].map((n) => ({
      name: `u_column_0.g_row[${n}].u_pe.acc_o`,
      width: 11,
    }));
    expect(groupSignals(signals).array.map(({ name }) => /\d+\]/.exec(name)![0])).toEqual([
      '2]',
      '9]',
      '10]',
    ]);
    expect(gtkwSave('a.vcd', 'top', signals)).toContain(
      '@22\ntop.u_column_0.g_row[2].u_pe.acc_o[10:0]\n',
    );
  });

  test('twice the same bytes', async () => {
    const [once, again] = [await vcdWaves(design, batches), await vcdWaves(design, batches)];
    expect(once).toEqual(again);
  });

  test.skipIf(!iverilog)(
    'an FST is recorded by Icarus Verilog (skipped without iverilog)',
    async () => {
      const { files, cycles } = await fstWaves(design, batches);
      expect((files['tiny.fst'] as Uint8Array).length).toBeGreaterThan(1000);
      expect(cycles).toBeGreaterThan(50);
      expect(files['tiny.fst.gtkw']).toContain('tb_tiny.dut.u_sequencer.');
    },
  );

  test('without Icarus Verilog an FST says what to use instead', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '';
    try {
      await expect(fstWaves(design, batches)).rejects.toThrow(
        'iverilog, find: not on PATH: FST takes Icarus Verilog; --vcd needs nothing installed',
      );
    } finally {
      process.env['PATH'] = path;
    }
  });
});
