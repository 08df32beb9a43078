import type { CombCell } from './circuit.js';
import { compileError, resizeBits, slotBytes } from './circuit.js';
import type { Bits } from './netlist.js';
import { describeCell } from './netlist.js';
import type { ValueCode } from './value-code.js';
import { typeBits, typeFor } from './value-code.js';
import type { NumericOp, ValueType } from './wasm-encoder.js';

const BITWISE: Readonly<Record<string, NumericOp>> = {
  $and: 'and',
  $or: 'or',
  $xor: 'xor',
  $xnor: 'xor',
};
const ARITHMETIC: Readonly<Record<string, NumericOp>> = { $add: 'add', $sub: 'sub', $mul: 'mul' };
const COMPARISON: Readonly<Record<string, 'lt' | 'le' | 'gt' | 'ge'>> = {
  $lt: 'lt',
  $le: 'le',
  $gt: 'gt',
  $ge: 'ge',
};

/**
 * Append the code that computes the output word of a combinational cell from the current state.
 *
 * Meanings are those of Yosys' simlib.v on defined values: an operand is sign-extended only when all
 * operands of the cell are signed, and the result is truncated to the width of Y. Division by zero,
 * undefined in Verilog, gives 0.
 *
 * @throws EdaError for arithmetic of more than 64 bits.
 */
export function emitCell(code: ValueCode, cell: CombCell): void {
  const { type } = cell;
  if (type === '$mux') emitMux(code, cell);
  else if (type === '$pos' || type === '$not') emitUnaryBitwise(code, cell);
  else if (BITWISE[type] !== undefined) emitBitwise(code, cell, BITWISE[type]);
  else if (type === '$pmux') emitPriorityMux(code, cell);
  else if (ARITHMETIC[type] !== undefined) emitArithmetic(code, cell, ARITHMETIC[type]);
  else if (type === '$neg') emitNegate(code, cell);
  else if (type === '$div' || type === '$mod') emitDivide(code, cell);
  else if (COMPARISON[type] !== undefined) emitComparison(code, cell, COMPARISON[type]);
  else if (/^\$(eq|ne)x?$/.test(type)) emitEquality(code, cell);
  else if (/^\$(reduce|logic)_/.test(type)) emitReduction(code, cell);
  else if (type === '$window') emitWindow(code, cell);
  else if (/^\$s?sh/.test(type)) emitShift(code, cell);
  else if (type === '$memrd') emitMemoryRead(code, cell);
  else if (type === '$areset') emitAsyncReset(code, cell);
  else throw new Error(`no code for ${type}`);
}

/** Call `emit` for each 64-bit chunk of the output; what it pushes is stored there. */
function forChunks(
  code: ValueCode,
  cell: CombCell,
  emit: (low: number, width: number, type: ValueType) => void,
): void {
  const { y } = cell;
  const type = typeFor(y.width);
  for (let low = 0; low < y.width; low += 64) {
    code.body.constant('i32', 0);
    emit(low, Math.min(64, y.width - low), type);
    code.store(y.address, y.width, type, low / 64);
  }
}

function emitMux(code: ValueCode, cell: CombCell): void {
  forChunks(code, cell, (low, width, type) => {
    code.read(cell.b.slice(low, low + width), type);
    code.read(cell.a.slice(low, low + width), type);
    code.read(cell.s, 'i32');
    code.body.select();
  });
}

/** Yosys makes selects of a $pmux exclusive; should several be 1, the last wins here. */
function emitPriorityMux(code: ValueCode, cell: CombCell): void {
  const total = cell.y.width;
  forChunks(code, cell, (low, width, type) => {
    for (let choice = cell.s.length - 1; choice >= 0; choice--) {
      const start = choice * total + low;
      code.read(cell.b.slice(start, start + width), type);
    }
    code.read(cell.a.slice(low, low + width), type);
    for (const select of cell.s) {
      code.read([select], 'i32');
      code.body.select();
    }
  });
}

function emitUnaryBitwise(code: ValueCode, cell: CombCell): void {
  const a = resizeBits(cell.a, cell.isSignedA, cell.y.width);
  forChunks(code, cell, (low, width, type) => {
    code.read(a.slice(low, low + width), type);
    if (cell.type === '$not') emitInvert(code, width, type);
  });
}

function emitBitwise(code: ValueCode, cell: CombCell, op: NumericOp): void {
  const [a, b] = operands(cell, cell.y.width);
  forChunks(code, cell, (low, width, type) => {
    code.read(a.slice(low, low + width), type);
    code.read(b.slice(low, low + width), type);
    code.body.op(type, op);
    if (cell.type === '$xnor') emitInvert(code, width, type);
  });
}

function emitInvert(code: ValueCode, width: number, type: ValueType): void {
  code.body.constant(type, (1n << BigInt(width)) - 1n);
  code.body.op(type, 'xor');
}

/** Sum, difference and product modulo 2^width need no more than width bits of each operand. */
function emitArithmetic(code: ValueCode, cell: CombCell, op: NumericOp): void {
  const width = checkedWidth(cell, cell.y.width);
  const [a, b] = operands(cell, width);
  forChunks(code, cell, (_low, _width, type) => {
    code.read(a, type);
    code.read(b, type);
    code.body.op(type, op);
    code.mask(width, type);
  });
}

function emitNegate(code: ValueCode, cell: CombCell): void {
  const width = checkedWidth(cell, cell.y.width);
  forChunks(code, cell, (_low, _width, type) => {
    code.body.constant(type, 0);
    code.read(resizeBits(cell.a, cell.isSignedA, width), type);
    code.body.op(type, 'sub');
    code.mask(width, type);
  });
}

/** Quotient towards zero and its remainder, as Verilog's / and %. */
function emitDivide(code: ValueCode, cell: CombCell): void {
  const { body } = code;
  const width = checkedWidth(cell, Math.max(cell.a.length, cell.b.length, cell.y.width));
  const isSigned = cell.isSignedA && cell.isSignedB;
  const type = typeFor(width);
  const total = typeBits(type);
  const [a, b] = operands(cell, isSigned ? total : width);
  const isQuotient = cell.type === '$div';
  const divisor = body.local('divisor', type);
  const dividend = body.local('dividend', type);
  body.constant('i32', 0);
  code.read(a, type);
  body.setLocal(dividend);
  code.read(b, type);
  body.setLocal(divisor);

  body.constant(type, 0);
  // By -1, the quotient of the least number overflows and would trap: 0 - a there.
  if (isSigned) {
    body.constant(type, 0);
    if (isQuotient) {
      body.getLocal(dividend);
      body.op(type, 'sub');
    }
  }
  body.getLocal(dividend);
  body.constant(type, 1);
  body.getLocal(divisor);
  body.getLocal(divisor);
  body.op(type, 'eqz');
  if (isSigned) {
    body.getLocal(divisor);
    body.constant(type, -1);
    body.op(type, 'eq');
    body.op('i32', 'or');
  }
  body.select();
  body.op(type, isQuotient ? (isSigned ? 'div_s' : 'div_u') : isSigned ? 'rem_s' : 'rem_u');
  if (isSigned) {
    body.getLocal(divisor);
    body.constant(type, -1);
    body.op(type, 'eq');
    body.select();
  }
  body.getLocal(divisor);
  body.op(type, 'eqz');
  body.select();
  code.mask(Math.min(cell.y.width, total), type);
  if (type === 'i64' && typeFor(cell.y.width) === 'i32') {
    body.wrap();
    code.store(cell.y.address, cell.y.width, 'i32');
  } else {
    code.store(cell.y.address, cell.y.width, type);
  }
}

function emitComparison(
  code: ValueCode,
  cell: CombCell,
  relation: 'lt' | 'le' | 'gt' | 'ge',
): void {
  const width = checkedWidth(cell, Math.max(cell.a.length, cell.b.length));
  const isSigned = cell.isSignedA && cell.isSignedB;
  const type = typeFor(width);
  const [a, b] = operands(cell, isSigned ? typeBits(type) : width);
  code.body.constant('i32', 0);
  code.read(a, type);
  code.read(b, type);
  code.body.op(type, `${relation}_${isSigned ? 's' : 'u'}`);
  code.store(cell.y.address, cell.y.width, 'i32');
}

function emitEquality(code: ValueCode, cell: CombCell): void {
  const { body } = code;
  const width = Math.max(cell.a.length, cell.b.length);
  const [a, b] = operands(cell, width);
  const isEqual = cell.type.startsWith('$eq');
  body.constant('i32', 0);
  if (width <= 64) {
    const type = typeFor(width);
    code.read(a, type);
    code.read(b, type);
    body.op(type, isEqual ? 'eq' : 'ne');
  } else {
    for (let low = 0; low < width; low += 64) {
      code.read(a.slice(low, low + 64), 'i64');
      code.read(b.slice(low, low + 64), 'i64');
      body.op('i64', 'xor');
      if (low > 0) body.op('i64', 'or');
    }
    body.constant('i64', 0);
    body.op('i64', isEqual ? 'eq' : 'ne');
  }
  code.store(cell.y.address, cell.y.width, 'i32');
}

function emitReduction(code: ValueCode, cell: CombCell): void {
  const { body } = code;
  body.constant('i32', 0);
  switch (cell.type) {
    case '$reduce_and':
      emitAllOnes(code, cell.a);
      break;
    case '$reduce_xor':
    case '$reduce_xnor':
      emitParity(code, cell.a);
      if (cell.type === '$reduce_xnor') body.op('i32', 'eqz');
      break;
    case '$logic_not':
      emitAnyOne(code, cell.a);
      body.op('i32', 'eqz');
      break;
    case '$logic_and':
    case '$logic_or':
      emitAnyOne(code, cell.a);
      emitAnyOne(code, cell.b);
      body.op('i32', cell.type === '$logic_and' ? 'and' : 'or');
      break;
    default:
      emitAnyOne(code, cell.a);
  }
  code.store(cell.y.address, cell.y.width, 'i32');
}

/** Push 1 (i32) when a bit is 1, else 0. */
function emitAnyOne(code: ValueCode, bits: Bits): void {
  const type = typeFor(bits.length);
  emitChunks(code, bits, type, 'or');
  if (bits.length === 1) return;
  code.body.constant(type, 0);
  code.body.op(type, 'ne');
}

function emitParity(code: ValueCode, bits: Bits): void {
  const type = typeFor(bits.length);
  emitChunks(code, bits, type, 'xor');
  code.body.op(type, 'popcnt');
  if (type === 'i64') code.body.wrap();
  code.body.constant('i32', 1);
  code.body.op('i32', 'and');
}

function emitAllOnes(code: ValueCode, bits: Bits): void {
  const type = typeFor(bits.length);
  const total = typeBits(type);
  // Fill the last chunk with ones, so that all chunks are to be all ones.
  const padded = [...bits];
  while (padded.length % total !== 0) padded.push(1);
  emitChunks(code, padded, type, 'and');
  code.body.constant(type, -1);
  code.body.op(type, 'eq');
}

function emitChunks(code: ValueCode, bits: Bits, type: ValueType, op: NumericOp): void {
  if (bits.length === 0) code.body.constant(type, 0);
  for (let low = 0; low < bits.length; low += 64) {
    code.read(bits.slice(low, low + 64), type);
    if (low > 0) code.body.op(type, op);
  }
}

/** Shifts of values of at most 64 bits; wasm takes amounts modulo the type, so large ones are caught. */
function emitShift(code: ValueCode, cell: CombCell): void {
  const { body } = code;
  const { y } = cell;
  const isLeft = cell.type === '$shl' || cell.type === '$sshl';
  const isEitherWay = (cell.type === '$shift' || cell.type === '$shiftx') && cell.isSignedB;
  const isSignedValue = cell.type !== '$shiftx' && cell.isSignedA;
  const isArithmetic = cell.type === '$sshr' && cell.isSignedA;
  const width = isLeft ? y.width : Math.max(cell.a.length, y.width);
  const type = typeFor(width);
  const total = typeBits(type);
  const value = resizeBits(cell.a, isSignedValue, isArithmetic ? total : width);
  const amount = body.local('amount', 'i32');
  const shiftBy = (op: 'shl' | 'shr_s' | 'shr_u', isNegated: boolean): void => {
    code.read(value, type);
    if (isNegated) body.constant('i32', 0);
    body.getLocal(amount);
    if (isNegated) body.op('i32', 'sub');
    if (type === 'i64') body.extendUnsigned();
    body.op(type, op);
  };

  const low = isEitherWay ? -total : 0;
  const high = isArithmetic ? total - 1 : total;
  emitAmount(code, cell.b, isEitherWay, low, high);
  body.setLocal(amount);
  body.constant('i32', 0);
  if (isArithmetic) {
    shiftBy('shr_s', false);
  } else if (isEitherWay) {
    shiftBy('shr_u', false);
    shiftBy('shl', true);
    body.getLocal(amount);
    body.constant('i32', 0);
    body.op('i32', 'ge_s');
    body.select();
    body.constant(type, 0);
    // -total < amount < total
    body.getLocal(amount);
    body.constant('i32', total - 1);
    body.op('i32', 'add');
    body.constant('i32', 2 * total - 1);
    body.op('i32', 'lt_u');
    body.select();
  } else {
    shiftBy(isLeft ? 'shl' : 'shr_u', false);
    if (2 ** cell.b.length > total) {
      body.constant(type, 0);
      body.getLocal(amount);
      body.constant('i32', total);
      body.op('i32', 'lt_u');
      body.select();
    }
  }
  code.mask(y.width, type);
  if (type === 'i64' && typeFor(y.width) === 'i32') {
    body.wrap();
    code.store(y.address, y.width, 'i32');
  } else {
    code.store(y.address, y.width, type);
  }
}

/** Push a shift amount (i32), clamped to low..high. */
function emitAmount(
  code: ValueCode,
  bits: Bits,
  isSigned: boolean,
  low: number,
  high: number,
): void {
  const { body } = code;
  if (!isSigned && bits.length < 32 && 2 ** bits.length - 1 <= high) {
    code.read(bits, 'i32');
    return;
  }
  const type = typeFor(bits.length);
  const local = body.local('wide amount', type);
  const suffix = isSigned ? 's' : 'u';
  code.read(isSigned ? resizeBits(bits, true, typeBits(type)) : bits, type);
  body.setLocal(local);
  const clamp = (limit: number, op: 'lt' | 'gt'): void => {
    body.getLocal(local);
    body.constant(type, limit);
    body.getLocal(local);
    body.constant(type, limit);
    body.op(type, `${op}_${suffix}`);
    body.select();
    body.setLocal(local);
  };
  clamp(high, 'lt');
  if (isSigned) clamp(low, 'gt');
  body.getLocal(local);
  if (type === 'i64') body.wrap();
}

/** 64 bits at a time from a computed bit position of a padded word. */
function emitWindow(code: ValueCode, cell: CombCell): void {
  const { body } = code;
  const window = cell.window!;
  // The padded word is defined just for this: its bits are all of it.
  const padded = code.wordOf(cell.a[0]);
  const position = body.local('position', 'i32');
  const byte = body.local('byte', 'i32');
  const within = body.local('within', 'i64');
  body.constant('i32', window.base);
  emitAmount(code, cell.b, window.isAmountSigned, window.low, window.high);
  body.op('i32', window.direction === 1 ? 'add' : 'sub');
  body.teeLocal(position);
  body.constant('i32', 3);
  body.op('i32', 'shr_u');
  body.setLocal(byte);
  body.getLocal(position);
  body.constant('i32', 7);
  body.op('i32', 'and');
  body.extendUnsigned();
  body.setLocal(within);
  const { y } = cell;
  for (let low = 0; low < y.width; low += 64) {
    const width = Math.min(64, y.width - low);
    const address = padded.address + low / 8;
    body.constant('i32', 0);
    body.getLocal(byte);
    body.load('i64', 64, address);
    body.getLocal(within);
    body.op('i64', 'shr_u');
    if (width > 57) {
      body.getLocal(byte);
      body.load('i64', 8, address + 8);
      // (high << 1) << (63 - within) is high << (64 - within), right for within = 0 too.
      body.constant('i64', 1);
      body.op('i64', 'shl');
      body.constant('i64', 63);
      body.getLocal(within);
      body.op('i64', 'sub');
      body.op('i64', 'shl');
      body.op('i64', 'or');
    }
    code.mask(width, 'i64');
    if (slotBytes(y.width) === 4) body.wrap();
    code.store(y.address, y.width, slotBytes(y.width) === 4 ? 'i32' : 'i64', low / 64);
  }
}

/** An address outside of the memory reads 0. */
function emitMemoryRead(code: ValueCode, cell: CombCell): void {
  const memory = cell.memory!;
  const base = code.body.local('entry', 'i32');
  code.memoryAddress(memory, cell.a);
  code.body.setLocal(base);
  forChunks(code, cell, (low) => {
    code.body.getLocal(base);
    code.loadMemory(memory, low / 64);
  });
}

/** While its asynchronous reset is active, a register holds its reset value. */
function emitAsyncReset(code: ValueCode, cell: CombCell): void {
  code.read(cell.a, 'i32');
  if (!cell.isSignedA) code.body.op('i32', 'eqz');
  code.body.if();
  forChunks(code, cell, (low, width, type) => {
    code.read(cell.b.slice(low, low + width), type);
  });
  code.body.end();
}

/** Both operands at `width` bits, sign-extended when both are signed. */
function operands(cell: CombCell, width: number): [Bits, Bits] {
  const isSigned = cell.isSignedA && cell.isSignedB;
  return [resizeBits(cell.a, isSigned, width), resizeBits(cell.b, isSigned, width)];
}

function checkedWidth(cell: CombCell, width: number): number {
  if (width > 64) {
    throw compileError(
      `${describeCell(cell.source)}: ${width}-bit ${cell.type.slice(1)}; arithmetic ends at 64 bits`,
    );
  }
  return width;
}
