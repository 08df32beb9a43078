import { describe, expect, test } from 'vitest';
import { simulate } from '../../sim/simulate.js';
import { evenNonzeros } from '../../sim/workload.js';
import { compileCosts } from '../../src/cost/compiled.js';
import { ProfileError } from '../../src/cost/errors.js';
import { estimate } from '../../src/cost/estimate.js';
import { widthsOf } from '../../src/cost/inventory.js';
import { costPoint, type PointCost, type PointRun } from '../../src/cost/point.js';
import { PARAMETERS, PRIMITIVE_NAMES, PRIMITIVES } from '../../src/cost/primitives.js';
import {
  checkProfile,
  hasDsp,
  loadProfile,
  profileNames,
  type Profile,
} from '../../src/cost/profile.js';
import type { Design } from '../../src/design/design.js';
import { withoutDsp } from '../../src/design/multipliers.js';
import type { DesignPoint } from '../../src/design/outline.js';
import { plan } from '../../src/design/plan.js';
import { Random } from '../../src/model/random.js';
import { weightBytes } from '../../src/quant/quantized-model.js';
import { SCHEMES } from '../../src/quant/scheme.js';
import { randomCase } from '../../src/verify/random.js';
import { pointOf } from '../design/points.js';

/** The long way. */
function costOf(planned: Design, { sequences, density }: PointRun, profile: Profile): PointCost {
  const design = hasDsp(profile) ? planned : withoutDsp(planned);
  const total = sequences.reduce((sum, length) => sum + length, 0);
  const isSkipping = design.dataflow === 'sparse' && density !== undefined;
  const report = simulate(design, {
    sequences,
    ...(isSkipping && { nonzeros: evenNonzeros(design, total, density) }),
  });
  const { resources, areaUm2, fmaxMhz, clockMhz, speed, energy, fits } = estimate(
    design,
    profile,
    report,
  );
  const { cycles, steps, cyclesPerStep, utilization } = report;
  const { lut, ff, dsp, bram, lutRam, logicCells } = resources;
  return {
    ...{ cycles, steps, cyclesPerStep, utilization, clockMhz, fits },
    fmaxMhz: fmaxMhz.value,
    latencyUs: cycles / clockMhz,
    stepsPerSecond: speed!.stepsPerSecond,
    energyPerStepPj: energy!.perStepPj,
    powerMw: energy!.powerMw,
    areaUm2: areaUm2.value,
    ...{ lut: lut.value, ff: ff.value, dsp: dsp.value, bram: bram.value, lutRam: lutRam.value },
    logicCells: logicCells.value,
    weightBytes: weightBytes(design.model),
    memoryBits: design.memories.reduce((sum, { width, depth, copies }) => {
      return sum + width * depth * copies;
    }, 0),
  };
}

const POINT: DesignPoint = {
  scheme: SCHEMES['ternary-level3'],
  input: { kind: 'tokens', vocabSize: 30, size: 16 },
  hiddenSizes: [24],
  classes: 30,
  when: 'every-step',
  rows: 8,
  columns: 1,
};

describe('the cost of a point', () => {
  const profiles = profileNames().map(loadProfile);

  test.each(Array.from({ length: 150 }, (_, index) => index))(
    'is what planning, simulating and estimating say, to the last bit (random design %i of seed 21)',
    (index) => {
      const random = new Random(index + 77);
      const { shape, options, design: drawn } = randomCase(21, index);
      if (drawn.stationary) {
        // Points of a design space have no weights that stay.
        const point = pointOf(shape, options);
        const run = { sequences: [3] };
        expect(() => costPoint(point, run, profiles[0])).toThrow('"ws" is none of os, sparse');
        return;
      }
      const maxSteps = drawn.sequence ? { maxSteps: 40 } : {};
      const isLoaded = random.integer(4) === 0;
      const full = {
        ...options,
        ...maxSteps,
        ...(isLoaded ? { weights: 'ram' as const, control: 'axi-lite' as const } : {}),
      };
      const design = plan(drawn.model, full);
      const run: PointRun = {
        sequences: Array.from({ length: 1 + random.integer(3) }, () => 1 + random.integer(40)),
        ...(random.integer(2) === 0 ? { density: random.uniform() } : {}),
      };
      const profile = profiles[index % profiles.length];
      const found = costPoint(pointOf(shape, full), run, profile, widthsOf(design));
      expect(found).toEqual(costOf(design, run, profile));
    },
  );

  test('of several streams is that of one with more memory', () => {
    const profile = loadProfile('ice40-up5k');
    const one = costPoint(POINT, { sequences: [9] }, profile);
    const four = costPoint({ ...POINT, streams: 4 }, { sequences: [9] }, profile);
    expect(four.memoryBits).toBeGreaterThan(one.memoryBits);
    expect(four.cycles).toBe(one.cycles);
  });

  test('of long runs takes the same cycles for every further step', () => {
    const profile = loadProfile('ice40-up5k');
    const short = costPoint(POINT, { sequences: [100] }, profile);
    const long = costPoint(POINT, { sequences: [1_000_000] }, profile);
    expect(long.cycles - short.cycles).toBe(999_900 * short.cyclesPerStep);
  });

  test('knows what does not fit', () => {
    const profile = loadProfile('ice40-up5k');
    const run = { sequences: [10] };
    expect(costPoint(POINT, run, profile).fits).toBe(true);
    expect(costPoint({ ...POINT, hiddenSizes: [1024] }, run, profile).fits).toBe(false);
  });

  test.each<[string, PointRun, string]>([
    ['none', { sequences: [] }, 'sequences: none given'],
    ['of no steps', { sequences: [0] }, 'sequences[0]: 0 is not a positive integer'],
    ['of another density', { sequences: [1], density: 2 }, 'density: 2 is not in 0..1'],
  ])('refuses a run %s', (_, run, message) => {
    expect(() => costPoint(POINT, run, loadProfile('ice40-up5k'))).toThrow(message);
  });

  test('refuses sequences that the memory does not hold', () => {
    const point = { ...POINT, bidirectional: [true], maxSteps: 5 };
    expect(() => costPoint(point, { sequences: [6] }, loadProfile('ice40-up5k'))).toThrow(
      'sequences[0]: 6 steps, but the design holds 5; give maxSteps 6 or more',
    );
  });
});

describe('compiled formulas', () => {
  test('say what the formulas say', () => {
    const random = new Random(3);
    for (const profile of profileNames().map(loadProfile)) {
      const { primitives } = compileCosts(profile);
      for (const primitive of PRIMITIVE_NAMES) {
        const parameters = Object.fromEntries(
          PRIMITIVES[primitive].map((name) => {
            const { from, to } = PARAMETERS[name];
            return [name, from + random.integer(Math.min(6, to - from + 1))];
          }),
        );
        const totals = { lut: 0, ff: 0, lutRam: 0, dsp: 0, bram: 0, areaUm2: 0, delayNs: 0 };
        primitives[primitive](parameters, {}, 1, totals);
        const formulas = profile.primitives[primitive];
        expect(totals.lut).toBe(Math.round(formulas.lut.evaluate(parameters)));
        expect(totals.ff).toBe(Math.round(formulas.ff.evaluate(parameters)));
        expect(totals.delayNs).toBe(formulas.delayNs.evaluate(parameters));
      }
    }
  });

  test('refuse what the formulas refuse, with the same words', () => {
    const json = structuredClone(loadProfile('ice40-up5k').data);
    // Negative between the corners that are probed when the profile is read.
    const formula = json.primitives['drain'].lut as { formula: string };
    formula.formula = `(${formula.formula}) * 0 + abs(rowSelectBits - 3) - 0.5`;
    const profile = checkProfile(json, 'p.json');
    const words = /p\.json: primitives\.drain\.lut\.formula: is -0\.5.* at .*rowSelectBits = 3/;
    expect(() => costPoint(POINT, { sequences: [3] }, profile)).toThrow(words);
    expect(() => costPoint(POINT, { sequences: [3] }, profile)).toThrow(ProfileError);
  });

  test('are numbers, parameters and operations, nothing else', () => {
    const code = loadProfile('xc7a35t').primitives['requantizer'].lut.code((name) => `p.${name}`);
    expect(code).toMatch(
      /^(?:Math\.(?:abs|ceil|floor|log2|max|min|pow|round|sqrt)|p\.\w+|[-+*/(), \d.e])+$/,
    );
  });
});
