/**
 * The parts that designs are made of, and the parameters in which profiles state their cost. This is
 * the contract between `inventory`, which counts parts, and the formulas of `hw-profiles/`.
 */

/** Every parameter with its unit and the values it can take in a design. */
export const PARAMETERS = {
  accBits: { unit: 'bit', from: 2, to: 40 },
  weightBits: { unit: 'bit', from: 1, to: 8 },
  rows: { unit: '1', from: 1, to: 64 },
  columns: { unit: '1', from: 1, to: 64 },
  rowSelectBits: { unit: 'bit', from: 1, to: 6 },
  rowAddressBits: { unit: 'bit', from: 1, to: 16 },
  rowWordBits: { unit: 'bit', from: 8, to: 80 },
  weightAddressBits: { unit: 'bit', from: 1, to: 24 },
  hiddenBits: { unit: 'bit', from: 1, to: 16 },
  unitBits: { unit: 'bit', from: 1, to: 16 },
  indexBits: { unit: 'bit', from: 0, to: 16 },
  tokenBits: { unit: 'bit', from: 1, to: 16 },
  classBits: { unit: 'bit', from: 1, to: 16 },
  /** Bits that select a layer; 0 where there is but one. */
  layerBits: { unit: 'bit', from: 0, to: 6 },
  layers: { unit: '1', from: 1, to: 64 },
  kBits: { unit: 'bit', from: 1, to: 16 },
  foldBits: { unit: 'bit', from: 1, to: 16 },
  segments: { unit: '1', from: 2, to: 256 },
  segmentBits: { unit: 'bit', from: 1, to: 8 },
  /** Bits of the pad counter; 0 where no fold is padded. */
  padBits: { unit: 'bit', from: 0, to: 7 },
  shiftMin: { unit: 'bit', from: 1, to: 24 },
  /** Bits that select a shift; 0 where all shifts are the same. */
  shiftBits: { unit: 'bit', from: 0, to: 5 },
  /** 1 where thresholds read the drained accumulator beside the requantizer, else 0. */
  hasThresholds: { unit: '1', from: 0, to: 1 },
  issueBits: { unit: 'bit', from: 6, to: 48 },
  drainBits: { unit: 'bit', from: 8, to: 24 },
  /** Operand and value width of a shift multiplier. */
  bits: { unit: 'bit', from: 1, to: 64 },
  /** Word width and words of a memory. */
  width: { unit: 'bit', from: 1, to: 128 },
  depth: { unit: '1', from: 1, to: 1048576 },
  /** Blocks that one memory takes side by side in depth. */
  banks: { unit: '1', from: 1, to: 4096 },
} as const satisfies Record<string, { unit: string; from: number; to: number }>;
export type Parameter = keyof typeof PARAMETERS;
export type ParameterValues = Readonly<Partial<Record<Parameter, number>>>;

/** Each primitive's parameters: a formula may read these and no others. */
export const PRIMITIVES = {
  sequencer: [
    ...(['kBits', 'foldBits', 'segments', 'segmentBits', 'padBits', 'hiddenBits'] as const),
    ...(['weightAddressBits', 'indexBits', 'rowSelectBits', 'layerBits'] as const),
  ],
  drain: ['rowSelectBits', 'rowAddressBits', 'layerBits'],
  'input-stream': ['indexBits'],
  'output-stream': [],
  'token-source': ['tokenBits', 'indexBits'],
  'dense-source': ['indexBits'],
  'weight-bank': ['weightAddressBits', 'weightBits'],
  'column-delay': ['issueBits', 'drainBits', 'rowWordBits'],
  'operand-select': ['hiddenBits'],
  'drain-mux': ['rows', 'accBits', 'rowSelectBits', 'layerBits'],
  'pe-ternary': ['accBits', 'rows', 'columns'],
  'pe-int8': ['accBits', 'weightBits', 'rows', 'columns'],
  'lane-level3': ['layerBits', 'accBits'],
  'lane-int16': ['layerBits', 'accBits'],
  threshold: ['accBits'],
  requantizer: ['accBits', 'shiftMin', 'shiftBits', 'hasThresholds'],
  'tanh-lookup': ['hasThresholds'],
  argmax: ['classBits'],
  'shift-multiplier': ['bits'],
  'cell-level3': ['unitBits', 'hiddenBits', 'layerBits', 'layers'],
  'cell-int16': ['unitBits', 'hiddenBits', 'layerBits', 'layers'],
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
  /** One ternary product, added: arithmetic only. */
  'mac-ternary': ['accBits'],
  /** One int8 product, added: arithmetic only. */
  'mac-int8': ['accBits', 'weightBits'],
  /** A clock edge of one flip-flop that takes a value. */
  'register-bit': [],
  /** A clock edge of one flip-flop that keeps its value. */
  'idle-register-bit': [],
  'memory-read': ['width', 'depth'],
  'memory-write': ['width', 'depth'],
  threshold: ['accBits'],
  requantize: ['accBits'],
  'cell-update-level3': [],
  'cell-update-int16': [],
  compare: [],
} as const satisfies Record<string, readonly Parameter[]>;
export type Action = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as Action[];
