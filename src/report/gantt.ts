/** A timeline as bars on tracks: when each part of the accelerator is at work. */
import { label, line, px, svg, tag, textWidth, ticks, scale } from './svg.js';

export interface GanttBar {
  readonly start: number;
  readonly cycles: number;
  /** Index into the kinds. */
  readonly kind: number;
}

export interface GanttTrack {
  readonly name: string;
  readonly bars: readonly GanttBar[];
}

export interface GanttData {
  readonly title: string;
  /** What is shown of the run: the first cycle, and how many. */
  readonly from: number;
  readonly cycles: number;
  /** Names of what bars show, each with a colour of its own. */
  readonly kinds: readonly string[];
  readonly tracks: readonly GanttTrack[];
}

const WIDTH = 1080;
const ROW = 26;
const BAR = 16;
const RIGHT = 16;

/** Bars that touch and are alike as one: what is thinner than a pixel cannot be told apart anyway. */
function merged(bars: readonly GanttBar[], gap: number): GanttBar[] {
  const list: { start: number; cycles: number; kind: number }[] = [];
  const open = new Map<number, { start: number; cycles: number; kind: number }>();
  for (const { start, cycles, kind } of [...bars].sort((a, b) => a.start - b.start)) {
    const last = open.get(kind);
    if (last && start - (last.start + last.cycles) <= gap) {
      last.cycles = Math.max(last.cycles, start + cycles - last.start);
    } else {
      const bar = { start, cycles, kind };
      open.set(kind, bar);
      list.push(bar);
    }
  }
  return list;
}

export function gantt({ title, from, cycles, kinds, tracks }: GanttData): string {
  const left = 16 + Math.max(...tracks.map(({ name }) => textWidth(name, 13)));
  const x = scale(from, from + cycles, left, WIDTH - RIGHT);
  const perPixel = cycles / (WIDTH - RIGHT - left);
  const used = kinds
    .map((name, kind) => ({ name, kind }))
    .filter(({ kind }) => tracks.some(({ bars }) => bars.some((bar) => bar.kind === kind)));
  const parts: string[] = [];
  let at = left;
  let legend = 18;
  for (const { name, kind } of used) {
    const wide = 22 + textWidth(name) + 14;
    if (at + wide > WIDTH - RIGHT) {
      at = left;
      legend += 20;
    }
    const fill = `var(--part-${kind})`;
    parts.push(
      tag('rect', { x: at, y: legend - 9, width: 10, height: 10, rx: 2, style: `fill:${fill}` }),
    );
    parts.push(label(at + 16, legend, name));
    at += wide;
  }
  const top = legend + 20;
  const bottom = top + ROW * tracks.length;
  for (const tick of ticks(0, cycles, 8)) {
    parts.push(line(x(from + tick), top - 4, x(from + tick), bottom, 'rule'));
    parts.push(
      label(x(from + tick), bottom + 16, String(tick), { class: 'tick', 'text-anchor': 'middle' }),
    );
  }
  tracks.forEach(({ name, bars }, row) => {
    const y = top + ROW * row + (ROW - BAR) / 2;
    parts.push(label(left - 10, y + 12, name, { class: 'bar-name', 'text-anchor': 'end' }));
    for (const bar of merged(bars, perPixel / 2)) {
      const start = Math.max(bar.start, from);
      const end = Math.min(bar.start + bar.cycles, from + cycles);
      if (end <= start) continue;
      const width = Math.max(1.5, x(end) - x(start));
      // A hairline between folds, where there is room for one.
      const inset = width > 6 ? 0.5 : 0;
      parts.push(
        tag('rect', {
          ...{ x: px(x(start) + inset), y, width: px(width - 2 * inset), height: BAR },
          ...{ rx: width > 8 ? 2 : undefined, style: `fill:var(--part-${bar.kind})` },
        }),
      );
    }
  });
  parts.push(
    label(WIDTH - RIGHT, bottom + 34, 'cycle of the step', {
      class: 'axis-name',
      'text-anchor': 'end',
    }),
  );
  return svg(WIDTH, bottom + 42, title, ...parts);
}

/** The same as a file of its own, that follows the reader's light or dark setting. */
export function ganttFile(data: GanttData, colors: string): string {
  return gantt(data).replace(
    /^<svg([^>]*)>/,
    `<svg xmlns="http://www.w3.org/2000/svg"$1><style>${colors}
svg { background: var(--card); font-family: system-ui, sans-serif; }
text { fill: var(--ink); font-size: 12px; } .tick { fill: var(--soft); font-size: 11.5px; } .axis-name { fill: var(--soft); }
.bar-name { font-size: 13px; font-weight: 600; } .rule { stroke: var(--rule); }</style>`,
  );
}
