import { EdaError } from './errors.js';
import type { Bit, Bits, Cell, Netlist } from './netlist.js';
import { describeCell, intParameter, parameterBit, UNDEFINED_BIT } from './netlist.js';

/**
 * A value that is computed and stored as a whole: an input port, the output of a cell or a register.
 * Every net bit belongs to at most one word.
 */
export interface Word {
  readonly name: string;
  /** The net bits it drives, least significant first. */
  readonly bits: Bits;
  readonly width: number;
  /** Byte address in the state of the simulation; known after layout. */
  address: number;
  /** The combinational cell that computes it; undefined for registers and inputs. */
  driver: CombCell | undefined;
  /** True when the value changes with an input port without a clock edge. */
  dependsOnInput: boolean;
}

/** Bytes a word takes: 4 up to 32 bits, else whole 8-byte chunks. Unused high bits are always 0. */
export function slotBytes(width: number): number {
  return width <= 32 ? 4 : 8 * Math.ceil(width / 64);
}

/** Where one net bit is found: bit `offset` of `word`. */
export interface BitPlace {
  readonly word: Word;
  readonly offset: number;
}

/** Selects 64 bits at a time of a padded word, at a position that is computed: wide dynamic shifts. */
export interface Window {
  /** Position of the window when the amount is 0, in bits. */
  readonly base: number;
  /** Position = base + direction * amount. */
  readonly direction: 1 | -1;
  /** The amount is clamped to low..high. */
  readonly low: number;
  readonly high: number;
  readonly isAmountSigned: boolean;
}

/** A cell without state; its output is `y`. What a, b and s mean depends on the type, as in Yosys. */
export interface CombCell {
  readonly type: string;
  readonly source: Cell;
  a: Bits;
  b: Bits;
  s: Bits;
  readonly isSignedA: boolean;
  readonly isSignedB: boolean;
  readonly y: Word;
  /** For `$memrd`: the memory; its address is `a`. */
  readonly memory?: Memory;
  /** For `$window`. */
  readonly window?: Window;
}

export interface Condition {
  readonly bit: Bit;
  readonly isActiveHigh: boolean;
}

/** What a register takes at the next clock edge, before reset and enable. */
export type RegisterData =
  | { readonly kind: 'bits'; readonly bits: Bits }
  | {
      readonly kind: 'memory';
      readonly memory: Memory;
      readonly address: Bits;
      /** True when a write in the same cycle is seen. */
      readonly isTransparent: boolean;
    };

export interface Register {
  readonly source: Cell;
  readonly word: Word;
  readonly data: RegisterData;
  readonly enable?: Condition;
  readonly reset?: Condition & {
    readonly value: Bits;
    /** The reset acts only while enabled ($sdffce). */
    readonly isGatedByEnable: boolean;
  };
}

export interface MemoryWrite {
  readonly address: Bits;
  readonly data: Bits;
  /** One enable per data bit. */
  readonly enable: Bits;
}

export interface Memory {
  readonly name: string;
  readonly source: Cell;
  readonly width: number;
  /** Words. */
  readonly size: number;
  /** Lowest address. */
  readonly offset: number;
  /** Later writes win. */
  readonly writes: readonly MemoryWrite[];
  address: number;
}

/** A flat synchronous circuit with one clock, ready to be scheduled. */
export interface Circuit {
  readonly netlist: Netlist;
  /** The clock's net; undefined when nothing is clocked and no port has the clock's name. */
  readonly clock: Bit | undefined;
  readonly inputs: readonly Word[];
  readonly registers: readonly Register[];
  readonly memories: readonly Memory[];
  comb: CombCell[];
  readonly places: Map<Bit, BitPlace>;
  /** The next unused net number. */
  nextBit: Bit;
}

/** A failure of the simulator's compiler. */
export function compileError(problem: string): EdaError {
  return new EdaError(problem, { tool: 'rtl-sim', stage: 'compile' });
}

/** Cells that say nothing about values. */
const IGNORED = new Set([
  '$scopeinfo',
  '$print',
  '$check',
  '$assert',
  '$assume',
  '$cover',
  '$live',
  '$fair',
]);

const BINARY = new Set([
  ...['$and', '$or', '$xor', '$xnor', '$add', '$sub', '$mul', '$div', '$mod'],
  ...['$eq', '$ne', '$eqx', '$nex', '$lt', '$le', '$gt', '$ge', '$logic_and', '$logic_or'],
]);
const UNARY = new Set([
  ...['$not', '$pos', '$neg', '$buf', '$logic_not'],
  ...['$reduce_and', '$reduce_or', '$reduce_xor', '$reduce_xnor', '$reduce_bool'],
]);
const SHIFTS = new Set(['$shl', '$sshl', '$shr', '$sshr', '$shift', '$shiftx']);
const REGISTERS = new Set([
  ...['$dff', '$dffe', '$sdff', '$sdffe', '$sdffce', '$adff', '$adffe', '$_DFF_P_'],
]);
/** Gates of one bit that mean the same as a word cell. */
const GATES: Readonly<Record<string, string>> = {
  $_BUF_: '$pos',
  $_NOT_: '$not',
  $_AND_: '$and',
  $_OR_: '$or',
  $_XOR_: '$xor',
  $_XNOR_: '$xnor',
  $_MUX_: '$mux',
};

/** Zero bits past the end of a padded word, so that a 72-bit read of its last bit stays inside. */
const WINDOW_SLACK = 136;

/**
 * Sort the cells of a netlist into combinational cells, registers and memories, and bring rare cells
 * to common ones: `$bmux` and `$lut` to `$shiftx`, shifts of more than 64 bits to windows.
 *
 * @throws EdaError for a cell that is not supported, a second clock, a falling edge, a latch, a net
 *   with two drivers.
 */
export function buildCircuit(netlist: Netlist, clockName: string): Circuit {
  const clockPort = netlist.ports.find(
    (port) => port.name === clockName && port.direction === 'input',
  );
  if (clockPort !== undefined && clockPort.bits.length !== 1) {
    throw compileError(`clock '${clockName}' has ${clockPort.bits.length} bits; it must have 1`);
  }
  return new CircuitBuilder(netlist, clockName, clockPort?.bits[0]).build();
}

class CircuitBuilder {
  readonly #netlist: Netlist;
  readonly #clockName: string;
  readonly #clock: Bit | undefined;
  readonly #places = new Map<Bit, BitPlace>();
  readonly #comb: CombCell[] = [];
  readonly #registers: Register[] = [];
  readonly #memories: Memory[] = [];
  #nextBit: Bit = 2;

  constructor(netlist: Netlist, clockName: string, clock: Bit | undefined) {
    this.#netlist = netlist;
    this.#clockName = clockName;
    this.#clock = clock;
  }

  build(): Circuit {
    const { ports, cells, nets } = this.#netlist;
    for (const bits of nets.values()) for (const bit of bits) this.#seen(bit);
    for (const cell of cells) {
      for (const bits of Object.values(cell.connections)) for (const bit of bits) this.#seen(bit);
    }
    const inputs = ports
      .filter((port) => port.direction === 'input')
      .map((port) => this.#word(port.name, port.bits, `input ${port.name}`));
    for (const cell of cells) this.#add(cell);
    this.#checkClockIsNoData();
    return {
      netlist: this.#netlist,
      clock: this.#clock,
      inputs,
      registers: this.#registers,
      memories: this.#memories,
      comb: this.#comb,
      places: this.#places,
      nextBit: this.#nextBit,
    };
  }

  #seen(bit: Bit): void {
    if (bit >= this.#nextBit) this.#nextBit = bit + 1;
  }

  #word(name: string, bits: Bits, driver: string): Word {
    return defineWord(this.#places, name, bits, driver);
  }

  #fresh(count: number): Bits {
    const first = this.#nextBit;
    this.#nextBit += count;
    return Array.from({ length: count }, (_, index) => first + index);
  }

  #add(cell: Cell): void {
    const { type, connections } = cell;
    if (IGNORED.has(type)) return;
    if (REGISTERS.has(type)) return this.#addRegister(cell);
    if (type === '$mem_v2') return this.#addMemory(cell);
    const y = connections['Y'];
    if (y === undefined) throw unsupported(cell);
    if (y.length === 0) return;
    const a = connections['A'] ?? [];
    const b = connections['B'] ?? [];
    const s = connections['S'] ?? [];
    const isSignedA = intParameter(cell, 'A_SIGNED') === 1;
    const isSignedB = intParameter(cell, 'B_SIGNED') === 1;
    const common = { source: cell, a, b, s, isSignedA, isSignedB };
    const output = (): Word => this.#word(cell.name, y, describeCell(cell));
    if (BINARY.has(type) || UNARY.has(type) || type === '$mux' || type === '$pmux') {
      const plain = type === '$buf' ? '$pos' : type;
      this.#comb.push({ ...common, type: plain, y: output() });
    } else if (GATES[type] !== undefined) {
      this.#comb.push({ ...common, type: GATES[type], y: output() });
    } else if (SHIFTS.has(type)) {
      this.#addShift({ ...common, type, y: output() });
    } else if (type === '$concat') {
      this.#comb.push({ ...common, type: '$pos', a: [...a, ...b], b: [], y: output() });
    } else if (type === '$slice') {
      const offset = intParameter(cell, 'OFFSET');
      const part = a.slice(offset, offset + y.length);
      this.#comb.push({ ...common, type: '$pos', a: part, y: output() });
    } else if (type === '$bmux') {
      // Pad each choice to a power of two bits, so that the amount of the shift is {s, zeros}.
      const stepBits = Math.ceil(Math.log2(y.length));
      const padding = zeros(2 ** stepBits - y.length);
      const choices = Array.from({ length: 2 ** s.length }, (_, index) => [
        ...a.slice(index * y.length, (index + 1) * y.length),
        ...padding,
      ]).flat();
      this.#addShift({
        ...{ ...common, type: '$shiftx', a: choices, b: [...zeros(stepBits), ...s], s: [] },
        y: output(),
      });
    } else if (type === '$lut') {
      const table = Array.from(
        { length: 2 ** a.length },
        (_, index) => parameterBit(cell, 'LUT', index) ?? 0,
      );
      this.#addShift({ ...common, type: '$shiftx', a: table, b: a, y: output() });
    } else {
      throw unsupported(cell);
    }
  }

  /** Keep a shift of at most 64 bits; turn a wider one into a window over a padded word. */
  #addShift(cell: CombCell): void {
    const { type, y, b } = cell;
    const isLeft = type === '$shl' || type === '$sshl';
    const width = isLeft ? y.width : Math.max(cell.a.length, y.width);
    const isSignedValue = type === '$shiftx' ? false : cell.isSignedA;
    if (b.length > 64) {
      throw compileError(
        `${describeCell(cell.source)}: shift amount of ${b.length} bits, at most 64`,
      );
    }
    if (width <= 64) {
      this.#comb.push(cell);
      return;
    }
    const isAmountSigned = (type === '$shift' || type === '$shiftx') && cell.isSignedB;
    const value = resizeBits(cell.a, isSignedValue, width);
    const fill = type === '$sshr' && isSignedValue ? value[width - 1] : 0;
    const before = isLeft || isAmountSigned ? y.width : 0;
    const after = 64 * Math.ceil(y.width / 64);
    const padded = [
      ...zeros(before),
      ...value,
      ...Array.from({ length: after + WINDOW_SLACK }, () => fill),
    ];
    const word = this.#word(`${cell.source.name} padded`, this.#fresh(padded.length), 'padding');
    this.#comb.push({
      ...{ type: '$pos', source: cell.source, a: padded, b: [], s: [] },
      ...{ isSignedA: false, isSignedB: false, y: word },
    });
    this.#comb.push({
      ...cell,
      type: '$window',
      a: word.bits,
      window: {
        base: before,
        direction: isLeft ? -1 : 1,
        low: isAmountSigned ? -y.width : 0,
        high: isLeft ? y.width : width,
        isAmountSigned,
      },
    });
  }

  #addRegister(cell: Cell): void {
    const isGate = cell.type === '$_DFF_P_';
    const pin = (name: string): Bits => cell.connections[name] ?? [];
    this.#checkClock(
      cell,
      pin(isGate ? 'C' : 'CLK')[0],
      isGate ? 1 : intParameter(cell, 'CLK_POLARITY'),
    );
    const q = pin('Q');
    if (q.length === 0) return;
    const word = this.#word(cell.name, q, describeCell(cell));
    const enable: Condition | undefined =
      pin('EN').length === 0
        ? undefined
        : { bit: pin('EN')[0], isActiveHigh: intParameter(cell, 'EN_POLARITY') === 1 };
    const isAsync = pin('ARST').length > 0;
    const kind = isAsync ? 'ARST' : 'SRST';
    const resetBit = pin(kind)[0];
    const value = q.map((_, index) => parameterBit(cell, `${kind}_VALUE`, index) ?? 0);
    const condition =
      resetBit === undefined
        ? undefined
        : { bit: resetBit, isActiveHigh: intParameter(cell, `${kind}_POLARITY`) === 1 };
    this.#registers.push({
      source: cell,
      word,
      data: { kind: 'bits', bits: pin('D') },
      ...(enable === undefined ? {} : { enable }),
      ...(condition === undefined
        ? {}
        : { reset: { ...condition, value, isGatedByEnable: cell.type === '$sdffce' } }),
    });
    if (isAsync && condition !== undefined) {
      // Between edges, an asynchronous reset is a combinational cell that writes the register.
      this.#comb.push({
        ...{ type: '$areset', source: cell, a: [condition.bit], b: value, s: [] },
        ...{ isSignedA: condition.isActiveHigh, isSignedB: false, y: word },
      });
    }
  }

  #addMemory(cell: Cell): void {
    const width = intParameter(cell, 'WIDTH');
    const addressBits = intParameter(cell, 'ABITS');
    const readPorts = intParameter(cell, 'RD_PORTS');
    const writePorts = intParameter(cell, 'WR_PORTS');
    const slice = (name: string, port: number, count: number): Bits =>
      (cell.connections[name] ?? []).slice(port * count, (port + 1) * count);
    if (addressBits > 31) throw compileError(`${describeCell(cell)}: more than 31 address bits`);

    const writes: MemoryWrite[] = [];
    const writing: number[] = [];
    for (let port = 0; port < writePorts; port++) {
      // A port that never writes needs no clock.
      if (slice('WR_EN', port, width).every((bit) => bit === 0)) continue;
      writing.push(port);
      if (parameterBit(cell, 'WR_CLK_ENABLE', port) !== 1) {
        throw compileError(`${describeCell(cell)}: write without a clock`);
      }
      const polarity = parameterBit(cell, 'WR_CLK_POLARITY', port) ?? 0;
      this.#checkClock(cell, slice('WR_CLK', port, 1)[0], polarity);
      if (parameterBit(cell, 'WR_WIDE_CONTINUATION', port) === 1) {
        throw compileError(`${describeCell(cell)}: wide write ports are not supported`);
      }
      writes.push({
        address: slice('WR_ADDR', port, addressBits),
        data: slice('WR_DATA', port, width),
        enable: slice('WR_EN', port, width),
      });
    }
    const memory: Memory = {
      ...{ name: memoryName(cell), source: cell, width, writes, address: 0 },
      ...{ size: intParameter(cell, 'SIZE'), offset: intParameter(cell, 'OFFSET') },
    };
    this.#memories.push(memory);

    for (let port = 0; port < readPorts; port++) {
      const address = slice('RD_ADDR', port, addressBits);
      const name = `${cell.name} read ${port}`;
      if (parameterBit(cell, 'RD_WIDE_CONTINUATION', port) === 1) {
        throw compileError(`${describeCell(cell)}: wide read ports are not supported`);
      }
      const word = this.#word(name, slice('RD_DATA', port, width), describeCell(cell));
      if (parameterBit(cell, 'RD_CLK_ENABLE', port) !== 1) {
        this.#comb.push({
          ...{ type: '$memrd', source: cell, a: address, b: [], s: [] },
          ...{ isSignedA: false, isSignedB: false, y: word, memory },
        });
        continue;
      }
      const polarity = parameterBit(cell, 'RD_CLK_POLARITY', port) ?? 0;
      this.#checkClock(cell, slice('RD_CLK', port, 1)[0], polarity);
      if (slice('RD_ARST', port, 1)[0] >= 1) {
        throw compileError(`${describeCell(cell)}: asynchronous reset of a read port`);
      }
      const seen = writing.map((index) =>
        parameterBit(cell, 'RD_TRANSPARENCY_MASK', port * writePorts + index) === 1 ? 1 : 0,
      );
      if (new Set(seen).size > 1) {
        throw compileError(`${describeCell(cell)}: read port ${port} sees only some of the writes`);
      }
      const resetBit = slice('RD_SRST', port, 1)[0];
      this.#registers.push({
        source: cell,
        word,
        data: { kind: 'memory', memory, address, isTransparent: seen[0] === 1 },
        enable: { bit: slice('RD_EN', port, 1)[0], isActiveHigh: true },
        ...(resetBit < 1
          ? {}
          : {
              reset: {
                bit: resetBit,
                isActiveHigh: true,
                value: Array.from(
                  { length: width },
                  (_, index) => parameterBit(cell, 'RD_SRST_VALUE', port * width + index) ?? 0,
                ),
                isGatedByEnable: parameterBit(cell, 'RD_CE_OVER_SRST', port) === 1,
              },
            }),
      });
    }
  }

  #checkClock(cell: Cell, clock: Bit | undefined, polarity: number): void {
    if (this.#clock === undefined) {
      throw compileError(
        `${describeCell(cell)} has a clock, but the top has no input '${this.#clockName}'`,
      );
    }
    if (clock !== this.#clock) {
      throw compileError(
        `${describeCell(cell)} is clocked by ${this.#netName(clock)}; ` +
          `only the port '${this.#clockName}' may be a clock`,
      );
    }
    if (polarity !== 1) {
      throw compileError(
        `${describeCell(cell)} acts on the falling edge; only rising is supported`,
      );
    }
  }

  #checkClockIsNoData(): void {
    const clock = this.#clock;
    if (clock === undefined) return;
    const reader =
      this.#comb.find(({ a, b, s }) => [a, b, s].some((bits) => bits.includes(clock)))?.source ??
      this.#registers.find(({ data }) => data.kind === 'bits' && data.bits.includes(clock))?.source;
    if (reader !== undefined) {
      throw compileError(`${describeCell(reader)} uses the clock '${this.#clockName}' as a value`);
    }
  }

  #netName(bit: Bit | undefined): string {
    if (bit === undefined || bit < 2) return 'a constant';
    for (const [name, bits] of this.#netlist.nets) {
      const index = bits.indexOf(bit);
      if (index >= 0) return bits.length === 1 ? `'${name}'` : `'${name}[${index}]'`;
    }
    return 'an unnamed net';
  }
}

/** Make a word that drives `bits`, and note where each bit is. */
export function defineWord(
  places: Map<Bit, BitPlace>,
  name: string,
  bits: Bits,
  driver: string,
): Word {
  const word: Word = {
    ...{ name, bits, width: bits.length, address: 0 },
    ...{ driver: undefined, dependsOnInput: false },
  };
  bits.forEach((bit, offset) => {
    const other = places.get(bit);
    if (other !== undefined) {
      throw compileError(`a net has two drivers: ${other.word.name} and ${driver}`);
    }
    if (bit < 2) throw compileError(`${driver} drives a constant`);
    places.set(bit, { word, offset });
  });
  return word;
}

/** Truncate, or extend with the top bit (signed) or 0, to `width` bits. */
export function resizeBits(bits: Bits, isSigned: boolean, width: number): Bits {
  if (bits.length === width) return bits;
  if (bits.length > width) return bits.slice(0, width);
  const fill = isSigned && bits.length > 0 ? bits[bits.length - 1] : 0;
  return [...bits, ...Array.from({ length: width - bits.length }, () => fill)];
}

export function zeros(count: number): Bits {
  return Array.from({ length: count }, () => 0);
}

/** True for 0, 1 and undefined bits. */
export function isConstantBit(bit: Bit): boolean {
  return bit < 2 || bit === UNDEFINED_BIT;
}

function memoryName(cell: Cell): string {
  return (cell.parameters['MEMID'] ?? cell.name).replace(/^\\/, '').trim();
}

function unsupported(cell: Cell): EdaError {
  const latch = /latch|_DLATCH/i.test(cell.type) ? ' (a latch)' : '';
  return compileError(`${describeCell(cell)}: cell type ${cell.type}${latch} is not supported`);
}
