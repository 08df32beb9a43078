import { describe, expect, test } from 'vitest';
import { plan } from '../../src/design/plan.js';
import { runTestbench } from '../../src/eda/native-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { emit, type Netlist } from '../../src/emit/emit.js';
import { emitTestbench } from '../../src/emit/project.js';
import { Random } from '../../src/model/random.js';
import { campaignRuns, cosimulateAll, resetSchedule } from '../../src/verify/campaign.js';
import { compileDesign, expectationOf } from '../../src/verify/cosimulate.js';
import { stressInput } from '../../src/verify/extreme-input.js';
import { testVectors } from '../../src/verify/golden-run.js';
import { randomModel } from '../../src/verify/random-model.js';

const iverilog = (await findTool('iverilog')) !== undefined;

describe('resets at work', () => {
  test('come in every phase of a short step, and evenly in one of many cycles', () => {
    const short = resetSchedule(new Random(1), 20 * 50, 50);
    const first = Math.ceil(1.25 * 20) + 16;
    const phases = new Set(short.filter((cycles) => cycles >= first).map((at) => at - first));
    expect(phases.size).toBe(20);
    const long = resetSchedule(new Random(1), 1000 * 4, 4).filter((cycles) => cycles > 3);
    const sorted = long.sort((a, b) => a - b);
    const gaps = sorted.slice(1).map((at, n) => at - sorted[n]);
    expect(sorted).toHaveLength(24);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.ceil(1000 / 24));
  });

  test('of one seed are the same again', () => {
    expect(campaignRuns(3, 500, 10)).toEqual(campaignRuns(3, 500, 10));
    expect(campaignRuns(3, 500, 10)).not.toEqual(campaignRuns(4, 500, 10));
  });
});

describe('what only a reset in the right cycle shows', () => {
  const shape = {
    ...{ scheme: 'ternary-level3', inputSize: 3, hiddenSizes: [5], classes: 4 },
    when: 'every-step',
  } as const;
  const design = plan(randomModel(shape, new Random(3)), { name: 'dut', rows: 3, columns: 1 });
  const batches = stressInput(design, 12, new Random(4));
  const sound = emit(design);
  const expectation = expectationOf(design, batches);
  const faults = [
    ['hg_lane.v', 'tag_q[2][4] && !rst_i', "tag_q[2][4] && 1'b1"],
    ['hg_lane.v', "valid_q  <= rst_i ? 5'b00000 :", "valid_q  <= 1'b0 ? 5'b00000 :"],
    ['hg_cell_level.v', 'h_valid && h_tag[1] && !rst_i', "h_valid && h_tag[1] && 1'b1"],
  ] as const;

  const changed = (file: string, from: string, to: string): Netlist => {
    expect(sound.files[file]).toContain(from);
    return { ...sound, files: { ...sound.files, [file]: sound.files[file].replace(from, to) } };
  };
  const cosimulated = async (netlist: Netlist) =>
    cosimulateAll(design, netlist, batches, {
      compiled: await compileDesign(design, netlist, { randomizeState: 1 }),
      ...{ expectation, seed: 1 },
    });
  const bench = emitTestbench(design, testVectors(design, batches));
  const benched = (netlist: Netlist) =>
    runTestbench({
      files: { ...netlist.files, ...bench.files },
      ...{ top: bench.top, tool: 'iverilog' },
    });

  test('nothing is wrong without a fault', async () => {
    expect((await cosimulated(sound)).firstProblems).toEqual([]);
    if (iverilog) expect((await benched(sound)).log).toContain('HALFGATE PASS');
  }, 60_000);

  test.each(faults)(
    'the campaign finds a reset left out: %s, %s',
    async (...fault) => {
      const { firstProblems } = await cosimulated(changed(...fault));
      expect(firstProblems.join()).toContain('reset');
    },
    60_000,
  );

  test.skipIf(!iverilog).each(faults)(
    'the generated testbench finds it (skipped without iverilog): %s, %s',
    async (...fault) => {
      const { passed, log } = await benched(changed(...fault));
      expect(passed).toBe(false);
      expect(log).toContain('HALFGATE FAIL stalls');
    },
    60_000,
  );
});
