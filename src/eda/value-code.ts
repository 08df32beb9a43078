import type { BitPlace, Memory, Word } from './circuit.js';
import { slotBytes } from './circuit.js';
import type { Bit, Bits } from './netlist.js';
import type { WordSlice } from './slices.js';
import { sliceBits } from './slices.js';
import type { AccessBits, FunctionBody, ValueType } from './wasm-encoder.js';

/** Bits of a WebAssembly value type. */
export function typeBits(type: ValueType): 32 | 64 {
  return type === 'i32' ? 32 : 64;
}

/** The narrowest type that holds `width` bits, at most 64. */
export function typeFor(width: number): ValueType {
  return width <= 32 ? 'i32' : 'i64';
}

/** Bytes of one entry of a memory: 1, 2, 4, or whole 8-byte chunks. */
export function entryBytes(width: number): number {
  return width <= 64 ? memoryAccess(width) / 8 : 8 * Math.ceil(width / 64);
}

/** Bits of one access to a memory. */
export function memoryAccess(width: number): AccessBits {
  return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64;
}

/**
 * Code that moves values between the state in memory and the stack. A value of w bits is always
 * zero-extended, in memory and on the stack; a signed one is made by repeating its top bit up to the
 * width of the type, at the level of bits.
 */
export class ValueCode {
  readonly body: FunctionBody;
  readonly #places: ReadonlyMap<Bit, BitPlace>;

  constructor(body: FunctionBody, places: ReadonlyMap<Bit, BitPlace>) {
    this.body = body;
    this.#places = places;
  }

  /** Push up to 64 bits, the first at bit 0. */
  read(bits: Bits, type: ValueType): void {
    const { body } = this;
    let constant = 0n;
    let isPushed = false;
    for (const slice of sliceBits(bits, this.#places)) {
      if (slice.kind === 'constant') {
        constant |= slice.value << BigInt(slice.position);
        continue;
      }
      this.#readSlice(slice, type);
      if (isPushed) body.op(type, 'or');
      isPushed = true;
    }
    if (isPushed && constant === 0n) return;
    body.constant(type, constant);
    if (isPushed) body.op(type, 'or');
  }

  /** Pop a zero-extended value of at most 64 bits into 64-bit chunk `chunk` of a word. */
  store(address: number, width: number, type: ValueType, chunk = 0): void {
    if (slotBytes(width) === 4) this.body.store(type, 32, address);
    else {
      if (type === 'i32') this.body.extendUnsigned();
      this.body.store('i64', 64, address + 8 * chunk);
    }
  }

  /** Clear all bits from `width` up. */
  mask(width: number, type: ValueType): void {
    if (width >= typeBits(type)) return;
    this.body.constant(type, (1n << BigInt(width)) - 1n);
    this.body.op(type, 'and');
  }

  /** The word that drives a net. */
  wordOf(bit: Bit): Word {
    const place = this.#places.get(bit);
    if (place === undefined) throw new Error(`net ${bit} has no driver`);
    return place.word;
  }

  /** Push the byte offset of an entry; of the spare entry, which stays 0, outside of the memory. */
  memoryAddress(memory: Memory, address: Bits): void {
    const { body } = this;
    this.memoryIndex(memory, address);
    if (2 ** address.length > memory.size || memory.offset > 0) {
      const index = body.local('index', 'i32');
      body.teeLocal(index);
      body.constant('i32', memory.size);
      body.getLocal(index);
      body.constant('i32', memory.size);
      body.op('i32', 'lt_u');
      body.select();
    }
    this.scaleIndex(memory);
  }

  /** Push the number of an entry, which may be outside of the memory. */
  memoryIndex(memory: Memory, address: Bits): void {
    this.read(address, 'i32');
    if (memory.offset === 0) return;
    this.body.constant('i32', memory.offset);
    this.body.op('i32', 'sub');
  }

  /** Pop the byte offset of an entry, push its 64-bit chunk `chunk`. */
  loadMemory(memory: Memory, chunk: number): void {
    const type = typeFor(memory.width);
    this.body.load(type, memoryAccess(memory.width), memory.address + 8 * chunk);
  }

  /** Pop a value, then the byte offset of an entry; store 64-bit chunk `chunk`. */
  storeMemory(memory: Memory, chunk: number): void {
    const type = typeFor(memory.width);
    this.body.store(type, memoryAccess(memory.width), memory.address + 8 * chunk);
  }

  /** Turn the number of an entry on the stack into its byte offset. */
  scaleIndex(memory: Memory): void {
    const bytes = entryBytes(memory.width);
    if (bytes === 1) return;
    const shift = Math.log2(bytes);
    this.body.constant('i32', Number.isInteger(shift) ? shift : bytes);
    this.body.op('i32', Number.isInteger(shift) ? 'shl' : 'mul');
  }

  #readSlice(slice: WordSlice, type: ValueType): void {
    const { word, offset, width, extendedWidth, position } = slice;
    const total = typeBits(type);
    const isExtended = extendedWidth > width;
    const isTop = position + extendedWidth === total;
    if (isExtended && isTop && this.#loadSigned(word, offset, width, type)) {
      this.#shiftBy(type, 'shl', position);
      return;
    }
    const { shift, isClean } = this.#load(word, offset, width, type);
    if (isExtended) {
      this.#shiftBy(type, 'shl', total - shift - width);
      this.#shiftBy(type, 'shr_s', total - width);
      if (!isTop) this.mask(extendedWidth, type);
    } else {
      this.#shiftBy(type, 'shr_u', shift);
      if (!isClean && !isTop) this.mask(width, type);
    }
    this.#shiftBy(type, 'shl', position);
  }

  #shiftBy(type: ValueType, op: 'shl' | 'shr_u' | 'shr_s', distance: number): void {
    if (distance === 0) return;
    this.body.constant(type, distance);
    this.body.op(type, op);
  }

  /** Push a slice of 8, 16 or 32 whole bits sign-extended by the load itself, if it is one. */
  #loadSigned(word: Word, offset: number, width: number, type: ValueType): boolean {
    const isWhole = offset % 8 === 0 && (width === 8 || width === 16 || width === 32);
    if (!isWhole || width === typeBits(type)) return false;
    this.body.constant('i32', 0);
    this.body.load(type, width, word.address + offset / 8, true);
    return true;
  }

  /** Push bytes of a word that hold the slice from bit `shift`; when clean, nothing lies above it. */
  #load(
    word: Word,
    offset: number,
    width: number,
    type: ValueType,
  ): { shift: number; isClean: boolean } {
    const { body } = this;
    const bytes = slotBytes(word.width);
    const isClean = (firstBit: number, bits: number): boolean =>
      offset + width >= word.width || offset + width === firstBit + bits;
    const access = (bits: AccessBits, byte: number): { shift: number; isClean: boolean } => {
      body.constant('i32', 0);
      body.load(type, bits, word.address + byte);
      return { shift: offset - 8 * byte, isClean: isClean(8 * byte, bits) };
    };
    if (offset % 8 === 0 && (width === 8 || width === 16)) return access(width, offset / 8);
    const quarter = 4 * Math.floor(offset / 32);
    if (offset - 8 * quarter + width <= 32) return access(32, quarter);
    if (type === 'i32') {
      // Across two 32-bit quarters of a longer word.
      const byte = Math.min(offset >> 3, bytes - 8);
      body.constant('i32', 0);
      body.load('i64', 64, word.address + byte);
      if (offset > 8 * byte) {
        body.constant('i64', offset - 8 * byte);
        body.op('i64', 'shr_u');
      }
      body.wrap();
      return { shift: 0, isClean: width === 32 || offset + width >= word.width };
    }
    const chunk = 8 * Math.floor(offset / 64);
    if (offset - 8 * chunk + width <= 64) return access(64, chunk);
    const byte = Math.min(offset >> 3, bytes - 8);
    if (offset - 8 * byte + width <= 64) return access(64, byte);
    // More than 56 bits, not on a byte: nine bytes.
    const shift = offset - 8 * byte;
    access(64, byte);
    this.#shiftBy('i64', 'shr_u', shift);
    body.constant('i32', 0);
    body.load('i64', 8, word.address + byte + 8);
    this.#shiftBy('i64', 'shl', 64 - shift);
    body.op('i64', 'or');
    return { shift: 0, isClean: width === 64 };
  }
}
