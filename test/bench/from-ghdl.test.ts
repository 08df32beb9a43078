import { describe, expect, test } from 'vitest';
import { fromGhdl } from '../../bench/peers/elastic-ai/from-ghdl.mjs';
import { compileRtl } from '../../src/eda/rtl-sim.js';

/** As `ghdl --synth` 2.0 writes it: an arithmetic shift, and a case over one-hot states. */
const CONVERTED = `module unit
  (input clk,
   input [7:0] x,
   input [1:0] state,
   output [7:0] y,
   output [7:0] z);
  wire [7:0] n1_o;
  reg [7:0] n2_o;
  assign n1_o = $signed(x) >> 31'b0000000000000000000000000000010;
  assign y = n1_o;
  always @*
    case (state)
      2'b10: n2_o <= x;
      2'b01: n2_o <= 8'b00000111;
    endcase
  assign z = n2_o;
endmodule
`;

describe('Verilog of ghdl --synth 2.0, put right', () => {
  test('shifts signed values arithmetically', async () => {
    const rtl = await compileRtl({ 'unit.v': fromGhdl(CONVERTED) }, 'unit', { clock: 'clk' });
    rtl.set('x', -100);
    rtl.set('state', 2);
    expect(BigInt.asIntN(8, rtl.get('y'))).toBe(-25n);
    expect(BigInt.asIntN(8, rtl.get('z'))).toBe(-100n);
    rtl.set('state', 1);
    expect(rtl.get('z')).toBe(7n);
  });

  test('has no latch left: as it comes, it has one', async () => {
    await expect(compileRtl({ 'unit.v': CONVERTED }, 'unit', { clock: 'clk' })).rejects.toThrow(
      'latch',
    );
  });

  test('a case without a selected state gives what is asked for', async () => {
    const rtl = await compileRtl({ 'unit.v': fromGhdl(CONVERTED, "8'h5a") }, 'unit', {
      clock: 'clk',
    });
    rtl.set('x', 1);
    expect(rtl.get('z')).toBe(0x5an);
  });

  test('bit strings become numbers, other strings stay', () => {
    expect(fromGhdl('rom = "0011"; $display("a");')).toBe('rom = 4\'b0011; $display("a");');
  });
});
