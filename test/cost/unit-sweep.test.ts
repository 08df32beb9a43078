import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { estimate } from '../../src/cost/estimate.js';
import { hasDsp, loadProfile, profileNames } from '../../src/cost/profile.js';
import {
  fitUnit,
  parseUnits,
  UNIT_WIDTHS,
  unitFamily,
  unitText,
} from '../../src/cost/unit-sweep.js';
import { inventory } from '../../src/cost/inventory.js';
import { withoutDsp } from '../../src/design/multipliers.js';
import { plan } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { packageRoot } from '../../src/package-root.js';
import { randomModel } from '../../src/verify/random-model.js';

const FILE = 'hw-profiles/data/units.jsonl';
const text = readFileSync(new URL(FILE, packageRoot()), 'utf8');
const data = parseUnits(text, FILE);

describe('the data of units alone', () => {
  test('say what was measured, with which version, over all widths', () => {
    expect(data.toolVersion).toMatch(/^0\.\d+/);
    expect(unitText(data)).toBe(text);
    for (const family of ['ice40-hx8k', 'ecp5', 'xc7']) {
      const own = data.points.filter((point) => point.family === family);
      expect(own.map(({ weightBits, accBits }) => ({ weightBits, accBits }))).toEqual(UNIT_WIDTHS);
    }
  });

  test('hold no DSP block, and the registers that the formula counts', () => {
    for (const { dsps, ffs, weightBits, accBits } of data.points) {
      expect(dsps).toBe(0);
      // All that is passed on is there: as of one of very many rows and columns.
      expect(ffs).toBe(accBits + 9 + weightBits);
    }
  });

  const fitted = profileNames().filter((name) => unitFamily(loadProfile(name).data) !== undefined);

  test.each(fitted)('give the coefficients and the error that %s has', (name) => {
    const profile = loadProfile(name);
    const { primitives } = fitUnit(profile, data, unitFamily(profile.data)!);
    expect(primitives['pe-recoded']).toEqual(profile.data.primitives['pe-recoded']);
  });

  test('a file of another version is refused', () => {
    expect(() => parseUnits('{"version":2}\n', 'units.jsonl')).toThrow(
      /units\.jsonl, line 1: version 2/,
    );
  });
});

describe('a recoded array', () => {
  const model = randomModel(
    { scheme: 'int8', inputSize: 9, hiddenSizes: [8], classes: 4, when: 'every-step' },
    new Random(3),
  );
  const sizes = { name: 'dut', rows: 4, columns: 2 };
  const design = plan(model, sizes);
  const count = (d: typeof design, primitive: string): number =>
    inventory(d).reduce(
      (sum, part) =>
        part.kind === 'logic' && part.primitive === primitive ? sum + part.count : sum,
      0,
    );

  test.each([
    [undefined, 8, 0],
    [8, 8, 0],
    [5, 5, 3],
    [0, 0, 8],
  ])('with --dsp %s has %i elements that multiply and %i that are recoded', (dsp, int, recoded) => {
    const planned = plan(model, { ...sizes, ...(dsp === undefined ? {} : { dsp }) });
    expect([count(planned, 'pe-int'), count(planned, 'pe-recoded')]).toEqual([int, recoded]);
  });

  test("takes a DSP block and an element's LUTs for each", () => {
    const profile = loadProfile('ice40-up5k');
    const dsps = [8, 5, 0].map(
      (dsp) => estimate(plan(model, { ...sizes, dsp }), profile).resources,
    );
    expect(dsps[0].dsp.value - dsps[1].dsp.value).toBe(3);
    expect(dsps[1].dsp.value - dsps[2].dsp.value).toBe(5);
    expect(dsps[2].lut.value).toBeGreaterThan(dsps[1].lut.value + 5 * 90);
  });

  test('is what a device without DSP blocks gets, unless the design says how many it uses', () => {
    expect(profileNames().filter((name) => !hasDsp(loadProfile(name)))).toEqual([
      'asic-45nm',
      'ice40-hx8k',
    ]);
    expect(withoutDsp(design)).toEqual(plan(model, { ...sizes, dsp: 0 }));
    const some = plan(model, { ...sizes, dsp: 3 });
    expect(withoutDsp(some)).toBe(some);
    const profile = loadProfile('ice40-hx8k');
    const [plain, recoded] = [design, withoutDsp(design)].map((d) => estimate(d, profile));
    expect(recoded.resources.lut.value).toBeLessThan(plain.resources.lut.value - 8 * 100);
  });
});
