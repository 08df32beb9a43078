/** Value change dumps (IEEE 1364-2005, clause 18), which every waveform viewer reads. */
import type { RtlSimulator, SimulatorSignal } from './rtl-sim.js';

/** Identifier of the n-th variable: digits of base 94, the printable characters. */
function identifier(n: number): string {
  const digit = String.fromCharCode(33 + (n % 94));
  return n < 94 ? digit : identifier(Math.floor(n / 94) - 1) + digit;
}

interface Scope {
  readonly scopes: Map<string, Scope>;
  readonly signals: { readonly name: string; readonly width: number; readonly id: string }[];
}

function scopeText(scope: Scope, indent: string): string {
  const own = scope.signals.map(({ name, width, id }) => {
    const range = width > 1 ? ` [${width - 1}:0]` : '';
    return `${indent}$var wire ${width} ${id} ${name}${range} $end\n`;
  });
  const inner = [...scope.scopes].map(
    ([name, below]) =>
      `${indent}$scope module ${name} $end\n${scopeText(below, `${indent}  `)}${indent}$upscope $end\n`,
  );
  return [...own, ...inner].join('');
}

/** Scopes by the dots in names, below one that is named `top`. */
function header(top: string, signals: readonly SimulatorSignal[], version: string): string {
  const root: Scope = { scopes: new Map(), signals: [] };
  signals.forEach(({ name, width }, n) => {
    const path = name.split('.');
    const own = path.pop()!;
    let scope = root;
    for (const part of path) {
      let next = scope.scopes.get(part);
      if (next === undefined) scope.scopes.set(part, (next = { scopes: new Map(), signals: [] }));
      scope = next;
    }
    scope.signals.push({ name: own, width, id: identifier(n) });
  });
  return (
    `$version ${version} $end\n$timescale 1ns $end\n$scope module ${top} $end\n` +
    `  $var wire 1 ${identifier(signals.length)} clk_i $end\n` +
    `${scopeText(root, '  ')}$upscope $end\n$enddefinitions $end\n`
  );
}

/** Time between two rising edges, in ns: what one cycle is drawn as, not what a device takes. */
const PERIOD = 10;

/** Records all signals of a simulation; a text in pieces, so that long ones can be written as they come. */
export class VcdRecorder {
  readonly #signals: readonly SimulatorSignal[];
  readonly #last: (bigint | number | undefined)[];
  readonly #clock: string;
  readonly #write: (text: string) => void;

  /** @param write takes the text, piece by piece */
  constructor(
    rtl: RtlSimulator,
    { top, version }: { readonly top: string; readonly version: string },
    write: (text: string) => void,
  ) {
    this.#signals = rtl.signals().filter(({ name }) => name !== 'clk_i');
    this.#last = new Array<undefined>(this.#signals.length);
    this.#clock = identifier(this.#signals.length);
    this.#write = write;
    write(header(top, this.#signals, version));
  }

  get signals(): readonly SimulatorSignal[] {
    return this.#signals;
  }

  /** What has changed in this cycle, the clock's own edges with it. */
  sample(rtl: RtlSimulator, cycle: number): void {
    const lines = [`#${PERIOD * cycle}`, `1${this.#clock}`];
    this.#signals.forEach(({ name, width }, n) => {
      const value = width <= 32 ? rtl.getNumber(name) : rtl.get(name);
      if (value === this.#last[n]) return;
      this.#last[n] = value;
      const digits = value.toString(2);
      lines.push(width === 1 ? `${digits}${identifier(n)}` : `b${digits} ${identifier(n)}`);
    });
    lines.push(`#${PERIOD * cycle + PERIOD / 2}`, `0${this.#clock}`);
    this.#write(`${lines.join('\n')}\n`);
  }
}
