/** The plots of an experiment: a dot per seed and a bar for the mean; curves over rounds of retraining. */
import { curvePlot } from '../report/plots.js';
import { label, line, px, scale, shortNumber, svg, tag, textWidth, ticks } from '../report/svg.js';
import type { Results, RunResult } from './results.js';
import { metricText } from './table.js';

const WIDTH = 560;
const ROW = 24;
/** Space for the mean's figure at the right. */
const FIGURE = 64;

interface Range {
  readonly low: number;
  readonly high: number;
}

function rangeOf({ runs, axis }: Results): Range {
  const { low: least = -Infinity, high: most = Infinity } = axis;
  const all = runs
    .flatMap(({ values }) => values.filter((value) => value !== null))
    .filter((value) => value >= least && value <= most);
  if (all.length === 0) return { low: 0, high: 1 };
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const margin = (high - low || Math.abs(high) * 0.01 || 1) * 0.06;
  return { low: low - margin, high: high + margin };
}

/** What lies outside the axis is an arrow at its edge. */
function runMarks(
  run: RunResult,
  y: number,
  { low, high }: Range,
  x: (value: number) => number,
): string {
  const style = 'fill:var(--series-1)';
  const dots = run.values.map((value) => {
    if (value === null) return '';
    if (value >= low && value <= high) {
      return tag('circle', { cx: x(value), cy: y, r: 3.6, style, 'fill-opacity': '0.6' });
    }
    const [at, way] = value > high ? [x(high), 6] : [x(low), -6];
    return tag('path', {
      d: `M${px(at)} ${px(y - 4)}L${px(at + way)} ${px(y)}L${px(at)} ${px(y + 4)}Z`,
      style,
    });
  });
  const isInside = run.mean !== null && run.mean >= low && run.mean <= high;
  const bar = isInside
    ? tag('rect', { x: x(run.mean!) - 1.2, y: y - 8, width: 2.4, height: 16, class: 'mean' })
    : '';
  return dots.join('') + bar;
}

/** One row per run in the order of the table. */
export function dotPlot(results: Results): string {
  const { runs, metric, reference, title } = results;
  const left = 16 + Math.max(...runs.map((run) => textWidth(run.label, 12.5)));
  const right = WIDTH - FIGURE - 8;
  const range = rangeOf(results);
  const x = scale(range.low, range.high, left, right);
  const [top, bottom] = [8, 8 + runs.length * ROW];
  const grid = ticks(range.low, range.high, 5);
  const base = runs.find(({ name }) => name === reference)?.mean ?? null;
  const isBaseInside = base !== null && base >= range.low && base <= range.high;
  const rows = runs.map((run, k) => {
    const y = top + (k + 0.5) * ROW;
    return (
      label(left - 12, y + 4, run.label, { 'text-anchor': 'end' }) +
      runMarks(run, y, range, x) +
      label(WIDTH - 8, y + 4, run.mean === null ? '-' : run.mean.toFixed(metric.digits), {
        'text-anchor': 'end',
        class: 'tick',
      })
    );
  });
  return svg(
    WIDTH,
    bottom + 46,
    title,
    grid.map((value) => line(x(value), top, x(value), bottom, 'rule')).join(''),
    isBaseInside ? line(x(base), top, x(base), bottom, 'base') : '',
    ...rows,
    line(left, bottom, right, bottom, 'axis'),
    grid
      .map((value) =>
        label(x(value), bottom + 18, shortNumber(value), {
          'text-anchor': 'middle',
          class: 'tick',
        }),
      )
      .join(''),
    label((left + right) / 2, bottom + 38, metricText(results), {
      'text-anchor': 'middle',
      class: 'axis-name',
    }),
  );
}

/** Loss and relative error over rounds; none where nothing was retrained. */
function roundPlots({ runs }: Results): string[] {
  const retrained = runs.filter(({ rounds }) => rounds !== undefined);
  if (retrained.length === 0) return [];
  const plot = (title: string, name: string, figure: 'loss' | 'relativeError'): string =>
    curvePlot(
      title,
      'round',
      name,
      retrained.map(({ label: text, rounds }, k) => {
        const points = rounds!.map((round): [number, number] => [round.round, round[figure]]);
        // Colour 0 is the reference's, and dashed.
        return { name: text, color: 1 + (k % 4), points, marks: points };
      }),
    );
  return [
    plot('Loss by round', 'validation cross-entropy, nats, right after quantizing', 'loss'),
    plot('Relative error by round', '|W - Wq| / |W|', 'relativeError'),
  ];
}

/** All plots of an experiment, for a page that has the style. */
export function plots(results: Results): readonly string[] {
  return [dotPlot(results), ...roundPlots(results)];
}

/** Light, and dark where the reader's system is: the colours of the report's page. */
export const PLOT_STYLE = `
svg { --ink: #1a2029; --soft: #5b6675; --rule: #e3e7ec; --card: #ffffff; --series-0: #7a8594;
  --series-1: #2f6fde; --series-2: #e0662b; --series-3: #1d9a6c; --series-4: #9153c9;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --ink: #e6eaf0; --soft: #9aa6b5; --rule: #2c3440;
  --card: #1a2029; --series-0: #98a4b3; --series-1: #6ba1ff; --series-2: #ff9461; --series-3: #4cc596;
  --series-4: #bf8bef; } }
text { fill: var(--ink); font-size: 12px; }
.tick { fill: var(--soft); font-size: 11.5px; }
.axis-name { fill: var(--soft); font-size: 12px; }
.rule { stroke: var(--rule); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.base { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 3; }
.mean { fill: var(--ink); }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.mark { stroke: var(--card); stroke-width: 1.2; }
.paper { fill: var(--card); }
`;

/** The plots under each other as one SVG file that needs nothing else. */
export function plotFile(results: Results): string {
  let height = 0;
  const parts = plots(results).map((text) => {
    const own = Number(/viewBox="0 0 \d+ ([\d.]+)"/.exec(text)![1]);
    const inner = text.replace(/^<svg[^>]*>/, '').replace(/<\/svg>$/, '');
    const placed = `<g transform="translate(0 ${px(height)})">${inner}</g>`;
    height += own + 8;
    return placed;
  });
  const size = `viewBox="0 0 ${WIDTH} ${px(height)}" width="${WIDTH}" height="${px(height)}"`;
  const card = tag('rect', { width: WIDTH, height, rx: 8, class: 'paper' });
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img"><style>${PLOT_STYLE}</style>${card}${parts.join('')}</svg>\n`;
}
