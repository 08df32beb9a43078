import { describe, expect, test } from 'vitest';
import type { Cell, Netlist, NetlistPort } from '../../src/eda/netlist.js';
import { compileNetlist } from '../../src/eda/rtl-sim.js';
import { Random } from './random.js';

const MIXED = [1, 7, 8, 16, 31, 32, 33, 63, 64];
const VECTORS = 60;

/** Meaning of a cell on integers: a and b already extended to their full value (signed or not). */
type Meaning = (a: bigint, b: bigint, context: Context) => bigint;
interface Context {
  aWidth: number;
  bWidth: number;
  yWidth: number;
  isSigned: boolean;
}

const asBit = (claim: boolean): bigint => (claim ? 1n : 0n);
const pattern = (value: bigint, width: number): bigint => BigInt.asUintN(width, value);
const countOnes = (value: bigint): number => value.toString(2).replaceAll('0', '').length;
/** Shift left for positive distances, right (towards minus infinity) for negative ones. */
const shifted = (value: bigint, distance: bigint): bigint =>
  distance > 400n ? 0n : distance >= 0n ? value << distance : value >> -distance;

const UNARY: Record<string, Meaning> = {
  $not: (a) => ~a,
  $pos: (a) => a,
  $neg: (a) => -a,
  $reduce_and: (a, _b, { aWidth }) => asBit(pattern(a, aWidth) === pattern(-1n, aWidth)),
  $reduce_or: (a) => asBit(a !== 0n),
  $reduce_bool: (a) => asBit(a !== 0n),
  $reduce_xor: (a, _b, { aWidth }) => BigInt(countOnes(pattern(a, aWidth)) & 1),
  $reduce_xnor: (a, _b, { aWidth }) => BigInt(~countOnes(pattern(a, aWidth)) & 1),
  $logic_not: (a) => asBit(a === 0n),
};

const BITWISE: Record<string, Meaning> = {
  $and: (a, b) => a & b,
  $or: (a, b) => a | b,
  $xor: (a, b) => a ^ b,
  $xnor: (a, b) => ~(a ^ b),
  $eq: (a, b) => asBit(a === b),
  $ne: (a, b) => asBit(a !== b),
  $eqx: (a, b) => asBit(a === b),
  $nex: (a, b) => asBit(a !== b),
  $logic_and: (a, b) => asBit(a !== 0n && b !== 0n),
  $logic_or: (a, b) => asBit(a !== 0n || b !== 0n),
};

const ARITHMETIC: Record<string, Meaning> = {
  $add: (a, b) => a + b,
  $sub: (a, b) => a - b,
  $mul: (a, b) => a * b,
  $div: (a, b) => (b === 0n ? 0n : a / b),
  $mod: (a, b) => (b === 0n ? 0n : a % b),
  $lt: (a, b) => asBit(a < b),
  $le: (a, b) => asBit(a <= b),
  $gt: (a, b) => asBit(a > b),
  $ge: (a, b) => asBit(a >= b),
};

const SHIFTS: Record<string, Meaning> = {
  $shl: (a, b) => shifted(a, b),
  $sshl: (a, b) => shifted(a, b),
  // A logical right shift works on the pattern, as wide as the wider of A and Y.
  $shr: (a, b, { aWidth, yWidth }) => shifted(pattern(a, Math.max(aWidth, yWidth)), -b),
  $sshr: (a, b) => shifted(a, -b),
  $shift: (a, b, { aWidth, yWidth }) => shifted(pattern(a, Math.max(aWidth, yWidth)), -b),
  $shiftx: (a, b, { aWidth }) => shifted(pattern(a, aWidth), -b),
};

/** A netlist of independent cells over shared input ports, and what each output should be. */
class CellBench {
  readonly ports: NetlistPort[] = [];
  readonly cells: Cell[] = [];
  readonly checks: {
    title: string;
    port: string;
    expected: (inputs: ReadonlyMap<string, bigint>) => bigint;
  }[] = [];
  #nextBit = 2;

  input(name: string, width: number): string {
    if (!this.ports.some((port) => port.name === name)) {
      this.ports.push({ name, direction: 'input', bits: this.#fresh(width) });
    }
    return name;
  }

  bits(name: string): readonly number[] {
    return this.ports.find((port) => port.name === name)!.bits;
  }

  add(
    type: string,
    connections: Record<string, readonly number[]>,
    parameters: Record<string, string>,
    yWidth: number,
    title: string,
    expected: (inputs: ReadonlyMap<string, bigint>) => bigint,
  ): void {
    const port = `y${this.cells.length}`;
    const y = this.#fresh(yWidth);
    this.ports.push({ name: port, direction: 'output', bits: y });
    this.cells.push({
      name: port,
      type,
      parameters,
      connections: { ...connections, Y: y },
      source: '',
    });
    this.checks.push({ title, port, expected: (inputs) => pattern(expected(inputs), yWidth) });
  }

  /** A cell with operands A and B of these widths, from ports of these widths. */
  addOperator(
    type: string,
    meaning: Meaning,
    widths: { a: number; b?: number; y: number },
    signs: { a: boolean; b: boolean },
  ): void {
    const a = this.input(`a${widths.a}`, widths.a);
    const b = widths.b === undefined ? undefined : this.input(`b${widths.b}`, widths.b);
    const isShift = SHIFTS[type] !== undefined;
    const isSigned = b === undefined || isShift ? signs.a : signs.a && signs.b;
    const context: Context = {
      aWidth: widths.a,
      bWidth: widths.b ?? 0,
      yWidth: widths.y,
      isSigned,
    };
    this.add(
      type,
      { A: this.bits(a), ...(b === undefined ? {} : { B: this.bits(b) }) },
      { A_SIGNED: signs.a ? '1' : '0', B_SIGNED: signs.b ? '1' : '0' },
      widths.y,
      `${type} ${signs.a ? 's' : 'u'}${widths.a} ${signs.b ? 's' : 'u'}${widths.b} -> ${widths.y}`,
      (inputs) => {
        const valueOf = (name: string, signed: boolean, width: number): bigint =>
          signed ? BigInt.asIntN(width, inputs.get(name)!) : inputs.get(name)!;
        const isSignedB = type === '$shift' || type === '$shiftx' ? signs.b : !isShift && isSigned;
        return meaning(
          valueOf(a, isSigned, widths.a),
          b === undefined ? 0n : valueOf(b, isSignedB, widths.b!),
          context,
        );
      },
    );
  }

  async run(seed: number): Promise<void> {
    const netlist: Netlist = {
      ...{ top: 'bench', ports: this.ports, cells: this.cells },
      ...{ nets: new Map(), initialBits: new Map() },
    };
    const simulator = await compileNetlist(netlist);
    const random = new Random(seed);
    const inputs = new Map<string, bigint>();
    for (let vector = 0; vector < VECTORS; vector++) {
      for (const { name, direction, bits } of this.ports) {
        if (direction === 'output') continue;
        inputs.set(name, random.bits(bits.length));
        simulator.set(name, inputs.get(name)!);
      }
      for (const { title, port, expected } of this.checks) {
        const actual = simulator.get(port);
        if (actual !== expected(inputs)) {
          const given = [...inputs].map(([name, value]) => `${name}=${value}`).join(' ');
          expect.fail(`${title}: ${actual}, not ${expected(inputs)}; seed ${seed}, ${given}`);
        }
      }
    }
  }

  #fresh(count: number): number[] {
    return Array.from({ length: count }, () => this.#nextBit++);
  }
}

const SIGNS = [
  { a: false, b: false },
  { a: true, b: true },
  { a: true, b: false },
  { a: false, b: true },
];

describe('a cell computes what Yosys defines, on random vectors', () => {
  test.each(Object.entries({ ...BITWISE, ...ARITHMETIC }))('%s', async (type, meaning) => {
    const bench = new CellBench();
    const random = new Random(1);
    for (const signs of SIGNS) {
      for (const a of MIXED) {
        for (const b of MIXED) {
          bench.addOperator(type, meaning, { a, b, y: random.pick(MIXED) }, signs);
          bench.addOperator(type, meaning, { a, b, y: 1 }, signs);
        }
      }
    }
    await bench.run(11);
  });

  test.each(Object.entries(UNARY))('%s', async (type, meaning) => {
    const bench = new CellBench();
    for (const signs of SIGNS.slice(0, 2)) {
      for (const a of MIXED) {
        for (const y of MIXED) bench.addOperator(type, meaning, { a, y }, signs);
      }
    }
    await bench.run(12);
  });

  test.each(Object.entries(SHIFTS))('%s', async (type, meaning) => {
    const bench = new CellBench();
    const random = new Random(2);
    for (const signs of SIGNS) {
      // Only $shift and $shiftx have signed amounts.
      if (signs.b && !type.startsWith('$shift')) continue;
      for (const a of MIXED) {
        for (const b of [1, 3, 5, 6, 7, 8, 31, 32, 33, 64]) {
          bench.addOperator(type, meaning, { a, b, y: random.pick(MIXED) }, signs);
          bench.addOperator(type, meaning, { a, b, y: a }, signs);
        }
      }
    }
    await bench.run(13);
  });

  test.each(Object.entries(SHIFTS))('%s of up to 300 bits', async (type, meaning) => {
    const bench = new CellBench();
    for (const signs of SIGNS) {
      if (signs.b && !type.startsWith('$shift')) continue;
      for (const [a, y] of [
        [200, 8],
        [300, 64],
        [128, 58],
        [200, 200],
        [65, 130],
        [8, 200],
        [256, 65],
      ]) {
        for (const b of [4, 8, 9, 32, 64]) bench.addOperator(type, meaning, { a, b, y }, signs);
      }
    }
    await bench.run(14);
  });

  test.each(Object.entries({ ...BITWISE, ...UNARY }).filter(([type]) => type !== '$neg'))(
    '%s of 65 to 200 bits',
    async (type, meaning) => {
      const bench = new CellBench();
      for (const signs of SIGNS.slice(0, 2)) {
        for (const [a, b, y] of [
          [200, 200, 200],
          [65, 128, 129],
          [128, 64, 64],
          [8, 100, 1],
          [100, 8, 150],
        ]) {
          const isUnary = UNARY[type] !== undefined;
          bench.addOperator(type, meaning, isUnary ? { a, y } : { a, b, y }, signs);
        }
      }
      await bench.run(15);
    },
  );
});

describe('a select takes the right choice', () => {
  test.each([1, 8, 32, 33, 64, 65, 200])('$mux, $pmux, $bmux of %i bits', async (width) => {
    const bench = new CellBench();
    const a = bench.input('a', width);
    const b = bench.input('b', 4 * width);
    bench.input('s', 1);
    bench.input('k', 2);
    bench.add(
      '$mux',
      { A: bench.bits(a), B: bench.bits(b).slice(0, width), S: bench.bits('s') },
      {},
      width,
      '$mux',
      (inputs) => (inputs.get('s') === 1n ? inputs.get('b')! : inputs.get('a')!),
    );
    const choice = (inputs: ReadonlyMap<string, bigint>, index: bigint): bigint =>
      inputs.get('b')! >> (index * BigInt(width));
    bench.add('$bmux', { A: bench.bits(b), S: bench.bits('k') }, {}, width, '$bmux', (inputs) =>
      choice(inputs, inputs.get('k')!),
    );
    // At most one select is 1: only k = 1, 2 give one.
    bench.add(
      '$pmux',
      { A: bench.bits(a), B: bench.bits(b).slice(0, 2 * width), S: bench.bits('k') },
      {},
      width,
      '$pmux',
      (inputs) => {
        const k = inputs.get('k')!;
        return k === 0n ? inputs.get('a')! : choice(inputs, k === 1n ? 0n : 1n);
      },
    );
    await bench.run(16);
  });

  test('a slice of anything may be put anywhere', async () => {
    const bench = new CellBench();
    const random = new Random(5);
    bench.input('a', 40);
    bench.input('b', 300);
    bench.input('c', 13);
    for (let n = 0; n < 400; n++) {
      const parts: { name: string; offset: number; width: number; copies: number }[] = [];
      const count = 1 + random.below(5);
      for (let part = 0; part < count; part++) {
        const name = random.pick(['a', 'b', 'c']);
        const total = bench.bits(name).length;
        const width = 1 + random.below(Math.min(total, random.pick([4, 16, 70])));
        const copies = random.below(3) === 0 ? random.below(20) : 0;
        parts.push({ name, offset: random.below(total - width + 1), width, copies });
      }
      const a = parts.flatMap(({ name, offset, width, copies }) => {
        const bits = bench.bits(name).slice(offset, offset + width);
        return [...bits, ...Array.from({ length: copies }, () => bits[width - 1])];
      });
      bench.add('$pos', { A: a }, {}, a.length, `slices ${JSON.stringify(parts)}`, (inputs) => {
        let value = 0n;
        let position = 0;
        for (const { name, offset, width, copies } of parts) {
          const slice = BigInt.asIntN(width, inputs.get(name)! >> BigInt(offset));
          value |= BigInt.asUintN(width + copies, slice) << BigInt(position);
          position += width + copies;
        }
        return value;
      });
    }
    await bench.run(17);
  });
});
