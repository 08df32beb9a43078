/** Every arithmetic leaf module against its definition in src/quant/arithmetic.ts. */
import { describe, expect, test } from 'vitest';
import { compileRtl, type RtlSimulator } from '../../src/eda/rtl-sim.js';
import { templateSource } from '../../src/emit/render.js';
import { Random } from '../../src/model/random.js';
import {
  type CellFormats,
  cellArithmetic,
  multiplyLevel3,
  requantize,
  saturateInt16,
  sigmoidFixed,
  tanhFixed,
  threshold3,
} from '../../src/quant/arithmetic.js';
import { TANH_TABLE } from '../../src/quant/tanh.js';
import { argmax } from '../../src/quant/golden.js';

const LEAVES = [
  'hg_rom',
  'hg_ram',
  'hg_threshold',
  'hg_shift_multiplier',
  'hg_requantize',
  'hg_tanh_lookup',
  'hg_argmax',
  'hg_combine',
  'hg_cell_level',
  'hg_cell_int16',
  'hg_lane',
  'hg_pe_ternary',
  'hg_pe_binary',
  'hg_pe_pow2',
  'hg_pe_int',
  'hg_digit_product',
  'hg_multiply_add',
  'hg_pe_recoded',
  'hg_pe_popcount',
];
const files = Object.fromEntries(LEAVES.map((leaf) => [`${leaf}.v`, templateSource(`${leaf}.v`)]));

const signed = (value: bigint, bits: number): number => Number(BigInt.asIntN(bits, value));

const hexFile = (values: readonly number[]): string =>
  `${values.map((value) => value.toString(16)).join('\n')}\n`;

type Parameters = Readonly<Record<string, number | string>>;

/** A port of a wrapper: its width, whether it is an output, and the port behind it. */
interface Port {
  readonly name: string;
  readonly width: number;
  readonly output?: boolean;
}

/**
 * Compile `module` in a wrapper: $readmemh names and wide parameters reach Verilog as text. `tables` are
 * memory files.
 */
function build(
  module: string,
  parameters: Parameters,
  ports: readonly Port[],
  tables: Readonly<Record<string, readonly number[]>>,
  randomizeState?: number,
): Promise<RtlSimulator> {
  const header = ports.map(
    ({ name, width, output }) => `${output ? 'output' : 'input'} [${width - 1}:0] ${name}`,
  );
  const values = Object.entries(parameters).map(([name, value]) => `.${name}(${value})`);
  const wrapper = [
    `module wrapper (${header.join(', ')});`,
    `  ${module} #(${values.join(', ')}) u (${ports.map(({ name }) => `.${name}(${name})`).join(', ')});`,
    'endmodule',
  ].join('\n');
  const texts = Object.entries(tables).map(([name, values]) => [name, hexFile(values)]);
  return compileRtl(
    { ...files, ...(Object.fromEntries(texts) as Record<string, string>), 'wrapper.v': wrapper },
    'wrapper',
    randomizeState === undefined ? {} : { randomizeState },
  );
}

/** low .. high, and every fourth time one of the two. */
function extreme(random: Random, low: number, high: number): number {
  if (random.integer(4) === 0) return random.integer(2) ? low : high;
  return low + random.integer(high - low + 1);
}

const LEVELS = [0, 1, 2] as const;

describe('hg_shift_multiplier', () => {
  test.each([3, 2])('equals multiplyLevel3 for %i levels and 13-bit values', async (levels) => {
    const rtl = await compileRtl(files, 'hg_shift_multiplier', {
      parameters: { WIDTH: 13, LEVELS: levels },
    });
    let wrong = 0;
    for (const level of LEVELS.filter((n) => levels === 3 || n !== 1)) {
      rtl.set('level_i', level);
      for (let value = -4096; value < 4096; value++) {
        rtl.set('value_i', value);
        if (signed(rtl.get('product_o'), 13) !== multiplyLevel3(level, value)) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });
});

describe('hg_multiply_add', () => {
  test.each([2, 3, 4, 5, 6, 7, 8])(
    'multiplies every int8 by every int%i, -128 included, at full and at less than full width',
    async (bits) => {
      const [wide, narrow] = await Promise.all(
        [8 + bits, 5].map((width) =>
          compileRtl(files, 'hg_multiply_add', {
            parameters: { MULTIPLICAND_WIDTH: 8, MULTIPLIER_WIDTH: bits, SUM_WIDTH: width },
          }),
        ),
      );
      let wrong = 0;
      for (const rtl of [wide, narrow]) rtl.set('addend_i', -3);
      for (let act = -128; act < 128; act++) {
        for (const rtl of [wide, narrow]) rtl.set('multiplicand_i', act);
        for (let weight = -(2 ** (bits - 1)); weight < 2 ** (bits - 1); weight++) {
          for (const rtl of [wide, narrow]) rtl.set('multiplier_i', weight);
          const sum = BigInt(act * weight - 3);
          if (wide.get('sum_o') !== BigInt.asUintN(8 + bits, sum)) wrong++;
          if (narrow.get('sum_o') !== BigInt.asUintN(5, sum)) wrong++;
        }
      }
      expect(wrong).toBe(0);
    },
  );
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

/** Entries of the table over c, and how far c is shifted to its index. */
function squashTable(formats: CellFormats): { entries: number[]; width: number } {
  const { bits, fraction } = formats.cell;
  const shift = Math.max(0, fraction - 7);
  const depth = Math.min(
    fraction >= 7 ? 512 : 2 ** (fraction + 2) + 1,
    2 ** (bits - 1 - shift) + 1,
  );
  const { squash } = cellArithmetic(formats);
  const entries = Array.from({ length: depth }, (_, n) => squash(n * 2 ** shift));
  return { entries, width: Math.max(...entries) < 4096 ? 12 : 13 };
}

describe('hg_tanh_lookup', () => {
  const compile = (parameters: Parameters, width: number, table: readonly number[]) =>
    build(
      'hg_tanh_lookup',
      { INIT_FILE: '"table.hex"', ...parameters },
      [
        { name: 'clk_i', width: 1 },
        { name: 'value_i', width },
        { name: 'half_i', width: 1 },
        { name: 'tanh_o', width: Number(parameters.OUT_WIDTH ?? 13), output: true },
      ],
      { 'table.hex': table },
    );

  /** How many of all arguments the module gets wrong. */
  const errors = (rtl: RtlSimulator, bits: number, out: number, want: (v: number) => number) => {
    const end = 2 ** (bits - 1);
    let wrong = 0;
    for (let value = -end; value < end + 2; value++) {
      if (value < end) rtl.set('value_i', value);
      if (value - 2 >= -end && signed(rtl.get('tanh_o'), out) !== want(value - 2)) wrong++;
      rtl.tick();
    }
    return wrong;
  };

  test.each([0, 1])('equals the definition for all 65,536 arguments (half: %i)', async (half) => {
    const rtl = await compile({}, 16, TANH_TABLE);
    rtl.set('half_i', half);
    const want = (v: number): number => (half === 1 ? sigmoidFixed(v) - 4096 : tanhFixed(v));
    expect(errors(rtl, 16, 13, want)).toBe(0);
  });

  test.each([1, 4, 8, 11])('rounds to the %i fraction bits of a candidate', async (fraction) => {
    const rtl = await compile({ DROP: 12 - fraction, OUT_WIDTH: fraction + 2 }, 16, TANH_TABLE);
    const cell = { bits: 16, fraction };
    const { candidate } = cellArithmetic({ gates: 'level3', activations: 'int8', cell, slope: 1 });
    expect(errors(rtl, 16, fraction + 2, candidate)).toBe(0);
  });

  test.each([
    [16, 12, 2],
    [16, 7, 1],
    [12, 8, 1],
    [10, 8, 1],
    [8, 6, 1],
    [8, 4, 16],
    [9, 0, 1],
    [4, 2, 2],
  ])(
    'is tanh(s c) for every c of %i bits, %i of them fraction, s = %i',
    async (bits, fraction, slope) => {
      const cell = { bits, fraction };
      const formats = { gates: 'level3', activations: 'int8', cell, slope } as const;
      const { entries, width } = squashTable(formats);
      const rtl = await compile(
        {
          VALUE_WIDTH: bits,
          SHIFT: Math.max(0, fraction - 7),
          DEPTH: entries.length,
          ENTRY_WIDTH: width,
          OUT_WIDTH: width + 1,
        },
        bits,
        entries,
      );
      expect(errors(rtl, bits, width + 1, cellArithmetic(formats).squash)).toBe(0);
    },
  );
});

describe('hg_requantize', () => {
  test.each([
    [14, 8, 1, 3],
    [21, 8, 7, 3],
    [9, 8, 24, 0],
    [30, 8, 12, 2],
    [32, 8, 4, 0],
    [24, 0, 3, 2],
    [10, 0, 1, 0],
    [12, 8, -6, 5],
    [9, 8, -2, 0],
    [7, 0, -6, 0],
  ])(
    'equals requantize with a sum of %i bits, a multiplier of %i, shifts from %i',
    async (accWidth, multiplierWidth, shiftMin, selectWidth) => {
      const rtl = await build(
        'hg_requantize',
        {
          ACC_WIDTH: accWidth,
          MULTIPLIER_WIDTH: multiplierWidth,
          SHIFT_MIN: shiftMin,
          SELECT_WIDTH: selectWidth,
        },
        [
          { name: 'clk_i', width: 1 },
          { name: 'acc_i', width: accWidth },
          { name: 'multiplier_i', width: Math.max(1, multiplierWidth) },
          { name: 'select_i', width: Math.max(1, selectWidth) },
          { name: 'bias_i', width: 16 },
          { name: 'data_o', width: 16, output: true },
        ],
        {},
      );
      const random = new Random(accWidth);
      const top = 2 ** (accWidth - 1);
      const expected: number[] = [];
      for (let n = 0; n < 20_000; n++) {
        const acc = extreme(random, -top, top - 1);
        const multiplier = multiplierWidth === 0 ? 1 : extreme(random, 0, 255);
        const select = random.integer(2 ** selectWidth);
        const bias = extreme(random, -32768, 32767);
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

/** How a processing element's weights are drawn and coded. */
interface Weights {
  readonly values: readonly number[];
  readonly code: (weight: number) => number;
}

const twosComplement = (bits: number): Weights => ({
  values: Array.from({ length: 2 ** bits - 1 }, (_, n) => n - 2 ** (bits - 1) + 1),
  code: (weight) => weight & (2 ** bits - 1),
});
const TERNARY: Weights = { values: [-1, 0, 1], code: (weight) => weight & 3 };
const BINARY: Weights = { values: [-1, 1], code: (weight) => (weight < 0 ? 1 : 0) };
const pow2 = (bits: number): Weights => {
  const exponents = Array.from({ length: 2 ** (bits - 1) - 1 }, (_, n) => 2 ** n);
  return {
    values: [0, ...exponents, ...exponents.map((value) => -value)],
    code: (weight) =>
      weight === 0 ? 0 : Math.log2(Math.abs(weight)) + 1 + (weight < 0 ? 2 ** (bits - 1) : 0),
  };
};

describe('processing elements', () => {
  test.each<[string, number, number | undefined, Weights]>([
    ['hg_pe_ternary', 8, undefined, TERNARY],
    ['hg_pe_ternary', 2, undefined, TERNARY],
    ['hg_pe_binary', 8, undefined, BINARY],
    ['hg_pe_binary', 2, undefined, BINARY],
    ['hg_pe_pow2', 8, 3, pow2(3)],
    ['hg_pe_pow2', 8, 4, pow2(4)],
    ['hg_pe_pow2', 2, 4, pow2(4)],
    ['hg_pe_int', 8, 8, twosComplement(8)],
    ['hg_pe_int', 8, 5, twosComplement(5)],
    ['hg_pe_int', 8, 2, twosComplement(2)],
    ['hg_pe_recoded', 8, 8, twosComplement(8)],
    ['hg_pe_recoded', 8, 5, twosComplement(5)],
    ['hg_pe_recoded', 8, 2, twosComplement(2)],
    ['hg_pe_int', 2, 8, twosComplement(8)],
    ['hg_pe_int', 2, 3, twosComplement(3)],
  ])(
    '%s with activations of %i bits accumulates, clears and passes on (weight bits: %s)',
    async (module, actWidth, weightWidth, weights) => {
      const most = actWidth === 2 ? 1 : 127;
      const random = new Random(6);
      // Wide sums, and sums of at most one product.
      for (const [terms, rounds] of [
        [60, 3000],
        [1, 300],
      ]) {
        const bound = most * Math.max(...weights.values) * terms;
        const accWidth = Math.ceil(Math.log2(bound + 1)) + 1;
        const rtl = await compileRtl(files, module, {
          parameters: {
            ACT_WIDTH: actWidth,
            ...(weightWidth !== undefined && { WEIGHT_WIDTH: weightWidth }),
            ACC_WIDTH: accWidth,
          },
        });
        let acc = 0;
        let since = 0;
        rtl.set('clear_i', 1);
        rtl.tick();
        for (let n = 0; n < rounds; n++) {
          const act = extreme(random, -most, most);
          const weight = weights.values[extreme(random, 0, weights.values.length - 1)];
          const clear = since === terms || random.integer(100) === 0;
          rtl.set('act_i', act);
          rtl.set('weight_i', weights.code(weight));
          rtl.set('clear_i', clear ? 1 : 0);
          rtl.tick();
          acc = clear ? 0 : acc + act * weight;
          since = clear ? 0 : since + 1;
          expect(signed(rtl.get('acc_o'), accWidth)).toBe(acc);
          expect(signed(rtl.get('act_o'), actWidth)).toBe(act);
          expect(rtl.getNumber('weight_o')).toBe(weights.code(weight));
          expect(rtl.getNumber('clear_o')).toBe(clear ? 1 : 0);
        }
      }
    },
  );

  test('a sum needs no more bits than its largest value', async () => {
    const rtl = await compileRtl(files, 'hg_pe_ternary', { parameters: { ACC_WIDTH: 3 } });
    let acc = 0;
    for (const act of [1, 2, -3, 3, -5, 0, 2]) {
      rtl.set('act_i', act);
      rtl.set('weight_i', 1);
      rtl.tick();
      acc += act;
      expect(signed(rtl.get('acc_o'), 3)).toBe(acc);
    }
  });

  test.each([
    [1, 2],
    [3, 1],
    [7, 2],
    [8, 2],
    [8, 1],
    [13, 2],
    [16, 2],
    [32, 2],
    [32, 1],
  ])(
    'hg_pe_popcount adds %i ternary products a cycle, one cycle later than the others (weight bits: %i)',
    async (pack, weightBits) => {
      const accWidth = Math.ceil(Math.log2(40 * pack + 1)) + 1;
      const rtl = await compileRtl(files, 'hg_pe_popcount', {
        parameters: { PACK: pack, WEIGHT_BITS: weightBits, ACC_WIDTH: accWidth },
      });
      const random = new Random(pack);
      const draw = (values: readonly number[]): number[] => {
        const all = random.integer(6);
        return Array.from({ length: pack }, () =>
          all < 2 ? values[all] : values[random.integer(values.length)],
        );
      };
      const pack2 = (
        values: readonly number[],
        bits: number,
        code: (v: number) => number,
      ): bigint => values.reduce((sum, v, p) => sum | (BigInt(code(v)) << BigInt(bits * p)), 0n);
      const weights = weightBits === 1 ? BINARY : TERNARY;
      let acc = 0;
      let since = 0;
      rtl.set('clear_i', 1);
      rtl.tick(2);
      for (let n = 0; n < 3000; n++) {
        const act = draw([-1, 1, 0]);
        const weight = draw(weightBits === 1 ? [-1, 1] : [1, -1, 0]);
        const clear = since === 40 || random.integer(60) === 0;
        rtl.set('act_i', pack2(act, 2, TERNARY.code));
        rtl.set('weight_i', pack2(weight, weightBits, weights.code));
        rtl.set('clear_i', clear ? 1 : 0);
        rtl.tick();
        expect(signed(rtl.get('acc_o'), accWidth)).toBe(acc);
        expect(rtl.get('act_o')).toBe(pack2(act, 2, TERNARY.code));
        expect(rtl.get('weight_o')).toBe(pack2(weight, weightBits, weights.code));
        expect(rtl.getNumber('clear_o')).toBe(clear ? 1 : 0);
        acc = clear ? 0 : acc + act.reduce((sum, a, p) => sum + a * weight[p], 0);
        since = clear ? 0 : since + 1;
      }
    },
  );
});

describe('hg_combine', () => {
  interface Combination {
    readonly accWidth: number;
    readonly kind: 0 | 1 | 2;
    readonly passes: number;
    readonly depth: number;
    readonly planes: number;
    readonly tableWidth: number;
  }

  test.each<[string, Combination]>([
    ['planes', { accWidth: 14, kind: 2, passes: 1, depth: 4, planes: 3, tableWidth: 0 }],
    [
      'planes that are powers of two',
      { accWidth: 9, kind: 1, passes: 1, depth: 4, planes: 8, tableWidth: 0 },
    ],
    ['two operands', { accWidth: 12, kind: 2, passes: 2, depth: 5, planes: 1, tableWidth: 0 }],
    [
      'planes of three operands',
      { accWidth: 18, kind: 2, passes: 3, depth: 7, planes: 3, tableWidth: 0 },
    ],
    ['one output', { accWidth: 8, kind: 2, passes: 2, depth: 1, planes: 1, tableWidth: 0 }],
    ['a tabled input', { accWidth: 12, kind: 0, passes: 1, depth: 4, planes: 1, tableWidth: 14 }],
    [
      'a tabled input and planes',
      { accWidth: 12, kind: 2, passes: 1, depth: 4, planes: 2, tableWidth: 20 },
    ],
    [
      'a table and two operands',
      { accWidth: 10, kind: 1, passes: 2, depth: 4, planes: 2, tableWidth: 16 },
    ],
    ['a wide table', { accWidth: 10, kind: 0, passes: 2, depth: 4, planes: 2, tableWidth: 24 }],
  ])('adds up %s', async (_, { accWidth, kind, passes, depth, planes, tableWidth }) => {
    const random = new Random(accWidth + planes);
    const factorWidth = kind === 1 ? 3 : 8;
    const most = 2 ** (accWidth - 1);
    const tableMost = tableWidth === 0 ? 0 : 2 ** (Math.min(tableWidth, 20) - 1);
    const factorMost = [1, 128, 255][kind];
    const sumWidth = Math.ceil(Math.log2(most * factorMost * planes * passes + tableMost + 1)) + 1;
    const indexWidth = Math.max(1, Math.ceil(Math.log2(depth)));
    const rtl = await build(
      'hg_combine',
      {
        ACC_WIDTH: accWidth,
        FACTOR_KIND: kind,
        FACTOR_WIDTH: factorWidth,
        SUM_WIDTH: sumWidth,
        PASSES: passes,
        INDEX_WIDTH: indexWidth,
        DEPTH: depth,
        TABLE_WIDTH: tableWidth,
        TAG_WIDTH: 12,
      },
      [
        ...['clk_i', 'rst_i', 'valid_i'].map((name) => ({ name, width: 1 })),
        { name: 'acc_i', width: accWidth },
        { name: 'factor_i', width: factorWidth },
        ...['plane_first_i', 'plane_last_i', 'pass_first_i', 'pass_last_i'].map((name) => ({
          name,
          width: 1,
        })),
        { name: 'index_i', width: indexWidth },
        { name: 'table_i', width: Math.max(1, tableWidth) },
        { name: 'tag_i', width: 12 },
        { name: 'valid_o', width: 1, output: true },
        { name: 'sum_o', width: sumWidth, output: true },
        { name: 'tag_o', width: 12, output: true },
      ],
      {},
      5,
    );
    const due: ({ sum: number; tag: number } | undefined)[] = [undefined];
    const tick = (emitted?: { sum: number; tag: number }): void => {
      rtl.tick();
      due.push(emitted);
      const now = due[due.length - 2];
      expect(rtl.getNumber('valid_o')).toBe(now === undefined ? 0 : 1);
      if (now !== undefined) {
        expect(signed(rtl.get('sum_o'), sumWidth)).toBe(now.sum);
        expect(rtl.getNumber('tag_o')).toBe(now.tag);
      }
    };
    const idle = (cycles: number): void => {
      rtl.set('valid_i', 0);
      for (let n = 0; n < cycles; n++) tick();
    };
    rtl.set('rst_i', 1);
    rtl.set('valid_i', 1);
    tick();
    tick();
    rtl.set('rst_i', 0);
    // Rows of the array, one for each plane of an output: folds cut them anywhere.
    const rows = Array.from({ length: 400 }, () => 1 + random.integer(planes)).flatMap((count) =>
      Array.from({ length: count }, (_, plane) => ({
        isFirst: plane === 0,
        isLast: plane === count - 1,
      })),
    );
    let sum = 0;
    for (let from = 0; from < rows.length; from += depth) {
      const fold = rows.slice(from, from + depth);
      const shares = fold.map(() => 0);
      for (let pass = 0; pass < passes; pass++) {
        // A row comes back after three cycles at the earliest.
        idle(Math.max(0, 3 - depth));
        fold.forEach(({ isFirst, isLast }, index) => {
          if (random.integer(6) === 0) idle(1 + random.integer(3));
          const acc = extreme(random, -most, most - 1);
          const factor =
            kind === 0 ? 1 : kind === 1 ? 2 ** random.integer(8) : extreme(random, 0, 255);
          const table = tableWidth === 0 ? 0 : extreme(random, -tableMost, tableMost - 1);
          const tag = random.integer(4096);
          const isLastPass = pass === passes - 1;
          rtl.set('valid_i', 1);
          rtl.set('acc_i', acc);
          rtl.set('factor_i', kind === 1 ? Math.log2(factor) : kind === 0 ? 0 : factor);
          rtl.set('plane_first_i', isFirst ? 1 : 0);
          rtl.set('plane_last_i', isLast ? 1 : 0);
          rtl.set('pass_first_i', pass === 0 ? 1 : 0);
          rtl.set('pass_last_i', isLastPass ? 1 : 0);
          rtl.set('index_i', index);
          if (tableWidth > 0) rtl.set('table_i', table);
          rtl.set('tag_i', tag);
          shares[index] += acc * factor;
          if (isLastPass) sum = (isFirst ? table : sum) + shares[index];
          tick(isLastPass && isLast ? { sum, tag } : undefined);
        });
      }
      idle(random.integer(3));
    }
    idle(3);
    expect(due.filter((emitted) => emitted !== undefined).length).toBe(400);
  });
});

/** Packs equally wide fields into a Verilog literal, the first one lowest. */
function packed(values: readonly number[], width: number): string {
  const bits = values.reduce(
    (sum, value, n) => sum | (BigInt.asUintN(width, BigInt(value)) << BigInt(n * width)),
    0n,
  );
  return `${width * values.length}'h${bits.toString(16)}`;
}

/** Least magnitudes of c for a ternary h of +1 and -1 at o = 1, then at o = 1/2. */
function cellDecisions(formats: CellFormats, decision: number): number[] {
  const { hidden } = cellArithmetic(formats);
  const end = 2 ** (formats.cell.bits - 1);
  const least = (o: number, sign: 1 | -1): number => {
    for (let m = 1; m <= (sign === 1 ? end - 1 : end); m++) {
      if (hidden(o, sign * m, decision) === sign) return m;
    }
    return end + 1;
  };
  return [least(2, 1), least(2, -1), least(1, 1), least(1, -1)];
}

/** What a cell unit and its lane are told about the formats. */
function cellParameters(formats: CellFormats, decision: number, layers: number): Parameters {
  const { bits, fraction } = formats.cell;
  const { width } = squashTable(formats);
  const decisions = formats.activations === 'ternary' ? cellDecisions(formats, decision) : [0];
  const perLayer = Array.from({ length: layers }, () => decisions).flat();
  return {
    ACT_WIDTH: formats.activations === 'ternary' ? 2 : 8,
    CELL_BITS: bits,
    CELL_FRACTION: fraction,
    SQUASH_WIDTH: width,
    SQUASH_FILE: '"squash.hex"',
    ...(formats.gates === 'int16'
      ? { HIDDEN_DECISIONS: packed(new Array<number>(layers).fill(decision), 13) }
      : { CELL_DECISIONS: packed(perLayer, bits + 1) }),
  };
}

const format = (
  gates: CellFormats['gates'],
  activations: CellFormats['activations'],
  bits: number,
  fraction: number,
  slope = 1,
): CellFormats => ({ gates, activations, cell: { bits, fraction }, slope });

const DESCRIPTION: readonly Port[] = [
  { name: 'clk_i', width: 1 },
  { name: 'rst_i', width: 1 },
  { name: 'valid_i', width: 1 },
  { name: 'gate_i', width: 2 },
  { name: 'first_i', width: 1 },
  { name: 'last_i', width: 1 },
  { name: 'fresh_i', width: 1 },
  { name: 'bank_i', width: 1 },
  { name: 'layer_i', width: 1 },
];
const written = (activations: CellFormats['activations']): readonly Port[] => [
  { name: 'h_write_o', width: 1, output: true },
  { name: 'h_addr_o', width: 4, output: true },
  { name: 'h_data_o', width: activations === 'ternary' ? 2 : 8, output: true },
];

describe('cell units', () => {
  test.each<[string, number, CellFormats]>([
    ['int16', 2048, format('int16', 'int8', 16, 12)],
    ['int16', 2048, format('int16', 'int8', 16, 12, 2)],
    ['int16', 2048, format('int16', 'int8', 8, 4)],
    ['int16', 2048, format('int16', 'int8', 15, 12)],
    ['int16', 2048, format('int16', 'int8', 4, 1)],
    ['int16', 2048, format('int16', 'int8', 16, 6)],
    ['int16', 2048, format('int16', 'ternary', 16, 12)],
    ['int16', 512, format('int16', 'ternary', 6, 4, 2)],
    ['int16', 1, format('int16', 'ternary', 10, 6)],
    ['level3', 2048, format('level3', 'int8', 16, 12)],
    ['level3', 2048, format('level3', 'int8', 16, 12, 2)],
    ['level3', 2048, format('level3', 'int8', 8, 4)],
    ['level3', 2048, format('level3', 'int8', 12, 8, 16)],
    ['level3', 2048, format('level3', 'int8', 4, 0)],
    ['level3', 2048, format('level3', 'ternary', 8, 0)],
    ['level3', 1500, format('level3', 'ternary', 16, 12)],
    ['level3', 3900, format('level3', 'ternary', 9, 7)],
    ['binary', 2048, format('binary', 'int8', 16, 12)],
    ['binary', 2048, format('binary', 'int8', 8, 6, 2)],
    ['binary', 2048, format('binary', 'ternary', 8, 0, 2)],
    ['binary', 3600, format('binary', 'ternary', 4, 2)],
  ])(
    '%s gates, decision %i, %o: the cell equations over a long sequence, saturation and gaps included',
    async (gates, decision, formats) => {
      const { cell, activations } = formats;
      const int16 = gates === 'int16';
      const arithmetic = cellArithmetic(formats);
      const { one } = arithmetic;
      const values: readonly Port[] = int16
        ? [{ name: 'value_i', width: 14 }]
        : [
            { name: 'level_i', width: 2 },
            { name: 'candidate_i', width: cell.fraction + 2 },
          ];
      const rtl = await build(
        int16 ? 'hg_cell_int16' : 'hg_cell_level',
        {
          ...cellParameters(formats, decision, 1),
          ...(int16 ? {} : { LEVELS: gates === 'binary' ? 2 : 3 }),
          LAYERS: 1,
          UNITS: 8,
          UNIT_WIDTH: 3,
          HIDDEN_WIDTH: 4,
          CELL_BASES: "3'd0",
          HIDDEN_BASES: "8'h80",
        },
        [
          ...DESCRIPTION,
          ...values,
          ...written(activations),
          { name: 'done_o', width: 1, output: true },
        ],
        { 'squash.hex': squashTable(formats).entries },
        3,
      );
      const latency = int16 ? 7 : activations === 'ternary' ? 1 : 4;
      const actBits = activations === 'ternary' ? 2 : 8;
      const random = new Random(decision + cell.bits);
      const c = new Array<number>(8).fill(0);
      const expected: { cycle: number; h: number; address: number; done: number }[] = [];
      const seen: typeof expected = [];
      let cycle = 0;
      let pending: (() => void) | undefined;
      const tick = (): void => {
        // A gate's value follows its description by one cycle.
        pending?.();
        pending = undefined;
        if (cycle > 0 && rtl.getNumber('h_write_o') === 1) {
          const h = signed(rtl.get('h_data_o'), actBits);
          const address = rtl.getNumber('h_addr_o');
          seen.push({ cycle, h, address, done: rtl.getNumber('done_o') });
        }
        rtl.tick();
        cycle++;
      };
      const drawGate = (open: boolean): number => {
        if (int16) return open ? 8189 : 3 + random.integer(8187);
        return open ? 2 : gates === 'binary' ? 2 * random.integer(2) : random.integer(3);
      };
      rtl.set('rst_i', 1);
      tick();
      rtl.set('rst_i', 0);
      for (let step = 0; step < 300; step++) {
        // Long runs of wide-open gates drive c and h into saturation, up and down.
        const open = (step >> 5) % 2 === 0;
        for (let unit = 0; unit < 8; unit++) {
          const candidate = open ? (unit % 2 ? one : -one) : random.integer(2 * one + 1) - one;
          const values = [drawGate(open), drawGate(open), candidate, drawGate(open)];
          const [i, f, g, o] = values;
          c[unit] = arithmetic.update(f, step % 64 === 0 ? 0 : c[unit], i, g);
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
            const port = int16 ? 'value_i' : gate === 2 ? 'candidate_i' : 'level_i';
            const value = values[gate];
            pending = () => rtl.set(port, value);
          }
          expected.push({
            cycle: cycle + latency,
            h: arithmetic.hidden(o, c[unit], decision),
            address: 8 * (step % 2) + unit,
            done: unit === 7 ? 1 : 0,
          });
        }
        // A step ends when its last h is written.
        rtl.set('valid_i', 0);
        for (let n = 0; n < 9; n++) tick();
      }
      expect(seen).toEqual(expected);
      const most = activations === 'ternary' ? 1 : 127;
      const found = new Set(seen.map(({ h }) => h));
      if (activations === 'ternary' || cell.bits > cell.fraction + 2) {
        expect(found).toContain(most);
        expect(found).toContain(-most);
      }
      expect(found).toContain(0);
    },
  );
});

describe('hg_lane', () => {
  const GATES = { int16: 0, level3: 1, binary: 2 } as const;

  test.each<[CellFormats, 'int16' | 'ternary', number, number, number, number]>([
    [format('int16', 'int8', 16, 12), 'int16', 20, 8, 5, 0],
    [format('int16', 'int8', 16, 12), 'ternary', 20, 8, 5, 2],
    [format('int16', 'ternary', 10, 6, 2), 'int16', 24, 0, 5, 2],
    [format('level3', 'int8', 16, 12), 'int16', 16, 8, 1, 3],
    [format('level3', 'int8', 8, 4), 'int16', 20, 8, 5, 0],
    [format('level3', 'int8', 12, 9, 2), 'ternary', 20, 8, 5, 0],
    [format('level3', 'ternary', 8, 0), 'ternary', 14, 0, -2, 1],
    [format('binary', 'int8', 9, 7), 'int16', 20, 8, 5, 2],
    [format('binary', 'ternary', 8, 0, 2), 'ternary', 12, 8, 0, 0],
  ])(
    '%o with %s candidates: sums to h and classes',
    async (formats, candidates, sumWidth, multiplierWidth, shiftMin, selectWidth) => {
      const { gates, activations } = formats;
      const arithmetic = cellArithmetic(formats);
      const random = new Random(sumWidth + formats.cell.bits);
      const decision = 1700;
      const units = [3, 5];
      const classes = 6;
      const rowWidth = Math.max(2 * sumWidth, 16 + multiplierWidth + selectWidth);
      const rtl = await build(
        'hg_lane',
        {
          ...cellParameters(formats, decision, 2),
          GATES: GATES[gates],
          CANDIDATE_TERNARY: candidates === 'ternary' ? 1 : 0,
          SUM_WIDTH: sumWidth,
          ROW_WIDTH: rowWidth,
          MULTIPLIER_WIDTH: multiplierWidth,
          SHIFT_MIN: shiftMin,
          SELECT_WIDTH: selectWidth,
          LAYERS: 2,
          UNITS: 8,
          UNIT_WIDTH: 3,
          HIDDEN_WIDTH: 4,
          CLASS_WIDTH: 3,
          CELL_BASES: packed([0, 3], 3),
          HIDDEN_BASES: packed([0, 3, 8, 11], 4),
          TANH_FILE: '"tanh.hex"',
        },
        [
          ...DESCRIPTION,
          { name: 'sum_i', width: sumWidth },
          { name: 'row_i', width: rowWidth },
          { name: 'head_i', width: 1 },
          ...written(activations),
          { name: 'lstm_done_o', width: 1, output: true },
          { name: 'head_done_o', width: 1, output: true },
          { name: 'class_o', width: 3, output: true },
        ],
        { 'tanh.hex': TANH_TABLE, 'squash.hex': squashTable(formats).entries },
        4,
      );
      const early = gates !== 'int16' && candidates === 'ternary';
      const toHidden = gates === 'int16' ? 7 : activations === 'ternary' ? 1 : 4;
      const latency = (early ? 1 : 6) + toHidden;
      const top = 2 ** (sumWidth - 1);
      const expected: object[] = [];
      const seen: object[] = [];
      const classesSeen = new Set<number>();
      let cycle = 0;
      const tick = (): void => {
        rtl.tick();
        cycle++;
        if (rtl.getNumber('h_write_o') === 1) {
          const h = signed(rtl.get('h_data_o'), activations === 'ternary' ? 2 : 8);
          const done = rtl.getNumber('lstm_done_o');
          seen.push({ cycle, address: rtl.getNumber('h_addr_o'), h, done });
        }
        if (rtl.getNumber('head_done_o') === 1) {
          seen.push({ cycle, class: rtl.getNumber('class_o') });
          classesSeen.add(rtl.getNumber('class_o'));
        }
      };
      /** Sends one row; gives what its threshold or requantizer makes of it. */
      const send = (linear: boolean, gate: number, binary: boolean): number => {
        if (random.integer(10) === 0) {
          rtl.set('valid_i', 0);
          for (let n = 1 + random.integer(3); n > 0; n--) tick();
        }
        const sum = extreme(random, -top, top - 1) >> random.integer(sumWidth - 6);
        rtl.set('valid_i', 1);
        rtl.set('sum_i', sum);
        rtl.set('gate_i', gate);
        if (!linear) {
          const near = (): number => Math.max(-top, Math.min(top - 1, sum + random.integer(5) - 2));
          const low = random.integer(2) ? near() : extreme(random, -top, top - 1);
          const high = binary ? low : Math.max(low, random.integer(2) ? near() : top - 1);
          const word = BigInt.asUintN(sumWidth, BigInt(low));
          rtl.set('row_i', word | (BigInt.asUintN(sumWidth, BigInt(high)) << BigInt(sumWidth)));
          return threshold3(sum, low, high);
        }
        const multiplier = multiplierWidth === 0 ? 1 : 1 + random.integer(255);
        const select = random.integer(2 ** selectWidth);
        const bias = extreme(random, -9000, 9000);
        const word =
          BigInt.asUintN(16, BigInt(bias)) |
          (BigInt(multiplierWidth === 0 ? 0 : multiplier) << 16n) |
          (BigInt(select) << BigInt(16 + multiplierWidth));
        rtl.set('row_i', word);
        return requantize(sum, multiplier, shiftMin + select, bias);
      };
      rtl.set('rst_i', 1);
      tick();
      rtl.set('rst_i', 0);
      const c = units.map((count) => new Array<number>(count).fill(0));
      for (let step = 0; step < 120; step++) {
        rtl.set('fresh_i', step % 16 === 0 ? 1 : 0);
        rtl.set('bank_i', step % 2);
        units.forEach((count, layer) => {
          rtl.set('layer_i', layer);
          rtl.set('head_i', 0);
          for (let unit = 0; unit < count; unit++) {
            const gate = [0, 0, 0, 0];
            for (let n = 0; n < 4; n++) {
              const linear = n === 2 ? candidates === 'int16' : gates === 'int16';
              rtl.set('first_i', n === 0 && unit === 0 ? 1 : 0);
              rtl.set('last_i', n === 3 && unit === count - 1 ? 1 : 0);
              const value = send(linear, n, gates === 'binary' && n !== 2);
              if (n === 2) {
                gate[n] = linear ? arithmetic.candidate(value) : (value - 1) * arithmetic.one;
              } else gate[n] = linear ? sigmoidFixed(value) : value;
              if (n < 3) tick();
            }
            const before = step % 16 === 0 ? 0 : c[layer][unit];
            c[layer][unit] = arithmetic.update(gate[1], before, gate[0], gate[2]);
            expected.push({
              cycle: cycle + latency,
              address: 8 * (step % 2) + 3 * layer + unit,
              h: arithmetic.hidden(gate[3], c[layer][unit], decision),
              done: unit === count - 1 ? 1 : 0,
            });
            tick();
          }
          // The next job waits for this one's h.
          rtl.set('valid_i', 0);
          for (let n = 0; n < latency + 1; n++) tick();
        });
        rtl.set('head_i', 1);
        const logits: number[] = [];
        for (let n = 0; n < classes; n++) {
          rtl.set('first_i', n === 0 ? 1 : 0);
          rtl.set('last_i', n === classes - 1 ? 1 : 0);
          logits.push(send(true, n % 4, false));
          if (n < classes - 1) tick();
        }
        expected.push({ cycle: cycle + 4, class: argmax(logits) });
        tick();
        rtl.set('valid_i', 0);
        for (let n = 0; n < 5; n++) tick();
      }
      expect(seen).toEqual(expected);
      expect(classesSeen.size).toBeGreaterThan(3);
    },
  );
});
