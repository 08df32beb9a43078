import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ProfileError } from '../../src/cost/errors.js';
import { PRIMITIVE_NAMES } from '../../src/cost/primitives.js';
import { checkProfile, loadProfile, parseProfile, profileNames } from '../../src/cost/profile.js';
import { packageRoot } from '../../src/package-root.js';

type Json = Record<string, unknown>;

/** A valid profile's data, to be damaged. */
function valid(): Json {
  return structuredClone(loadProfile('ice40-up5k').data) as unknown as Json;
}

/** Set the value at a path like `primitives.drain.lut.formula`; undefined deletes. */
function change(json: Json, at: string, value: unknown): Json {
  const keys = at.split('.');
  const last = keys.pop()!;
  let object = json;
  for (const key of keys) object = object[key] as Json;
  if (value === undefined) delete object[last];
  else object[last] = value;
  return json;
}

function problems(json: unknown): string[] {
  try {
    checkProfile(json, 'p.json');
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return error.message.split('\n').slice(1);
  }
  return [];
}

describe('shipped profiles', () => {
  test('are the five', () => {
    expect(profileNames()).toEqual([
      'asic-45nm',
      'ecp5-25k',
      'ice40-hx8k',
      'ice40-up5k',
      'xc7a35t',
    ]);
  });

  test.each(profileNames())('%s is valid, and states its data', (name) => {
    const { data } = loadProfile(name);
    expect(data.name).toBe(name);
    if (data.calibrated) {
      expect(existsSync(new URL(`hw-profiles/${data.calibrated.data}`, packageRoot()))).toBe(true);
    }
  });

  test('have the same keys', () => {
    const keysOf = (value: unknown, at = ''): string[] => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at];
      if (at.endsWith('.coefficients') || at.endsWith('.ranges')) return [at];
      return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, `${at}.${key}`));
    };
    const top = profileNames().map((name) => Object.keys(loadProfile(name).data));
    for (const keys of top) expect(keys).toEqual(top[0]);
    const formulas = profileNames().map((name) => keysOf(loadProfile(name).data.primitives));
    for (const keys of formulas) expect(keys).toEqual(formulas[0]);
  });

  test('tell what each primitive costs', () => {
    const { primitives } = loadProfile('ice40-up5k');
    expect(Object.keys(primitives).sort()).toEqual([...PRIMITIVE_NAMES].sort());
    expect(
      primitives['pe-ternary'].lut.evaluate({ accBits: 16, rows: 4, columns: 1 }),
    ).toBeGreaterThan(15);
  });
});

function lookupFormula(primitive: 'output-stream', cost: 'lut' | 'ff'): unknown {
  return structuredClone(loadProfile('ice40-up5k').data.primitives[primitive][cost]);
}

describe('a profile is refused', () => {
  const formulaAt = 'primitives.drain.lut.formula';
  test.each<[string, string, unknown, string]>([
    ['with an unknown key', 'colour', 'red', 'p.json: top level: unknown key "colour"'],
    [
      'with an unknown key inside',
      'primitives.drain.lut.note',
      1,
      'p.json: primitives.drain.lut: unknown key "note"',
    ],
    ['without a primitive', 'primitives.drain', undefined, 'p.json: primitives.drain: missing'],
    [
      'with a primitive of another name',
      'primitives.multiplier',
      {},
      'p.json: primitives: unknown key "multiplier"',
    ],
    [
      'without a source',
      'primitives.drain.lut.source',
      undefined,
      'p.json: primitives.drain.lut.source: missing',
    ],
    ['with an empty source', 'clockMhz.source', '', 'p.json: clockMhz.source: ""'],
    ['with a text for a number', 'clockMhz.value', '12', 'p.json: clockMhz.value: "12"'],
    ['with a negative resource', 'resources.lut.value', -1, 'p.json: resources.lut.value: -1'],
    [
      'with a unit of another dimension',
      'resources.lut.unit',
      'FF',
      'p.json: resources.lut.unit: "FF", must be LUT or a unit of the same dimension',
    ],
    [
      'with a time for an energy',
      'energy.actions.compare.unit',
      'ns',
      'p.json: energy.actions.compare.unit: "ns", must be pJ',
    ],
    [
      'with an unknown unit',
      'clockMhz.unit',
      'furlong',
      'p.json: clockMhz.unit: "furlong", must be MHz',
    ],
    [
      'with a number in a unit',
      'clockMhz.unit',
      '3MHz',
      'p.json: clockMhz.unit: "3MHz", must be MHz',
    ],
    [
      'with a symbol nobody knows',
      formulaAt,
      'c0 + c1 + c2 + c3 + wishes',
      `p.json: ${formulaAt}: reads "wishes", may read`,
    ],
    [
      'with a parameter of another primitive',
      formulaAt,
      'c0 + c1 + c2 + c3 + accBits',
      `p.json: ${formulaAt}: reads "accBits"`,
    ],
    ['with an assignment', formulaAt, 'x = 3', `p.json: ${formulaAt}: an assignment`],
    [
      'with a function definition',
      formulaAt,
      'f(x) = 3',
      `p.json: ${formulaAt}: a function definition`,
    ],
    ['with a property', formulaAt, 'c0.constructor', `p.json: ${formulaAt}: reads a property`],
    ['with an import', formulaAt, 'import({a: 1})', `p.json: ${formulaAt}: calls import`],
    ['with a syntax error', formulaAt, '3 +', `p.json: ${formulaAt}: cannot be read`],
    [
      'with an unused coefficient',
      formulaAt,
      'c0',
      `p.json: ${formulaAt}: does not use coefficient c1`,
    ],
    ['with a negative cost', formulaAt, 'c0 + c1 + c2 + c3 - 1000', `p.json: ${formulaAt}: is -`],
    [
      'with NaN',
      formulaAt,
      '(c0 + c1 + c2 + c3) * 0 / (rowSelectBits - 1)',
      `p.json: ${formulaAt}: is NaN at rowSelectBits = 1`,
    ],
    [
      'with infinity',
      formulaAt,
      '(c0 + c1 + c2 + c3) / (rowSelectBits - 6)',
      `p.json: ${formulaAt}: is `,
    ],
    [
      'with the square root of a negative',
      formulaAt,
      'sqrt(-c0 - c1 - c2 - c3)',
      `p.json: ${formulaAt}: is NaN`,
    ],
    [
      'with a coefficient that is no number',
      'primitives.drain.lut.coefficients.c0',
      null,
      'p.json: primitives.drain.lut.coefficients.c0: null',
    ],
    [
      'with a formula that reads another',
      formulaAt,
      'c0 + c1 + c2 + c3 + ff',
      `p.json: ${formulaAt}: reads "ff", may read rowSelectBits, rowAddressBits, layerBits, delayBits, c0, c1, c2, c3, and no other formula`,
    ],
    [
      'with a formula that reads itself',
      'energy.actions.compare.formula',
      'compare',
      'p.json: energy.actions.compare.formula: reads "compare"',
    ],
    [
      'with a negative energy',
      'energy.actions.compare.formula',
      '0 - 1',
      'p.json: energy.actions.compare.formula: is -1, must be zero or more',
    ],
    [
      'with an energy without a source',
      'energy.actions.compare.source',
      undefined,
      'p.json: energy.actions.compare.source: missing',
    ],
    [
      'with an energy of which the source is blank',
      'energy.actions.compare.source',
      '          ',
      'p.json: energy.actions.compare.source: "          "',
    ],
    [
      'with negative logic cells',
      'packing.formula',
      'c0 * lut - 2 * c1 * ff',
      'p.json: packing.formula: is -',
    ],
    ['without a clock', 'clockMhz', undefined, 'p.json: clockMhz: missing'],
    [
      'with a negative leakage',
      'energy.memoryLeakagePerBit.value',
      -1,
      'p.json: energy.memoryLeakagePerBit.value: -1',
    ],
    [
      'with a coefficient of another name',
      'primitives.drain.lut.coefficients.gain',
      1,
      'p.json: primitives.drain.lut.coefficients',
    ],
    [
      'calibrated over a parameter that is none',
      'calibrated.ranges.wishes',
      [1, 2],
      'p.json: calibrated.ranges',
    ],
    [
      'calibrated over a range from large to small',
      'calibrated.ranges.rows',
      [16, 1],
      'p.json: calibrated.ranges.rows: [16,1], must be from the smallest value to the largest',
    ],
    ['of another version', 'version', 2, 'p.json: version: 2'],
    [
      'with a quality nobody defined',
      'clockMhz.quality',
      'sure',
      'p.json: clockMhz.quality: "sure"',
    ],
    [
      'with a memory of no width',
      'memories.blocks.0.widths',
      [],
      'p.json: memories.blocks.0.widths: []',
    ],
  ])('%s', (_, at, value, message) => {
    const found = problems(change(valid(), at, value));
    expect(found.map((line) => line.trim())).toEqual(
      expect.arrayContaining([expect.stringContaining(message)]),
    );
    expect(found).toHaveLength(1);
  });

  test('with formulas that read each other: none can go round in circles', () => {
    let json = change(valid(), 'primitives.output-stream.lut', {
      ...(lookupFormula('output-stream', 'lut') as Json),
      formula: 'ff + c0',
    });
    json = change(json, 'primitives.output-stream.ff', {
      ...(lookupFormula('output-stream', 'ff') as Json),
      formula: 'lut + c0',
    });
    expect(problems(json)).toEqual([
      '  p.json: primitives.output-stream.lut.formula: reads "ff", may read c0, and no other formula',
      '  p.json: primitives.output-stream.ff.formula: reads "lut", may read c0, and no other formula',
    ]);
  });

  test('with all its problems at once', () => {
    let json = change(valid(), 'colour', 'red');
    json = change(json, 'clockMhz.source', undefined);
    json = change(json, formulaAt, 'wishes');
    json = change(json, 'energy.actions.compare.unit', 'ns');
    expect(problems(json)).toHaveLength(4);
  });

  test('when it is no JSON, or no object', () => {
    expect(() => parseProfile('{', 'p.json')).toThrow(/p\.json: .*must be JSON/);
    expect(() => parseProfile('[]', 'p.json')).toThrow(/p\.json: top level: \[\]/);
    expect(() => parseProfile('null', 'p.json')).toThrow(ProfileError);
  });
});

describe('loading', () => {
  test('names the profiles there are', () => {
    expect(() => loadProfile('ice41')).toThrow(/"ice41", must be one of asic-45nm, .* or the path/);
    expect(() => loadProfile('../package')).toThrow(/must be one of/);
  });

  test("reads a user's own file", () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'halfgate-profile-'));
    try {
      const file = path.join(folder, 'mine.json');
      writeFileSync(file, JSON.stringify(change(valid(), 'name', 'my-board')));
      expect(loadProfile(file).data.name).toBe('my-board');
      expect(() => loadProfile(path.join(folder, 'none.json'))).toThrow(
        /cannot be read \(ENOENT\)/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('converts units', () => {
    const json = change(valid(), 'clockMhz', {
      ...(valid()['clockMhz'] as Json),
      value: 0.024,
      unit: 'GHz',
    });
    const profile = checkProfile(change(json, 'energy.actions.compare.unit', 'nJ'), 'p.json');
    expect(profile.constants.clockMhz).toBe(24);
    expect(profile.actions.compare.evaluate({})).toBeCloseTo(
      1000 * loadProfile('ice40-up5k').actions.compare.evaluate({}),
      9,
    );
  });
});

test('a value outside the checked corners is refused when it is met', () => {
  const json = change(
    valid(),
    'primitives.drain.lut.formula',
    'c0 + c1 + c2 + c3 + 1 / (rowAddressBits - 7)^2',
  );
  const profile = checkProfile(json, 'p.json');
  const values = { rowSelectBits: 2, rowAddressBits: 7, layerBits: 0 };
  expect(() => profile.primitives.drain.lut.evaluate(values)).toThrow(
    /p\.json: primitives\.drain\.lut\.formula: is Infinity at rowAddressBits = 7, must be zero or more/,
  );
});
