import { describe, expect, test } from 'vitest';
import {
  alphabetOf,
  naturalKind,
  numerals,
  suitableArray,
  type ArrayKind,
  type WeightAlphabet,
} from '../../src/design/array.js';
import { codeLimit, CODINGS, type WeightFormat } from '../../src/quant/coding.js';
import { SCHEMES } from '../../src/quant/scheme.js';

const ints = [2, 3, 4, 5, 6, 7, 8].map((bits): WeightFormat => ({ kind: 'int', bits }));
const formats: readonly WeightFormat[] = [
  ...ints,
  { kind: 'pow2', bits: 3 },
  { kind: 'pow2', bits: 4 },
  { kind: 'ternary' },
  { kind: 'binary' },
];
const alphabets: readonly WeightAlphabet[] = [
  { kind: 'binary', weightBits: 1 },
  { kind: 'ternary', weightBits: 2 },
  { kind: 'pow2', weightBits: 3 },
  { kind: 'pow2', weightBits: 4 },
  ...[3, 4, 5, 8].map((weightBits): WeightAlphabet => ({ kind: 'int', weightBits })),
];

/** What an element can multiply by. */
function knows({ kind, weightBits }: WeightAlphabet, digit: number): boolean {
  const magnitude = Math.abs(digit);
  switch (kind) {
    case 'binary':
      return magnitude === 1;
    case 'ternary':
      return magnitude <= 1;
    case 'pow2':
      return (
        digit === 0 ||
        (Number.isInteger(Math.log2(magnitude)) && magnitude <= 2 ** (2 ** (weightBits - 1) - 2))
      );
    case 'int':
      return magnitude < 2 ** (weightBits - 1);
  }
}

/** Codes that a format has. */
function codesOf(format: WeightFormat): number[] {
  const limit = codeLimit(format);
  const all = Array.from({ length: 2 * limit + 1 }, (_, n) => n - limit);
  if (format.kind === 'binary') return [-1, 1];
  return format.kind === 'pow2'
    ? all.filter((code) => knows({ kind: 'pow2', weightBits: 4 }, code))
    : all;
}

describe('numerals', () => {
  const cases = alphabets.flatMap((alphabet) =>
    formats.flatMap((format) =>
      [false, true].map((multiplies) => ({ alphabet, format, multiplies })),
    ),
  );

  test.each(cases)('write every code of $format for $alphabet (multiplying: $multiplies)', (c) => {
    const { alphabet, format, multiplies } = c;
    const { factors, unit, digits } = numerals(alphabet, format, multiplies);
    for (const code of codesOf(format)) {
      const written = digits(code);
      expect(written).toHaveLength(factors.length);
      expect(written.reduce((sum, digit, p) => sum + digit * factors[p], 0)).toBe(unit * code);
      expect(written.filter((digit) => !knows(alphabet, digit))).toEqual([]);
    }
    // With a row's own 8 bits, what the combiner still multiplies by.
    expect(Math.max(...factors)).toBeLessThan(256);
    if (!multiplies) {
      for (const factor of factors) expect(Number.isInteger(Math.log2(factor))).toBe(true);
    }
  });

  test.each([
    ['binary', 1, false, 9],
    ['ternary', 2, false, 7],
    ['ternary', 2, true, 6],
    ['pow2', 3, false, 4],
    ['int', 3, false, 4],
    ['int', 3, true, 3],
    ['int', 5, false, 2],
    ['int', 8, false, 1],
  ] as const)(
    'take with %s weights of %i bits (multiplying: %o) %i planes for int8',
    (kind, weightBits, multiplies, planes) => {
      const { factors } = numerals({ kind, weightBits }, { kind: 'int', bits: 8 }, multiplies);
      expect(factors).toHaveLength(planes);
    },
  );

  test('leave alone what the array knows', () => {
    for (const { format } of CODINGS.values()) {
      const own = alphabetOf(naturalKind(format), [format]);
      expect(numerals(own, format, true).factors).toEqual([1]);
      expect(numerals({ kind: 'int', weightBits: 8 }, format, true).factors).toEqual([1]);
    }
  });
});

describe('suitableArray', () => {
  const sizes = [{ inputSize: 8, hiddenSize: 16 }];

  test.each([
    ['int8', 'int', 8],
    ['int8-level3', 'int', 8],
    ['ternary-level3', 'ternary', 2],
    ['binary-level3', 'binary', 1],
    ['bwn', 'binary', 1],
    ['bcq-3', 'binary', 1],
    ['bcq-1-masked', 'ternary', 2],
    ['ttq', 'ternary', 2],
    ['dorefa-3', 'binary', 1],
    ['laq-log-3', 'pow2', 3],
    ['laq-linear-3', 'int', 3],
    ['hitnet', 'ternary', 2],
  ])('gives %s %s weights of %i bits', (name, kind, weightBits) => {
    expect(suitableArray(SCHEMES[name], sizes)).toEqual({ kind, weightBits });
  });

  test('multiplies where at least half of the weights are int', () => {
    const scheme = (gates: readonly string[]) => ({
      ...SCHEMES['ternary'],
      weights: [{ i: gates[0], f: gates[1], g: gates[2], o: gates[3] }],
    });
    const kindOf = (gates: readonly string[]): ArrayKind =>
      suitableArray(scheme(gates), sizes).kind;
    expect(kindOf(['binary', 'ternary', 'int8', 'binary'])).toBe('ternary');
    expect(kindOf(['binary', 'ternary', 'int8', 'int4'])).toBe('int');
  });

  test('counts ternary activations, whatever the weights', () => {
    for (const scheme of Object.values(SCHEMES)) {
      const { kind } = suitableArray({ ...scheme, activations: 'ternary' }, sizes);
      expect(['binary', 'ternary']).toContain(kind);
    }
  });
});

test('weights are as wide as the widest format needs', () => {
  const bits = (kind: ArrayKind, ...names: string[]): number =>
    alphabetOf(
      kind,
      names.map((name) => CODINGS.get(name)!.format),
    ).weightBits;
  expect(bits('binary', 'binary', 'int8')).toBe(1);
  expect(bits('ternary', 'ternary', 'int8')).toBe(2);
  expect(bits('pow2', 'laq-log-4', 'ternary')).toBe(4);
  expect(bits('pow2', 'ternary')).toBe(3);
  expect(bits('int', 'int5', 'ternary')).toBe(5);
  // 0, +-1, .. +-4; 0, +-1, .. +-64
  expect(bits('int', 'laq-log-3', 'binary')).toBe(4);
  expect(bits('int', 'laq-log-4', 'int5')).toBe(8);
});
