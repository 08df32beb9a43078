/**
 * What the memories' ports allow. With one sequence every product takes a weight of its own, so the weights that can be
 * read in a cycle bound the products of a cycle, whatever the array's size.
 */
import type { MemorySpec, Structure } from '../src/design/design.js';
import type { Activity, SimulationReport } from './report.js';

export interface PortUse {
  readonly name: string;
  /** Memories side by side, each with one read port and, where it is written, one write port. */
  readonly banks: number;
  readonly width: number;
  readonly depth: number;
  readonly readPorts: 1;
  readonly writePorts: 0 | 1;
  /** Share of the run's cycles in which a bank's port is used, 0..1, mean over the banks. */
  readonly readUse: number;
  readonly writeUse: number;
}

export interface Roofline {
  /** Banks of the weight memory; bits that each gives in a cycle. */
  readonly weightBanks: number;
  readonly bankBits: number;
  readonly weightsPerCycle: number;
  /** Fewest cycles of a step in which all its weights can be read, once for all columns. */
  readonly boundCyclesPerStep: number;
  /** Largest utilization of the array that these reads allow, 0..1. */
  readonly boundUtilization: number;
  readonly ports: readonly PortUse[];
}

function portUse(
  { name, kind, copies, width, depth }: MemorySpec,
  { memories }: Activity,
  cycles: number,
): PortUse {
  const { reads, writes } = memories.find((memory) => memory.name === name)!;
  const use = (accesses: number): number => accesses / (copies * cycles);
  return {
    ...{ name, banks: copies, width, depth, readPorts: 1 },
    writePorts: kind === 'ram' ? 1 : 0,
    ...{ readUse: use(reads), writeUse: use(writes) },
  };
}

/** The bound of a run: over all its steps, of what its products need. */
export function roofline(
  design: Structure,
  { activity, cycles, steps }: Pick<SimulationReport, 'activity' | 'cycles' | 'steps'>,
): Roofline {
  const { rows, columns, array, memories } = design;
  const banks = memories.find(({ role }) => role === 'weights')!;
  // A word holds the weights of one operand word; every column takes the same ones.
  const { stationary } = design;
  const weightReads = activity.memories.find(({ name }) => name === banks.name)!.reads;
  // Weights that stay are read once for all sequences, of unused elements too.
  const wordsPerStep = stationary ? weightReads / steps : activity.peOperations / columns / steps;
  const boundCyclesPerStep = wordsPerStep / banks.copies;
  return {
    weightBanks: banks.copies,
    bankBits: banks.width,
    weightsPerCycle: banks.copies * array.pack,
    boundCyclesPerStep,
    boundUtilization: Math.min(1, (stationary?.sequences ?? banks.copies) / rows),
    ports: memories.map((spec) => portUse(spec, activity, cycles)),
  };
}
