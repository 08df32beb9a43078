import { emitCell } from './cell-code.js';
import type { Circuit, Condition, Memory, Register, Word } from './circuit.js';
import { isConstantBit, slotBytes } from './circuit.js';
import type { Bit, Bits } from './netlist.js';
import { entryBytes, typeFor, ValueCode } from './value-code.js';
import type { WasmFunction } from './wasm-encoder.js';
import { encodeModule, FunctionBody } from './wasm-encoder.js';

/** Code is cut into functions of about this many bytes, which engines compile well. */
const FUNCTION_BYTES = 12_000;
const PAGE_BYTES = 65_536;

export interface CompiledCircuit {
  /**
   * A WebAssembly module that exports `memory`, `tick(n)`, `settleState()` and `settleInputs()`.
   *
   * settleState computes the words that follow from registers alone, settleInputs the others.
   * tick(n) makes n clock edges; it expects all words settled, and leaves settleInputs to be called.
   */
  readonly wasm: Uint8Array;
  /** Bytes of state: words, then memories. */
  readonly stateBytes: number;
}

/**
 * Compile a scheduled circuit. The state is laid out on the way: `address` of each word and memory
 * is set.
 */
export function compileCircuit(circuit: Circuit): CompiledCircuit {
  const update = orderRegisters(circuit);
  const { shadows, stateBytes } = layOut(circuit, update.shadowed);

  const functions: WasmFunction[] = [];
  const sequence = (
    steps: readonly ((code: ValueCode) => void)[],
    exportName: string | undefined,
  ): number => {
    const calls: number[] = [];
    let body = new FunctionBody();
    const flush = (): void => {
      if (body.size === 0) return;
      calls.push(functions.push({ parameterCount: 0, body }) - 1);
      body = new FunctionBody();
    };
    for (const step of steps) {
      step(new ValueCode(body, circuit.places));
      if (body.size > FUNCTION_BYTES) flush();
    }
    flush();
    const all = new FunctionBody();
    for (const index of calls) all.call(index);
    const entry: WasmFunction = { parameterCount: 0, body: all };
    return functions.push(exportName === undefined ? entry : { ...entry, exportName }) - 1;
  };

  const isLate = (word: Word): boolean => word.dependsOnInput;
  const settle = (cells: Circuit['comb']): ((code: ValueCode) => void)[] =>
    cells.map((cell) => (code) => emitCell(code, cell));
  const settleState = sequence(
    settle(circuit.comb.filter((cell) => !isLate(cell.y))),
    'settleState',
  );
  const settleInputs = sequence(
    settle(circuit.comb.filter((cell) => isLate(cell.y))),
    'settleInputs',
  );
  const registers = (list: readonly Register[]): ((code: ValueCode) => void)[] =>
    list.map(
      (register) => (code) =>
        emitRegister(code, register, shadows.get(register) ?? register.word, shadows.has(register)),
    );
  const edge = sequence(
    [
      ...registers(update.beforeWrites),
      ...circuit.memories.flatMap((memory) =>
        memory.writes.map((_, port) => (code: ValueCode) => emitMemoryWrite(code, memory, port)),
      ),
      ...registers(update.afterWrites),
      ...[...shadows].map(
        ([register, shadow]) =>
          (code: ValueCode) =>
            emitCopy(code, shadow, register.word),
      ),
    ],
    undefined,
  );

  const tick = new FunctionBody(1);
  tick.block();
  tick.loop();
  tick.getLocal(0);
  tick.op('i32', 'eqz');
  tick.branchIf(1);
  tick.call(edge);
  tick.call(settleState);
  tick.getLocal(0);
  tick.constant('i32', 1);
  tick.op('i32', 'sub');
  tick.setLocal(0);
  tick.getLocal(0);
  tick.op('i32', 'eqz');
  tick.branchIf(1);
  tick.call(settleInputs);
  tick.branch(0);
  tick.end();
  tick.end();
  functions.push({ parameterCount: 1, body: tick, exportName: 'tick' });

  return { wasm: encodeModule(functions, Math.ceil(stateBytes / PAGE_BYTES)), stateBytes };
}

interface UpdateOrder {
  /** Reads of memories that must see them before this edge's writes; all shadowed. */
  readonly beforeWrites: readonly Register[];
  readonly afterWrites: readonly Register[];
  /** Registers whose new value must wait until all others have read the old one. */
  readonly shadowed: ReadonlySet<Register>;
}

/**
 * Order the registers so that whoever reads a register directly is updated before it: a shift
 * register from its end. What is left, rings and the like, goes through a shadow word.
 */
function orderRegisters(circuit: Circuit): UpdateOrder {
  const shadowed = new Set<Register>();
  const beforeWrites: Register[] = [];
  const others: Register[] = [];
  for (const register of circuit.registers) {
    const { data } = register;
    if (data.kind === 'memory' && !data.isTransparent) {
      beforeWrites.push(register);
      shadowed.add(register);
    } else {
      others.push(register);
    }
  }
  const owner = new Map(others.map((register) => [register.word, register]));
  const readers = new Map<Register, Set<Register>>();
  for (const reader of others) {
    for (const word of registerSources(circuit, reader)) {
      const read = owner.get(word);
      if (read === undefined) continue;
      if (read === reader) {
        // Chunk by chunk, a wide register would read what it has just written.
        if (read.word.width > 64) shadowed.add(read);
        continue;
      }
      let set = readers.get(read);
      if (set === undefined) readers.set(read, (set = new Set()));
      set.add(reader);
    }
  }
  const order: Register[] = [];
  const state = new Map<Register, 'open' | 'done'>();
  for (const root of others) {
    if (state.has(root)) continue;
    const stack = [{ register: root, pending: [...(readers.get(root) ?? [])] }];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const reader = top.pending.pop();
      if (reader === undefined) {
        stack.pop();
        state.set(top.register, 'done');
        order.push(top.register);
      } else if (state.get(reader) === 'open') {
        // `reader` will be updated after this one, which it reads.
        shadowed.add(top.register);
      } else if (state.get(reader) === undefined) {
        state.set(reader, 'open');
        stack.push({ register: reader, pending: [...(readers.get(reader) ?? [])] });
      }
    }
  }
  return { beforeWrites, afterWrites: order, shadowed };
}

/** Words that a register's update reads. */
function registerSources(circuit: Circuit, { data, enable, reset }: Register): Set<Word> {
  const bits: Bit[] = [...(data.kind === 'bits' ? data.bits : data.address)];
  if (enable !== undefined) bits.push(enable.bit);
  if (reset !== undefined) bits.push(reset.bit);
  const words = new Set<Word>();
  for (const bit of bits) {
    const place = isConstantBit(bit) ? undefined : circuit.places.get(bit);
    if (place !== undefined) words.add(place.word);
  }
  return words;
}

/** Inputs, registers, then cells in the order of evaluation, so that neighbours share cache lines. */
function layOut(
  circuit: Circuit,
  shadowed: ReadonlySet<Register>,
): { shadows: Map<Register, Word>; stateBytes: number } {
  let next = 8;
  const place = (item: { address: number }, bytes: number): void => {
    if (bytes >= 8) next = 8 * Math.ceil(next / 8);
    item.address = next;
    next += bytes;
  };
  const placed = new Set<Word>();
  const placeWord = (word: Word): void => {
    if (placed.has(word)) return;
    placed.add(word);
    place(word, slotBytes(word.width));
  };
  circuit.inputs.forEach(placeWord);
  circuit.registers.forEach(({ word }) => placeWord(word));
  circuit.comb.forEach(({ y }) => placeWord(y));
  const shadows = new Map<Register, Word>();
  for (const register of shadowed) {
    const shadow = { ...register.word };
    place(shadow, slotBytes(shadow.width));
    shadows.set(register, shadow);
  }
  for (const memory of circuit.memories) {
    next = 8 * Math.ceil(next / 8);
    // One spare entry that is always 0 answers reads outside of the memory.
    place(memory, entryBytes(memory.width) * (memory.size + 1));
  }
  return { shadows, stateBytes: 8 * Math.ceil(next / 8) + 8 };
}

/**
 * Compute a register's next value into `target`, which is the register itself or its shadow. A shadow
 * is always written, since it is always copied.
 */
function emitRegister(code: ValueCode, register: Register, target: Word, isShadow: boolean): void {
  const { body } = code;
  const { word, data, enable, reset } = register;
  const type = typeFor(word.width);
  const enabled = (): void => {
    if (enable !== undefined) emitCondition(code, enable);
    if (enable !== undefined && reset !== undefined && !reset.isGatedByEnable) {
      emitCondition(code, reset);
      body.op('i32', 'or');
    }
  };
  const isAlwaysEnabled = enable === undefined || (enable.isActiveHigh && enable.bit === 1);
  const isGuarded = !isAlwaysEnabled && !isShadow;
  if (isGuarded) {
    enabled();
    body.if();
  }
  const entry = body.local('entry', 'i32');
  if (data.kind === 'memory') {
    code.memoryAddress(data.memory, data.address);
    body.setLocal(entry);
  }
  for (let low = 0; low < word.width; low += 64) {
    const slice = (bits: Bits): Bits => bits.slice(low, low + 64);
    body.constant('i32', 0);
    if (reset !== undefined) code.read(slice(reset.value), type);
    if (data.kind === 'bits') {
      code.read(slice(data.bits), type);
    } else {
      body.getLocal(entry);
      code.loadMemory(data.memory, low / 64);
    }
    if (reset !== undefined) {
      emitCondition(code, reset);
      body.select();
    }
    if (!isAlwaysEnabled && isShadow) {
      code.read(slice(word.bits), type);
      enabled();
      body.select();
    }
    code.store(target.address, word.width, type, low / 64);
  }
  if (isGuarded) body.end();
}

function emitCondition(code: ValueCode, { bit, isActiveHigh }: Condition): void {
  code.read([bit], 'i32');
  if (!isActiveHigh) code.body.op('i32', 'eqz');
}

function emitCopy(code: ValueCode, from: Word, to: Word): void {
  const { body } = code;
  const type = typeFor(from.width);
  for (let low = 0; low < from.width; low += 64) {
    body.constant('i32', 0);
    body.constant('i32', 0);
    body.load(type, type === 'i32' ? 32 : 64, from.address + low / 8);
    code.store(to.address, to.width, type, low / 64);
  }
}

/** Writes outside of the memory are dropped. */
function emitMemoryWrite(code: ValueCode, memory: Memory, port: number): void {
  const { body } = code;
  const { address, data, enable } = memory.writes[port];
  if (enable.every((bit) => bit !== 1 && isConstantBit(bit))) return;
  const type = typeFor(memory.width);
  const entry = body.local('entry', 'i32');
  const isWhole = enable.every((bit) => bit === enable[0]);

  code.memoryIndex(memory, address);
  body.setLocal(entry);
  if (isWhole) code.read([enable[0]], 'i32');
  else emitAny(code, enable);
  body.getLocal(entry);
  body.constant('i32', memory.size);
  body.op('i32', 'lt_u');
  body.op('i32', 'and');
  body.if();
  body.getLocal(entry);
  code.scaleIndex(memory);
  body.setLocal(entry);
  for (let low = 0; low < memory.width; low += 64) {
    const dataChunk = data.slice(low, low + 64);
    body.getLocal(entry);
    if (isWhole) {
      code.read(dataChunk, type);
    } else {
      // old ^ ((old ^ data) & enable)
      const old = body.local('old', type);
      body.getLocal(entry);
      code.loadMemory(memory, low / 64);
      body.teeLocal(old);
      code.read(dataChunk, type);
      body.op(type, 'xor');
      code.read(enable.slice(low, low + 64), type);
      body.op(type, 'and');
      body.getLocal(old);
      body.op(type, 'xor');
    }
    code.storeMemory(memory, low / 64);
  }
  body.end();
}

function emitAny(code: ValueCode, bits: Bits): void {
  const distinct = [...new Set(bits)];
  for (let low = 0; low < distinct.length; low += 32) {
    code.read(distinct.slice(low, low + 32), 'i32');
    if (low > 0) code.body.op('i32', 'or');
  }
  code.body.constant('i32', 0);
  code.body.op('i32', 'ne');
}
