/** Design -> the parts that it is made of, each with the parameters its cost depends on. */
import { PREACT_BITS } from '../quant/arithmetic.js';
import {
  beatsPerStep,
  drainGap,
  lstmJobs,
  tableOf,
  usesPlanes,
  type Design,
  type MemorySpec,
  type Structure,
} from '../design/design.js';
import { countElements } from '../design/multipliers.js';
import { startBits, usesSquash, usesTanh } from '../design/memory-plan.js';
import { squashShape } from '../design/squash.js';
import { TANH_FRACTION } from '../quant/tanh.js';
import type { Widths } from '../design/outline.js';
import { indexBits } from '../design/bits.js';
import { comesAsTrits } from '../design/weight-stream.js';
import { arrayRows, rowWords } from '../design/planes.js';
import { isStationary } from '../design/stationary.js';
import type { Parameter, ParameterValues, Primitive } from './primitives.js';
import { stationaryParts } from './stationary-inventory.js';

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

/** What is told of every part, one after the other. */
export interface PartVisitor {
  /** `more`: parameters that this part has instead of those common to all. */
  logic(
    path: readonly string[],
    primitive: Primitive,
    count: number,
    more: ParameterValues | undefined,
  ): void;
  memory(path: readonly string[], spec: MemorySpec, width: number, count: number): void;
}

/** Rows of the array that ever hold a sum; synthesis removes the others, unless their weights can be loaded. */
export function usedRows(design: Structure): number {
  if (design.weights !== undefined) return design.rows;
  let most = 0;
  for (const { sums } of design.jobs) most = Math.max(most, sums);
  return Math.min(design.rows, most);
}

/**
 * Bits of a row word that differ between rows: synthesis keeps no memory for a bit that never changes. Of words
 * that are loaded, all.
 */
export function changingRowBits(design: Design): number {
  if (design.weights === 'ram') return design.memories.find(({ role }) => role === 'rows')!.width;
  const { model, jobs, array } = design;
  const matrices = jobs.map((job) => arrayRows(model, job, array));
  let ones = 0n;
  let zeros = 0n;
  for (const word of rowWords(design, matrices)) {
    ones |= word;
    zeros |= ~word;
  }
  const width = design.memories.find(({ role }) => role === 'rows')!.width;
  const changing = BigInt.asUintN(width, ones & zeros);
  return changing.toString(2).replaceAll('0', '').length;
}

/** What the weights of a design decide of it: given to `outline`, the same design comes without them. */
export function widthsOf(design: Design): Widths {
  const { accBits, sumBits, multiplierBits, shiftMin, shiftBits, combiner } = design;
  return {
    ...{ accBits, sumBits, multiplierBits, shiftMin, shiftBits, combiner },
    table: tableOf(design),
    rowWordBits: changingRowBits(design),
  };
}

const ELEMENTS = {
  binary: 'pe-binary',
  ternary: 'pe-ternary',
  pow2: 'pe-pow2',
  int: 'pe-int',
} as const;

/** Primitive of the array's elements; of two kinds, that of those with a multiplier. */
export function peOf({ array, multipliers }: Pick<Design, 'array' | 'multipliers'>): Primitive {
  const { kind, activationBits } = array;
  if (multipliers?.dsp === 0) return 'pe-recoded';
  return activationBits === 2 ? 'pe-popcount' : ELEMENTS[kind];
}

const COMBINERS = { one: 'combine-add', power: 'combine-shift', any: 'combine-multiply' } as const;

/** Primitive of the combiner, where the design has one. */
export function combinerOf({ combiner }: Pick<Design, 'combiner'>): Primitive | undefined {
  return combiner && COMBINERS[combiner.factors];
}

/** Primitive of the schedule. */
export function sequencerOf({
  sequence,
  dataflow,
}: Pick<Design, 'sequence' | 'dataflow'>): 'sequencer' | 'sequence-sequencer' | 'sparse-sequencer' {
  if (sequence) return 'sequence-sequencer';
  return dataflow === 'sparse' ? 'sparse-sequencer' : 'sequencer';
}

/** Primitive of what x comes from, besides memories. */
export function sourceOf({
  input,
  sequence,
  weights,
}: Pick<Design, 'input' | 'sequence' | 'weights'>):
  'sequence-source' | 'token-source' | 'feature-source' | 'dense-source' {
  if (sequence) return 'sequence-source';
  if (weights === 'ram' && input.kind === 'tokens') return 'feature-source';
  return ({ tokens: 'token-source', features: 'feature-source', dense: 'dense-source' } as const)[
    input.kind
  ];
}

/** What the schedule's counters have to hold: the longest segment, the most folds, the longest pad; and its segments. */
function scheduleExtent(
  jobs: Structure['jobs'],
): Record<'longest' | 'folds' | 'padCycles' | 'segments', number> {
  const extent = { longest: 0, folds: 0, padCycles: 0, segments: 0 };
  for (const job of jobs) {
    extent.folds = Math.max(extent.folds, job.folds);
    for (const pass of job.passes) {
      extent.padCycles = Math.max(extent.padCycles, pass.padCycles);
      extent.segments += pass.segments.length;
      for (const { length } of pass.segments) extent.longest = Math.max(extent.longest, length);
    }
  }
  return extent;
}

/** Widths of what travels from column to column, as the top module has them. */
function columnWidths(
  design: Structure,
  common: {
    readonly rowSelectBits: number;
    readonly layerBits: number;
    readonly indexBits: number;
    readonly inputAddressBits: number;
  },
  hiddenBits: number,
): { issueBits: number; drainBits: number; delayBits: number } {
  const { combiner, input, array, memories, sequence } = design;
  const { rowSelectBits, layerBits, indexBits: index, inputAddressBits } = common;
  const isTabled = tableOf(design) !== undefined;
  const passes = combiner?.passes ?? 1;
  const rowAddress = indexBits(memories.find(({ role }) => role === 'rows')!.depth);
  // flush, row, first and last fold, first job, head, fresh, bank, layer, passes
  const flush = 7 + rowSelectBits + layerBits + (passes > 1 ? 2 : 0);
  return {
    // valid, clear, address of h; input, index of x, buffer, release
    issueBits: isTabled
      ? 2 + hiddenBits
      : sequence
        ? 3 + hiddenBits + inputAddressBits + (input.kind === 'dense' ? 0 : index)
        : 5 + hiddenBits + index + (input.kind === 'features' ? indexBits(input.tables.length) : 0),
    // valid, row, head, gate, first, last, fresh, bank, layer; planes, passes, output
    drainBits:
      8 +
      rowSelectBits +
      layerBits +
      (usesPlanes(design) ? 2 : 0) +
      (passes > 1 ? 2 : 0) +
      (isTabled ? index + (sequence ? inputAddressBits : 0) : 0),
    delayBits: (combiner ? 2 * rowAddress : 0) + (array.activationBits === 2 ? flush : 0),
  };
}

/** Bits of what travels down the banks; of streamed weights {taken, place in the line, half, line}. */
function weightAddressBits({ weightStream }: Structure, depth: number): number {
  return (weightStream ? 1 + indexBits(weightStream.perLine) : 0) + indexBits(depth);
}

/** What weights from off chip take besides banks. */
function streamParts(
  { weightStream, array, rows }: Structure,
  logic: (
    path: readonly string[],
    primitive: Primitive,
    count: number,
    more?: ParameterValues,
  ) => void,
): void {
  if (!weightStream) return;
  const { rowsPerWrite, itemBits, beatsPerItem, bits } = weightStream;
  const writeBits = beatsPerItem > 1 ? beatsPerItem * bits : rowsPerWrite * itemBits;
  logic(['weights', 'stream'], 'weight-stream', 1, { writeBits });
  if (comesAsTrits(array)) {
    logic(['weights', 'decoders'], 'trit-decoder', (rowsPerWrite * itemBits) / 8);
  }
  logic(['weights', 'words of lines'], 'line-select', rows);
}

/** Every part of the design: together they are what is emitted. */
export function inventory(design: Design): Part[] {
  const parts: Part[] = [];
  visitParts(design, changingRowBits(design), (common) => ({
    logic: (path, primitive, count, more) => {
      const parameters = { ...common, ...more };
      parts.push({ kind: 'logic', path, primitive, count, parameters });
    },
    memory: (path, { role, kind: type, depth }, width, count) => {
      parts.push({ kind: 'memory', path, role, type, width, depth, count });
    },
  }));
  return parts;
}

/**
 * Tell `begin`'s visitor of every part, in the order of the inventory.
 *
 * @param rowWordBits bits of a row word that are kept (changingRowBits)
 * @param begin is given the parameters that all parts have
 */
export function visitParts(
  design: Structure,
  rowWordBits: number,
  begin: (common: Readonly<Record<Parameter, number>>) => PartVisitor,
): void {
  const { jobs, input, layers, columns, accBits, sumBits, shiftMin, shiftBits } = design;
  const { scheme, array, combiner, multiplierBits } = design;
  const isLevel = scheme.gates !== 'int16';
  const { sequence, headOutput, headWhen } = design;
  const isDense = input.kind === 'dense';
  const table = tableOf(design);
  const beats = beatsPerStep(design);
  const directions = lstmJobs(design);
  const ternaryCandidate = scheme.candidate === 'ternary' ? 1 : 0;
  const ternaryHidden = scheme.activations === 'ternary' ? 1 : 0;
  const hasThresholds = isLevel || ternaryCandidate === 1 ? 1 : 0;
  const rows = usedRows(design);
  const extent = scheduleExtent(jobs);
  const found = (role: MemorySpec['role']): MemorySpec | undefined =>
    design.memories.find((spec) => spec.role === role);
  const memory = (role: MemorySpec['role']): MemorySpec => {
    const spec = found(role);
    if (!spec) throw new Error(`inventory: the design has no ${role} memory`);
    return spec;
  };
  const isSparse = design.dataflow === 'sparse';
  const padCycles = isSparse ? drainGap(design) : extent.padCycles;
  const hiddenBits = indexBits(memory('hidden').depth);
  const words = (elements: number): number => Math.ceil(elements / array.pack);
  const select = {
    rowSelectBits: indexBits(design.rows),
    layerBits: directions.length > 1 ? indexBits(directions.length) : 0,
    indexBits: isDense ? indexBits(words(input.size)) : input.strideBits,
    inputAddressBits: sequence ? indexBits(sequence.maxSteps * sequence.inputWords) : 1,
  };
  const { rowSelectBits, layerBits, indexBits: index, inputAddressBits } = select;
  const { issueBits, drainBits, delayBits } = columnWidths(design, select, hiddenBits);
  // Written out: objects made of others are slow to read.
  const common: Record<Parameter, number> = {
    rowSelectBits,
    layerBits,
    indexBits: index,
    inputAddressBits,
    issueBits,
    drainBits,
    delayBits,
    accBits,
    sumBits,
    weightBits: array.weightBits,
    pack: array.pack,
    sequenceBits: 1,
    lineOperands: design.weightStream?.perLine ?? 1,
    writeBits: 1,
    operandBits: array.activationBits * array.pack,
    rows,
    columns,
    rowAddressBits: indexBits(memory('rows').depth),
    rowWordBits,
    weightAddressBits: indexBits(memory('weights').depth),
    hiddenBits,
    unitBits: indexBits(memory('cell').depth),
    features: isDense || beats === 1 ? 1 : 2 ** indexBits(beats),
    startBits: isDense ? 0 : startBits(input),
    hasJump:
      headWhen === 'last-step' && directions[directions.length - 1].direction === 'backward'
        ? 1
        : 0,
    tokenBits: isDense ? 0 : input.tokenBits,
    classBits: indexBits(design.classes),
    layers: directions.length,
    kBits: indexBits(extent.longest),
    foldBits: indexBits(extent.folds),
    segments: extent.segments,
    segmentBits: indexBits(extent.segments),
    padBits: padCycles > 0 ? indexBits(padCycles + 1) : 0,
    passes: combiner?.passes ?? 1,
    placeBits: combiner?.placeBits ?? 1,
    factorBits: found('factors')?.width ?? 0,
    factorAddressBits: found('factors') ? indexBits(memory('factors').depth) : 0,
    tableBits: table ? table.bits + table.shift : 0,
    multiplierBits,
    shiftMin,
    shiftBits,
    hasThresholds,
    ternaryCandidate,
    ternaryHidden,
    hasHalves: scheme.gates === 'level3' ? 1 : 0,
    cellBits: scheme.cell.bits,
    // Only some parts have these, and theirs are given with them.
    bits: NaN,
    isShared: NaN,
    width: NaN,
    depth: NaN,
    banks: NaN,
  };

  const visitor = begin(common);
  const logic = (
    path: readonly string[],
    primitive: Primitive,
    count = 1,
    more?: ParameterValues,
  ): void => {
    if (count > 0) visitor.logic(path, primitive, count, more);
  };
  const store = (
    path: readonly string[],
    role: MemorySpec['role'],
    { width, count }: { width?: number; count?: number } = {},
  ): void => {
    memory(role);
    const specs = design.memories.filter((spec) => spec.role === role);
    for (const spec of specs) {
      const place = specs.length > 1 ? [...path, spec.name] : path;
      visitor.memory(place, spec, width ?? spec.width, count ?? spec.copies);
    }
  };

  const laneParts = (lanes: number): void => {
    logic(['lane', 'pipeline'], isLevel ? 'lane-level' : 'lane-int16', lanes);
    if (hasThresholds === 1) logic(['lane', 'thresholds'], 'threshold', lanes);
    logic(['lane', 'requantizer'], 'requantizer', lanes);
    if (headOutput === 'value') logic(['lane', 'value'], 'value-register', lanes);
    else logic(['lane', 'argmax'], 'argmax', lanes);
    const lines = (where: 'lane' | 'cell', bits: number): void => {
      if (scheme.tanh === undefined || scheme.tanh === 'table') return;
      logic([where, 'tanh', 'lines'], `tanh-${scheme.tanh}`, lanes, { bits });
    };
    if (usesTanh(design)) {
      const isShared = isLevel || ternaryCandidate === 1 ? 0 : 1;
      logic(['lane', 'tanh', 'lookup'], 'tanh-lookup', lanes, { bits: PREACT_BITS, isShared });
      lines('lane', TANH_FRACTION);
      if (found('tanh')) store(['lane', 'tanh', 'table'], 'tanh');
    }
    const squashBits = usesSquash(design) ? squashShape(scheme).bits : 0;
    if (usesSquash(design)) {
      const lookup = { bits: scheme.cell.bits, isShared: 0 };
      logic(['cell', 'tanh', 'lookup'], 'tanh-lookup', lanes, lookup);
      lines('cell', squashBits);
      if (found('squash')) store(['cell', 'tanh', 'table'], 'squash');
    }
    logic(['cell', 'update'], isLevel ? 'cell-level' : 'cell-int16', lanes);
    if (isLevel) {
      const ofC = { bits: scheme.cell.bits };
      logic(['cell', 'gate of c'], 'shift-multiplier', 2 * lanes, ofC);
      if (usesSquash(design)) {
        const ofH = { bits: squashBits + 1 };
        logic(['cell', 'gate of h'], 'shift-multiplier', lanes, ofH);
      }
    }
    store(['cell', 'state'], 'cell');
  };
  if (isStationary(design)) {
    stationaryParts(design, { logic, store });
    store(['row parameters'], 'rows', { width: rowWordBits });
    laneParts(1);
    return;
  }

  logic(['control', 'sequencer'], sequencerOf(design));
  logic(['control', 'drain control'], usesPlanes(design) ? 'drain-planes' : 'drain');
  const beatBits = isDense || beats > 1 ? indexBits(beats) : 0;
  const stream = sequence ? 'sequence-input' : 'input-stream';
  logic(['control', 'input stream'], stream, 1, { indexBits: beatBits });
  logic(['control', 'output stream'], 'output-stream');
  if (columns > 1) logic(['control', 'column delays'], 'column-delay', columns - 1);
  logic(
    ['weights', 'address pipeline'],
    'weight-bank',
    rows,
    design.weightStream && {
      weightAddressBits: weightAddressBits(design, memory('weights').depth),
    },
  );
  streamParts(design, logic);
  store(['weights', 'banks'], 'weights', { count: rows });
  store(['row parameters'], 'rows', { width: rowWordBits });
  if (found('factors')) store(['factors'], 'factors');
  if (isSparse && isDense) {
    const ofX = { hiddenBits: select.indexBits + 1, layers: 1 };
    logic(['input', 'queue'], 'queue', 1, ofX);
  } else {
    logic(['input', isDense ? 'addressing' : 'token buffer'], sourceOf(design), columns);
  }
  if (isDense) {
    if (array.pack > 1) logic(['input', 'packing'], 'pack', columns);
    store(['input', sequence ? 'sequence' : 'buffer'], 'input');
  } else {
    if (sequence) store(['input', 'tokens'], 'tokens');
    if (table) store(['input', 'table'], 'table');
    else store(['input', 'embedding'], 'embedding');
  }
  logic(['array', 'operand select'], 'operand-select', columns);
  const { paired, single, recoded } = countElements(design, rows);
  // A pair of which no row is used but one keeps its block.
  logic(['array', 'pairs of elements'], 'pe-int-pair', Math.ceil(paired / 2));
  logic(['array', 'processing elements'], peOf(design), single);
  const isMixed = paired + single > 0;
  logic(['array', isMixed ? 'recoded elements' : 'processing elements'], 'pe-recoded', recoded);
  logic(['array', 'drain multiplexer'], 'drain-mux', columns);
  if (array.pack > 1) logic(['hidden', 'packing'], 'pack', columns);
  if (isSparse) {
    const place = { indexBits: indexBits(Math.max(...layers.map(({ hiddenSize }) => hiddenSize))) };
    logic(['hidden', 'queue'], 'queue', 1, place);
  }
  if (sequence) logic(['hidden', 'step address'], 'step-address', columns);
  store(['hidden', 'state'], 'hidden');
  const combine = combinerOf(design);
  if (combine) logic(['combiner', 'sums'], combine, columns);
  if (found('partial')) store(['combiner', 'partial sums'], 'partial');
  laneParts(columns);
}
