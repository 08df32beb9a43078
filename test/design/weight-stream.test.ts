/** How weights that come from off chip are laid out, and what docs/weights.md says a port gives. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import { estimate } from '../../src/cost/estimate.js';
import { inventory } from '../../src/cost/inventory.js';
import { mapMemory } from '../../src/cost/memory-map.js';
import { loadProfile } from '../../src/cost/profile.js';
import type { Design } from '../../src/design/design.js';
import { plan, type PlanOptions } from '../../src/design/plan.js';
import { beatsPerImage } from '../../src/design/weight-stream.js';
import { Random } from '../../src/model/random.js';
import { randomModel, type ModelShape } from '../../src/verify/random-model.js';

/** H = I = 128, ternary, on 16 rows. */
const SHAPE = {
  ...{ scheme: 'ternary-level3', inputSize: 128, hiddenSizes: [128], classes: 50 },
  when: 'every-step',
} as const;

function designOf(options: Partial<PlanOptions>, more: Partial<ModelShape> = {}): Design {
  const model = randomModel({ ...SHAPE, ...more }, new Random(1));
  return plan(model, { name: 'dut', rows: 16, columns: 1, ...options });
}

const streamed = (options: Partial<PlanOptions> = {}, more: Partial<ModelShape> = {}): Design =>
  designOf({ weights: 'stream', ...options }, more);

describe('the arrangement of streamed weights', () => {
  test.each([
    // Five trits of a row are a byte.
    [{ weightStreamBits: 8 }, {}, { perLine: 5, itemBits: 8, rowsPerWrite: 1 }],
    [{ weightStreamBits: 32 }, {}, { perLine: 5, itemBits: 8, rowsPerWrite: 4, linesPerBeat: 1 }],
    [{ weightStreamBits: 512 }, {}, { perLine: 5, itemBits: 8, rowsPerWrite: 16, linesPerBeat: 4 }],
    // An int8 weight is a byte: no need for lines of several operands.
    [{ weightStreamBits: 64 }, { scheme: 'int8' }, { perLine: 1, itemBits: 8, rowsPerWrite: 8 }],
  ] as const)('%o %o', (options, more, wanted) => {
    expect(streamed(options, more).weightStream).toMatchObject(wanted);
  });

  test('is dense: of 16 rows of trits, the ends of passes alone are left empty', () => {
    for (const weightStreamBits of [8, 16, 32, 64, 128]) {
      const { weightStream, jobs, rows } = streamed({ weightStreamBits });
      const trits = jobs.reduce((sum, { folds, k }) => sum + folds * k * rows, 0);
      const bits = beatsPerImage(weightStream!, rows) * weightStreamBits;
      expect(bits).toBeLessThan(1.02 * (8 / 5) * trits);
    }
  });

  test('a half holds the longest pass, or as many operands as asked for', () => {
    expect(streamed().weightStream).toMatchObject({ perLine: 5, halfLines: 64 });
    expect(streamed({ weightBuffer: 21 }).weightStream).toMatchObject({ halfLines: 8 });
    const small = streamed({ weightBuffer: 1 });
    expect(small.memories.find(({ role }) => role === 'weights')).toEqual({
      ...{ name: 'weight_bank', role: 'weights', kind: 'ram' },
      ...{ width: 10, depth: 4, copies: 16 },
    });
  });

  test('a port as fast as the array costs it less than two hundredths of its speed', () => {
    const kept = simulate(designOf({}), { sequences: [24] });
    const fast = simulate(streamed({ weightStreamBits: 32 }), { sequences: [24] });
    expect(fast.weightSupply).toMatchObject({ computeCycles: kept.cyclesPerStep, isBound: false });
    expect(fast.cyclesPerStep).toBeLessThan(1.02 * kept.cyclesPerStep);
    const slow = simulate(streamed({ weightStreamBits: 8 }), { sequences: [24] });
    expect(slow.weightSupply!.isBound).toBe(true);
    expect(slow.cyclesPerStep).toBeGreaterThanOrEqual(slow.weightSupply!.boundCycles);
    expect(slow.cyclesPerStep).toBeLessThan(1.02 * slow.weightSupply!.boundCycles);
  });
});

/** A row of the table: what a port gives, of a source that offers a beat in every cycle. */
function tableRow(name: string, design: Design): string {
  const profile = loadProfile('ice40-hx8k');
  const report = simulate(design, { sequences: [24] });
  const { cyclesPerStep, utilization, weightSupply: supply } = report;
  const banks = inventory(design)
    .filter((part) => part.kind === 'memory' && part.role === 'weights')
    .reduce((sum, part) => {
      if (part.kind !== 'memory') return sum;
      const { type: kind, width, depth, count } = part;
      return sum + count * mapMemory({ kind, width, depth }, profile.data.memories).amount;
    }, 0);
  const { bram } = estimate(design, profile).resources;
  return (
    `| ${name} | ${cyclesPerStep.toFixed(1)} | ${(100 * utilization).toFixed(1)} % | ` +
    (supply ? `${supply.bitsPerStep} | ${supply.boundCycles} | ` : '- | - | ') +
    `${banks} | ${bram.value} |`
  );
}

test('docs/weights.md has the cycles and block RAMs of each port, as they are', () => {
  const page = readFileSync(new URL('../../docs/weights.md', import.meta.url), 'utf8');
  const rows = [
    tableRow('ROM', designOf({})),
    ...[8, 16, 32, 64].map((bits) =>
      tableRow(`${bits} bits`, streamed({ weightStreamBits: bits })),
    ),
  ];
  const found = page.split('\n').filter((line) => /^\| (ROM|\d+ bits) \|/.test(line));
  expect(found).toEqual(rows);
});

test('energies of bits from off chip are in the figures where a table has them, and missed where not', () => {
  const design = streamed();
  const report = simulate(design, { sequences: [4] });
  const bits = beatsPerImage(design.weightStream!, 16) * 32;
  expect(report.activity.offChipBits).toBe(4 * bits);
  const asic = estimate(design, loadProfile('asic-45nm'), report);
  const weights = asic.energy!.tree.children.find(({ name }) => name === 'weights')!;
  const node = weights.children.find(({ name }) => name === 'off chip');
  expect(node).toMatchObject({ actionsPerStep: bits, energyPerActionPj: 20, quality: 'published' });
  const parts = asic.energy!.portions.filter(({ act }) => act === 'off chip');
  expect(parts.reduce((sum, { pj }) => sum + pj, 0)).toBe(node!.totalPj);
  expect(asic.energy!.portions.reduce((sum, { pj }) => sum + pj, 0)).toBe(asic.energy!.perStepPj);
  const jobBits = report.jobs.reduce((sum, job) => sum + job.activity.offChipBits!, 0);
  expect(jobBits).toBe(report.activity.offChipBits);
  const fpga = estimate(design, loadProfile('ice40-up5k'), report);
  expect(fpga.warnings.join('\n')).toContain(
    `weights off chip: the energy of ${bits} bits per step is not in the figures`,
  );
  expect(fpga.warnings.join('\n')).toContain('weights stream: what fills the banks');
});
