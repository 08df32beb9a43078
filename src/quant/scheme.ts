/** Schemes: which integers an LSTM computes with. Plain data, checked as a whole. */
import { GATE_NAMES } from './gates.js';
import { CODINGS, codingOf, isLossAware, planesOf } from './coding.js';
import { TANH_FRACTION, TANH_INDEX_SHIFT, type TanhForm } from './tanh.js';

/** How i, f and o are represented: table sigmoid in Q0.13; {0, 1/2, 1}; or {0, 1}. */
export type GateFormat = 'int16' | 'level3' | 'binary';
/** How the candidate is: table tanh in Q0.12, or -1, 0, +1. */
export type CandidateFormat = 'int16' | 'ternary';
/** How x and h are: Q0.7 within +-127, or -1, 0, +1. */
export type ActivationFormat = 'int8' | 'ternary';

/** Codings (coding.ts) of the four gates of one layer, by name. */
export type LayerWeights = Readonly<Record<(typeof GATE_NAMES)[number], string>>;

/** c is an integer of `bits` bits with `fraction` of them behind the point; it saturates. */
export interface CellFormat {
  readonly bits: number;
  readonly fraction: number;
}

export interface Scheme {
  readonly name: string;
  /** By layer; the last entry serves all further layers. */
  readonly weights: readonly LayerWeights[];
  /** Coding of the dense head. */
  readonly head: string;
  /**
   * `weight`: every row has norm `gain`, which is trained (weight normalization; Hou et al., NeurIPS 2019,
   * for quantized LSTMs). The solver's scale is then of no account.
   */
  readonly normalization: 'none' | 'weight';
  /** Whether the weights of x and of h share scales (and norms), or have their own. */
  readonly operandScales: 'shared' | 'separate';
  readonly activations: ActivationFormat;
  readonly gates: GateFormat;
  readonly candidate: CandidateFormat;
  readonly cell: CellFormat;
  /** Sloping factor s of HitNet: sigmoid(s a), tanh(s a), tanh(s c). */
  readonly slope: number;
  /**
   * Where activations of two or three values turn: at |value| = 1/2 (`half`, HitNet's Bernoulli quantizer
   * made deterministic), or at 2/3 of the mean magnitude seen in training (`tracked`).
   */
  readonly decisions: 'half' | 'tracked';
  /** How hardware comes by tanh, and so by sigmoid; `table` where nothing is said. */
  readonly tanh?: TanhForm | undefined;
}

/** All gates of all layers alike. */
export function uniformWeights(coding: string): readonly LayerWeights[] {
  return [{ i: coding, f: coding, g: coding, o: coding }];
}

export function layerWeights(scheme: Scheme, layer: number): LayerWeights {
  return scheme.weights[Math.min(layer, scheme.weights.length - 1)];
}

/** Names of all codings that a scheme uses. */
export function schemeCodings(scheme: Scheme): string[] {
  return [...new Set([...scheme.weights.flatMap((w) => Object.values(w)), scheme.head])];
}

/** Whether training must keep the curvature of the loss to code the weights. */
export function needsCurvature(scheme: Scheme): boolean {
  return schemeCodings(scheme).some((name) => isLossAware(codingOf(name)));
}

export const CELL_INT16: CellFormat = { bits: 16, fraction: 12 };

/** What a scheme is where nothing else is said: the formats of `int8`. */
export const SCHEME_DEFAULTS: Omit<Scheme, 'name' | 'weights' | 'head'> = {
  normalization: 'none',
  operandScales: 'shared',
  activations: 'int8',
  gates: 'int16',
  candidate: 'int16',
  cell: CELL_INT16,
  slope: 1,
  decisions: 'half',
};

/** What is wrong with a scheme, each with the reason; nothing where it makes sense. */
export function schemeProblems(scheme: Scheme): string[] {
  const problems: string[] = [];
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(scheme.name)) {
    problems.push(`name: '${scheme.name}' is not of a-z, 0-9 and -, at most 40 of them`);
  }
  if (scheme.weights.length === 0) problems.push('weights: no layer given');
  const check = (where: string, name: string): void => {
    if (!CODINGS.has(name)) {
      problems.push(`${where}: '${name}' is none of ${[...CODINGS.keys()].join(', ')}`);
    }
  };
  scheme.weights.forEach((layer, l) => {
    for (const gate of GATE_NAMES) check(`weights[${l}].${gate}`, layer[gate]);
  });
  check('head', scheme.head);
  if (problems.length > 0) return problems;
  return [...formatProblems(scheme), ...codingProblems(scheme)];
}

function formatProblems({
  cell,
  gates,
  candidate,
  activations,
  slope,
  decisions,
  tanh,
}: Scheme): string[] {
  const problems: string[] = [];
  const { bits, fraction } = cell;
  if (!Number.isInteger(bits) || bits < 4 || bits > 16) {
    problems.push(`cell.bits: ${bits} is not an integer in 4..16`);
  }
  if (!Number.isInteger(fraction) || fraction < 0 || fraction > 12 || fraction > bits - 2) {
    problems.push(
      `cell.fraction: ${fraction} is not an integer in 0..${Math.min(12, bits - 2)}: c must reach +-1 and ` +
        'tanh has 12 fraction bits',
    );
  }
  if (fraction === 0 && candidate === 'int16') {
    problems.push(
      'cell.fraction: 0 leaves nothing of an int16 candidate; use more, or a ternary one',
    );
  }
  if (fraction === 0 && gates !== 'binary') {
    problems.push(
      `cell.fraction: 0 with ${gates} gates rounds every product to an integer; use more`,
    );
  }
  if (!(slope > 0 && slope <= 16)) problems.push(`slope: ${slope} is not in (0, 16]`);
  if (
    decisions === 'tracked' &&
    gates !== 'binary' &&
    candidate !== 'ternary' &&
    activations !== 'ternary'
  ) {
    problems.push('decisions: tracked, but no activation has two or three values');
  }
  if (tanh === undefined || tanh === 'table') return problems;
  const ofC = gates === 'int16' || activations === 'int8';
  if (!ofC && candidate === 'ternary') {
    problems.push(`tanh: ${tanh}, but nothing takes a tanh: gates, g and h are decided by points`);
  }
  const finest = TANH_FRACTION - TANH_INDEX_SHIFT;
  if (ofC && fraction < finest) {
    problems.push(
      `tanh: ${tanh}, but a cell of ${fraction} fraction bits has a table of few entries; use table, or ` +
        `${finest} fraction bits or more`,
    );
  }
  if (tanh === 'piecewise' && slope !== 1) {
    problems.push(
      `tanh: piecewise, whose lines are tanh(c)'s, but slope ${slope} wants tanh(${slope} c); use interpolated`,
    );
  }
  return problems;
}

function codingProblems(scheme: Scheme): string[] {
  const problems: string[] = [];
  const { normalization } = scheme;
  for (const name of schemeCodings(scheme)) {
    const { format, solver } = codingOf(name);
    if (normalization === 'weight' && solver === 'trained') {
      problems.push(
        `${name}: its scales are trained, and so are the norms of weight normalization`,
      );
    }
    if (normalization === 'weight' && isLossAware(codingOf(name))) {
      problems.push(
        `${name}: a loss-aware scale is of no account under weight normalization; use ternary or binary`,
      );
    }
    if (scheme.operandScales === 'separate' && planesOf(format) > 4) {
      problems.push(`${name}: more than 4 planes`);
    }
  }
  return problems;
}

function scheme(
  name: string,
  coding: string,
  rest: Partial<Omit<Scheme, 'name' | 'weights'>> = {},
): Scheme {
  return { ...SCHEME_DEFAULTS, name, weights: uniformWeights(coding), head: 'int8', ...rest };
}

const weightNorm = { normalization: 'weight' } as const;
const separate = { operandScales: 'separate' } as const;
const hitnet = {
  ...separate,
  activations: 'ternary',
  gates: 'binary',
  candidate: 'ternary',
  cell: { bits: 8, fraction: 0 },
} as const;

/** The weight quantizers that arXiv:1802.08635 compares: weights alone, a scale for each matrix. */
const weightOnly = [
  ...['binaryconnect', 'bwn', 'lab', 'ternaryconnect', 'twn', 'lat-exact', 'lat-approximate'],
  ...['ttq', 'lat2-exact', 'lat2-approximate', 'dorefa-3', 'laq-linear-3', 'laq-log-3'],
];

/** Schemes by name: those of the papers and their combinations. */
export const SCHEMES: Readonly<Record<string, Scheme>> = Object.fromEntries(
  [
    scheme('int8', 'int8'),
    scheme('ternary-level3', 'ternary', { ...weightNorm, head: 'ternary', gates: 'level3' }),
    scheme('int8-level3', 'int8', { gates: 'level3' }),
    scheme('binary-level3', 'binary', { ...weightNorm, gates: 'level3' }),
    scheme('ternary', 'ternary', weightNorm),
    scheme('binary', 'binary', weightNorm),
    ...weightOnly.map((name) => scheme(name, name, separate)),
    ...[1, 2, 3].map((k) => scheme(`bcq-${k}`, `bcq-${k}`, separate)),
    scheme('bcq-1-masked', 'bcq-1-masked', separate),
    scheme('hitnet', 'hitnet-ternary', { ...hitnet, slope: 2 }),
    scheme('hitnet-s1', 'hitnet-ternary', hitnet),
    scheme('hitnet-ttq', 'hitnet-ternary', { ...hitnet, decisions: 'tracked' }),
    scheme('hitnet-h', 'hitnet-ternary', { ...separate, activations: 'ternary', slope: 2 }),
  ].map((s) => [s.name, s]),
);
