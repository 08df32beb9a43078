import { describe, expect, test } from 'vitest';
import { CODINGS, codeLimit, codingOf, planesOf, weightBits } from '../../src/quant/coding.js';
import {
  layerWeights,
  needsCurvature,
  type Scheme,
  SCHEME_DEFAULTS,
  schemeProblems,
  SCHEMES,
  uniformWeights,
} from '../../src/quant/scheme.js';

const base: Scheme = {
  ...SCHEME_DEFAULTS,
  name: 'test',
  weights: uniformWeights('int8'),
  head: 'int8',
};

test.each(Object.entries(SCHEMES))('%s makes sense', (name, scheme) => {
  expect(scheme.name).toBe(name);
  expect(schemeProblems(scheme)).toEqual([]);
  expect(structuredClone(scheme)).toEqual(scheme);
});

describe('what makes no sense is refused, with the reason', () => {
  test.each<[Partial<Scheme>, string]>([
    [{ name: 'Two words' }, "name: 'Two words' is not of a-z, 0-9 and -"],
    [{ weights: [] }, 'weights: no layer given'],
    [{ head: 'int9' }, "head: 'int9' is none of ternary, twn,"],
    [
      { weights: [...uniformWeights('int8'), { i: 'int8', f: 'int1', g: 'int8', o: 'int8' }] },
      "weights[1].f: 'int1' is none of",
    ],
    [{ cell: { bits: 3, fraction: 1 } }, 'cell.bits: 3 is not an integer in 4..16'],
    [{ cell: { bits: 8, fraction: 7 } }, 'cell.fraction: 7 is not an integer in 0..6'],
    [{ cell: { bits: 16, fraction: 13 } }, 'cell.fraction: 13 is not an integer in 0..12'],
    [{ gates: 'binary', cell: { bits: 8, fraction: 0 } }, 'leaves nothing of an int16 candidate'],
    [
      { gates: 'level3', candidate: 'ternary', cell: { bits: 8, fraction: 0 } },
      'cell.fraction: 0 with level3 gates rounds every product to an integer',
    ],
    [{ slope: 0 }, 'slope: 0 is not in (0, 16]'],
    [{ slope: NaN }, 'slope: NaN is not in (0, 16]'],
    [{ decisions: 'tracked', gates: 'level3' }, 'tracked, but no activation has two or three'],
    [{ normalization: 'weight', weights: uniformWeights('ttq') }, 'ttq: its scales are trained'],
    [{ normalization: 'weight', head: 'lab' }, 'lab: a loss-aware scale is of no account'],
  ])('%o', (change, reason) => {
    const problems = schemeProblems({ ...base, ...change });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(reason);
  });

  test('all at once', () => {
    const cell = { bits: 99, fraction: -1 };
    expect(schemeProblems({ ...base, cell, slope: -1, decisions: 'tracked' })).toHaveLength(4);
  });
});

test('the last entry of weights serves all further layers', () => {
  const weights = [...uniformWeights('int4'), ...uniformWeights('twn')];
  const used = [0, 1, 2, 7].map((layer) => layerWeights({ ...base, weights }, layer).i);
  expect(used).toEqual(['int4', 'twn', 'twn', 'twn']);
});

test('curvature is needed where a coding looks at the loss, the head counted', () => {
  expect(needsCurvature(base)).toBe(false);
  expect(needsCurvature(SCHEMES['twn'])).toBe(false);
  for (const name of ['lab', 'lat-exact', 'lat-approximate', 'lat2-exact', 'laq-log-3']) {
    expect(needsCurvature(SCHEMES[name]), name).toBe(true);
  }
  expect(needsCurvature({ ...base, head: 'laq-linear-4' })).toBe(true);
});

test('formats: planes, largest code, bits in a memory', () => {
  const of = (name: string) => {
    const { format } = codingOf(name);
    return [planesOf(format), codeLimit(format), weightBits(format)];
  };
  expect(of('int8')).toEqual([1, 127, 8]);
  expect(of('int2')).toEqual([1, 1, 2]);
  expect(of('ternary')).toEqual([1, 1, 2]);
  expect(of('binary')).toEqual([1, 1, 1]);
  expect(of('ttq')).toEqual([2, 1, 2]);
  expect(of('bcq-3')).toEqual([3, 1, 3]);
  expect(of('bcq-1-masked')).toEqual([1, 1, 2]);
  expect(of('laq-log-3')).toEqual([1, 4, 3]);
  expect(of('laq-log-4')).toEqual([1, 64, 4]);
  expect(CODINGS.size).toBe(new Set(CODINGS.keys()).size);
  expect(() => codingOf('int1')).toThrow("there is no weight coding 'int1'");
});
