import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const HEADER = 'name,M,K,N,array_rows,array_cols,dataflow,bandwidth,total_cycles,stall_cycles';
const write = (name: string, ...rows: string[]): string =>
  folder.write(name, [HEADER, ...rows, ''].join('\n'));

describe('halfgate sim gemm', () => {
  test('a row in, a row out, with ours, theirs and why they differ', async () => {
    write('two.csv', 'a,1,2,2,2,2,ws,,4,0', 'b,3,5,4,2,2,os,,27,0');
    const run = ['sim', 'gemm', '--csv', 'two.csv'];
    const { code, stdout } = await halfgate(folder.path, [...run, '--out', 'out.csv']);
    expect(stdout).toBe(
      "2 products; SCALE-Sim's cycles follow from its rules on 2 of 2\nwritten: out.csv\n",
    );
    expect(code).toBe(0);
    const [header, ...rows] = readFileSync(join(folder.path, 'out.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const cells = rows.map((row) => Object.fromEntries(header.map((name, k) => [name, row[k]])));
    expect(cells).toMatchObject([
      { M: '1', total_cycles: '5', scalesim_compute_cycles: '4', difference: '1' },
      { M: '3', total_cycles: '36', scalesim_compute_cycles: '27', difference: '9' },
    ]);
    const compatible = await halfgate(folder.path, [...run, '--scalesim', '--json']);
    const { rows: theirs } = JSON.parse(compatible.stdout) as { rows: object[] };
    expect(theirs).toMatchObject([{ total_cycles: '4' }, { total_cycles: '27' }]);
  });

  test.each([
    ['a,1,2,2,2,2,xs,,4,0', 'bad.csv:2:7: "xs", must be one of ws, os, is'],
    ['a,0,2,2,2,2,ws,,4,0', 'bad.csv:2:2: 0, must be a positive integer'],
    ['a,1,2,2,2,2,ws,8,4,0', 'bad.csv:1: no column "ifmap_sram_kb", the header has'],
    ['a,1,2', 'bad.csv:2: 3 cells, the header has 10'],
  ])('refuses %s', async (row, message) => {
    write('bad.csv', row);
    const { code, stderr } = await halfgate(folder.path, [
      ...['sim', 'gemm', '--csv', 'bad.csv', '--out', 'never.csv'],
    ]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(existsSync(join(folder.path, 'never.csv'))).toBe(false);
  });

  test('a missing file is one clear line', async () => {
    const { code, stderr } = await halfgate(folder.path, ['sim', 'gemm', '--csv', 'none.csv']);
    expect(stderr).toMatch(/none\.csv.*no such file/);
    expect(code).toBe(2);
  });
});
