/**
 * Where a Verilog module says what it does: expressions, conditions, statements, connections. What it is made of
 * (ports, widths, parameters, generate conditions, loop bounds) is left out: a change there is another circuit, not
 * a fault of this one. A recursive descent over the Verilog that halfgate emits, not over all of the language.
 */
import { tokenize, type Token } from './tokens.js';

/** Tokens `from` to `to` - 1 of a file. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Connection {
  readonly port: string;
  /** What is connected, without the parentheses. */
  readonly value: Span;
}

export interface Regions {
  readonly tokens: readonly Token[];
  /** Right sides of assignments, of all kinds. */
  readonly values: readonly Span[];
  /** Values of signals in connections, selectors of `case` and its labels. */
  readonly others: readonly Span[];
  /** Conditions of `if` in clocked and combinational blocks. */
  readonly conditions: readonly Span[];
  /** Left sides, for the constants that select in them. */
  readonly targets: readonly Span[];
  /** Assignments in blocks, up to and without the semicolon. */
  readonly assignments: readonly Span[];
  /** Instances of modules: the first token, parameters, connections. */
  readonly instances: readonly {
    readonly at: number;
    readonly parameters: readonly Connection[];
    readonly connections: readonly Connection[];
  }[];
}

const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);

/** The lists while they grow. */
type Growing<T> = {
  [K in keyof T]: K extends 'tokens' ? T[K] : T[K] extends readonly (infer E)[] ? E[] : T[K];
};

/** @throws {RangeError} for Verilog of a kind that is not emitted. */
export function regionsOf(text: string): Regions {
  const reader = new Reader(tokenize(text));
  reader.file();
  return reader.found;
}

class Reader {
  readonly found: Growing<Regions>;
  #at = 0;

  constructor(readonly tokens: readonly Token[]) {
    this.found = {
      tokens,
      ...{ values: [], others: [], conditions: [], targets: [], assignments: [], instances: [] },
    };
  }

  file(): void {
    while (this.#at < this.tokens.length) {
      this.#expect('module');
      // Parameters and ports.
      this.#skipTo([';']);
      this.#at++;
      while (this.#peek() !== 'endmodule') this.#item();
      this.#at++;
    }
  }

  #peek(ahead = 0): string {
    return this.tokens[this.#at + ahead]?.text ?? '';
  }

  #expect(text: string): void {
    if (this.#peek() !== text) {
      throw new RangeError(`token ${this.#at} is '${this.#peek()}', not '${text}'`);
    }
    this.#at++;
  }

  #accept(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#at++;
    return true;
  }

  /** Up to one of these outside of all brackets, which is not taken; the tokens before it. */
  #skipTo(ends: readonly string[]): Span {
    const from = this.#at;
    let depth = 0;
    for (; this.#at < this.tokens.length; this.#at++) {
      const text = this.#peek();
      if (depth === 0 && ends.includes(text)) return { from, to: this.#at };
      if (OPENING.has(text)) depth++;
      if (CLOSING.has(text)) depth--;
    }
    throw new RangeError(`no ${ends.join(' or ')} behind token ${from}`);
  }

  #parentheses(): Span {
    this.#expect('(');
    const inside = this.#skipTo([')']);
    this.#at++;
    return inside;
  }

  #item(): void {
    const text = this.#peek();
    switch (text) {
      case 'generate':
      case 'endgenerate':
      case ';':
        this.#at++;
        return;
      case '(': // An attribute.
        this.#parentheses();
        return;
      case 'genvar':
      case 'integer':
      case 'localparam':
      case 'parameter':
        this.#skipTo([';']);
        return;
      case 'wire':
      case 'reg':
        return this.#declaration();
      case 'assign':
        this.#at++;
        this.found.targets.push(this.#skipTo(['=']));
        this.#at++;
        this.found.values.push(this.#skipTo([';']));
        return;
      case 'always':
        this.#at++;
        this.#expect('@');
        this.#parentheses();
        return this.#statement();
      case 'initial':
        return this.#initial();
      case 'if':
        this.#at++;
        this.#parentheses();
        this.#item();
        if (this.#accept('else')) this.#item();
        return;
      case 'for':
        this.#at++;
        this.#parentheses();
        return this.#item();
      case 'begin':
        this.#begin();
        while (!this.#accept('end')) this.#item();
        return;
      default:
        return this.#instance();
    }
  }

  #begin(): void {
    this.#expect('begin');
    if (this.#accept(':')) this.#at++;
  }

  #declaration(): void {
    for (;;) {
      this.#skipTo(['=', ',', ';']);
      if (this.#accept('=')) this.found.values.push(this.#skipTo([',', ';']));
      if (this.#accept(';')) return;
      this.#at++;
    }
  }

  /** Contents of memories: nothing that runs. */
  #initial(): void {
    const { values, others, conditions, targets, assignments } = this.found;
    const lists = [values, others, conditions, targets, assignments];
    const before = lists.map((list) => list.length);
    this.#at++;
    this.#statement();
    lists.forEach((list, n) => (list.length = before[n]));
  }

  #statement(): void {
    switch (this.#peek()) {
      case ';':
        this.#at++;
        return;
      case 'begin':
        this.#begin();
        while (!this.#accept('end')) this.#statement();
        return;
      case 'reg':
      case 'integer':
        this.#skipTo([';']);
        return;
      case 'if':
        this.#at++;
        this.found.conditions.push(this.#parentheses());
        this.#statement();
        if (this.#accept('else')) this.#statement();
        return;
      case 'for':
        this.#at++;
        this.#parentheses();
        return this.#statement();
      case 'case':
      case 'casez':
        return this.#case();
      default:
        return this.#assignment();
    }
  }

  #case(): void {
    this.#at++;
    this.found.others.push(this.#parentheses());
    while (!this.#accept('endcase')) {
      if (this.#accept('default')) this.#accept(':');
      else {
        this.found.others.push(this.#skipTo([':']));
        this.#at++;
      }
      this.#statement();
    }
  }

  #assignment(): void {
    const from = this.#at;
    if (this.#peek().startsWith('$')) {
      this.#skipTo([';']);
      this.#at++;
      return;
    }
    this.found.targets.push(this.#skipTo(['=', '<=']));
    this.#at++;
    const value = this.#skipTo([';']);
    this.found.values.push(value);
    this.found.assignments.push({ from, to: value.to });
    this.#at++;
  }

  #instance(): void {
    const at = this.#at;
    this.#at++;
    const parameters = this.#accept('#') ? this.#connections() : [];
    this.#at++;
    const connections = this.#connections();
    this.#expect(';');
    this.found.instances.push({ at, parameters, connections });
    this.found.others.push(...connections.map(({ value }) => value));
  }

  #connections(): Connection[] {
    const list: Connection[] = [];
    this.#expect('(');
    while (!this.#accept(')')) {
      this.#expect('.');
      const port = this.#peek();
      this.#at++;
      const value = this.#parentheses();
      if (value.to > value.from) list.push({ port, value });
      this.#accept(',');
    }
    return list;
  }
}
