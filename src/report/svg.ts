/** Small pieces of SVG: text in, text out. Colours are CSS variables, so that a page can be dark. */

export function escapeText(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** Coordinates to a tenth of a pixel: enough to see, short to read. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escapeText(value!)}"`,
    )
    .join('');
  return children.length === 0
    ? `<${name}${text}/>`
    : `<${name}${text}>${children.join('')}</${name}>`;
}

export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return tag('text', { x, y, ...attributes }, escapeText(text));
}

export function line(x1: number, y1: number, x2: number, y2: number, className: string): string {
  return tag('line', { x1, y1, x2, y2, class: className });
}

export function svg(
  width: number,
  height: number,
  title: string,
  ...children: readonly string[]
): string {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title };
  return tag('svg', attributes, tag('title', {}, escapeText(title)), ...children);
}

/** Width of a text in a 12-pixel interface font, about. */
export function textWidth(text: string, size = 12): number {
  return text.length * size * 0.56;
}

/** Round values that cover low..high in at most `count` steps. */
export function ticks(low: number, high: number, count: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) =>
    Number(((first + k) * step).toPrecision(12)),
  );
}

export function scale(
  low: number,
  high: number,
  from: number,
  to: number,
): (value: number) => number {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** `1234567` -> `1 234 567` with thin spaces. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** Tick text: 12000 -> 12 k. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(6)));
}
