/** The plots of a report page. Series colours are the CSS variables --series-0, --series-1, ... */
import {
  escapeText,
  grouped,
  label,
  line,
  px,
  scale,
  shortNumber,
  svg,
  tag,
  textWidth,
  ticks,
} from './svg.js';

export interface Series {
  readonly name: string;
  /** Index of its colour. */
  readonly color: number;
}

const WIDTH = 560;

function seriesColor(index: number): string {
  return `var(--series-${index})`;
}

function partColor(index: number): string {
  return `var(--part-${index})`;
}

/** Swatches and names in rows that fit the width; the height they took. */
function legend(
  entries: readonly (readonly [name: string, color: string])[],
  left: number,
  top: number,
  right: number,
): { text: string; height: number } {
  let x = left;
  let y = top;
  let text = '';
  for (const [name, color] of entries) {
    const width = 18 + textWidth(name) + 16;
    if (x + width - 16 > right && x > left) {
      x = left;
      y += 20;
    }
    text += tag('rect', { x, y: y - 9, width: 11, height: 11, rx: 2, style: `fill:${color}` });
    text += label(x + 17, y + 1, name, { class: 'legend' });
    x += width;
  }
  return { text, height: y - top + 20 };
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function yAxis(frame: Frame, values: readonly number[], y: (value: number) => number): string {
  return values
    .map(
      (value) =>
        line(frame.left, y(value), frame.right, y(value), 'rule') +
        label(frame.left - 8, y(value) + 4, shortNumber(value), {
          'text-anchor': 'end',
          class: 'tick',
        }),
    )
    .join('');
}

function xAxis(
  frame: Frame,
  values: readonly number[],
  x: (value: number) => number,
  name: string,
): string {
  return (
    line(frame.left, frame.bottom, frame.right, frame.bottom, 'axis') +
    values
      .map((value) =>
        label(x(value), frame.bottom + 18, shortNumber(value), {
          'text-anchor': 'middle',
          class: 'tick',
        }),
      )
      .join('') +
    label((frame.left + frame.right) / 2, frame.bottom + 38, name, {
      'text-anchor': 'middle',
      class: 'axis-name',
    })
  );
}

export interface Curve extends Series {
  readonly points: readonly (readonly [number, number])[];
  /** Marked by dots. */
  readonly marks: readonly (readonly [number, number])[];
}

/** Loss over steps; the start, which is the same for all, may leave at the top. */
export function curvePlot(
  title: string,
  xName: string,
  yName: string,
  curves: readonly Curve[],
): string {
  const all = curves.flatMap(({ points, marks }) => [...points, ...marks]);
  const late = curves.flatMap(({ points, marks }) => [
    ...points.slice(Math.floor(points.length / 12)),
    ...marks,
  ]);
  const low = Math.min(...all.map(([, value]) => value));
  const high = Math.max(...late.map(([, value]) => value));
  const margin = (high - low || 1) * 0.08;
  const keys = legend(
    curves.map(({ name, color }) => [name, seriesColor(color)]),
    52,
    16,
    WIDTH - 12,
  );
  const frame: Frame = {
    left: 52,
    right: WIDTH - 14,
    top: 30 + keys.height,
    bottom: 268 + keys.height,
  };
  const x = scale(0, Math.max(...all.map(([step]) => step)), frame.left, frame.right);
  const y = scale(low - margin, high + margin, frame.bottom, frame.top);
  const isInside = ([, value]: readonly [number, number]): boolean => y(value) >= frame.top;
  const drawn = curves.map(({ points, marks, color }) => {
    const path = points
      .filter(isInside)
      .map(([step, value], k) => `${k === 0 ? 'M' : 'L'}${px(x(step))} ${px(y(value))}`)
      .join('');
    const dots = marks.filter(isInside).map(([step, value]) =>
      tag('circle', {
        cx: x(step),
        cy: y(value),
        r: 3.4,
        class: 'mark',
        style: `fill:${seriesColor(color)}`,
      }),
    );
    return (
      tag('path', {
        d: path,
        class: color === 0 ? 'curve reference' : 'curve',
        style: `stroke:${seriesColor(color)}`,
      }) + dots.join('')
    );
  });
  return svg(
    WIDTH,
    frame.bottom + 48,
    title,
    keys.text,
    label(frame.left, frame.top - 12, yName, { class: 'axis-name' }),
    yAxis(frame, ticks(low - margin, high + margin, 6), y),
    xAxis(frame, ticks(0, Math.max(...all.map(([step]) => step)), 5), x, xName),
    // The reference last: where another curve is the same, its dashes still show.
    ...drawn.toReversed(),
  );
}

export interface StackedBar {
  readonly name: string;
  /** Beside the name, smaller. */
  readonly note: string;
  readonly parts: readonly number[];
}

/** Less is thinner than a pixel. */
const VISIBLE_SHARE = 0.001;

/** Horizontal bars on one scale, cut into the same parts. */
export function stackedBars(
  title: string,
  xName: string,
  parts: readonly string[],
  bars: readonly StackedBar[],
): string {
  const total = (bar: StackedBar): number => bar.parts.reduce((sum, value) => sum + value, 0);
  const high = Math.max(...bars.map(total));
  // A part too small to see in any bar needs no place in the legend; its tooltip names it.
  const shown = parts.map((_, k) => bars.some((bar) => bar.parts[k] > VISIBLE_SHARE * total(bar)));
  const keys = legend(
    parts.flatMap((name, k) => (shown[k] ? [[name, partColor(k)] as const] : [])),
    12,
    16,
    WIDTH - 12,
  );
  const frame: Frame = {
    left: 12,
    right: WIDTH - 20,
    top: 14 + keys.height,
    bottom: 14 + keys.height + bars.length * 58,
  };
  const x = scale(0, high, frame.left, frame.right);
  const rows = bars.map((bar, row) => {
    const top = frame.top + row * 58;
    let at = 0;
    const pieces = bar.parts.map((value, k) => {
      const from = x(at);
      at += value;
      const width = x(at) - from;
      if (width <= 0) return '';
      const share = `${Math.round((100 * value) / total(bar))} %`;
      const inside =
        width > textWidth(share) + 10
          ? label(from + width / 2, top + 37, share, { 'text-anchor': 'middle', class: 'on-bar' })
          : '';
      const hint = tag('title', {}, escapeText(`${parts[k]}: ${shortNumber(value)} (${share})`));
      return tag(
        'g',
        {},
        hint,
        tag('rect', { x: from, y: top + 22, width, height: 22, style: `fill:${partColor(k)}` }),
        inside,
      );
    });
    return (
      label(frame.left, top + 14, bar.name, { class: 'bar-name' }) +
      label(frame.right, top + 14, bar.note, { 'text-anchor': 'end', class: 'tick' }) +
      pieces.join('')
    );
  });
  const grid = ticks(0, high, 5)
    .map((value) => line(x(value), frame.top + 18, x(value), frame.bottom, 'rule'))
    .join('');
  return svg(
    WIDTH,
    frame.bottom + 48,
    title,
    keys.text,
    grid,
    ...rows,
    xAxis(frame, ticks(0, high, 5), x, xName),
  );
}

export interface CapacityGroup {
  readonly name: string;
  readonly available: number;
  readonly bars: readonly (Series & { readonly used: number })[];
}

/** Bars of what a design uses of what the device has, in percent. */
export function capacityBars(
  title: string,
  groups: readonly CapacityGroup[],
  series: readonly Series[],
): string {
  const keys = legend(
    series.map(({ name, color }) => [name, seriesColor(color)]),
    12,
    16,
    WIDTH - 12,
  );
  const high = Math.max(
    100,
    ...groups.flatMap(({ available, bars }) => bars.map(({ used }) => (100 * used) / available)),
  );
  const groupHeight = (group: CapacityGroup): number => 24 + group.bars.length * 22 + 10;
  const heights = groups.map(groupHeight);
  const frame: Frame = {
    left: 12,
    right: WIDTH - 96,
    top: 8 + keys.height,
    bottom: 8 + keys.height + heights.reduce((sum, value) => sum + value, 0),
  };
  const x = scale(0, high, frame.left, frame.right);
  let top = frame.top;
  const drawn = groups.map((group, k) => {
    const rows = group.bars.map(({ used, color }, row) => {
      const y = top + 24 + row * 22;
      const percent = (100 * used) / group.available;
      return (
        tag('rect', {
          x: frame.left,
          y,
          width: x(100) - frame.left,
          height: 15,
          rx: 2,
          class: 'capacity',
        }) +
        tag('rect', {
          x: frame.left,
          y,
          width: Math.max(1, x(percent) - frame.left),
          height: 15,
          rx: 2,
          style: `fill:${seriesColor(color)}`,
        }) +
        label(
          Math.max(x(100), x(percent)) + 8,
          y + 12,
          `${grouped(used)}  (${percent.toFixed(0)} %)`,
          { class: 'tick' },
        )
      );
    });
    const text = label(
      frame.left,
      top + 14,
      `${group.name}, ${grouped(group.available)} on the device`,
      { class: 'bar-name' },
    );
    top += heights[k];
    return text + rows.join('');
  });
  return svg(WIDTH, frame.bottom + 4, title, keys.text, ...drawn);
}

export interface ScatterPoint extends Series {
  readonly x: number;
  readonly y: number;
  /** Shown as an outline: estimated, not measured. */
  readonly isEstimate: boolean;
}

/** Points with their names; names keep apart and inside. */
export function scatterPlot(
  title: string,
  xName: string,
  yName: string,
  points: readonly ScatterPoint[],
  digits: number,
): string {
  const ys = points.map(({ y }) => y);
  const pad = (Math.max(...ys) - Math.min(...ys) || Math.abs(ys[0]) * 0.1 || 1) * 0.35;
  const [low, high] = [Math.min(...ys) - pad, Math.max(...ys) + pad];
  const right = Math.max(...points.map(({ x }) => x)) * 1.18;
  const frame: Frame = { left: 58, right: WIDTH - 18, top: 32, bottom: 280 };
  const x = scale(0, right, frame.left, frame.right);
  const y = scale(low, high, frame.bottom, frame.top);
  const placed: { x0: number; x1: number; y: number }[] = [];
  const marks = points.map((point) => {
    const text = `${point.name} (${shortNumber(point.x)}, ${point.y.toFixed(digits)})`;
    const width = textWidth(text);
    const isLeft = x(point.x) + 12 + width > frame.right;
    const x0 = isLeft ? x(point.x) - 12 - width : x(point.x) + 12;
    let at = y(point.y) + 4;
    while (
      placed.some((other) => Math.abs(other.y - at) < 16 && other.x0 < x0 + width && x0 < other.x1)
    )
      at -= 16;
    placed.push({ x0, x1: x0 + width, y: at });
    const style = point.isEstimate
      ? `fill:var(--card);stroke:${seriesColor(point.color)};stroke-width:2.5`
      : `fill:${seriesColor(point.color)}`;
    return (
      tag('circle', { cx: x(point.x), cy: y(point.y), r: 6.5, style }) +
      label(isLeft ? x0 + width : x0, at, text, {
        class: 'legend',
        ...(isLeft ? { 'text-anchor': 'end' } : {}),
      })
    );
  });
  return svg(
    WIDTH,
    frame.bottom + 48,
    title,
    label(frame.left - 46, frame.top - 14, yName, { class: 'axis-name' }),
    yAxis(frame, ticks(low, high, 6), y),
    xAxis(frame, ticks(0, right, 6), x, xName),
    ...marks,
  );
}
