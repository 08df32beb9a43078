import { describe, expect, test } from 'vitest';
import { runTestbench } from '../../src/eda/native-sim.js';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { findTool } from '../../src/eda/tools.js';
import { Random } from './random.js';

const CYCLES = 120;
const iverilog = await findTool('iverilog');
const skipReason = iverilog === undefined ? ' (skipped: iverilog is not on PATH)' : '';

interface Signal {
  name: string;
  width: number;
  isSigned: boolean;
}

/** Random synchronous modules in Verilog-2005 in which nothing is ever undefined. */
class ModuleWriter {
  readonly inputs: Signal[] = [];
  readonly outputs: Signal[] = [];
  readonly #random: Random;
  readonly #lines: string[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  write(): string {
    const random = this.#random;
    const signals: Signal[] = [];
    for (let n = 0; n < 5; n++) {
      const width = random.pick([1, 4, 8, 13, 16, 31, 32, 33, 40, 64]);
      this.inputs.push({ name: `in${n}`, width, isSigned: random.below(2) === 0 });
    }
    signals.push(...this.inputs);
    const registers: Signal[] = [];
    for (let n = 0; n < 6; n++) {
      const width = random.pick([1, 3, 8, 24, 32, 35, 64]);
      registers.push({ name: `r${n}`, width, isSigned: random.below(2) === 0 });
    }
    signals.push(...registers);
    for (const { name, width, isSigned } of registers) {
      this.#lines.push(`  reg ${isSigned ? 'signed ' : ''}[${width - 1}:0] ${name} = ${width}'d0;`);
    }
    const memWidth = random.pick([8, 20, 32, 64]);
    this.#lines.push(
      `  reg [${memWidth - 1}:0] mem [0:15];`,
      '  integer k;',
      `  initial for (k = 0; k < 16; k = k + 1) mem[k] = k * 77;`,
    );
    this.#lines.push(`  wire [${memWidth - 1}:0] entry = mem[${this.#address(signals)}];`);
    signals.push({ name: 'entry', width: memWidth, isSigned: false });
    for (let n = 0; n < 8; n++) {
      const width = random.pick([1, 5, 8, 16, 32, 33, 48, 64]);
      const wire = { name: `w${n}`, width, isSigned: random.below(2) === 0 };
      const sign = wire.isSigned ? 'signed ' : '';
      this.#lines.push(
        `  wire ${sign}[${width - 1}:0] w${n} = ${this.#expression(signals, 3, width)};`,
      );
      signals.push(wire);
    }
    this.#lines.push('  always @(posedge clk_i) begin');
    for (const { name, width } of registers) {
      const value = this.#expression(signals, 3, width);
      switch (random.below(4)) {
        case 0:
          this.#lines.push(
            `    if (${this.#expression(signals, 2, 1)}) ${name} <= ${width}'d1;`,
            `    else if (${this.#expression(signals, 2, 1)}) ${name} <= ${value};`,
          );
          break;
        case 1:
          this.#lines.push(`    case (${this.#address(signals)})`);
          for (let choice = 0; choice < 5; choice++) {
            const chosen = this.#expression(signals, 2, width);
            this.#lines.push(`      4'd${choice * 3}: ${name} <= ${chosen};`);
          }
          this.#lines.push(`      default: ${name} <= ${value};`, '    endcase');
          break;
        default:
          this.#lines.push(`    ${name} <= ${value};`);
      }
    }
    this.#lines.push(
      `    if (${this.#expression(signals, 2, 1)})`,
      `      mem[${this.#address(signals)}] <= ${this.#expression(signals, 2, memWidth)};`,
      `    if (${this.#expression(signals, 2, 1)}) mem[${this.#address(signals)}][3:0] <= 4'd9;`,
      '  end',
    );
    const outputs: string[] = [];
    for (const signal of signals) {
      if (this.inputs.includes(signal)) continue;
      this.outputs.push({ ...signal, name: `${signal.name}_o` });
      outputs.push(`  assign ${signal.name}_o = ${signal.name};`);
    }
    const port = (direction: string, { name, width, isSigned }: Signal): string =>
      `  ${direction} wire ${isSigned ? 'signed ' : ''}[${width - 1}:0] ${name}`;
    const ports = [
      '  input wire clk_i',
      ...this.inputs.map((signal) => port('input', signal)),
      ...this.outputs.map((signal) => port('output', signal)),
    ];
    const body = [...this.#lines, ...outputs].join('\n');
    return `module dut (\n${ports.join(',\n')}\n);\n${body}\nendmodule\n`;
  }

  #address(signals: readonly Signal[]): string {
    const wide = signals.filter(({ width }) => width >= 4);
    const { name, width } = this.#random.pick(wide);
    const low = this.#random.below(width - 3);
    return `${name}[${low + 3}:${low}]`;
  }

  /** At most 64 bits wide, in a context of `width`. */
  #expression(signals: readonly Signal[], depth: number, width: number): string {
    const random = this.#random;
    const signal = random.pick(signals);
    const inner = (): string => this.#expression(signals, depth - 1, width);
    if (depth === 0) {
      if (random.below(5) === 0) {
        const size = 1 + random.below(32);
        const sign = random.below(2) === 0 ? 's' : '';
        return `${size}'${sign}h${random.bits(size).toString(16)}`;
      }
      return signal.name;
    }
    switch (random.below(14)) {
      case 0:
      case 1:
        return `(${inner()} ${random.pick(['+', '-', '*'])} ${inner()})`;
      case 2:
        return `(${inner()} ${random.pick(['&', '|', '^', '~^'])} ${inner()})`;
      case 3:
        return `(${inner()} ${random.pick(['<', '<=', '>', '>=', '==', '!='])} ${inner()})`;
      case 4:
        return `(${random.pick(['~', '-', '!', '&', '|', '^', '~&', '~^'])}${signal.name})`;
      case 5: {
        const amount = random.pick(signals.filter((other) => other.width <= 8));
        return `(${inner()} ${random.pick(['<<', '>>', '<<<', '>>>'])} ${amount.name})`;
      }
      case 6:
        return `(${inner()} ${random.pick(['<<', '>>', '>>>'])} ${random.below(40)})`;
      case 7:
      case 8:
        return `(${signal.name} ? ${inner()} : ${inner()})`;
      case 9: {
        const low = random.below(signal.width);
        return `${signal.name}[${low + random.below(signal.width - low)}:${low}]`;
      }
      case 10: {
        const other = random.pick(signals.filter((candidate) => candidate.width <= 16));
        const low = random.below(signal.width);
        const high = Math.min(signal.width - 1, low + random.below(24));
        return `{${other.name}, ${signal.name}[${high}:${low}]}`;
      }
      case 11: {
        const narrow = random.pick(signals.filter((other) => other.width <= 8));
        return `{${1 + random.below(6)}{${narrow.name}}}`;
      }
      case 12:
        return `${random.pick(['$signed', '$unsigned'])}(${signal.name})`;
      default: {
        const divisor = random.pick(signals);
        const op = random.pick(['/', '%']);
        return `((${divisor.name} == 0) ? ${inner()} : (${signal.name} ${op} ${divisor.name}))`;
      }
    }
  }
}

/** Applies a file of vectors, one per cycle, and prints the outputs just before each edge. */
function testbench(inputs: readonly Signal[], outputs: readonly Signal[]): string {
  const total = inputs.reduce((sum, { width }) => sum + width, 0);
  const names = (signals: readonly Signal[]): string => signals.map(({ name }) => name).join(', ');
  const connect = (signals: readonly Signal[]): string =>
    signals.map(({ name }) => `.${name}(${name})`).join(', ');
  const declare = (signals: readonly Signal[], kind: string): string =>
    signals.map(({ name, width }) => `  ${kind} [${width - 1}:0] ${name};`).join('\n');
  return `
module tb;
  reg clk = 1'b0;
${declare(inputs, 'reg')}
${declare(outputs, 'wire')}
  reg [${total - 1}:0] vectors [0:${CYCLES - 1}];
  integer cycle;
  dut u_dut(.clk_i(clk), ${connect(inputs)}, ${connect(outputs)});
  initial begin
    $readmemh("vectors.hex", vectors);
    for (cycle = 0; cycle < ${CYCLES}; cycle = cycle + 1) begin
      {${names(inputs)}} = vectors[cycle];
      #5 $display("@ ${outputs.map(() => '%h').join(' ')}", ${names(outputs)});
      clk = 1'b1;
      #5 clk = 1'b0;
    end
    $display("HALFGATE PASS");
    $finish;
  end
endmodule
`;
}

describe('agrees with Icarus Verilog on all outputs in each cycle', () => {
  test.skipIf(iverilog === undefined).for(Array.from({ length: 24 }, (_, seed) => seed + 1))(
    `random module, seed %i${skipReason}`,
    async (seed) => {
      const writer = new ModuleWriter(seed);
      const source = writer.write();
      const { inputs, outputs } = writer;
      const random = new Random(seed + 1000);
      const vectors = Array.from({ length: CYCLES }, () =>
        inputs.map(({ width }) => random.bits(width)),
      );
      const hex = vectors
        .map((values) =>
          values
            .reduce((packed, value, k) => (packed << BigInt(inputs[k].width)) | value, 0n)
            .toString(16),
        )
        .join('\n');
      const run = await runTestbench({
        files: { 'dut.v': source, 'tb.v': testbench(inputs, outputs), 'vectors.hex': hex },
        ...{ top: 'tb', tool: 'iverilog', timeoutSeconds: 100 },
      });
      expect(run.passed, run.log).toBe(true);
      const lines = run.log.split('\n').filter((line) => line.startsWith('@ '));
      expect(lines).toHaveLength(CYCLES);
      const simulator = await compileRtl({ 'dut.v': source }, 'dut');
      vectors.forEach((values, cycle) => {
        values.forEach((value, k) => simulator.set(inputs[k].name, value));
        const expected = lines[cycle].slice(2).trim().split(' ');
        outputs.forEach(({ name }, k) => {
          const actual = simulator.get(name).toString(16).padStart(expected[k].length, '0');
          if (actual !== expected[k]) {
            expect.fail(
              `${name} in cycle ${cycle}: ${actual}, Icarus has ${expected[k]}; seed ${seed}\n${source}`,
            );
          }
        });
        simulator.tick();
      });
    },
  );
});
