/** Random designs of all schemes and mixtures, their weights loaded, some with several streams. */
import { expect, test } from 'vitest';
import { tableOf } from '../../src/design/design.js';
import { plan } from '../../src/design/plan.js';
import { emit } from '../../src/emit/emit.js';
import { proveWidths } from '../../src/formal/widths.js';
import { Random } from '../../src/model/random.js';
import { compileDesign, cosimulate } from '../../src/verify/cosimulate.js';
import { randomInput } from '../../src/verify/golden-run.js';
import { randomCase } from '../../src/verify/random.js';
import { cosimulateStreams, systemCase } from '../../src/verify/random-system.js';
import { interleave } from '../../src/verify/streams.js';

test.each([2, 3, 4, 6])(
  'random design %i of seed 91 computes what it should when its weights are loaded',
  async (index) => {
    const { design: fixed, options, batches } = randomCase(91, index);
    const sharing = fixed.sequence === undefined && tableOf(fixed) === undefined;
    const streams = sharing && index % 2 === 0 ? 4 : 1;
    const loaded = { ...options, weights: 'ram', control: 'axi-lite', streams } as const;
    const design = plan(fixed.model, loaded);
    const netlist = emit(design);
    const compiled = await compileDesign(design, netlist, { randomizeState: index });
    const random = new Random(index);
    const inputs = Array.from({ length: streams }, () => randomInput(design, [2, 1], random));
    const traffic = streams > 1 ? { traffic: interleave(design, inputs, random) } : {};
    for (const stall of [{}, { stallSeed: index + 1 }]) {
      const result = await cosimulate(design, netlist, batches, { compiled, ...stall, ...traffic });
      expect(result.firstProblems).toEqual([]);
    }
    expect(proveWidths(design).filter(({ status }) => status !== 'proved')).toEqual([]);
  },
  60_000,
);

test('a fourth of random designs are loaded, some of them shared by streams, which run as alone', async () => {
  const cases = Array.from({ length: 48 }, (_, index) => systemCase(randomCase(5, index), 5));
  const loaded = cases.filter(({ design }) => design.weights === 'ram');
  const shared = loaded.filter(({ design }) => design.streams !== undefined);
  expect(loaded.length).toBeGreaterThan(5);
  expect(shared.length).toBeGreaterThan(0);
  const result = await cosimulateStreams(shared[0], 9);
  expect(result).toMatchObject({ bitMismatches: 0, cycleMismatches: 0, firstProblems: [] });
  expect(result.runs).toEqual(['streams, full speed', 'streams, stalls, random']);
}, 60_000);

test('a design whose room for any weights takes more than the hardware has keeps its own weights', () => {
  const candidate = randomCase(88, 64);
  const loaded = { ...candidate.options, weights: 'ram', control: 'axi-lite' } as const;
  expect(() => plan(candidate.design.model, loaded)).toThrow(/bits/);
  expect(systemCase(candidate, 88)).toBe(candidate);
});
