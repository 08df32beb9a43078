/**
 * What the hardware did in a run, act by act, each with the parameters of its energy: the one list from which
 * energies are added up (energy.ts) and by which they are attributed.
 */
import type { Activity } from '../../sim/report.js';
import type { MemorySpec, Structure } from '../design/design.js';
import type { Action, ParameterValues } from './primitives.js';

/** Shares of the energy of a step. */
export const ENERGY_SHARES = ['mac', 'weights', 'memories', 'cell', 'control', 'leakage'] as const;
export type EnergyShare = (typeof ENERGY_SHARES)[number];

/** Among which of a unit's four gates an act is divided. */
export type GateSplit =
  /** By the sums of the array that each takes. */
  | 'sums'
  /** Alike. */
  | 'outputs'
  /** Alike among those that meet thresholds, or that are requantized. */
  | 'thresholds'
  | 'linear'
  /** It is the unit's, or the layer's, not a gate's. */
  | 'none';

export interface Act {
  readonly share: EnergyShare;
  /** Of acts of a memory. */
  readonly memory?: MemorySpec;
  readonly name: string;
  readonly action: Action;
  readonly parameters: ParameterValues;
  readonly split: GateSplit;
}

const PRODUCTS = {
  binary: 'mac-binary',
  ternary: 'mac-ternary',
  pow2: 'mac-pow2',
  int: 'mac-int',
} as const;

const NO_PARAMETERS: ParameterValues = {};

const SPLIT_OF_MEMORY: Readonly<Record<MemorySpec['role'], GateSplit>> = {
  weights: 'sums',
  rows: 'outputs',
  factors: 'sums',
  partial: 'sums',
  tanh: 'linear',
  squash: 'none',
  embedding: 'none',
  table: 'outputs',
  tokens: 'none',
  input: 'none',
  hidden: 'none',
  cell: 'none',
  results: 'none',
};

/** Accumulator, activation and weight registers of an element: they take a value with each operand. */
export function peBits({ accBits, array }: Pick<Structure, 'accBits' | 'array'>): number {
  return accBits + (array.activationBits + array.weightBits) * array.pack;
}

/**
 * Tell `visit` of every act and how often it was done, in an order that does not depend on counts.
 *
 * @param activity of the run, or of one job of it
 * @param cycles of the same
 * @param ff flip-flops of the design
 */
export function visitActs(
  design: Structure,
  activity: Activity,
  cycles: number,
  ff: number,
  visit: (act: Act, count: number) => void,
): void {
  const { accBits, sumBits, array, multiplierBits, memories, combiner, scheme } = design;
  const { weightBits, pack, activationBits } = array;
  const registers = peBits(design);
  const tell = (
    share: EnergyShare,
    name: string,
    action: Action,
    count: number,
    split: GateSplit,
    parameters: ParameterValues = NO_PARAMETERS,
  ): void => visit({ share, name, action, parameters, split }, count);
  const mac: Action = activationBits === 2 ? 'mac-popcount' : PRODUCTS[array.kind];
  const ofMac = { accBits, weightBits, pack };
  tell('mac', 'arithmetic', mac, activity.peOperations, 'sums', ofMac);
  tell('mac', 'registers', 'register-bit', activity.peOperations * registers, 'sums');
  for (let m = 0; m < memories.length; m++) {
    const memory = memories[m];
    const { reads, writes } = activity.memories[m];
    const parameters = { width: memory.width, depth: memory.depth };
    const share = memory.role === 'weights' ? 'weights' : 'memories';
    const split = SPLIT_OF_MEMORY[memory.role];
    visit({ share, memory, name: 'reads', action: 'memory-read', parameters, split }, reads);
    if (memory.kind === 'rom') continue;
    visit({ share, memory, name: 'writes', action: 'memory-write', parameters, split }, writes);
  }
  const ofCombiner = {
    accBits,
    sumBits,
    // Shifts are multiplexers.
    factorBits: combiner?.factors === 'any' ? combiner.factorBits : 0,
  };
  tell('cell', 'combiner', 'combine', activity.combinations, 'sums', ofCombiner);
  tell('cell', 'thresholds', 'threshold', activity.thresholds, 'thresholds', { sumBits });
  const ofRequantizer = { sumBits, multiplierBits };
  const { requantizations, cellUpdates } = activity;
  tell('cell', 'requantizer', 'requantize', requantizations, 'linear', ofRequantizer);
  if (scheme.gates === 'int16') {
    tell('cell', 'update', 'cell-update-int16', cellUpdates, 'none');
  } else {
    const ofCell = { cellBits: scheme.cell.bits };
    tell('cell', 'update', 'cell-update-level', cellUpdates, 'none', ofCell);
  }
  tell('cell', 'argmax', 'compare', activity.comparisons, 'none');
  const idle = 'idle-register-bit';
  tell('control', 'clock of idle elements', idle, activity.idlePeCycles * registers, 'none');
  const others = Math.max(0, ff - design.rows * design.columns * registers);
  tell('control', 'clock of other registers', idle, cycles * others, 'none');
}
