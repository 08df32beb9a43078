/** The tables of an experiment as rows of text: for the terminal, Markdown and HTML alike. */
import type { ColumnName } from './description.js';
import type { Comparison, Value } from './expression.js';
import type { CheckResult, Results, RunResult } from './results.js';

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Where there is no figure. */
export const NONE = '-';

function fixed(value: number | null, digits: number): string {
  return value === null ? NONE : value.toFixed(digits);
}

/** `+0.119`; 0 has no sign. */
function signed(value: number | null, digits: number): string {
  const text = fixed(value, digits);
  return value !== null && value > 0 && Number(text) !== 0
    ? `+${text}`
    : text.replace(/^-(0\.0*)$/, '$1');
}

const COLUMNS: Readonly<
  Record<ColumnName, { readonly heading: string; readonly cell: (run: RunResult) => string }>
> = {
  zeros: {
    heading: 'zero weights',
    cell: ({ zeros }) => (zeros === null ? NONE : `${(100 * zeros).toFixed(1)} %`),
  },
  maxCell: { heading: 'max |c|', cell: ({ maxCell }) => fixed(maxCell, 2) },
};

/** One row per run. */
export function runTable(results: Results): Table {
  const { runs, seeds, metric, columns, paper } = results;
  const { digits } = metric;
  const reference = runs.find(({ name }) => name === results.reference)!;
  return {
    header: [
      'run',
      ...seeds.map((seed) => `seed ${seed}`),
      ...['mean', 'spread', `to ${reference.label}`],
      ...columns.map((name) => COLUMNS[name].heading),
      ...paper.map(({ heading }) => heading),
    ],
    rows: runs.map((run) => [
      run.label,
      ...run.values.map((value) => fixed(value, digits)),
      fixed(run.mean, digits),
      fixed(run.spread, digits),
      run === reference ? NONE : signed(run.difference, digits),
      ...columns.map((name) => COLUMNS[name].cell(run)),
      ...run.paper.map((value) => (value === null ? NONE : String(value))),
    ]),
  };
}

/** One row per round of retraining, two columns per run; undefined where none was retrained. */
export function roundTable({ runs }: Results): Table | undefined {
  const retrained = runs.filter(({ rounds }) => rounds !== undefined);
  if (retrained.length === 0) return undefined;
  const count = Math.max(...retrained.map(({ rounds }) => rounds!.length));
  return {
    header: ['round', ...retrained.flatMap(({ label }) => [`${label}: loss`, 'relative error'])],
    rows: Array.from({ length: count }, (_, k) => [
      String(k),
      ...retrained.flatMap(({ rounds }) => {
        const round = rounds![k];
        return round === undefined
          ? [NONE, NONE]
          : [round.loss.toFixed(4), round.relativeError.toFixed(4)];
      }),
    ]),
  };
}

function valueText(value: Value): string {
  if (typeof value !== 'number') return `[${value.map(valueText).join(', ')}]`;
  return String(Number(value.toFixed(5)));
}

/** `0.119 >= 0.05` */
function comparisonText({ left, operator, right }: Comparison): string {
  return `${valueText(left)} ${operator} ${valueText(right)}`;
}

/** What stood on both sides of each comparison, or why nothing did. */
export function checkDetail({ comparisons, problem }: CheckResult): string {
  return problem ?? comparisons.map(comparisonText).join('; ');
}

/** `passed`, the claim, and what stood on both sides. */
export function checkText(check: CheckResult): string {
  const detail = checkDetail(check);
  return `${check.status}: ${check.claim}${detail === '' ? '' : ` (${detail})`}`;
}

/** Who made it, from what, and how to make it again. */
export function madeText({ made, seeds, size, runs }: Results): string {
  const seconds = runs.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  return [
    `halfgate ${made.halfgate}`,
    `engine ${made.engines.join(' and ') || NONE}`,
    `seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}`,
    ...(made.date === '' ? [] : [made.date]),
    `size ${size} (${made.recipe})`,
    `${Math.round(seconds)} s of training`,
  ].join('; ');
}

export function metricText({ metric }: Results): string {
  return `${metric.label}; ${metric.isLowerBetter ? 'lower' : 'higher'} is better`;
}

export function sourceText({ source }: Results): string {
  return source.table === undefined ? source.paper : `${source.paper}, ${source.table}`;
}
