/** Schemes for the engine tests: every kind of coding, gate, candidate, activation and scale. */
import {
  type LayerWeights,
  type Scheme,
  SCHEME_DEFAULTS,
  schemeProblems,
  SCHEMES,
  uniformWeights,
} from '../../src/quant/scheme.js';

function scheme(
  name: string,
  coding: string | LayerWeights,
  rest: Partial<Omit<Scheme, 'name' | 'weights'>> = {},
): Scheme {
  const weights = typeof coding === 'string' ? uniformWeights(coding) : [coding];
  const made = { ...SCHEME_DEFAULTS, name, weights, head: 'int8', ...rest };
  const problems = schemeProblems(made);
  if (problems.length > 0) throw new RangeError(`${name}: ${problems.join('; ')}`);
  return made;
}

const separate = { operandScales: 'separate' } as const;
const normalized = { normalization: 'weight' } as const;

/** Beside those of the registry: what none of them combines. */
const COMPOSED: readonly Scheme[] = [
  scheme('int4', 'int4', { head: 'int3' }),
  scheme('int8-separate', 'int8', separate),
  scheme('mixed', { i: 'ternary', f: 'binary', g: 'int8', o: 'bcq-2' }, { gates: 'level3' }),
  scheme(
    'mixed-norm',
    { i: 'ternary', f: 'int4', g: 'bcq-2', o: 'twn' },
    { ...normalized, ...separate },
  ),
  scheme('log-4', 'laq-log-4', { ...separate, head: 'bwn' }),
  scheme('linear-8', 'laq-linear-8'),
  scheme('masked-3', 'bcq-3-masked', { ...normalized, head: 'dorefa-2' }),
  scheme('binary-gates', 'int8', { gates: 'binary' }),
  scheme('candidate', 'ternary', { ...normalized, candidate: 'ternary' }),
  scheme('narrow-cell', 'int8', { cell: { bits: 9, fraction: 6 }, slope: 0.5 }),
  scheme('narrow-level3', 'int5', { gates: 'level3', cell: { bits: 8, fraction: 5 } }),
  scheme('ternary-h', 'twn', { activations: 'ternary', head: 'ttq' }),
  scheme('tracked', 'hitnet-ternary', {
    ...{ ...separate, activations: 'ternary', gates: 'binary', candidate: 'ternary' },
    ...{ cell: { bits: 8, fraction: 2 }, slope: 2, decisions: 'tracked' },
  }),
  scheme('lines', 'int8', { tanh: 'piecewise' }),
  scheme('lines-level3', 'ternary', { gates: 'level3', tanh: 'interpolated' }),
  scheme('interpolated-slope', 'int8', { tanh: 'interpolated', slope: 2 }),
  scheme('tracked-gates', 'int8', { gates: 'binary', decisions: 'tracked' }),
];

export const ALL_SCHEMES: readonly Scheme[] = [...Object.values(SCHEMES), ...COMPOSED];

/** A few that meet every path of an engine. */
export const SOME_SCHEMES: readonly Scheme[] = ALL_SCHEMES.filter(({ name }) =>
  [
    ...['int8', 'ternary-level3', 'int8-level3', 'binary-level3', 'lat-approximate', 'ttq'],
    ...[
      'bcq-3',
      'hitnet',
      'int8-separate',
      'mixed',
      'mixed-norm',
      'narrow-cell',
      'tracked',
      'lines',
    ],
  ].includes(name),
);
