/** Boxes and arrows of a block diagram as SVG that is readable on light and dark pages. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly title: string;
  readonly lines: readonly string[];
  readonly kind: 'logic' | 'memory' | 'port';
}

type Point = readonly [number, number];

const LINE = 15;
const TITLE = 20;

/** Room for a title and these lines. */
export function boxHeight(lines: readonly string[]): number {
  return TITLE + LINE * lines.length + 8;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function text(x: number, y: number, className: string, content: string): string {
  return `<text x="${x}" y="${y}" class="${className}">${escape(content)}</text>`;
}

function captions({ x, y, w, title, lines }: Omit<Box, 'kind' | 'h'>): string {
  const middle = x + w / 2;
  return [
    text(middle, y + 17, 'title', title),
    ...lines.map((line, n) => text(middle, y + TITLE + 12 + LINE * n, 'line', line)),
  ].join('');
}

export function box(shape: Box): string {
  const { x, y, w, h, kind } = shape;
  const radius = kind === 'port' ? 12 : kind === 'logic' ? 4 : 0;
  return `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${radius}" class="${kind}"/>${captions(shape)}`;
}

/** Along these points; the head is at the last. */
export function arrow(...points: readonly Point[]): string {
  const path = points.map(([x, y], n) => `${n === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
  return `<path d="${path}" class="arrow" marker-end="url(#head)"/>`;
}

/** Most elements that are drawn along a side; of more, some are left out. */
const MOST_DRAWN = 8;

/** Places of `count` elements along a side: indices, and undefined where some are left out. */
function drawn(count: number): (number | undefined)[] {
  if (count <= MOST_DRAWN) return Array.from({ length: count }, (_, n) => n);
  return [0, 1, 2, 3, 4, undefined, count - 1];
}

/** An array of elements in a box of its own. */
export function array(
  x: number,
  y: number,
  w: number,
  h: number,
  {
    rows,
    columns,
    title,
    lines,
  }: Pick<Box, 'title' | 'lines'> & { readonly rows: number; readonly columns: number },
): { readonly box: Box; readonly text: string } {
  const outer: Box = { x, y, w, h, title, lines, kind: 'logic' };
  const top = y + boxHeight(lines);
  const downs = drawn(rows);
  const rights = drawn(columns);
  const pitch = Math.min((y + h - 10 - top) / downs.length, (w - 24) / rights.length, 26);
  const left = x + (w - pitch * rights.length) / 2;
  const size = Math.round(10 * pitch * 0.72) / 10;
  const cells: string[] = [];
  downs.forEach((row, i) =>
    rights.forEach((column, j) => {
      const at = (n: number): number => Math.round(10 * n) / 10;
      const [cx, cy] = [at(left + pitch * j), at(top + pitch * i)];
      const isThere = row !== undefined && column !== undefined;
      cells.push(
        isThere
          ? `<rect x="${cx}" y="${cy}" width="${size}" height="${size}" class="pe"/>`
          : `<circle cx="${at(cx + size / 2)}" cy="${at(cy + size / 2)}" r="1.5" class="dot"/>`,
      );
    }),
  );
  return { box: outer, text: box(outer) + cells.join('') };
}

/** Colours of both kinds of page; a viewer without media queries shows the light one. */
const STYLE = `
  svg { font-family: system-ui, sans-serif; }
  .page { fill: #ffffff; }
  .title { font-size: 13px; font-weight: 600; text-anchor: middle; fill: #1f2328; }
  .line { font-size: 11px; text-anchor: middle; fill: #4a525c; }
  .logic { fill: #e8f0fb; stroke: #3b6fb5; }
  .memory { fill: #fbf1df; stroke: #a8741a; }
  .port { fill: #e7f5ea; stroke: #2f7d46; }
  .pe { fill: #3b6fb5; }
  .dot { fill: #3b6fb5; }
  .arrow { fill: none; stroke: #57606a; stroke-width: 1.5; }
  .head { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }
    .title { fill: #e6edf3; }
    .line { fill: #b4bdc8; }
    .logic { fill: #14253d; stroke: #6ea3e8; }
    .memory { fill: #33270f; stroke: #d6a548; }
    .port { fill: #12301c; stroke: #5fbf7a; }
    .pe { fill: #6ea3e8; }
    .dot { fill: #6ea3e8; }
    .arrow { stroke: #9aa4b0; }
    .head { fill: #9aa4b0; }
  }
`;

export function drawing(
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">' +
      '<path d="M0 0 L8 4 L0 8 z" class="head"/></marker></defs>',
    `<rect width="${width}" height="${height}" class="page"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
