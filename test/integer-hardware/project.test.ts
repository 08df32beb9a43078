/** The emitted project in native tools. */
import { describe, expect, test } from 'vitest';
import { lintIverilog, lintVerilator, runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { emitInteger } from '../../src/integer-hardware/emit.js';
import { emitIntegerProject, emitIntegerTestbench } from '../../src/integer-hardware/project.js';
import { randomIntegerCase } from '../../src/integer-hardware/verify.js';

const iverilog = (await findTool('iverilog')) !== undefined;
const verilator = (await findTool('verilator')) !== undefined;

/**
 * Cases of seed 31: two layers in both directions; a table and a head that gives sums; features and three
 * layers; one-hot, layer normalization, gemmlowp and a head of classes.
 */
const CASES = [0, 4, 7, 9].map((index) => randomIntegerCase(31, index));

describe.skipIf(!iverilog)('iverilog (skipped where it is not installed)', () => {
  test.each(CASES)('passes the testbench: $description', async ({ design, sequences }) => {
    const testbench = emitIntegerTestbench(design, sequences);
    const run = await runTestbench({
      files: { ...emitInteger(design).files, ...testbench.files },
      top: testbench.top,
      tool: 'iverilog',
    });
    expect(run.log).toContain('HALFGATE PASS');
    expect(run.passed).toBe(true);
  });

  test('has nothing to say about the source', async () => {
    for (const { design } of CASES) {
      const { files, top } = emitInteger(design);
      expect((await lintIverilog(files, top)).log).toBe('');
    }
  });
});

describe.skipIf(!verilator)('verilator (skipped where it is not installed)', () => {
  test.each(CASES)('lints without a warning: $description', async ({ design }) => {
    const { files, top } = emitInteger(design);
    expect((await lintVerilator(files, top)).log).toBe('');
  });
});

describe('emitIntegerProject', () => {
  test('has sources, testbench, scripts and a page about them', () => {
    const { design, sequences } = CASES[0];
    const files = emitIntegerProject(design, sequences);
    const { name } = design;
    for (const file of [
      ...['README.md', 'files.f', `rtl/${name}.v`, `rtl/${name}_program.hex`],
      ...[`sim/tb_${name}.v`, `sim/tb_${name}_writes.hex`, 'sim/simulate.sh', 'synth/ice40.ys'],
    ]) {
      expect(Object.keys(files)).toContain(file);
    }
    expect(files['README.md']).toContain(`# ${name}`);
    expect(files['README.md']).toContain('| layer 0, f: W x |');
    const listed = files['files.f'].trim().split('\n');
    for (const file of listed) expect(Object.keys(files)).toContain(file);
  });
});
