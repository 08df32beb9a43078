import type { Circuit, CombCell, Word } from './circuit.js';
import { compileError, defineWord, isConstantBit, resizeBits } from './circuit.js';
import type { Bit, Bits } from './netlist.js';
import { describeCell } from './netlist.js';
import { sliceBits } from './slices.js';

/** Cells whose output bit k depends on bit k of their inputs only (and on a select). */
const BITWISE = new Set(['$pos', '$not', '$and', '$or', '$xor', '$xnor', '$mux']);

/** A connection of at least this many slices is assembled once when several cells read it. */
const SHARED_SLICES = 3;

/**
 * Put the combinational cells into an order in which each comes after the cells it reads, and mark
 * the words that follow input ports without a clock edge.
 *
 * A loop through whole words that is none bit by bit (`p = r | {p[6:0], 1'b0}`) is resolved by
 * splitting bitwise cells.
 *
 * @throws EdaError with the signals on it for a combinational loop.
 */
export function scheduleCircuit(circuit: Circuit): void {
  shareConcatenations(circuit);
  for (const cell of circuit.comb) cell.y.driver = cell;
  let order = topologicalOrder(circuit);
  // Splitting one loop may show the next, smaller one; each round removes cells that can be split.
  while (!order.isSorted) {
    const splittable = order.loop.filter((cell) => BITWISE.has(cell.type) && cell.y.width > 1);
    if (splittable.length === 0) throw loopError(circuit, order.loop);
    splitBits(circuit, new Set(splittable));
    order = topologicalOrder(circuit);
  }
  circuit.comb = order.cells;

  for (const word of circuit.inputs) word.dependsOnInput = true;
  for (const cell of circuit.comb) {
    cell.y.dependsOnInput = sources(circuit, cell).some((word) => word.dependsOnInput);
  }
}

type Order =
  | { readonly isSorted: true; readonly cells: CombCell[] }
  | { readonly isSorted: false; readonly loop: CombCell[] };

/** Depth-first, so that a cell comes soon after what it reads; iterative, since circuits are deep. */
function topologicalOrder(circuit: Circuit): Order {
  const done = new Set<CombCell>();
  const open = new Set<CombCell>();
  const cells: CombCell[] = [];
  for (const root of circuit.comb) {
    if (done.has(root)) continue;
    const stack = [{ cell: root, inputs: sources(circuit, root), next: 0 }];
    open.add(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const driver = top.inputs[top.next++]?.driver;
      if (top.next > top.inputs.length) {
        stack.pop();
        open.delete(top.cell);
        done.add(top.cell);
        cells.push(top.cell);
      } else if (driver !== undefined && open.has(driver)) {
        const start = stack.findIndex(({ cell }) => cell === driver);
        return { isSorted: false, loop: stack.slice(start).map(({ cell }) => cell) };
      } else if (driver !== undefined && !done.has(driver)) {
        open.add(driver);
        stack.push({ cell: driver, inputs: sources(circuit, driver), next: 0 });
      }
    }
  }
  return { isSorted: true, cells };
}

/** The words a cell reads, each once. */
function sources(circuit: Circuit, cell: CombCell): Word[] {
  const words = new Set<Word>();
  for (const bits of [cell.a, cell.b, cell.s]) {
    for (const bit of bits) {
      const place = isConstantBit(bit) ? undefined : circuit.places.get(bit);
      if (place !== undefined) words.add(place.word);
    }
  }
  return [...words];
}

function splitBits(circuit: Circuit, split: ReadonlySet<CombCell>): void {
  circuit.comb = circuit.comb.flatMap((cell) => {
    if (!split.has(cell)) return [cell];
    const width = cell.y.width;
    const isSigned = cell.isSignedA && (cell.isSignedB || cell.b.length === 0);
    const a = resizeBits(cell.a, isSigned, width);
    const b = cell.b.length === 0 ? [] : resizeBits(cell.b, isSigned, width);
    return cell.y.bits.map((bit, index): CombCell => {
      circuit.places.delete(bit);
      const y = defineWord(circuit.places, `${cell.y.name}[${index}]`, [bit], cell.y.name);
      const single = { ...cell, a: [a[index]], b: b.length === 0 ? [] : [b[index]], y };
      y.driver = single;
      return single;
    });
  });
}

/**
 * Assemble once what several cells read as the same concatenation of many slices, by a `$pos` cell
 * that stands for it.
 */
function shareConcatenations(circuit: Circuit): void {
  const uses = new Map<string, number>();
  const key = (bits: Bits): string => bits.join();
  const isFragmented = (bits: Bits): boolean =>
    bits.length >= SHARED_SLICES && sliceBits(bits, circuit.places).length >= SHARED_SLICES;
  const fragmented = new Map<Bits, string>();
  for (const cell of circuit.comb) {
    for (const bits of [cell.a, cell.b]) {
      if (!isFragmented(bits)) continue;
      const name = key(bits);
      fragmented.set(bits, name);
      uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  const shared = new Map<string, Bits>();
  const replace = (cell: CombCell, bits: Bits): Bits => {
    const name = fragmented.get(bits);
    if (name === undefined || (uses.get(name) ?? 0) < 2) return bits;
    let joined = shared.get(name);
    if (joined === undefined) {
      const first: Bit = circuit.nextBit;
      circuit.nextBit += bits.length;
      joined = bits.map((_, index) => first + index);
      shared.set(name, joined);
      const y = defineWord(circuit.places, `${cell.source.name} operand`, joined, 'concatenation');
      circuit.comb.push({
        ...{ type: '$pos', source: cell.source, a: bits, b: [], s: [] },
        ...{ isSignedA: false, isSignedB: false, y },
      });
    }
    return joined;
  };
  for (const cell of [...circuit.comb]) {
    cell.a = replace(cell, cell.a);
    cell.b = replace(cell, cell.b);
  }
}

function loopError(circuit: Circuit, loop: readonly CombCell[]): Error {
  const names = new Map<Bit, string>();
  for (const [name, bits] of circuit.netlist.nets) {
    bits.forEach((bit, index) => {
      if (!names.has(bit)) names.set(bit, bits.length === 1 ? name : `${name}[${index}]`);
    });
  }
  const steps = loop.map((cell) => {
    const name = cell.y.bits.map((bit) => names.get(bit)).find((found) => found !== undefined);
    return name === undefined
      ? describeCell(cell.source)
      : `${name} by ${describeCell(cell.source)}`;
  });
  return compileError(`combinational loop: ${steps.join(' -> ')}`);
}
