/** Loadable memories are block RAM, one read and one write port each, and the estimate says how many. */
import { expect, test } from 'vitest';
import { estimate } from '../../src/cost/estimate.js';
import { loadProfile } from '../../src/cost/profile.js';
import { synthesize } from '../../src/eda/synth.js';
import { emit } from '../../src/emit/emit.js';
import { loadable } from './designs.js';

const sizes = { inputSize: 12, hiddenSizes: [12], classes: 8, columns: 1, rows: 3 };

test('as many as yosys places on iCE40, no word in logic: weights, row words, factors and embedding', async () => {
  const design = loadable({ ...sizes, scheme: 'bcq-2', vocabSize: 20 });
  const { brams, cells } = await synthesize(emit(design).files, 'dut', 'ice40-up5k');
  const estimated = estimate(design, loadProfile('ice40-up5k'));
  expect(estimated.resources.bram.value).toBe(brams);
  expect(brams).toBeGreaterThanOrEqual(design.rows);
  // A memory in logic would take a flip-flop for every bit of thousands.
  const flipFlops = Object.entries(cells).reduce(
    (sum, [name, count]) => sum + (name.startsWith('SB_DFF') ? count : 0),
    0,
  );
  expect(flipFlops).toBeLessThan(1200);
  expect(estimated.warnings.join()).toContain('control axi-lite: LUTs');
}, 120_000);
