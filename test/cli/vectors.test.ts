import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GOLDEN, hasGolden, skipReason } from '../integer/shared.js';
import { scratchFolder } from '../scratch.js';
import { halfgate } from './halfgate.js';

const folder = scratchFolder();

const table = (name: string, data: readonly number[]): string =>
  folder.write(
    name,
    JSON.stringify({
      schema: 'int8-lstm-golden/1',
      kind: 'primitives',
      entries: [{ op: 'clip', limit: 3, input: [-5, 0, 5], expected: data }],
    }),
  );

describe('halfgate vectors', () => {
  test('names the failing file and place, counts last, exits with 1', async () => {
    table('some/b.json', [-3, 0, 3]);
    table('some/a.json', [-3, 1, 3]);
    folder.write('some/notes.txt', 'not a vector file');
    const { code, stdout, stderr } = await halfgate(folder.path, ['vectors', 'some']);
    expect(stdout).toBe(
      'a.json: entries[0] (clip).expected[1]: computed 0, expected 1 (1 of 3 values differ)\n' +
        '1 passed, 1 failed\n',
    );
    expect(stderr).toContain('halfgate vectors: 1 of 2 files failed\n');
    expect(code).toBe(1);
  });

  test('a file that cannot be read counts as failed', async () => {
    folder.write('broken/x.json', '{"schema"');
    const { code, stdout } = await halfgate(folder.path, ['vectors', 'broken']);
    expect(stdout).toMatch(/^x\.json: not JSON \(.*\)\n0 passed, 1 failed\n$/);
    expect(code).toBe(1);
  });

  test('takes one file, with --verbose a line for it', async () => {
    const path = table('one.json', [-3, 0, 3]);
    const { code, stdout } = await halfgate(folder.path, ['vectors', path, '--verbose']);
    expect(stdout).toBe('one.json: passed, primitives, 3 values\n1 passed, 0 failed\n');
    expect(code).toBe(0);
  });

  test('--json prints only JSON', async () => {
    table('json/a.json', [-3, 1, 3]);
    const { code, stdout } = await halfgate(folder.path, ['vectors', 'json', '--json']);
    const result = JSON.parse(stdout) as { passed: number; failed: number; files: object[] };
    expect(result).toMatchObject({ path: 'json', passed: 0, failed: 1 });
    expect(result.files).toMatchObject([{ kind: 'primitives', hasPassed: false, compared: 3 }]);
    expect(code).toBe(1);
  });

  test('a folder without files fails, a missing one is bad input', async () => {
    folder.write('empty/readme.md', '');
    const empty = await halfgate(folder.path, ['vectors', 'empty']);
    expect(empty.stdout).toBe('0 passed, 0 failed\n');
    expect(empty.stderr).toContain('halfgate vectors: empty: no .json file');
    expect(empty.code).toBe(1);
    const missing = await halfgate(folder.path, ['vectors', 'none']);
    expect(missing.stderr).toBe('halfgate vectors: none: no such file or folder\n');
    expect(missing.code).toBe(2);
  });

  test.skipIf(!hasGolden)(`replays recorded results${skipReason}`, async () => {
    const { code, stdout } = await halfgate(folder.path, ['vectors', GOLDEN]);
    expect(stdout).toMatch(/^\d+ passed, 0 failed\n$/);
    expect(code).toBe(0);
  });

  test.skipIf(!hasGolden)(`finds one corrupted value${skipReason}`, async () => {
    for (const name of ['cmsis-nn-s8-lstm-1', 'tflm-int8-2x3x2x2', 'table-sigmoid-uint16']) {
      const text = readFileSync(join(GOLDEN, `${name}.json`), 'utf8');
      const file = JSON.parse(text) as { expected?: { output: { data: number[] } } };
      if (name.startsWith('tflm')) file.expected!.output.data[7] ^= 1;
      folder.write(`copy/${name}.json`, JSON.stringify(file));
    }
    const { code, stdout } = await halfgate(folder.path, ['vectors', 'copy']);
    expect(stdout).toMatch(
      /^tflm-int8-2x3x2x2\.json: expected\.output\.data\[7\] \(step 0, batch 1, unit 1\): computed -?\d+, expected -?\d+ \(1 of \d+ values differ\).*\n2 passed, 1 failed\n$/,
    );
    expect(code).toBe(1);
  });
});
