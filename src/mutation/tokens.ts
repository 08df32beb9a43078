/** Verilog text as tokens with their places; comments and white space left out. */

export type TokenKind = 'name' | 'number' | 'string' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** First character, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

/** Longest first: a symbol is the longest that fits. */
const SYMBOLS = [
  ...['<<<', '>>>', '===', '!=='],
  ...['<<', '>>', '<=', '>=', '==', '!=', '&&', '||', '**', '~^', '^~', '~&', '~|', '+:', '-:'],
];

const PATTERN = new RegExp(
  [
    String.raw`(?<skip>\s+|//[^\n]*|/\*[\s\S]*?\*/|\`[a-z_]+[^\n]*)`,
    String.raw`(?<string>"(?:[^"\\]|\\.)*")`,
    // 8'sh7f, 1'b0; then plain decimals.
    String.raw`(?<number>\d*'[sS]?[bodhBODH][0-9a-fA-FxzXZ_?]+|\d[\d_]*)`,
    String.raw`(?<name>[A-Za-z_$][\w$]*)`,
    `(?<symbol>${SYMBOLS.map((text) => text.replace(/[|*+^]/g, String.raw`\$&`)).join('|')}|[^\\w\\s])`,
  ].join('|'),
  'y',
);

/** @throws {RangeError} at a character that no Verilog token begins with. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < text.length) {
    const start = PATTERN.lastIndex;
    const groups = PATTERN.exec(text)?.groups;
    if (groups === undefined) throw new RangeError(`no token at ${lineOf(text, start)}`);
    const end = PATTERN.lastIndex;
    for (const kind of ['name', 'number', 'string', 'symbol'] as const) {
      if (groups[kind] !== undefined) tokens.push({ kind, text: groups[kind], start, end });
    }
  }
  return tokens;
}

/** Line of a place, from 1. */
export function lineOf(text: string, at: number): number {
  let line = 1;
  for (let n = text.indexOf('\n'); n >= 0 && n < at; n = text.indexOf('\n', n + 1)) line++;
  return line;
}
