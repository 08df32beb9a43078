import type { SimulatorPort } from './rtl-sim.js';

export interface PinShell {
  /** Verilog of the shell: one module that instantiates the design. */
  readonly verilog: string;
  /** Its name: `<top>_pins`. */
  readonly top: string;
  /** Flip-flops the shell adds: one per input and output bit, and those of the XOR tree. */
  readonly ffs: number;
}

/**
 * Wrap a module with wide ports so that it fits a package with few pins, for timing and area after
 * placement: inputs come from a long shift register fed by one pin, outputs are registered and then
 * XORed, four at a time and a register after each step, into one pin. So every path of the design
 * lies between registers, and the shell's own paths are one LUT long.
 *
 * The shell costs a flip-flop per port bit, and about a LUT per four output bits (and one where an
 * input's flip-flop cannot share its logic cell): measure the design with and without it.
 *
 * @param ports of the design; the clock among them by name.
 */
export function pinShell(ports: readonly SimulatorPort[], top: string, clock = 'clk_i'): PinShell {
  const inputs = ports.filter(({ direction, name }) => direction === 'input' && name !== clock);
  const outputs = ports.filter(({ direction }) => direction === 'output');
  const isClocked = ports.some(({ name }) => name === clock);
  const inputBits = total(inputs);
  const outputBits = total(outputs);
  const lines: string[] = [
    `// Pins for ${top}: inputs from a shift register, outputs to one parity bit.`,
    '`default_nettype none',
    '',
    `module ${top}_pins (`,
    `    input  wire ${clock},`,
    '    input  wire serial_i,',
    '    output wire parity_o',
    ');',
    '',
  ];
  let ffs = inputBits;
  if (inputBits > 0) {
    const shifted = inputBits === 1 ? 'serial_i' : `{in_q[${inputBits - 2}:0], serial_i}`;
    lines.push(
      `  reg [${inputBits - 1}:0] in_q;`,
      `  always @(posedge ${clock}) in_q <= ${shifted};`,
      '',
    );
  }
  const connections = isClocked ? [`.${clock}(${clock})`] : [];
  let offset = 0;
  for (const { name, width } of inputs) {
    connections.push(`.${name}(in_q[${offset + width - 1}:${offset}])`);
    offset += width;
  }
  offset = 0;
  for (const { name, width } of outputs) {
    connections.push(`.${name}(out_d[${offset + width - 1}:${offset}])`);
    offset += width;
  }
  if (outputBits > 0) lines.push(`  wire [${outputBits - 1}:0] out_d;`);
  lines.push(`  ${top} u_design (`, `      ${connections.join(',\n      ')}`, '  );', '');

  let stage = 0;
  let width = outputBits;
  if (width > 0) {
    lines.push(
      `  reg [${width - 1}:0] fold0_q;`,
      `  always @(posedge ${clock}) fold0_q <= out_d;`,
      '',
    );
    ffs += width;
  }
  while (width > 1) {
    const next = Math.ceil(width / 4);
    lines.push(`  reg [${next - 1}:0] fold${stage + 1}_q;`, `  always @(posedge ${clock}) begin`);
    for (let k = 0; k < next; k++) {
      const high = Math.min(4 * k + 3, width - 1);
      lines.push(`    fold${stage + 1}_q[${k}] <= ^fold${stage}_q[${high}:${4 * k}];`);
    }
    lines.push('  end', '');
    ffs += next;
    stage++;
    width = next;
  }
  lines.push(`  assign parity_o = ${outputBits > 0 ? `fold${stage}_q[0]` : "1'b0"};`, '');
  lines.push('endmodule', '', '`default_nettype wire', '');
  return { verilog: lines.join('\n'), top: `${top}_pins`, ffs };
}

function total(ports: readonly SimulatorPort[]): number {
  return ports.reduce((sum, { width }) => sum + width, 0);
}
