import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();
const cwd = folder.path;
const SMALL = [
  '--hidden',
  '5',
  '--embedding',
  '3',
  '--steps',
  '20',
  '--batch',
  '4',
  '--steps-per-sequence',
  '10',
];

async function json(args: readonly string[]): Promise<Record<string, never>> {
  const { code, stdout, stderr } = await halfgate(cwd, [...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, never>;
}

describe('a run', () => {
  beforeAll(async () => {
    const text = 'the quick brown fox jumps over the lazy dog. '.repeat(60);
    folder.write('fox.txt', text);
    await json(['train', '--text', 'fox.txt', '--scheme', 'int8,ternary-level3', ...SMALL]);
  });

  test('the same training again is up to date, other options train anew', async () => {
    const again = await json(['train', '--text', 'fox.txt', '--scheme', 'int8', ...SMALL]);
    expect(again).toMatchObject({ models: [{ scheme: 'int8', isFresh: false }] });
    const other = await json([
      'train',
      '--text',
      'fox.txt',
      '--scheme',
      'int8',
      ...SMALL,
      '--seed',
      '2',
      '--run',
      'runs2/fox',
    ]);
    expect(other).toMatchObject({ models: [{ isFresh: true }] });
  });

  test('another text is refused in the same run', async () => {
    folder.write('other/fox.txt', 'something else '.repeat(100));
    const { code, stderr } = await halfgate(cwd, ['train', '--text', 'other/fox.txt', ...SMALL]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^halfgate train: runs\/fox: the run was made from fox\.txt \(sha256 \w{12}\), this is fox\.txt \(sha256 \w{12}\) or other options; use another --run folder, or delete this one\n$/,
    );
  });

  test('stages pass on files: quantize, simulate, emit, verify, report', async () => {
    expect(await json(['quantize'])).toMatchObject({
      models: [
        { scheme: 'int8', isFresh: true, trainedInScheme: true },
        { scheme: 'ternary-level3', isFresh: true, trainedInScheme: true },
      ],
    });
    expect(await json(['simulate', '--rows', '3', '--columns', '2'])).toMatchObject({
      simulations: [{ rows: 3, columns: 2, isFresh: true }, { rows: 3 }],
    });
    // Rows and columns stay as they were said.
    expect(await json(['simulate'])).toMatchObject({
      simulations: [{ rows: 3, columns: 2, isFresh: false }, {}],
    });
    // Two of six elements multiply, here and in the stages that follow.
    const { projects } = await json(['emit', '--scheme', 'int8', '--dsp', '2']);
    expect(projects).toMatchObject([
      { scheme: 'int8', top: 'fox_int8', folder: 'runs/fox/int8/verilog' },
    ]);
    expect(readdirSync(join(cwd, 'runs/fox/int8/verilog'))).toContain('README.md');
    const leaves = readdirSync(join(cwd, 'runs/fox/int8/verilog/rtl'));
    expect(leaves).toEqual(expect.arrayContaining(['hg_pe_int.v', 'hg_pe_recoded.v']));
    const verify = ['verify', '--scheme', 'int8', '--engines', 'npm', '--steps', '4'];
    expect(await json(verify)).toMatchObject({
      verifications: [{ passed: true, bitMismatches: 0, cycleMismatches: 0 }],
    });
    expect(await json(verify)).toMatchObject({ verifications: [{ isFresh: false }] });
    const formal = await halfgate(cwd, ['verify', '--formal', '--scheme', 'ternary-level3']);
    expect(formal.code, formal.stderr).toBe(0);
    expect(formal.stdout).toMatch(/^hg_argmax: .* proved /m);
    const [, proved, all] = /(\d+) of (\d+) proved, Yosys /.exec(formal.stdout)!;
    expect(Number(proved)).toBeGreaterThan(10);
    expect(proved).toBe(all);
    expect(formal.stdout).toMatch(/left to cosimulation: .*hg_lane/);
    await json(['report']);
    const page = readFileSync(join(cwd, 'runs/fox/report.html'), 'utf8');
    expect(page).toContain('ternary-level3');
  });

  test('weights in RAM are loaded through registers, and stay there until told otherwise', async () => {
    const scheme = ['--scheme', 'ternary-level3', '--name', 'loaded'];
    const { code, stderr } = await halfgate(cwd, ['emit', ...scheme, '--weights', 'ram']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'halfgate emit: design: weights: ram is loaded through registers, but control is none; use axi-lite\n',
    });
    const ram = ['--weights', 'ram', '--control', 'axi-lite', '--out', 'loaded'];
    await json(['emit', ...scheme, ...ram]);
    const files = readdirSync(join(cwd, 'loaded', 'control')).sort();
    expect(files).toEqual(['loaded_image.hex', 'loaded_regs.h', 'registers.md']);
    const verify = ['verify', ...scheme, '--engines', 'npm', '--steps', '4'];
    expect(await json(verify)).toMatchObject({ verifications: [{ passed: true }] });
    await json(['emit', ...scheme, '--weights', 'rom', '--control', 'none', '--out', 'fixed']);
    expect(existsSync(join(cwd, 'fixed', 'control'))).toBe(false);
  });

  test('the same design is emitted byte for byte', async () => {
    const read = (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(join(cwd, 'rtl'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8')]),
      );
    const emit = [
      'emit',
      '--scheme',
      'ternary-level3',
      '--rows',
      '4',
      '--name',
      'next_letter',
      '--out',
      'rtl',
    ];
    await json(emit);
    const first = read();
    await json(emit);
    expect(read()).toEqual(first);
    expect(Object.keys(first)).toContain('next_letter.v');
  });

  test('names and sizes that no hardware can have are refused together, and nothing is written', async () => {
    const { code, stderr } = await halfgate(cwd, [
      'emit',
      '--scheme',
      'int8',
      '--name',
      'module',
      '--out',
      'bad',
    ]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'halfgate emit: design: name: "module" is a reserved word of Verilog; choose another\n',
    });
    expect(existsSync(join(cwd, 'bad'))).toBe(false);
  });

  test('a folder that is not ours is not replaced', async () => {
    folder.write('thesis/chapter1.tex', 'precious');
    const { code, stderr } = await halfgate(cwd, ['emit', '--scheme', 'int8', '--out', 'thesis']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'halfgate emit: thesis: the folder has files and no files.f, it was not written by halfgate',
    );
    expect(readdirSync(join(cwd, 'thesis'))).toEqual(['chapter1.tex']);
  });

  test('an unknown scheme of the run is named', async () => {
    const { code, stderr } = await halfgate(cwd, [
      'quantize',
      '--run',
      'runs2/fox',
      '--scheme',
      'ternary-level3',
    ]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'halfgate quantize: runs2/fox: no ternary-level3 model and no float model; train one with: halfgate train --scheme ternary-level3\n',
    );
  });

  test('truncated weights are refused', async () => {
    const path = 'runs2/fox/int8/model.safetensors';
    truncateSync(join(cwd, path), 300);
    const { code, stderr } = await halfgate(cwd, [
      'quantize',
      '--run',
      'runs2/fox',
      '--scheme',
      'int8',
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^halfgate quantize: runs2\/fox\/int8\/model\.safetensors: truncated: /);
  });

  test('float models are quantized after training', async () => {
    await json(['train', '--text', 'fox.txt', '--scheme', 'float', ...SMALL, '--run', 'float']);
    expect(await json(['quantize', '--run', 'float', '--scheme', 'int8'])).toMatchObject({
      models: [{ scheme: 'int8', trainedInScheme: false }],
    });
  });
});

test('verify --random compares random designs and says so', async () => {
  const { code, stdout, stderr } = await halfgate(cwd, ['verify', '--random', '1', '--seed', '3']);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^1 random designs, seed 3: 0 bit mismatches, 0 cycle mismatches\n/);
});

test('series are trained and their accuracy is told', async () => {
  const rows = Array.from(
    { length: 40 },
    (_, k) => `${k % 2 === 0 ? 'up,1,2,3,4' : 'down,4,3,2,1'}`,
  ).join('\n');
  folder.write('lines.csv', rows);
  const { models } = await json([
    'train',
    '--series',
    'lines.csv',
    '--scheme',
    'ternary-level3',
    '--hidden',
    '4',
    '--epochs',
    '3',
  ]);
  expect(models).toMatchObject([{ evaluation: { split: 'test', count: 4 } }]);
});

test('Ctrl-C leaves a checkpoint; the same command goes on to the very same model', async () => {
  folder.write(
    'long.txt',
    'how much wood would a woodchuck chuck if a woodchuck could chuck wood? '.repeat(80),
  );
  const train = (run: string): string[] => [
    ...['train', '--text', 'long.txt', '--scheme', 'int8', '--hidden', '24', '--batch', '8'],
    ...['--steps', '3000', '--run', run],
  ];
  const stopped = await halfgate(cwd, train('stopped'), (child) => {
    child.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('train int8')) child.kill('SIGINT');
    });
  });
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toContain(
    'halfgate train: interrupted\nhalfgate: nothing is half-written; to go on run the same command again: halfgate train --text long.txt',
  );
  expect(readdirSync(join(cwd, 'stopped/int8'))).toEqual(['checkpoint.safetensors']);
  const resumed = await halfgate(cwd, train('stopped'));
  expect(resumed.stderr).toMatch(/int8: resuming after step \d+/);
  expect(readdirSync(join(cwd, 'stopped/int8')).sort()).toEqual([
    'model.json',
    'model.safetensors',
  ]);
  await halfgate(cwd, train('whole'));
  expect(readFileSync(join(cwd, 'stopped/int8/model.safetensors'))).toEqual(
    readFileSync(join(cwd, 'whole/int8/model.safetensors')),
  );
});
