/**
 * Writes the part of the WebAssembly binary format that a compiled netlist needs
 * (WebAssembly Core Specification 1.0, chapter 5): functions on i32 and i64 with one exported memory.
 */

export type ValueType = 'i32' | 'i64';

/** A list of bytes that grows. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: Uint8Array | readonly number[]): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Unsigned LEB128 of an integer in 0..2^32-1. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 64-bit integer. */
  signed(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.unsigned(bytes.length);
    this.bytes(bytes);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Opcodes (specification 5.4) by type; only those used. */
const NUMERIC = {
  i32: {
    eqz: 0x45,
    eq: 0x46,
    ne: 0x47,
    lt_s: 0x48,
    lt_u: 0x49,
    gt_s: 0x4a,
    gt_u: 0x4b,
    le_s: 0x4c,
    le_u: 0x4d,
    ge_s: 0x4e,
    ge_u: 0x4f,
    popcnt: 0x69,
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    div_s: 0x6d,
    div_u: 0x6e,
    rem_s: 0x6f,
    rem_u: 0x70,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shr_s: 0x75,
    shr_u: 0x76,
  },
  i64: {
    eqz: 0x50,
    eq: 0x51,
    ne: 0x52,
    lt_s: 0x53,
    lt_u: 0x54,
    gt_s: 0x55,
    gt_u: 0x56,
    le_s: 0x57,
    le_u: 0x58,
    ge_s: 0x59,
    ge_u: 0x5a,
    popcnt: 0x7b,
    add: 0x7c,
    sub: 0x7d,
    mul: 0x7e,
    div_s: 0x7f,
    div_u: 0x80,
    rem_s: 0x81,
    rem_u: 0x82,
    and: 0x83,
    or: 0x84,
    xor: 0x85,
    shl: 0x86,
    shr_s: 0x87,
    shr_u: 0x88,
  },
} as const;

export type NumericOp = keyof (typeof NUMERIC)['i32'];

const LOAD = {
  i32: { 8: 0x2d, 16: 0x2f, 32: 0x28 },
  i64: { 8: 0x31, 16: 0x33, 32: 0x35, 64: 0x29 },
} as const;
const LOAD_SIGNED = {
  i32: { 8: 0x2c, 16: 0x2e, 32: 0x28 },
  i64: { 8: 0x30, 16: 0x32, 32: 0x34, 64: 0x29 },
} as const;
const STORE = {
  i32: { 8: 0x3a, 16: 0x3b, 32: 0x36 },
  i64: { 8: 0x3c, 16: 0x3d, 32: 0x3e, 64: 0x37 },
} as const;

/** Bits that one load or store moves. */
export type AccessBits = 8 | 16 | 32 | 64;

const TYPE_BYTE = { i32: 0x7f, i64: 0x7e } as const;
const EMPTY_BLOCK = 0x40;

/** The body of one function: parameters i32, then the i32 and i64 locals asked for, no result. */
export class FunctionBody {
  readonly #code = new ByteWriter();
  readonly #parameterCount: number;
  readonly #named = new Map<string, number>();
  readonly #order: ValueType[] = [];

  constructor(parameterCount = 0) {
    this.#parameterCount = parameterCount;
  }

  /** Bytes of code so far. */
  get size(): number {
    return this.#code.length;
  }

  /** Number of the local of this name and type, made on first use. */
  local(name: string, type: ValueType): number {
    const key = `${type} ${name}`;
    let index = this.#named.get(key);
    if (index === undefined) {
      index = this.#parameterCount + this.#order.length;
      this.#order.push(type);
      this.#named.set(key, index);
    }
    return index;
  }

  op(type: ValueType, name: NumericOp): void {
    this.#code.byte(NUMERIC[type][name]);
  }

  /** A constant, taken modulo 2^32 or 2^64. */
  constant(type: ValueType, value: bigint | number): void {
    if (type === 'i32') {
      this.#code.byte(0x41);
      this.#code.signed(BigInt.asIntN(32, BigInt(value)));
    } else {
      this.#code.byte(0x42);
      this.#code.signed(BigInt.asIntN(64, BigInt(value)));
    }
  }

  /** Pop an address, push the value at address + offset. */
  load(type: ValueType, bits: AccessBits, offset: number, isSigned = false): void {
    const opcodes: Record<number, number> = (isSigned ? LOAD_SIGNED : LOAD)[type];
    this.#memory(opcodes[bits]!, offset);
  }

  /** Pop a value, then an address; store at address + offset. */
  store(type: ValueType, bits: AccessBits, offset: number): void {
    const opcodes: Record<number, number> = STORE[type];
    this.#memory(opcodes[bits]!, offset);
  }

  getLocal(index: number): void {
    this.#code.byte(0x20);
    this.#code.unsigned(index);
  }

  setLocal(index: number): void {
    this.#code.byte(0x21);
    this.#code.unsigned(index);
  }

  teeLocal(index: number): void {
    this.#code.byte(0x22);
    this.#code.unsigned(index);
  }

  /** Pop condition, b, a; push a when the condition is not 0, else b. */
  select(): void {
    this.#code.byte(0x1b);
  }

  wrap(): void {
    this.#code.byte(0xa7);
  }

  extendUnsigned(): void {
    this.#code.byte(0xad);
  }

  /** Pop a condition and run the code up to `end` when it is not 0. */
  if(): void {
    this.#code.bytes([0x04, EMPTY_BLOCK]);
  }

  block(): void {
    this.#code.bytes([0x02, EMPTY_BLOCK]);
  }

  loop(): void {
    this.#code.bytes([0x03, EMPTY_BLOCK]);
  }

  end(): void {
    this.#code.byte(0x0b);
  }

  branch(depth: number): void {
    this.#code.byte(0x0c);
    this.#code.unsigned(depth);
  }

  branchIf(depth: number): void {
    this.#code.byte(0x0d);
    this.#code.unsigned(depth);
  }

  call(functionIndex: number): void {
    this.#code.byte(0x10);
    this.#code.unsigned(functionIndex);
  }

  encode(): Uint8Array {
    const writer = new ByteWriter();
    writer.unsigned(this.#order.length);
    for (const type of this.#order) {
      writer.unsigned(1);
      writer.byte(TYPE_BYTE[type]);
    }
    writer.bytes(this.#code.finish());
    writer.byte(0x0b);
    return writer.finish();
  }

  #memory(opcode: number, offset: number): void {
    this.#code.byte(opcode);
    this.#code.unsigned(0); // alignment hint: none
    this.#code.unsigned(offset);
  }
}

export interface WasmFunction {
  /** Number of i32 parameters: 0 or 1. */
  readonly parameterCount: 0 | 1;
  readonly body: FunctionBody;
  /** Exported under this name. */
  readonly exportName?: string;
}

/** A module with one exported memory, `memory`, of a fixed number of 64 KiB pages. */
export function encodeModule(functions: readonly WasmFunction[], pages: number): Uint8Array {
  const module = new ByteWriter();
  module.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  section(module, 1, (out) => {
    out.unsigned(2);
    out.bytes([0x60, 0, 0]);
    out.bytes([0x60, 1, TYPE_BYTE.i32, 0]);
  });
  section(module, 3, (out) => {
    out.unsigned(functions.length);
    for (const { parameterCount } of functions) out.unsigned(parameterCount);
  });
  section(module, 5, (out) => {
    out.unsigned(1);
    out.byte(1);
    out.unsigned(pages);
    out.unsigned(pages);
  });
  section(module, 7, (out) => {
    const exported = functions.filter(({ exportName }) => exportName !== undefined);
    out.unsigned(exported.length + 1);
    out.text('memory');
    out.byte(2);
    out.unsigned(0);
    functions.forEach(({ exportName }, index) => {
      if (exportName === undefined) return;
      out.text(exportName);
      out.byte(0);
      out.unsigned(index);
    });
  });
  section(module, 10, (out) => {
    out.unsigned(functions.length);
    for (const { body } of functions) {
      const bytes = body.encode();
      out.unsigned(bytes.length);
      out.bytes(bytes);
    }
  });
  return module.finish();
}

function section(module: ByteWriter, id: number, write: (out: ByteWriter) => void): void {
  const out = new ByteWriter();
  write(out);
  const bytes = out.finish();
  module.byte(id);
  module.unsigned(bytes.length);
  module.bytes(bytes);
}
