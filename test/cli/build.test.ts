import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** Programs in place of the tools on PATH; nextpnr reaches this clock, or finds the design too large. */
async function withStandIns<T>(fmaxMhz: number | undefined, run: () => Promise<T>): Promise<T> {
  const report = `{"fmax":{"clk":{"achieved":${fmaxMhz},"constraint":1}},"utilization":{}}`;
  const place =
    fmaxMhz === undefined
      ? 'echo "Info: ICESTORM_RAM: 41/ 30 136%"; echo "ERROR: Unable to place"; exit 1'
      : `echo '${report}' > report.json; echo placed > design.asc`;
  const programs = {
    yosys: `top=$(echo "$2" | sed 's/.*-top \\([a-zA-Z0-9_]*\\).*/\\1/'); echo '{"modules":{"'$top'":{"cells":{}}}}' > netlist.json`,
    'nextpnr-ice40': `[ "$1" = --version ] || { ${place}; }`,
    icepack: '[ "$1" = -h ] || cp "$1" "$2"',
  };
  for (const [name, text] of Object.entries(programs)) {
    chmodSync(folder.write(`bin/${name}`, `#!/bin/sh\n${text}\n`), 0o755);
  }
  const path = process.env['PATH'];
  process.env['PATH'] = `${cwd}/bin:${path}`;
  try {
    return await run();
  } finally {
    process.env['PATH'] = path;
  }
}

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

  // Whole runs of the tools are above; below, programs in their place say what the command has to act on.
  test('refuses a clock that the design misses, and writes nothing', async () => {
    const late = ['--board', 'icebreaker', '--clock', '24', '--native', '--out', 'late'];
    const { code, stderr } = await withStandIns(23.4, () => build(...late));
    expect({ code, stderr: stderr.split('\n').at(-2) }).toEqual({
      code: 2,
      stderr:
        'halfgate build: icebreaker: the design reaches 23.40 MHz, it misses its clock of 24 MHz; ' +
        'use --clock 23 or less, fewer --rows than 2, or another --seed',
    });
    expect(existsSync(join(cwd, 'late'))).toBe(false);
    const again = await withStandIns(24.1, () => build(...late));
    expect(again.code, again.stderr).toBe(0);
    expect(readdirSync(join(cwd, 'late'))).toContain('fox_ternary_level3_on_icebreaker.bin');
  });

  test('a design that does not fit is refused with what is too much', async () => {
    const large = ['--board', 'icebreaker', '--native', '--out', 'large'];
    const { code, stderr } = await withStandIns(undefined, () => build(...large));
    expect(code).toBe(2);
    expect(stderr).toContain(
      'halfgate build: icebreaker: the 2x1 design needs 41 BRAM of 30, does not fit; use fewer --rows or --columns, ' +
        'a smaller --hidden, or a larger board; weights are in BRAM, for SPRAM cannot be part of a bitstream\n',
    );
    expect(existsSync(join(cwd, 'large'))).toBe(false);
  });

  test('a board without its tools gets everything but the bitstream', async () => {
    const arty = ['--board', 'arty-a7', '--native', '--json', '--out', 'arty'];
    const { code, stdout, stderr } = await withStandIns(1, () => build(...arty));
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as BuildJson).builds).toMatchObject([
      { bitstream: null, missing: 'Vivado makes it: vivado -mode batch -source build.tcl' },
    ]);
    expect(readdirSync(join(cwd, 'arty'))).toEqual(
      expect.arrayContaining(['arty-a7.xdc', 'build.tcl']),
    );
  });

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
