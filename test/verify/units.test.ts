/** Every arithmetic leaf module against its definition in src/quant/arithmetic.ts. */
import { describe, expect, test } from 'vitest';
import { compileRtl, type RtlSimulator } from '../../src/eda/rtl-sim.js';
import { tanhFile } from '../../src/emit/memories.js';
import { templateSource } from '../../src/emit/render.js';
import { Random } from '../../src/model/random.js';
import {
  cellUpdateInt16,
  cellUpdateLevel3,
  hiddenInt16,
  hiddenLevel3,
  multiplyLevel3,
  requantize,
  saturateInt16,
  tanhFixed,
  threshold3,
} from '../../src/quant/arithmetic.js';
import { argmax } from '../../src/quant/golden.js';

const LEAVES = [
  'hg_rom',
  'hg_ram',
  'hg_threshold',
  'hg_shift_multiplier',
  'hg_requantize',
  'hg_tanh_lookup',
  'hg_argmax',
  'hg_cell_level3',
  'hg_cell_int16',
  'hg_pe_ternary',
  'hg_pe_int8',
];
const files = Object.fromEntries(LEAVES.map((leaf) => [`${leaf}.v`, templateSource(`${leaf}.v`)]));

/** $readmemh names reach Verilog as string parameters: a wrapper states them. */
function withTable(module: string, header: string, body: string): Record<string, string> {
  return {
    ...files,
    'tanh.hex': tanhFile(),
    'wrapper.v': `module wrapper (${header});\n  ${module} #(.${body}\nendmodule\n`,
  };
}

const signed = (value: bigint, bits: number): number => Number(BigInt.asIntN(bits, value));
const LEVELS = [0, 1, 2] as const;

describe('hg_shift_multiplier', () => {
  test('equals multiplyLevel3 for every level and 13-bit value', async () => {
    const rtl = await compileRtl(files, 'hg_shift_multiplier', { parameters: { WIDTH: 13 } });
    let wrong = 0;
    for (const level of LEVELS) {
      rtl.set('level_i', level);
      for (let value = -4096; value < 4096; value++) {
        rtl.set('value_i', value);
        if (signed(rtl.get('product_o'), 13) !== multiplyLevel3(level, value)) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });
});

describe('hg_threshold', () => {
  test('equals threshold3, on the thresholds themselves and at the ends', async () => {
    const rtl = await compileRtl(files, 'hg_threshold', { parameters: { ACC_WIDTH: 8 } });
    const ends = [-128, -127, -5, -1, 0, 1, 5, 126, 127];
    for (const low of ends) {
      for (const high of ends.filter((value) => value >= low)) {
        rtl.set('low_i', low);
        rtl.set('high_i', high);
        for (let acc = -128; acc < 128; acc++) {
          rtl.set('acc_i', acc);
          expect(rtl.getNumber('level_o')).toBe(threshold3(acc, low, high));
        }
      }
    }
  });
});

describe('hg_tanh_lookup', () => {
  const build = (): Promise<RtlSimulator> =>
    compileRtl(
      withTable(
        'hg_tanh_lookup',
        'input clk_i, input signed [15:0] value_i, input half_i, output signed [12:0] tanh_o',
        'INIT_FILE("tanh.hex")) u (.clk_i(clk_i), .value_i(value_i), .half_i(half_i), .tanh_o(tanh_o));',
      ),
      'wrapper',
    );

  test.each([0, 1])('equals the definition for all 65,536 arguments (half: %i)', async (half) => {
    const rtl = await build();
    rtl.set('half_i', half);
    let wrong = 0;
    for (let value = -32768; value <= 32767 + 2; value++) {
      if (value <= 32767) rtl.set('value_i', value);
      const back = value - 2;
      if (back >= -32768) {
        const want =
          half === 1 ? (back < 0 ? -1 : 1) * tanhOfHalf(Math.abs(back)) : tanhFixed(back);
        if (signed(rtl.get('tanh_o'), 13) !== want) wrong++;
      }
      rtl.tick();
    }
    expect(wrong).toBe(0);
  });
});

/** tanh(value / 2) in Q0.12 by way of tanhFixed: index (v + 32) >> 6 = ((v + 32) >> 6 << 5) >> 5. */
function tanhOfHalf(magnitude: number): number {
  return tanhFixed(Math.floor((magnitude + 32) / 64) * 32);
}

describe('hg_requantize', () => {
  test.each([
    [14, 1, 3],
    [21, 7, 3],
    [9, 24, 1],
    [30, 12, 2],
  ])(
    'equals requantize with a %i-bit accumulator and shifts from %i',
    async (accWidth, shiftMin, selectWidth) => {
      const rtl = await compileRtl(files, 'hg_requantize', {
        parameters: { ACC_WIDTH: accWidth, SHIFT_MIN: shiftMin, SELECT_WIDTH: selectWidth },
      });
      const random = new Random(accWidth);
      const top = 2 ** (accWidth - 1);
      const extreme = (low: number, high: number): number =>
        random.integer(4) === 0
          ? random.integer(2)
            ? low
            : high
          : low + random.integer(high - low + 1);
      const expected: number[] = [];
      for (let n = 0; n < 20_000; n++) {
        const acc = extreme(-top, top - 1);
        const multiplier = extreme(0, 255);
        const select = shiftMin === 24 ? 0 : random.integer(2 ** selectWidth);
        const bias = extreme(-32768, 32767);
        rtl.set('acc_i', acc);
        rtl.set('multiplier_i', multiplier);
        rtl.set('select_i', select);
        rtl.set('bias_i', bias);
        expected.push(requantize(acc, multiplier, shiftMin + select, bias));
        rtl.tick();
        if (n >= 2) expect(signed(rtl.get('data_o'), 16)).toBe(expected[n - 2]);
      }
    },
  );

  test('rounds half up and saturates', () => {
    expect(requantize(1, 1, 1, 0)).toBe(1);
    expect(requantize(-1, 1, 1, 0)).toBe(0);
    expect(requantize(-3, 1, 1, 0)).toBe(-1);
    expect(requantize(2 ** 20, 255, 1, 0)).toBe(32767);
    expect(requantize(-(2 ** 20), 255, 1, 32767)).toBe(-32768);
    expect(saturateInt16(40000)).toBe(32767);
  });
});

describe('hg_argmax', () => {
  test('equals argmax, ties included, and holds its answer', async () => {
    const rtl = await compileRtl(files, 'hg_argmax', { parameters: { INDEX_WIDTH: 4 } });
    const random = new Random(2);
    for (let n = 0; n < 300; n++) {
      const values = Array.from(
        { length: 1 + random.integer(16) },
        () => random.integer(5) * 16000 - 32000,
      );
      values.forEach((value, k) => {
        rtl.set('valid_i', 1);
        rtl.set('first_i', k === 0 ? 1 : 0);
        rtl.set('logit_i', value);
        rtl.tick();
      });
      rtl.set('valid_i', 0);
      rtl.tick(random.integer(3));
      expect(rtl.getNumber('index_o')).toBe(argmax(values));
    }
  });
});

describe('processing elements', () => {
  test.each([
    ['hg_pe_ternary', 12],
    ['hg_pe_int8', 22],
  ] as const)('%s accumulates, clears and passes on', async (module, accWidth) => {
    const rtl = await compileRtl(files, module, { parameters: { ACC_WIDTH: accWidth } });
    const random = new Random(6);
    let acc = 0;
    rtl.set('clear_i', 1);
    rtl.tick();
    for (let n = 0; n < 5000; n++) {
      const act = random.integer(255) - 127;
      const code = random.integer(3);
      const weight = module === 'hg_pe_ternary' ? [0, 1, -1][code] : random.integer(255) - 127;
      const clear = random.integer(12) === 0;
      rtl.set('act_i', act);
      rtl.set('weight_i', module === 'hg_pe_ternary' ? [0, 1, 3][code] : weight);
      rtl.set('clear_i', clear ? 1 : 0);
      rtl.tick();
      acc = clear ? 0 : acc + act * weight;
      expect(signed(rtl.get('acc_o'), accWidth)).toBe(acc);
      expect(signed(rtl.get('act_o'), 8)).toBe(act);
      expect(rtl.getNumber('clear_o')).toBe(clear ? 1 : 0);
    }
  });
});

describe('cell units', () => {
  const ports =
    'input clk_i, input rst_i, input valid_i, input [1:0] gate_i, input first_i, input last_i, input fresh_i, input bank_i';
  const connect =
    '.clk_i(clk_i), .rst_i(rst_i), .valid_i(valid_i), .gate_i(gate_i), .first_i(first_i), .last_i(last_i), ' +
    ".fresh_i(fresh_i), .bank_i(bank_i), .layer_i(1'b0), .h_write_o(h_write_o), .h_addr_o(h_addr_o), " +
    '.h_data_o(h_data_o), .done_o(done_o)';
  const outputs =
    'output h_write_o, output [3:0] h_addr_o, output signed [7:0] h_data_o, output done_o';
  const sizes =
    'LAYERS(1), .UNITS(8), .UNIT_WIDTH(3), .HIDDEN_WIDTH(4), .CELL_BASES(3\'d0), .HIDDEN_BASES(8\'h80), .TANH_FILE("tanh.hex")';

  test.each(['hg_cell_level3', 'hg_cell_int16'] as const)(
    '%s equals the cell equations over a long sequence, saturation and gaps included',
    async (module) => {
      const level3 = module === 'hg_cell_level3';
      const values = level3
        ? [
            'input [1:0] level_i, input signed [12:0] candidate_i',
            '.level_i(level_i), .candidate_i(candidate_i)',
          ]
        : ['input signed [13:0] value_i', '.value_i(value_i)'];
      const rtl = await compileRtl(
        withTable(
          module,
          `${ports}, ${values[0]}, ${outputs}`,
          `${sizes}) u (${connect}, ${values[1]});`,
        ),
        'wrapper',
        { randomizeState: 3 },
      );
      const random = new Random(level3 ? 1 : 2);
      const c = new Array<number>(8).fill(0);
      const expected: number[] = [];
      const seen: number[] = [];
      let pendingValue: [number, number] | undefined;
      const tick = (): void => {
        // A gate's value follows its description by one cycle.
        if (pendingValue !== undefined) {
          const [gate, value] = pendingValue;
          if (!level3) rtl.set('value_i', value);
          else if (gate === 2) rtl.set('candidate_i', value);
          else rtl.set('level_i', value);
        }
        if (rtl.getNumber('h_write_o') === 1) seen.push(signed(rtl.get('h_data_o'), 8));
        rtl.tick();
        pendingValue = undefined;
      };
      rtl.set('rst_i', 1);
      tick();
      rtl.set('rst_i', 0);
      for (let step = 0; step < 400; step++) {
        for (let unit = 0; unit < 8; unit++) {
          // Long runs of wide-open gates drive c and h into saturation.
          const open = (step >> 5) % 2 === 0;
          const gates = [0, 1, 2, 3].map((gate) => {
            if (gate === 2) return open ? 4093 * (unit % 2 ? 1 : -1) : random.integer(8187) - 4093;
            if (level3) return open ? 2 : random.integer(3);
            return open ? 8189 : 3 + random.integer(8187);
          });
          const before = step % 64 === 0 ? 0 : c[unit];
          c[unit] = (level3 ? cellUpdateLevel3 : cellUpdateInt16)(
            gates[1],
            before,
            gates[0],
            gates[2],
          );
          expected.push((level3 ? hiddenLevel3 : hiddenInt16)(gates[3], tanhFixed(c[unit])));
          for (let gate = 0; gate < 4; gate++) {
            for (let gap = random.integer(8) === 0 ? random.integer(4) : 0; gap > 0; gap--) {
              rtl.set('valid_i', 0);
              tick();
            }
            rtl.set('valid_i', 1);
            rtl.set('gate_i', gate);
            rtl.set('first_i', gate === 0 && unit === 0 ? 1 : 0);
            rtl.set('last_i', gate === 3 && unit === 7 ? 1 : 0);
            rtl.set('fresh_i', step % 64 === 0 ? 1 : 0);
            rtl.set('bank_i', step % 2);
            tick();
            pendingValue = [gate, gates[gate]];
          }
        }
        // A step ends when its last h is written.
        rtl.set('valid_i', 0);
        for (let n = 0; n < 9; n++) tick();
      }
      expect(seen).toEqual(expected);
      expect(seen).toContain(127);
      expect(seen).toContain(-127);
      expect(c.length).toBe(8);
    },
    60_000,
  );
});
