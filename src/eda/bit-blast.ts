/** A circuit's words as bits of an and-inverter graph: what one cycle does to any contents, with any inputs. */
import { FALSE, not, TRUE, type Aig, type Literal } from './aig.js';
import {
  compileError,
  isConstantBit,
  resizeBits,
  type Circuit,
  type CombCell,
  type Condition,
  type Memory,
} from './circuit.js';
import { describeCell, parameterBit, type Bit, type Bits } from './netlist.js';

type Word = readonly Literal[];

/** One bit of contents: of a register, or of a word of a memory that is written. */
export interface StateBit {
  /** All names that it goes by: those of its nets, or its place in a memory. */
  readonly names: readonly string[];
  /** What it holds at power-up; undefined where nothing says. */
  readonly initial: 0 | 1 | undefined;
}

export interface Cycle {
  /** Value of an output port, lowest bit first. */
  output(port: string): Word;
  /** Value of a net by its hierarchical name; undefined where there is none. */
  net(name: string): Word | undefined;
  /** Contents at its end, in the order of `state`. */
  readonly next: readonly Literal[];
}

/** All contents of a circuit: registers first, then memories. */
export function stateOf({ netlist, registers, memories }: Circuit): StateBit[] {
  const names = new Map<Bit, string[]>();
  for (const [name, bits] of netlist.nets) {
    bits.forEach((bit, n) => {
      if (!isConstantBit(bit)) names.set(bit, [...(names.get(bit) ?? []), `${name} ${n}`]);
    });
  }
  return [
    ...registers.flatMap(({ word }) =>
      word.bits.map((bit): StateBit => ({
        names: names.get(bit) ?? [],
        initial: netlist.initialBits.get(bit),
      })),
    ),
    ...memories.filter(isWritten).flatMap(({ name, source, size, width }) =>
      Array.from({ length: size * width }, (_, n): StateBit => ({
        names: [`${name} word ${n}`],
        initial: parameterBit(source, 'INIT', n),
      })),
    ),
  ];
}

const isWritten = ({ writes }: Memory): boolean => writes.length > 0;

/**
 * One cycle of a scheduled circuit: x counts as 0, as in the simulator.
 * @throws EdaError for cells that the simulator has and provers do not: division, asynchronous resets
 */
export function cycleOf(
  aig: Aig,
  circuit: Circuit,
  state: readonly Literal[],
  input: (port: string, bit: number) => Literal,
): Cycle {
  const values = new Map<Bit, Literal>();
  const literal = (bit: Bit): Literal => {
    if (isConstantBit(bit)) return bit === 1 ? TRUE : FALSE;
    return values.get(bit) ?? FALSE;
  };
  const word = (bits: Bits): Word => bits.map(literal);
  for (const { name, bits } of circuit.inputs) {
    bits.forEach((bit, n) => values.set(bit, bit === circuit.clock ? FALSE : input(name, n)));
  }
  let at = 0;
  for (const { word: own } of circuit.registers) {
    for (const bit of own.bits) values.set(bit, state[at++]);
  }
  const contents = new Map<Memory, Word[]>();
  for (const memory of circuit.memories) {
    const { size, width, source } = memory;
    const words = Array.from({ length: size }, (_, entry) =>
      Array.from({ length: width }, (_unused, n): Literal => {
        if (isWritten(memory)) return state[at + entry * width + n];
        return parameterBit(source, 'INIT', entry * width + n) ?? FALSE;
      }),
    );
    if (isWritten(memory)) at += size * width;
    contents.set(memory, words);
  }
  const blaster = new CellBlaster(aig, word, (memory) => contents.get(memory)!);
  for (const cell of circuit.comb) {
    const result = blaster.evaluate(cell);
    cell.y.bits.forEach((bit, n) => values.set(bit, result[n] ?? FALSE));
  }
  const written = new Map(
    circuit.memories
      .filter(isWritten)
      .map((memory) => [memory, blaster.write(memory, contents.get(memory)!)]),
  );
  const holds = ({ bit, isActiveHigh }: Condition): Literal =>
    isActiveHigh ? literal(bit) : not(literal(bit));
  const next = circuit.registers.flatMap(({ word: own, data, enable, reset }) => {
    const now = word(own.bits);
    const then =
      data.kind === 'bits'
        ? word(data.bits)
        : blaster.read(
            data.memory,
            (data.isTransparent ? written.get(data.memory) : undefined) ??
              contents.get(data.memory)!,
            word(data.address),
          );
    const enabled = enable === undefined ? TRUE : holds(enable);
    const cleared = reset === undefined ? FALSE : holds(reset);
    return now.map((kept, n) => {
      const clear = reset?.value[n] === 1 ? TRUE : FALSE;
      if (reset?.isGatedByEnable === true) {
        return aig.mux(enabled, aig.mux(cleared, clear, then[n]), kept);
      }
      return aig.mux(cleared, clear, aig.mux(enabled, then[n], kept));
    });
  });
  for (const memory of written.values()) next.push(...memory.flat());
  return {
    next,
    output: (port) => word(circuit.netlist.ports.find(({ name }) => name === port)!.bits),
    net: (name) => {
      const bits = circuit.netlist.nets.get(name);
      return bits === undefined ? undefined : word(bits);
    },
  };
}

/** What cells mean, as netlist-to-wasm has it. */
class CellBlaster {
  constructor(
    readonly aig: Aig,
    readonly word: (bits: Bits) => Word,
    readonly contents: (memory: Memory) => readonly Word[],
  ) {}

  evaluate(cell: CombCell): Word {
    const { aig } = this;
    const { type, y } = cell;
    const bitwise = (of: (a: Literal, b: Literal) => Literal): Word => {
      const [a, b] = this.#operands(cell, y.width);
      return a.map((bit, n) => of(bit, b[n]));
    };
    switch (type) {
      case '$pos':
        return this.word(resizeBits(cell.a, cell.isSignedA, y.width));
      case '$not':
        return this.word(resizeBits(cell.a, cell.isSignedA, y.width)).map(not);
      case '$and':
        return bitwise((a, b) => aig.and(a, b));
      case '$or':
        return bitwise((a, b) => aig.or(a, b));
      case '$xor':
        return bitwise((a, b) => aig.xor(a, b));
      case '$xnor':
        return bitwise((a, b) => not(aig.xor(a, b)));
      case '$mux': {
        const [a, b, [select]] = [cell.a, cell.b, cell.s].map(this.word);
        return a.map((bit, n) => aig.mux(select, b[n], bit));
      }
      case '$pmux': {
        const [a, b, selects] = [cell.a, cell.b, cell.s].map(this.word);
        return selects.reduce<Word>(
          (value, select, choice) =>
            value.map((bit, n) => aig.mux(select, b[choice * y.width + n], bit)),
          a,
        );
      }
      case '$add':
        return this.#add(...this.#operands(cell, y.width), FALSE);
      case '$sub': {
        const [a, b] = this.#operands(cell, y.width);
        return this.#add(a, b.map(not), TRUE);
      }
      case '$neg': {
        const a = this.word(resizeBits(cell.a, cell.isSignedA, y.width));
        return this.#add(constant(0, y.width), a.map(not), TRUE);
      }
      case '$mul':
        return this.#multiply(...this.#operands(cell, y.width));
      case '$lt':
      case '$ge':
        return [this.#less(cell, false, type === '$ge')];
      case '$gt':
      case '$le':
        return [this.#less(cell, true, type === '$le')];
      case '$eq':
      case '$eqx':
      case '$ne':
      case '$nex': {
        const [a, b] = this.#operands(cell, Math.max(cell.a.length, cell.b.length));
        const differs = aig.any(a.map((bit, n) => aig.xor(bit, b[n])));
        return [type.startsWith('$eq') ? not(differs) : differs];
      }
      case '$reduce_and':
        return [aig.all(this.word(cell.a))];
      case '$reduce_or':
      case '$reduce_bool':
        return [aig.any(this.word(cell.a))];
      case '$reduce_xor':
        return [this.#parity(cell)];
      case '$reduce_xnor':
        return [not(this.#parity(cell))];
      case '$logic_not':
        return [not(aig.any(this.word(cell.a)))];
      case '$logic_and':
        return [aig.and(aig.any(this.word(cell.a)), aig.any(this.word(cell.b)))];
      case '$logic_or':
        return [aig.or(aig.any(this.word(cell.a)), aig.any(this.word(cell.b)))];
      case '$window':
        return this.#window(cell);
      case '$memrd':
        return this.read(cell.memory!, this.contents(cell.memory!), this.word(cell.a));
      default:
        if (/^\$s?sh/.test(type)) return this.#shift(cell);
        throw compileError(`${describeCell(cell.source)}: ${type} cannot be proved about`);
    }
  }

  /** The word at an address; 0 outside of the memory. */
  read({ width, offset }: Memory, words: readonly Word[], address: Word): Word {
    const nothing = constant(0, width);
    const select = (bit: number, from: number): Word => {
      if (from >= offset + words.length || from + 2 ** (bit + 1) <= offset) return nothing;
      if (bit < 0) return words[from - offset];
      const low = select(bit - 1, from);
      const high = select(bit - 1, from + 2 ** bit);
      return low.map((other, n) => this.aig.mux(address[bit], high[n], other));
    };
    return select(address.length - 1, 0);
  }

  /** The words of a memory after a cycle's writes; later ports win. */
  write({ writes, offset }: Memory, words: readonly Word[]): Word[] {
    const { aig } = this;
    return words.map((word, entry) =>
      writes.reduce<Word>((value, { address, data, enable }) => {
        const bits = this.word(address);
        const number = entry + offset;
        if (number >= 2 ** bits.length) return value;
        const isHere = aig.all(bits.map((bit, n) => ((number >> n) & 1 ? bit : not(bit))));
        const [then, may] = [this.word(data), this.word(enable)];
        return value.map((bit, n) => aig.mux(aig.and(isHere, may[n]), then[n], bit));
      }, word),
    );
  }

  #operands(cell: CombCell, width: number): [Word, Word] {
    const isSigned = cell.isSignedA && cell.isSignedB;
    return [
      this.word(resizeBits(cell.a, isSigned, width)),
      this.word(resizeBits(cell.b, isSigned, width)),
    ];
  }

  #add(a: Word, b: Word, carryIn: Literal): Word {
    const { aig } = this;
    let carry = carryIn;
    return a.map((bit, n) => {
      const differs = aig.xor(bit, b[n]);
      const sum = aig.xor(differs, carry);
      carry = aig.or(aig.and(bit, b[n]), aig.and(differs, carry));
      return sum;
    });
  }

  #multiply(a: Word, b: Word): Word {
    return b.reduce<Word>(
      (sum, factor, shift) => {
        const row = a.map((_, n) => (n < shift ? FALSE : this.aig.and(a[n - shift], factor)));
        return this.#add(sum, row, FALSE);
      },
      constant(0, a.length),
    );
  }

  /** a < b, or with `swapped` b < a; or the opposite. Of signed numbers the top bits count the other way. */
  #less(cell: CombCell, swapped: boolean, opposite: boolean): Literal {
    const operands = this.#operands(cell, Math.max(cell.a.length, cell.b.length));
    const [a, b] = swapped ? [operands[1], operands[0]] : operands;
    const isSigned = cell.isSignedA && cell.isSignedB;
    const top = a.length - 1;
    const isLess = a.reduce<Literal>((less, bit, n) => {
      const [low, high] = isSigned && n === top ? [b[n], bit] : [bit, b[n]];
      return this.aig.mux(this.aig.xor(low, high), high, less);
    }, FALSE);
    return opposite ? not(isLess) : isLess;
  }

  #parity({ a }: CombCell): Literal {
    return this.word(a).reduce((odd, bit) => this.aig.xor(odd, bit), FALSE);
  }

  /** The word moved down by 2^n places for every bit n of the amount; `fill` from above. */
  #down(value: Word, amount: Word, fill: Literal): Word {
    return amount.reduce<Word>((word, by, n) => {
      const distance = 2 ** n;
      return word.map((bit, place) => this.aig.mux(by, word[place + distance] ?? fill, bit));
    }, value);
  }

  #up(value: Word, amount: Word): Word {
    return [...this.#down([...value].reverse(), amount, FALSE)].reverse();
  }

  #shift(cell: CombCell): Word {
    const { type, y } = cell;
    const isLeft = type === '$shl' || type === '$sshl';
    const isEitherWay = (type === '$shift' || type === '$shiftx') && cell.isSignedB;
    const isSignedValue = type !== '$shiftx' && cell.isSignedA;
    const width = isLeft ? y.width : Math.max(cell.a.length, y.width);
    const value = this.word(resizeBits(cell.a, isSignedValue, width));
    const amount = this.word(cell.b);
    if (isLeft) return this.#up(value, amount);
    const fill = type === '$sshr' && cell.isSignedA ? value[width - 1] : FALSE;
    if (!isEitherWay) return this.#down(value, amount, fill).slice(0, y.width);
    const sign = amount[amount.length - 1];
    const back = this.#add(constant(0, amount.length), amount.map(not), TRUE);
    const down = this.#down(value, amount.slice(0, -1), FALSE);
    // The least number has no opposite: it is moved out of the word all the same.
    const up = this.#up(value, back);
    return Array.from({ length: y.width }, (_, n) => this.aig.mux(sign, up[n], down[n]));
  }

  /** A wide shift: the padded word from a position on. */
  #window({ a, b, y, window }: CombCell): Word {
    const { base, direction, low, high, isAmountSigned } = window!;
    const padded = this.word(a);
    const amount = this.word(b);
    const place = (by: number): Word =>
      Array.from({ length: y.width }, (_, n) => padded[base + direction * by + n] ?? FALSE);
    let result = place(high);
    for (let by = high - 1; by >= low; by--) {
      const isHere = this.aig.all(
        amount.map((bit, n) => ((BigInt(by) >> BigInt(n)) & 1n ? bit : not(bit))),
      );
      const here = place(by);
      result = result.map((bit, n) => this.aig.mux(isHere, here[n], bit));
    }
    // Below the lowest: as far as that.
    if (!isAmountSigned) return result;
    const sign = amount[amount.length - 1];
    const inside = this.aig.any(
      Array.from({ length: -low }, (_, n) => -1 - n).map((by) =>
        this.aig.all(amount.map((bit, n) => ((BigInt(by) >> BigInt(n)) & 1n ? bit : not(bit)))),
      ),
    );
    const lowest = place(low);
    return result.map((bit, n) => this.aig.mux(this.aig.and(sign, not(inside)), lowest[n], bit));
  }
}

function constant(value: number, width: number): Word {
  return Array.from({ length: width }, (_, n) => ((value >> n) & 1 ? TRUE : FALSE));
}
