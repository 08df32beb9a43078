/** Design -> the parts that it is made of, each with the parameters its cost depends on. */
import { MULTIPLIER_BITS, PREACT_BITS } from '../quant/arithmetic.js';
import { weightBits } from '../quant/quantized-model.js';
import type { Design, MemorySpec } from '../design/design.js';
import { indexBits } from '../design/plan.js';
import type { ParameterValues, Primitive } from './primitives.js';

/** So many instances of one primitive, all with the same parameters. */
export interface LogicPart {
  readonly kind: 'logic';
  /** Place in the attribution tree, outermost first. */
  readonly path: readonly string[];
  readonly primitive: Primitive;
  readonly count: number;
  readonly parameters: ParameterValues;
}

/** So many memories of one shape. */
export interface MemoryPart {
  readonly kind: 'memory';
  readonly path: readonly string[];
  readonly role: MemorySpec['role'];
  readonly type: MemorySpec['kind'];
  readonly width: number;
  readonly depth: number;
  readonly count: number;
}

export type Part = LogicPart | MemoryPart;

/** Rows of the array that ever hold an output; synthesis removes the others. */
export function usedRows(design: Design): number {
  return Math.min(design.rows, Math.max(...design.jobs.map((job) => job.outputs)));
}

/**
 * Bits of a row word that differ between rows: synthesis keeps no memory for a bit that never changes.
 * The layout is that of the row memory: thresholds {high, low}, or {shift select, multiplier, bias}.
 */
export function changingRowBits(design: Design): number {
  const { accBits, shiftMin, model } = design;
  let ones = 0n;
  let zeros = 0n;
  const all = (1n << 128n) - 1n;
  for (const job of design.jobs) {
    const rows = job.kind === 'head' ? model.head.rows : model.layers[job.layer].rows;
    for (const row of rows) {
      const word =
        row.kind === 'threshold'
          ? BigInt.asUintN(accBits, BigInt(row.low)) |
            (BigInt.asUintN(accBits, BigInt(row.high)) << BigInt(accBits))
          : BigInt.asUintN(PREACT_BITS, BigInt(row.bias)) |
            (BigInt(row.multiplier) << BigInt(PREACT_BITS)) |
            (BigInt(row.shift - shiftMin) << BigInt(PREACT_BITS + MULTIPLIER_BITS));
      ones |= word;
      zeros |= all ^ word;
    }
  }
  return (ones & zeros).toString(2).replaceAll('0', '').length;
}

/** Every part of the design: together they are what is emitted. */
export function inventory(design: Design): Part[] {
  const { jobs, layers, input, columns, accBits, shiftMin, shiftBits } = design;
  const isLevel3 = design.scheme.gates === 'level3';
  const isToken = input.kind === 'tokens';
  const rows = usedRows(design);
  const segments = jobs.flatMap((job) => job.segments);
  const hiddenTotal = layers.reduce((sum, layer) => sum + layer.hiddenSize, 0);
  const memory = (role: MemorySpec['role']): MemorySpec => {
    const found = design.memories.find((spec) => spec.role === role);
    if (!found) throw new Error(`inventory: the design has no ${role} memory`);
    return found;
  };
  const padCycles = Math.max(...jobs.map((job) => job.padCycles));
  const hiddenBits = indexBits(2 * hiddenTotal);
  const index = isToken ? input.strideBits : indexBits(input.size);
  const layerBits = layers.length > 1 ? indexBits(layers.length) : 0;
  const rowSelectBits = indexBits(design.rows);
  const common: ParameterValues = {
    accBits,
    weightBits: weightBits(design.scheme.weights),
    rows,
    columns,
    rowSelectBits,
    rowAddressBits: indexBits(memory('rows').depth),
    rowWordBits: changingRowBits(design),
    weightAddressBits: indexBits(memory('weights').depth),
    hiddenBits,
    unitBits: indexBits(hiddenTotal),
    indexBits: index,
    tokenBits: isToken ? input.tokenBits : 0,
    classBits: indexBits(design.classes),
    layerBits,
    layers: layers.length,
    kBits: indexBits(Math.max(...segments.map((segment) => segment.length))),
    foldBits: indexBits(Math.max(...jobs.map((job) => job.folds))),
    segments: segments.length,
    segmentBits: indexBits(segments.length),
    padBits: padCycles > 0 ? indexBits(padCycles + 1) : 0,
    shiftMin,
    shiftBits,
    hasThresholds: isLevel3 ? 1 : 0,
    // valid, input, clear, address of h, index of x, buffer, release
    issueBits: 5 + hiddenBits + index,
    // valid, row, head, gate, first, last, fresh, bank, layer
    drainBits: 8 + rowSelectBits + layerBits,
  };

  const parts: Part[] = [];
  const logic = (
    path: readonly string[],
    primitive: Primitive,
    count = 1,
    more: ParameterValues = {},
  ): void => {
    if (count > 0)
      parts.push({ kind: 'logic', path, primitive, count, parameters: { ...common, ...more } });
  };
  const store = (
    path: readonly string[],
    role: MemorySpec['role'],
    change: { width?: number; count?: number } = {},
  ): void => {
    const { kind: type, width, depth, copies: count } = memory(role);
    parts.push({ kind: 'memory', path, role, type, width, depth, count, ...change });
  };

  logic(['control', 'sequencer'], 'sequencer');
  logic(['control', 'drain control'], 'drain');
  logic(['control', 'input stream'], 'input-stream', 1, isToken ? { indexBits: 0 } : {});
  logic(['control', 'output stream'], 'output-stream');
  if (columns > 1) logic(['control', 'column delays'], 'column-delay', columns - 1);
  logic(['weights', 'address pipeline'], 'weight-bank', rows);
  store(['weights', 'banks'], 'weights', { count: rows });
  store(['row parameters'], 'rows', { width: changingRowBits(design) });
  if (isToken) {
    logic(['input', 'token buffer'], 'token-source', columns);
    store(['input', 'embedding'], 'embedding');
  } else {
    logic(['input', 'addressing'], 'dense-source', columns);
    store(['input', 'buffer'], 'input');
  }
  logic(['array', 'operand select'], 'operand-select', columns);
  logic(
    ['array', 'processing elements'],
    design.scheme.weights === 'ternary' ? 'pe-ternary' : 'pe-int8',
    rows * columns,
  );
  logic(['array', 'drain multiplexer'], 'drain-mux', columns);
  store(['hidden state'], 'hidden');
  logic(['lane', 'pipeline'], isLevel3 ? 'lane-level3' : 'lane-int16', columns);
  if (isLevel3) logic(['lane', 'thresholds'], 'threshold', columns);
  logic(['lane', 'requantizer'], 'requantizer', columns);
  logic(['lane', 'argmax'], 'argmax', columns);
  logic(['lane', 'tanh', 'lookup'], 'tanh-lookup', 2 * columns);
  store(['lane', 'tanh', 'table'], 'tanh');
  logic(['cell', 'update'], isLevel3 ? 'cell-level3' : 'cell-int16', columns);
  if (isLevel3) {
    logic(['cell', 'gate of c'], 'shift-multiplier', 2 * columns, { bits: 16 });
    logic(['cell', 'gate of h'], 'shift-multiplier', columns, { bits: 13 });
  }
  store(['cell', 'state'], 'cell');
  return parts;
}
