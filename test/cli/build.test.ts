import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const cwd = folder.path;

interface BuildJson {
  readonly builds: readonly {
    readonly bitstream: string | null;
    readonly fmaxMhz: number;
    readonly coreMhz: number;
    readonly missing?: string;
    readonly resources: Readonly<Record<string, number>>;
  }[];
}

const sizes = '--hidden 4 --embedding 3 --steps 10 --batch 4 --steps-per-sequence 10';
const build = (...args: string[]) =>
  halfgate(cwd, ['build', '--scheme', 'ternary-level3', '--rows', '2', ...args]);

describe('halfgate build', () => {
  beforeAll(async () => {
    folder.write('fox.txt', 'the quick brown fox jumps over the lazy dog. '.repeat(60));
    const train = `train --text fox.txt --scheme ternary-level3 ${sizes}`.split(' ');
    expect((await halfgate(cwd, train)).code).toBe(0);
    expect((await halfgate(cwd, ['quantize'])).code).toBe(0);
  });

  test('makes a bitstream for the iCEBreaker with what npm installs', async () => {
    const { code, stdout, stderr } = await build('--board', 'icebreaker', '--json');
    expect(code, stderr).toBe(0);
    const [{ bitstream, fmaxMhz, coreMhz, resources }] = (JSON.parse(stdout) as BuildJson).builds;
    expect(fmaxMhz).toBeGreaterThan(coreMhz);
    expect(resources['luts']).toBeGreaterThan(100);
    // The preamble of an iCE40 bitstream, behind icepack's comment (Project IceStorm).
    const bytes = readFileSync(join(cwd, bitstream!));
    expect(bytes.includes(Buffer.from([0x7e, 0xaa, 0x99, 0x7e]))).toBe(true);
    const files = readdirSync(join(cwd, 'runs/fox/ternary-level3/board/icebreaker'));
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'build.sh', 'exchange.txt', 'icebreaker.pcf', 'rtl']),
    );
  }, 300_000);

  test('refuses a clock that the design misses, and writes nothing', async () => {
    const { code, stderr } = await build(
      '--board',
      'icebreaker',
      '--clock',
      '130',
      '--out',
      'late',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^halfgate build: icebreaker: the design reaches [\d.]+ MHz, it misses its clock of 1\d\d(\.\d+)? MHz; use --clock \d+ or less, fewer --rows than 2, or another --seed$/m,
    );
    expect(existsSync(join(cwd, 'late'))).toBe(false);
  }, 300_000);

  test('a board without its tools gets everything but the bitstream', async () => {
    const { code, stdout, stderr } = await build('--board', 'arty-a7', '--json', '--out', 'arty');
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as BuildJson).builds).toMatchObject([
      { bitstream: null, missing: 'Vivado makes it: vivado -mode batch -source build.tcl' },
    ]);
    expect(readdirSync(join(cwd, 'arty'))).toEqual(
      expect.arrayContaining(['arty-a7.xdc', 'build.tcl']),
    );
  }, 300_000);

  test('says which boards there are, and what is wrong with one', async () => {
    expect((await halfgate(cwd, ['build', '--boards'])).stdout).toMatch(/^icebreaker +iCEBreaker/m);
    expect(await halfgate(cwd, ['build'])).toMatchObject({
      code: 2,
      stderr:
        'halfgate build: --board: missing, must be one of arty-a7, icebreaker, ulx3s, or the path of a .json\n',
    });
    folder.write('mine.json', '{"version": 1}');
    const { code, stderr } = await build('--board', 'mine.json');
    expect(code).toBe(2);
    expect(stderr).toContain('  mine.json: clock: missing');
  });
});
