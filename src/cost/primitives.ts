/**
 * The parts that designs are made of, and the parameters in which profiles state their cost. This is
 * the contract between `inventory`, which counts parts, and the formulas of `hw-profiles/`.
 */

/** Every parameter with its unit and the values it can take in a design. */
export const PARAMETERS = {
  accBits: { unit: 'bit', from: 2, to: 40 },
  /** What the lane is given: the accumulator, or what the combiner makes of several. */
  sumBits: { unit: 'bit', from: 2, to: 40 },
  /** Bits that number the sequences in lockstep. */
  sequenceBits: { unit: 'bit', from: 1, to: 8 },
  /** Of one weight. */
  weightBits: { unit: 'bit', from: 1, to: 8 },
  /** Operands whose weights a line of a streamed bank holds. */
  lineOperands: { unit: '1', from: 1, to: 8 },
  /** Bits of streamed weights that are written at once. */
  writeBits: { unit: 'bit', from: 1, to: 4096 },
  /** Activations in one operand word. */
  pack: { unit: '1', from: 1, to: 32 },
  /** Bits of an operand word. */
  operandBits: { unit: 'bit', from: 2, to: 64 },
  rows: { unit: '1', from: 1, to: 64 },
  columns: { unit: '1', from: 1, to: 64 },
  rowSelectBits: { unit: 'bit', from: 1, to: 6 },
  rowAddressBits: { unit: 'bit', from: 1, to: 16 },
  rowWordBits: { unit: 'bit', from: 8, to: 80 },
  weightAddressBits: { unit: 'bit', from: 1, to: 24 },
  hiddenBits: { unit: 'bit', from: 1, to: 24 },
  unitBits: { unit: 'bit', from: 1, to: 16 },
  indexBits: { unit: 'bit', from: 0, to: 22 },
  /** Address of the input memory of whole sequences. */
  inputAddressBits: { unit: 'bit', from: 1, to: 22 },
  /** Tokens that a step has room for: a power of two, or one. */
  features: { unit: '1', from: 1, to: 64 },
  /** Bits that say where a token's row begins. */
  startBits: { unit: 'bit', from: 0, to: 22 },
  /** 1 where the head's only step lies at the other end of the sequence, else 0. */
  hasJump: { unit: '1', from: 0, to: 1 },
  tokenBits: { unit: 'bit', from: 1, to: 22 },
  classBits: { unit: 'bit', from: 1, to: 16 },
  /** Bits that select a layer; 0 where there is but one. */
  layerBits: { unit: 'bit', from: 0, to: 6 },
  layers: { unit: '1', from: 1, to: 64 },
  kBits: { unit: 'bit', from: 1, to: 16 },
  foldBits: { unit: 'bit', from: 1, to: 16 },
  segments: { unit: '1', from: 2, to: 256 },
  segmentBits: { unit: 'bit', from: 1, to: 8 },
  /** Bits of the pad counter; 0 where no pass is padded. */
  padBits: { unit: 'bit', from: 0, to: 7 },
  /** Most passes of a fold. */
  passes: { unit: '1', from: 1, to: 2 },
  /** Bits that number the sums of a unit. */
  placeBits: { unit: 'bit', from: 1, to: 8 },
  /** Of a factor that the combiner multiplies by, or shifts by. */
  factorBits: { unit: 'bit', from: 0, to: 16 },
  factorAddressBits: { unit: 'bit', from: 0, to: 20 },
  /** Of what a table adds to a sum; 0 without one. */
  tableBits: { unit: 'bit', from: 0, to: 32 },
  /** Registers that delay the drain's commands and addresses. */
  delayBits: { unit: 'bit', from: 0, to: 64 },
  multiplierBits: { unit: 'bit', from: 0, to: 8 },
  shiftMin: { unit: 'bit', from: -6, to: 25 },
  /** Bits that select a shift; 0 where all shifts are the same. */
  shiftBits: { unit: 'bit', from: 0, to: 5 },
  /** 1 where thresholds read the sum beside the requantizer, else 0. */
  hasThresholds: { unit: '1', from: 0, to: 1 },
  /** 1 where the candidate is -1, 0 or +1, else 0. */
  ternaryCandidate: { unit: '1', from: 0, to: 1 },
  /** 1 where h is -1, 0 or +1, else 0. */
  ternaryHidden: { unit: '1', from: 0, to: 1 },
  /** 1 where gates have a half, 0 where they only open and close. */
  hasHalves: { unit: '1', from: 0, to: 1 },
  cellBits: { unit: 'bit', from: 4, to: 16 },
  issueBits: { unit: 'bit', from: 4, to: 80 },
  drainBits: { unit: 'bit', from: 8, to: 80 },
  /** Operand and value width of a shift multiplier or a table's argument. */
  bits: { unit: 'bit', from: 1, to: 64 },
  /** 1 where a table serves tanh(z) and tanh(z / 2), else 0. */
  isShared: { unit: '1', from: 0, to: 1 },
  /** Word width and words of a memory. */
  width: { unit: 'bit', from: 1, to: 128 },
  depth: { unit: '1', from: 1, to: 4194304 },
  /** Blocks that one memory takes side by side in depth. */
  banks: { unit: '1', from: 1, to: 4096 },
} as const satisfies Record<string, { unit: string; from: number; to: number }>;
export type Parameter = keyof typeof PARAMETERS;
export type ParameterValues = Readonly<Partial<Record<Parameter, number>>>;

const SEQUENCER = [
  ...(['kBits', 'foldBits', 'segments', 'segmentBits', 'padBits', 'hiddenBits'] as const),
  ...(['weightAddressBits', 'indexBits', 'rowSelectBits', 'layerBits', 'passes'] as const),
] as const;
const DRAIN = ['rowSelectBits', 'rowAddressBits', 'layerBits', 'delayBits'] as const;
const COMBINE = ['accBits', 'sumBits', 'factorBits', 'passes', 'tableBits', 'layerBits'] as const;
const LANE = ['layerBits', 'sumBits', 'ternaryCandidate'] as const;
const CELL = [
  'unitBits',
  'hiddenBits',
  'layerBits',
  'layers',
  'cellBits',
  'ternaryHidden',
] as const;

/** Each primitive's parameters: a formula may read these and no others. */
export const PRIMITIVES = {
  sequencer: SEQUENCER,
  /** The sequencer of whole sequences, layer by layer. */
  'sequence-sequencer': [...SEQUENCER, 'inputAddressBits', 'hasJump'],
  /** The sequencer that skips zeros, and what its operands wait for. */
  'sparse-sequencer': SEQUENCER,
  /** The weight-stationary schedule; `kBits`: of a tile's cycles, `foldBits`: of blocks. */
  'stationary-sequencer': ['kBits', 'foldBits', 'segments', 'segmentBits', 'weightAddressBits'],
  /** What lies around a weight-stationary array: tags of tiles, the drain of groups, places of x and h, results. */
  'stationary-edges': ['sequenceBits', 'rowAddressBits', 'rows'],
  /** What selects between a row's x and h, and hands the address on. */
  'operand-row': ['operandBits', 'hiddenBits'],
  /** The adder at the foot of a column, and what its sums take with them; `foldBits`: of a group's blocks. */
  'tile-sums': ['accBits', 'sequenceBits', 'foldBits'],
  drain: DRAIN,
  'drain-planes': [...DRAIN, 'placeBits', 'factorAddressBits', 'passes'],
  'input-stream': ['indexBits'],
  /** Stream input of whole sequences. */
  'sequence-input': ['indexBits', 'inputAddressBits'],
  'output-stream': [],
  'token-source': ['tokenBits', 'indexBits'],
  /** Several tokens a step, two steps deep. */
  'feature-source': ['tokenBits', 'indexBits', 'features', 'startBits'],
  'dense-source': ['indexBits'],
  /** What lies between stream and memory of whole sequences. */
  'sequence-source': ['tokenBits', 'indexBits', 'features', 'startBits'],
  /** Gathers ternary elements into words. */
  pack: ['operandBits', 'pack'],
  /** Keeps what is not zero, with its place. */
  queue: ['hiddenBits', 'indexBits', 'operandBits', 'layers'],
  'weight-bank': ['weightAddressBits', 'weightBits'],
  /** What fills the banks of streamed weights, and says what is there. */
  'weight-stream': ['writeBits', 'weightAddressBits', 'rows'],
  /** A byte to five trits. */
  'trit-decoder': [],
  /** A word of a line of streamed weights, of one row. */
  'line-select': ['weightBits', 'pack', 'lineOperands'],
  'column-delay': ['issueBits', 'drainBits', 'rowWordBits', 'factorBits'],
  'operand-select': ['hiddenBits', 'operandBits'],
  /** Where the h of a step lie, added to their number. */
  'step-address': ['hiddenBits'],
  'drain-mux': ['rows', 'accBits', 'rowSelectBits', 'layerBits'],
  'pe-binary': ['accBits', 'rows', 'columns'],
  'pe-ternary': ['accBits', 'rows', 'columns'],
  'pe-pow2': ['accBits', 'weightBits', 'rows', 'columns'],
  'pe-int': ['accBits', 'weightBits', 'rows', 'columns'],
  /** Two elements of int8 whose products share a block, where blocks hold two multipliers. */
  'pe-int-pair': ['accBits', 'weightBits', 'rows', 'columns'],
  /** An int weight recoded to digits, without a multiplier block. */
  'pe-recoded': ['accBits', 'weightBits', 'rows', 'columns'],
  /** Elements whose weights stay, the next ones waiting; `accBits`: of what leaves them. */
  'pe-stationary-ternary': ['accBits', 'weightBits', 'operandBits', 'rows', 'columns'],
  'pe-stationary-int': ['accBits', 'weightBits', 'operandBits', 'rows', 'columns'],
  'pe-stationary-recoded': ['accBits', 'weightBits', 'operandBits', 'rows', 'columns'],
  'pe-popcount': ['accBits', 'weightBits', 'pack', 'rows', 'columns'],
  /** Sums of sums: as they are, times powers of two, times factors. */
  'combine-add': COMBINE,
  'combine-shift': COMBINE,
  'combine-multiply': COMBINE,
  /** Gates of two or three levels. */
  'lane-level': LANE,
  'lane-int16': LANE,
  threshold: ['sumBits'],
  requantizer: ['sumBits', 'multiplierBits', 'shiftMin', 'shiftBits', 'hasThresholds'],
  'tanh-lookup': ['bits', 'isShared'],
  /** Values between stored ones, of `bits` bits. */
  'tanh-interpolated': ['bits'],
  /** Three lines. */
  'tanh-piecewise': ['bits'],
  argmax: ['classBits'],
  /** In place of the argmax. */
  'value-register': [],
  'shift-multiplier': ['bits', 'hasHalves'],
  'cell-level': [...CELL, 'hasHalves'],
  'cell-int16': CELL,
  /** A read-only memory that synthesis turns into logic. */
  'rom-logic': ['width', 'depth'],
  /** The tanh table in logic: its contents are always the same. */
  'tanh-logic': [],
  /** A memory of flip-flops. */
  'ram-logic': ['width', 'depth'],
  /** A memory of LUTs: what lies around the LUTs themselves. */
  'ram-lut': ['width', 'depth', 'banks'],
  /** What lies around block RAMs: multiplexers and decoders of memories deeper than a block. */
  'memory-glue': ['width', 'depth', 'banks'],
} as const satisfies Record<string, readonly Parameter[]>;
export type Primitive = keyof typeof PRIMITIVES;
export const PRIMITIVE_NAMES = Object.keys(PRIMITIVES) as Primitive[];

/** What a formula of a primitive can state. */
export const COSTS = ['lut', 'ff', 'lutRam', 'dsp', 'areaUm2', 'delayNs'] as const;
export type Cost = (typeof COSTS)[number];

/** What the hardware does, and the parameters of the energy of one such act. */
export const ACTIONS = {
  /** One product with a sign, added: arithmetic only. */
  'mac-binary': ['accBits'],
  /** One ternary product, added: arithmetic only. */
  'mac-ternary': ['accBits'],
  /** One product with a power of two, added: arithmetic only. */
  'mac-pow2': ['accBits', 'weightBits'],
  /** One product with an int8 activation, added: arithmetic only. */
  'mac-int': ['accBits', 'weightBits'],
  /** A word of products of ternary activations, counted and added: arithmetic only. */
  'mac-popcount': ['accBits', 'weightBits', 'pack'],
  /** A sum of the array times its factor, added. */
  combine: ['accBits', 'factorBits', 'sumBits'],
  /** A clock edge of one flip-flop that takes a value. */
  'register-bit': [],
  /** A clock edge of one flip-flop that keeps its value. */
  'idle-register-bit': [],
  'memory-read': ['width', 'depth'],
  'memory-write': ['width', 'depth'],
  threshold: ['sumBits'],
  requantize: ['sumBits', 'multiplierBits'],
  'cell-update-level': ['cellBits'],
  'cell-update-int16': [],
  compare: [],
} as const satisfies Record<string, readonly Parameter[]>;
/** A bit that comes from off chip, where a table has a figure for it: else null, and energies are without. */
export const OFF_CHIP_ACTION = 'dram-bit';
export type Action = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as Action[];
