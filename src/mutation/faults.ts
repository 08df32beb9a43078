/** Faults that a person could make in Verilog, each a small change of its text. */
import { regionsOf, type Connection, type Regions, type Span } from './regions.js';
import { lineOf, type Token } from './tokens.js';

export const FAULT_KINDS = {
  operator: 'another operator',
  negation: 'a negation left out',
  condition: 'a condition the other way round',
  'always true': 'a condition that always holds',
  'always false': 'a condition that never holds',
  operand: 'one of several conditions left out',
  constant: 'a constant off by one',
  index: 'an index off by one',
  'stuck bit': 'the lowest bit of a value stuck',
  dropped: 'an assignment left out',
  late: 'an input of a unit one cycle late',
  swapped: 'two inputs of a unit swapped',
} as const;

export type FaultKind = keyof typeof FAULT_KINDS;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Fault {
  readonly kind: FaultKind;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The lines that change, as they are and as they become. */
  readonly before: string;
  readonly after: string;
  readonly edits: readonly Edit[];
}

/** Every fault of every kind in a file, in the order of the text. */
export function faultsOf(file: string, text: string): Fault[] {
  return new FaultFinder(file, text).find();
}

/** The file with a fault in it. */
export function applyFault(text: string, { edits }: Pick<Fault, 'edits'>): string {
  const ordered = [...edits].sort((a, b) => b.start - a.start);
  return ordered.reduce(
    (changed, { start, end, text: inserted }) =>
      changed.slice(0, start) + inserted + changed.slice(end),
    text,
  );
}

/** What each operator is mistaken for. */
const MISTAKEN: Readonly<Record<string, string>> = {
  ...{ '+': '-', '-': '+', '&&': '||', '||': '&&', '&': '|', '|': '&', '^': '|' },
  ...{ '==': '!=', '!=': '==', '<': '<=', '<=': '<', '>': '>=', '>=': '>' },
  ...{ '<<': '>>', '>>': '<<', '<<<': '>>>', '>>>': '>>', '*': '+' },
};

const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);

class FaultFinder {
  readonly #regions: Regions;
  readonly #tokens: readonly Token[];
  readonly #partner: readonly number[];
  readonly #structural: ReadonlySet<number>;
  readonly #faults: Fault[] = [];

  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    this.#regions = regionsOf(text);
    this.#tokens = this.#regions.tokens;
    this.#partner = partners(this.#tokens);
    this.#structural = structuralTokens(this.#tokens, this.#partner);
  }

  find(): Fault[] {
    const { values, others, conditions, targets, assignments, instances } = this.#regions;
    for (const span of [...values, ...others, ...conditions, ...targets]) this.#inExpression(span);
    for (const span of conditions) this.#ofCondition(span);
    for (const span of values) {
      this.#wrap('stuck bit', span, '(', ") | 2'sd1");
      this.#wrap('stuck bit', span, '(', ") & ~2'sd1");
    }
    for (const { from, to } of assignments) {
      this.#replace('dropped', { from, to }, '');
    }
    for (const { at, parameters, connections } of instances) {
      for (const { value } of parameters) this.#ofConstants(value);
      this.#ofConnections(at, connections);
    }
    return this.#faults.sort((a, b) => a.edits[0].start - b.edits[0].start);
  }

  #start(token: number): number {
    return this.#tokens[token].start;
  }

  /** The character behind a span. */
  #end({ to }: Span): number {
    return this.#tokens[to - 1].end;
  }

  /** `shown`: what changes, where the lines do not say it well. */
  #add(kind: FaultKind, edits: readonly Edit[], shown?: Pick<Fault, 'before' | 'after'>): void {
    if (shown !== undefined) {
      const line = lineOf(this.text, edits[0].start);
      this.#faults.push({ ...{ kind, file: this.file, line, edits }, ...shown });
      return;
    }
    const first = Math.min(...edits.map(({ start }) => start));
    const last = Math.max(...edits.map(({ end }) => end));
    const from = this.text.lastIndexOf('\n', first - 1) + 1;
    const to = this.text.indexOf('\n', last);
    const moved = edits.map(({ start, end, text }) => ({
      ...{ start: start - from, end: end - from, text },
    }));
    const before = this.text.slice(from, to);
    const one = (lines: string): string => lines.replace(/\s+/g, ' ').trim();
    this.#faults.push({
      ...{ kind, file: this.file, line: lineOf(this.text, first), edits },
      before: one(before),
      after: one(applyFault(before, { edits: moved })),
    });
  }

  #replace(kind: FaultKind, span: Span, text: string): void {
    this.#add(kind, [{ start: this.#start(span.from), end: this.#end(span), text }]);
  }

  #wrap(kind: FaultKind, span: Span, open: string, close: string): void {
    const [start, end] = [this.#start(span.from), this.#end(span)];
    this.#add(kind, [
      { start, end: start, text: open },
      { start: end, end, text: close },
    ]);
  }

  #inExpression({ from, to }: Span): void {
    for (let n = from; n < to; n++) {
      if (this.#structural.has(n)) continue;
      const { kind, text } = this.#tokens[n];
      const one = { from: n, to: n + 1 };
      if (kind === 'number') this.#ofNumber(n);
      if (kind !== 'symbol') continue;
      const isBinary = n > from && this.#endsOperand(n - 1);
      if (isBinary && MISTAKEN[text] !== undefined) this.#replace('operator', one, MISTAKEN[text]);
      if (!isBinary && (text === '!' || text === '~')) this.#replace('negation', one, '');
      if (text === '&&' || text === '||') {
        const neutral = text === '&&' ? "1'b1" : "1'b0";
        this.#replace('operand', { from: this.#operandStart(n, from), to: n }, neutral);
        this.#replace('operand', { from: n + 1, to: this.#operandEnd(n, to) }, neutral);
      }
      if (text === '?') this.#ofCondition({ from: this.#conditionStart(n, from), to: n });
    }
  }

  #ofCondition(span: Span): void {
    this.#wrap('condition', span, '!(', ')');
    this.#replace('always true', span, "1'b1");
    this.#replace('always false', span, "1'b0");
  }

  #ofConstants({ from, to }: Span): void {
    // Widths and sizes are plain numbers, values have a width.
    for (let n = from; n < to; n++) {
      if (this.#tokens[n].text.includes("'")) this.#ofNumber(n);
    }
  }

  #ofNumber(n: number): void {
    const isIndex = this.#tokens[n - 1].text === '[' && this.#tokens[n + 1].text === ']';
    for (const text of offByOne(this.#tokens[n].text)) {
      this.#replace(isIndex ? 'index' : 'constant', { from: n, to: n + 1 }, text);
    }
  }

  #ofConnections(at: number, connections: readonly Connection[]): void {
    const inputs = connections.filter(({ port }) => port.endsWith('_i') && port !== 'clk_i');
    inputs.forEach(({ port, value: { from, to } }, n) => {
      const span = { from, to };
      const [start, end] = [this.#start(from), this.#end(span)];
      const value = this.text.slice(start, end);
      if (/^[A-Za-z_]/.test(value)) {
        const name = `hg_late_${n}`;
        const place = this.#start(at);
        const register = `reg [4095:0] ${name}; always @(posedge clk_i) ${name} <= ${value}; `;
        const edits = [
          { start, end, text: name },
          { start: place, end: place, text: register },
        ];
        const before = `.${port}(${value.replace(/\s+/g, ' ')})`;
        this.#add('late', edits, { before, after: `${before.slice(0, -1)} of the cycle before)` });
      }
      const next = inputs[n + 1];
      if (next === undefined) return;
      const [nextStart, nextEnd] = [this.#start(next.value.from), this.#end(next.value)];
      const other = this.text.slice(nextStart, nextEnd);
      if (other === value) return;
      this.#add('swapped', [
        { start, end, text: other },
        { start: nextStart, end: nextEnd, text: value },
      ]);
    });
  }

  #endsOperand(n: number): boolean {
    const { kind, text } = this.#tokens[n];
    return kind !== 'symbol' || CLOSING.has(text);
  }

  /** First token of the operand of && or || that ends before `n`. */
  #operandStart(n: number, from: number): number {
    return this.#back(n, from, ['&&', '||', '?', ':', ',']);
  }

  #conditionStart(n: number, from: number): number {
    return this.#back(n, from, ['?', ':', ',']);
  }

  #back(n: number, from: number, ends: readonly string[]): number {
    let at = n;
    while (at > from) {
      const { text } = this.#tokens[at - 1];
      if (OPENING.has(text) || ends.includes(text)) break;
      at = CLOSING.has(text) ? this.#partner[at - 1] : at - 1;
    }
    return at;
  }

  #operandEnd(n: number, to: number): number {
    let at = n + 1;
    while (at < to) {
      const { text } = this.#tokens[at];
      if (CLOSING.has(text) || ['&&', '||', '?', ':', ','].includes(text)) break;
      at = OPENING.has(text) ? this.#partner[at] + 1 : at + 1;
    }
    return at;
  }
}

/** Of each bracket the place of its partner. */
function partners(tokens: readonly Token[]): number[] {
  const partner = new Array<number>(tokens.length).fill(-1);
  const open: number[] = [];
  tokens.forEach(({ text }, n) => {
    if (OPENING.has(text)) open.push(n);
    else if (CLOSING.has(text)) {
      const other = open.pop()!;
      partner[n] = other;
      partner[other] = n;
    }
  });
  return partner;
}

/** Tokens that say how wide something is: counts of {n{...}}, [high:low], and widths behind +: and -:. */
function structuralTokens(tokens: readonly Token[], partner: readonly number[]): Set<number> {
  const found = new Set<number>();
  const mark = (from: number, to: number): void => {
    for (let n = from; n < to; n++) found.add(n);
  };
  tokens.forEach(({ text }, n) => {
    if (text === '{') {
      const after = tokens[n + 1].text === '(' ? partner[n + 1] + 1 : n + 2;
      if (tokens[after]?.text === '{') mark(n + 1, after);
    }
    if (text !== '[') return;
    for (let at = n + 1; at < partner[n]; at++) {
      const inside = tokens[at].text;
      if (inside === '+:' || inside === '-:') mark(at, partner[n]);
      else if (inside === ':' && !isConditional(tokens, n, at)) mark(n, partner[n]);
      if (OPENING.has(inside)) at = partner[at];
    }
  });
  return found;
}

function isConditional(tokens: readonly Token[], from: number, to: number): boolean {
  return tokens.slice(from, to).some(({ text }) => text === '?');
}

/** A literal one higher and one lower, within its width; a bit has just one other value. */
export function offByOne(literal: string): string[] {
  const sized = /^(\d+)'(s?)([bodh])([0-9a-f_]+)$/i.exec(literal);
  if (sized === null) {
    if (!/^\d+$/.test(literal)) return [];
    const value = BigInt(literal);
    return value === 0n ? ['1'] : [String(value + 1n), String(value - 1n)];
  }
  const [, width, sign, base, digits] = sized;
  const radix = { b: 2, o: 8, d: 10, h: 16 }[base.toLowerCase()]!;
  const prefix = { 2: '0b', 8: '0o', 10: '', 16: '0x' }[radix]!;
  const value = BigInt(prefix + digits.replace(/_/g, ''));
  const wrapped = [1n, -1n].map((step) => BigInt.asUintN(Number(width), value + step));
  return [...new Set(wrapped)].map((word) => `${width}'${sign}${base}${word.toString(radix)}`);
}
