/** The activations against src/integer/activations.ts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { compileRtl, type RtlSimulator } from '../../src/eda/rtl-sim.js';
import { sigmoidTable, tanhTable } from '../../src/integer/activations.js';
import { sigmoidFile } from '../../src/integer-hardware/memories.js';
import { ACTIVATION_TIMING } from '../../src/integer-hardware/timing.js';
import { leafFiles, signed } from './leaves.js';

/** Outputs that differ from the table at index x + 32768, over all 65,536 inputs. */
function exhaustiveErrors(
  rtl: RtlSimulator,
  table: Int16Array,
  { latency, interval }: { readonly latency: number; readonly interval: number },
): number {
  let wrong = 0;
  const check = (x: number): void => {
    const isRight =
      rtl.getNumber('valid_o') === 1 && signed(rtl.get('data_o'), 16) === table[x + 32768];
    if (!isRight) wrong++;
  };
  if (interval === 1) {
    rtl.set('valid_i', 1);
    for (let n = -32768; n < 32768 + latency; n++) {
      if (n - latency >= -32768) check(n - latency);
      rtl.set('value_i', Math.min(n, 32767));
      rtl.tick();
    }
    return wrong;
  }
  for (let x = -32768; x < 32768; x++) {
    rtl.set('value_i', x);
    rtl.set('valid_i', 1);
    rtl.tick();
    rtl.set('valid_i', 0);
    rtl.tick(latency - 1);
    check(x);
  }
  return wrong;
}

describe('hgi_activation_lut', () => {
  const pace = ACTIVATION_TIMING.lut256;
  const compile = (shiftMin: number, span: number): Promise<RtlSimulator> => {
    const wrapper = `module wrapper (
      input clk_i, input rst_i, input valid_i, input [15:0] value_i, input tanh_i, input [3:0] shift_i,
      output valid_o, output busy_o, output [15:0] data_o);
      hgi_activation_lut #(.SHIFT_MIN(${shiftMin}), .SHIFT_SPAN(${span}), .SHIFT_WIDTH(4),
        .TABLE_FILE("table.hex")) u (.clk_i(clk_i), .rst_i(rst_i), .valid_i(valid_i),
        .value_i(value_i), .tanh_i(tanh_i), .shift_i(shift_i), .valid_o(valid_o),
        .busy_o(busy_o), .data_o(data_o));
      endmodule`;
    const all = { ...leafFiles, 'table.hex': sigmoidFile(), 'wrapper.v': wrapper };
    return compileRtl(all, 'wrapper', { randomizeState: 3 });
  };

  let rtl: RtlSimulator;
  beforeAll(async () => {
    rtl = await compile(-3, 6);
  });

  test('equals the sigmoid for all 65,536 inputs', () => {
    rtl.set('tanh_i', 0);
    rtl.set('shift_i', 3);
    expect(exhaustiveErrors(rtl, sigmoidTable('lut256'), pace)).toBe(0);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])(
    'equals tanh of %i integer bits for all 65,536 inputs',
    (integerBits) => {
      rtl.set('tanh_i', 1);
      rtl.set('shift_i', integerBits);
      expect(exhaustiveErrors(rtl, tanhTable(integerBits, 'lut256'), pace)).toBe(0);
    },
  );

  test('takes narrow values, shifted left to 16 bits', async () => {
    const narrow = await compile(0, 13);
    narrow.set('tanh_i', 1);
    narrow.set('valid_i', 1);
    narrow.set('shift_i', 13);
    const table = tanhTable(6, 'lut256');
    for (let c = -32; c < 32; c++) {
      narrow.set('value_i', c);
      narrow.tick(5);
      expect(signed(narrow.get('data_o'), 16)).toBe(table[c * 1024 + 32768]);
    }
  });
});

describe('hgi_activation_gemmlowp', () => {
  const pace = ACTIVATION_TIMING.gemmlowp;
  let rtl: RtlSimulator;
  beforeAll(async () => {
    const parameters = { ALIGN_WIDTH: 4 };
    rtl = await compileRtl(leafFiles, 'hgi_activation_gemmlowp', { parameters, randomizeState: 4 });
  });

  test('equals the sigmoid for all 65,536 inputs', () => {
    rtl.set('tanh_i', 0);
    rtl.set('align_i', 0);
    rtl.set('exponent_bits_i', 3);
    expect(exhaustiveErrors(rtl, sigmoidTable('gemmlowp'), pace)).toBe(0);
  });

  test.each([0, 3, 6])('equals tanh of %i integer bits for all 65,536 inputs', (bits) => {
    rtl.set('align_i', 0);
    rtl.set('tanh_i', 1);
    rtl.set('exponent_bits_i', bits + 1);
    expect(exhaustiveErrors(rtl, tanhTable(bits, 'gemmlowp'), pace)).toBe(0);
  });

  test('takes narrow values, shifted left to 16 bits', () => {
    rtl.set('tanh_i', 1);
    rtl.set('align_i', 10);
    const table = tanhTable(2, 'gemmlowp');
    rtl.set('exponent_bits_i', 3);
    for (let c = -32; c < 32; c++) {
      rtl.set('value_i', c);
      rtl.set('valid_i', 1);
      rtl.tick();
      rtl.set('valid_i', 0);
      rtl.tick(39);
      expect(signed(rtl.get('data_o'), 16)).toBe(table[c * 1024 + 32768]);
    }
  });
});
