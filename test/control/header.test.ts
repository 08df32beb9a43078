/** The C header: compiled, and its loader's writes replayed on the emitted Verilog. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cHeader } from '../../src/control/header.js';
import { registerPage } from '../../src/control/markdown.js';
import { registerMap } from '../../src/control/map.js';
import { runProcess } from '../../src/eda/process.js';
import { designMap, emit } from '../../src/emit/emit.js';
import { imageFile, imageWrites, loadImage } from '../../src/emit/image.js';
import { loadable } from './designs.js';

const folder = mkdtempSync(path.join(tmpdir(), 'halfgate-header-'));
afterAll(() => rmSync(folder, { recursive: true }));
const compiler = await (async (): Promise<string | undefined> => {
  for (const name of ['cc', 'gcc', 'clang']) {
    const run = await runProcess(name, ['--version'], {}).catch(() => undefined);
    if (run?.exitCode === 0) return name;
  }
  return undefined;
})();

/** Compile and run a program in the test's folder; what it printed. */
async function runC(name: string, text: string, ...more: string[]): Promise<string> {
  writeFileSync(path.join(folder, `${name}.c`), text);
  const flags = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', ...more];
  const built = await runProcess(compiler!, [...flags, `${name}.c`, '-o', name], { cwd: folder });
  expect(built.log).toBe('');
  return (await runProcess(path.join(folder, name), [], { cwd: folder })).log;
}

describe('the C header', () => {
  const design = loadable({ scheme: 'int8', rows: 7 });
  const image = loadImage(design);
  writeFileSync(path.join(folder, 'dut_regs.h'), cHeader(designMap(design), 'dut', 'Test.'));
  writeFileSync(path.join(folder, 'image.hex'), imageFile(image));

  // A bus that prints what is written, and says that the core halts at the third look.
  const program = (change: string): string => `
#include <stdio.h>
#include <stdint.h>
static int looks = 0;
static uint32_t bus_read(uintptr_t base, uint32_t offset);
#define DUT_READ(base, offset) bus_read(base, offset)
#define DUT_WRITE(base, offset, value) printf("%u %u\\n", (unsigned)(offset), (unsigned)(value))
#define DUT_PATIENCE 8ul
#include "dut_regs.h"
static uint32_t bus_read(uintptr_t base, uint32_t offset) {
  (void)base;
  if (offset == DUT_MAP) return DUT_MAP_VALUE;
  if (offset == DUT_DESIGN) return DUT_DESIGN_ID;
  return offset == DUT_STATUS && ++looks > 2 ? DUT_STATUS_HALTED : 0u;
}
static char text[1 << 20];
static uint32_t words[DUT_IMAGE_HEADER + DUT_IMAGE_WORDS];
int main(void) {
  FILE *file = fopen("image.hex", "rb");
  size_t count;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  count = dut_parse_hex(text, words, sizeof words / sizeof words[0]);
  ${change}
  printf("result %d\\n", dut_load(0, words, count));
  return 0;
}
`;

  test.skipIf(compiler === undefined)(
    'loads an image with exactly the writes of the driver (skipped without a C compiler)',
    async () => {
      const lines = (await runC('load', program(''))).trim().split('\n');
      const writes = imageWrites(image).map(({ offset, data }) => `${offset} ${data}`);
      expect(lines).toEqual(['8 0', ...writes, 'result 0']);
    },
  );

  test.skipIf(compiler === undefined).each([
    ['a damaged word', 'words[7] ^= 1u;', -3],
    ['an image of another design', 'words[1] ^= 1u;', -2],
    ['no image', 'words[0] = 0u;', -1],
    ['half an image', 'count--;', -1],
    ['text that is none', 'text[4] = 120; count = dut_parse_hex(text, words, 99999);', -1],
    ['a core that never halts', 'looks = -100;', -4],
  ])('refuses %s (skipped without a C compiler)', async (_, change, expected) => {
    const output = await runC('refuse', program(change));
    // Nothing is written before all is checked; a core that does not halt has been asked to.
    expect(output).toBe(`${expected === -4 ? '8 0\n' : ''}result ${expected}\n`);
  });

  test.skipIf(compiler === undefined)(
    'works as it is where registers are memory (skipped without a C compiler)',
    async () => {
      const text = `#include "dut_regs.h"
int main(void) {
  static uint32_t memory[64];
  uint32_t value;
  DUT_WRITE((uintptr_t)memory, DUT_CONTROL, DUT_CONTROL_RUN | DUT_CONTROL_RESET);
  value = DUT_READ((uintptr_t)memory, DUT_CONTROL);
  return value == 3u && memory[2] == 3u ? 0 : 1;
}
`;
      await runC('plain', text);
      const run = await runProcess(path.join(folder, 'plain'), [], { cwd: folder });
      expect(run.exitCode).toBe(0);
    },
  );
});

describe('the register map', () => {
  test('has windows at multiples of their size, one behind the other, and registers before them', () => {
    for (const more of [
      { scheme: 'int8', rows: 7 },
      { scheme: 'bcq-2', hiddenSizes: [4, 3] },
      { scheme: 'hitnet', pack: 32, array: 'ternary', inputSize: 9, vocabSize: 9 },
    ] as const) {
      const map = designMap(loadable(more));
      let end = 4 * map.registers.length;
      for (const { base, bytes, entries, strideBytes, entryWords } of map.windows) {
        expect(base % bytes).toBe(0);
        expect(base).toBeGreaterThanOrEqual(end);
        expect(entries * strideBytes).toBeLessThanOrEqual(bytes);
        expect(4 * entryWords).toBeLessThanOrEqual(strideBytes);
        end = base + bytes;
      }
      expect(2 ** map.addressBits).toBeGreaterThanOrEqual(end);
    }
  });

  test('has registers alone where weights are read-only, and then lets the core run', () => {
    const map = registerMap({ memories: [] }, 5);
    expect(map.windows).toEqual([]);
    expect(map.addressBits).toBe(6);
    expect(cHeader(map, 'dut', 'Test.')).not.toContain('dut_load');
    expect(registerPage(map, 'dut', '')).not.toContain('## Loading');
    expect(registerPage(map, 'dut', '')).toContain(
      '| 0x0008 | CONTROL | 0 | run | read, write | 0x1 |',
    );
  });

  test('identifies hardware by what is emitted of it, not by the weights that it holds', () => {
    const one = loadable({}, 3);
    const same = { ...one, model: loadable({}, 4).model };
    expect(designMap(same).designId).toBe(designMap(one).designId);
    expect(designMap(loadable({ rows: 4 }, 3)).designId).not.toBe(designMap(one).designId);
    expect(emit(one).designId).not.toBe(emit(same).designId);
  });

  test('is documented as it is', async () => {
    const page = registerPage(
      designMap(loadable({ scheme: 'int8', rows: 7 })),
      'dut',
      'dut_image.hex',
    );
    await expect(page).toMatchFileSnapshot('../golden/control/registers.md');
  });
});
