/** Energy of a simulated run: what the hardware did times what each act costs, and leakage times time. */
import type { SimulationReport } from '../../sim/report.js';
import type { Design } from '../design/design.js';
import type { CostNode } from './estimate.js';
import type { ParameterValues, Action } from './primitives.js';
import type { Profile, Quality } from './profile.js';

/** A share of the energy; `totalPj` of a node is exactly the sum of its children's. */
export interface EnergyNode {
  readonly name: string;
  /** Acts per step and the energy of one; undefined for inner nodes. */
  readonly actionsPerStep: number | undefined;
  readonly energyPerActionPj: number | undefined;
  readonly quality: Quality | undefined;
  readonly totalPj: number;
  readonly children: readonly EnergyNode[];
}

/** Shares of the energy of a step; they are the children of `tree`, in this order. */
export const ENERGY_SHARES = ['mac', 'weights', 'memories', 'cell', 'control', 'leakage'] as const;
export type EnergyShare = (typeof ENERGY_SHARES)[number];

export interface EnergyEstimate {
  /** Name of the table; energies of different tables must not be mixed. */
  readonly table: string;
  /** Per step of one sequence, with everything that the run spent. */
  readonly perStepPj: number;
  readonly errorPj: number;
  readonly shares: Readonly<Record<EnergyShare, number>>;
  readonly tree: EnergyNode;
  readonly powerMw: number;
}

export function estimateEnergy(
  design: Design,
  profile: Profile,
  cost: CostNode,
  report: SimulationReport,
  clockMhz: number,
): EnergyEstimate {
  const { activity, cycles } = report;
  // Steps of every column: the run's steps are those of one.
  const steps = report.steps * design.columns;
  const { accBits, sumBits, array, multiplierBits } = design;
  const { weightBits, pack, activationBits } = array;
  const leaf = (
    name: string,
    action: Action,
    count: number,
    parameters: ParameterValues = {},
  ): EnergyNode => {
    const energyPerActionPj = profile.actions[action].evaluate(parameters);
    const actionsPerStep = count / steps;
    return {
      name,
      actionsPerStep,
      energyPerActionPj,
      quality: profile.actions[action].data.quality,
      totalPj: actionsPerStep * energyPerActionPj,
      children: [],
    };
  };
  const group = (name: string, children: readonly EnergyNode[]): EnergyNode => ({
    name,
    actionsPerStep: undefined,
    energyPerActionPj: undefined,
    quality: undefined,
    totalPj: children.reduce((sum, child) => sum + child.totalPj, 0),
    children,
  });
  const mac: Action = activationBits === 2 ? 'mac-popcount' : `mac-${array.kind}`;
  // Accumulator, activation and weight registers that take a value with each operand.
  const peBits = accBits + (activationBits + weightBits) * pack;
  const memory = (name: string): EnergyNode => {
    const spec = design.memories.find((candidate) => candidate.name === name)!;
    const counts = activity.memories.find((candidate) => candidate.name === name);
    const shape = { width: spec.width, depth: spec.depth };
    return group(name, [
      leaf('reads', 'memory-read', counts?.reads ?? 0, shape),
      ...(spec.kind === 'ram' ? [leaf('writes', 'memory-write', counts?.writes ?? 0, shape)] : []),
    ]);
  };
  const isWeights = (name: string): boolean => name === 'weight_bank';
  const names = design.memories.map(({ name }) => name);

  const bits = design.memories.reduce(
    (sum, { width, depth, copies }) => sum + width * depth * copies,
    0,
  );
  const leakageMw =
    profile.constants.staticMw +
    bits * profile.constants.leakageMwPerMemoryBit +
    cost.total.areaUm2 * profile.constants.leakageMwPerUm2;
  const secondsPerStep = cycles / (clockMhz * 1e6) / steps;
  const leakage: EnergyNode = {
    name: 'static',
    actionsPerStep: undefined,
    energyPerActionPj: undefined,
    quality: profile.data.energy.staticPower.quality,
    totalPj: leakageMw * 1e-3 * secondsPerStep * 1e12,
    children: [],
  };
  const otherFfs = Math.max(0, cost.total.ff - design.rows * design.columns * peBits);

  const tree = group(design.name, [
    group('mac', [
      leaf('arithmetic', mac, activity.peOperations, { accBits, weightBits, pack }),
      leaf('registers', 'register-bit', activity.peOperations * peBits),
    ]),
    group('weights', names.filter(isWeights).map(memory)),
    group('memories', names.filter((name) => !isWeights(name)).map(memory)),
    group('cell', [
      leaf('combiner', 'combine', activity.combinations, {
        accBits,
        sumBits,
        // Shifts are multiplexers.
        factorBits: design.combiner?.factors === 'any' ? design.combiner.factorBits : 0,
      }),
      leaf('thresholds', 'threshold', activity.thresholds, { sumBits }),
      leaf('requantizer', 'requantize', activity.requantizations, { sumBits, multiplierBits }),
      design.scheme.gates === 'int16'
        ? leaf('update', 'cell-update-int16', activity.cellUpdates)
        : leaf('update', 'cell-update-level', activity.cellUpdates, {
            cellBits: design.scheme.cell.bits,
          }),
      leaf('argmax', 'compare', activity.comparisons),
    ]),
    group('control', [
      leaf('clock of idle elements', 'idle-register-bit', activity.idlePeCycles * peBits),
      leaf('clock of other registers', 'idle-register-bit', cycles * otherFfs),
    ]),
    group('leakage', [leakage]),
  ]);
  const shares = Object.fromEntries(
    ENERGY_SHARES.map((name, k) => [name, tree.children[k].totalPj]),
  ) as Record<EnergyShare, number>;
  return {
    table: profile.data.energy.table,
    perStepPj: tree.totalPj,
    errorPj: tree.totalPj * profile.data.errors.energy.relative,
    shares,
    tree,
    powerMw: (tree.totalPj * 1e-12) / secondsPerStep / 1e-3,
  };
}
