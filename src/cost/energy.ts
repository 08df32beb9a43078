/** Energy of a simulated run: what the hardware did times what each act costs, and leakage times time. */
import type { Activity, SimulationReport } from '../../sim/report.js';
import { jobName, sequencesOf, type Design, type Job, type Structure } from '../design/design.js';
import { GATE_NAMES } from '../quant/gates.js';
import { type Act, ENERGY_SHARES, type EnergyShare, type GateSplit, visitActs } from './acts.js';
import type { CostNode, PartCost } from './estimate.js';
import { shareOut, toGrid } from './grid.js';
import type { Profile, ProfileConstants, Quality } from './profile.js';

export { ENERGY_SHARES, type EnergyShare };

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

/** Part of an act's energy: a gate's, what a layer's gates share, or, without a gate, the head's or the tail's. */
export interface EnergyPortion {
  readonly share: EnergyShare;
  /** Memory whose act it is. */
  readonly memory: string | undefined;
  readonly act: string;
  /** Index of the job; undefined behind the last one (the tail). */
  readonly job: number | undefined;
  /** i, f, g, o; undefined where it is all of them together. */
  readonly gate: (typeof GATE_NAMES)[number] | undefined;
  readonly pj: number;
}

export interface EnergyEstimate {
  /** Name of the table; energies of different tables must not be mixed. */
  readonly table: string;
  /** Per step of one sequence, with everything that the run spent. */
  readonly perStepPj: number;
  readonly errorPj: number;
  readonly shares: Readonly<Record<EnergyShare, number>>;
  /** By what is done. */
  readonly tree: EnergyNode;
  /** The same by who does it: jobs, gates, and what each did. */
  readonly jobs: EnergyNode;
  /** Of which both trees are made. */
  readonly portions: readonly EnergyPortion[];
  readonly powerMw: number;
}

/** Power of the design at rest. */
export function leakageMw(
  memories: Structure['memories'],
  constants: ProfileConstants,
  areaUm2: number,
): number {
  let bits = 0;
  for (const { width, depth, copies } of memories) bits += width * depth * copies;
  return (
    constants.staticMw +
    bits * constants.leakageMwPerMemoryBit +
    areaUm2 * constants.leakageMwPerUm2
  );
}

/** Energy at rest of one of so many steps that take so many cycles together. */
export function leakagePj(
  powerMw: number,
  cycles: number,
  clockMhz: number,
  steps: number,
): number {
  const secondsPerStep = cycles / (clockMhz * 1e6) / steps;
  return toGrid(powerMw * 1e-3 * secondsPerStep * 1e12);
}

/** Weights by which an act of a layer is divided among its gates; undefined where it is not. */
function gateWeights({ scheme }: Design, job: Job, split: GateSplit): number[] | undefined {
  if (job.kind === 'head') return undefined;
  const meets = (gate: string): boolean =>
    gate === 'g' ? scheme.candidate === 'ternary' : scheme.gates !== 'int16';
  switch (split) {
    case 'sums':
      return [...job.planes];
    case 'outputs':
      return GATE_NAMES.map(() => 1);
    case 'thresholds':
      return GATE_NAMES.map((gate) => (meets(gate) ? 1 : 0));
    case 'linear':
      return GATE_NAMES.map((gate) => (meets(gate) ? 0 : 1));
    case 'none':
      return undefined;
  }
}

interface Counted {
  readonly act: Act;
  readonly count: number;
}

function actsOf(design: Structure, activity: Activity, cycles: number, ff: number): Counted[] {
  const acts: Counted[] = [];
  visitActs(design, activity, cycles, ff, (act, count) => acts.push({ act, count }));
  return acts;
}

function group(name: string, children: readonly EnergyNode[]): EnergyNode {
  return {
    name,
    actionsPerStep: undefined,
    energyPerActionPj: undefined,
    quality: undefined,
    totalPj: children.reduce((sum, child) => sum + child.totalPj, 0),
    children,
  };
}

function plainLeaf(name: string, totalPj: number): EnergyNode {
  return { ...group(name, []), totalPj };
}

/** Nodes one for each name, in the order in which names first come. */
function groupBy<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  make: (name: string, items: readonly T[]) => EnergyNode,
): EnergyNode[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const list = groups.get(name);
    if (list) list.push(item);
    else groups.set(name, [item]);
  }
  return [...groups].map(([name, list]) => make(name, list));
}

const TAIL = 'after the last step';

/** The portions by job, gate and what was done. */
function jobsTree(design: Design, portions: readonly EnergyPortion[]): EnergyNode {
  const jobOf = ({ job }: EnergyPortion): string =>
    job === undefined ? TAIL : jobName(design.jobs[job]);
  const actOf = ({ memory, act, share }: EnergyPortion): string =>
    share === 'leakage' ? 'static' : memory === undefined ? act : `${memory} ${act}`;
  const leaves = (of: readonly EnergyPortion[]): EnergyNode[] =>
    groupBy(of, actOf, (name, same) =>
      plainLeaf(
        name,
        same.reduce((sum, { pj }) => sum + pj, 0),
      ),
    );
  const place = ({ job = Infinity }: EnergyPortion): number => job;
  const rank = ({ gate }: EnergyPortion): number =>
    gate === undefined ? GATE_NAMES.length : GATE_NAMES.indexOf(gate);
  // Stable: what was done stays in its order.
  const ordered = [...portions].sort((a, b) => {
    const [before, after] = [place(a), place(b)];
    return before === after ? rank(a) - rank(b) : before < after ? -1 : 1;
  });
  return group(
    design.name,
    groupBy(ordered, jobOf, (name, own) =>
      own.some(({ gate }) => gate !== undefined)
        ? group(
            name,
            groupBy(
              own,
              ({ gate }) => (gate === undefined ? 'all gates together' : `gate ${gate}`),
              (gate, its) => group(gate, leaves(its)),
            ),
          )
        : group(name, leaves(own)),
    ),
  );
}

/** @param cost of the design: flip-flops and area */
export function estimateEnergy(
  design: Design,
  profile: Profile,
  cost: CostNode | { readonly total: PartCost },
  report: SimulationReport,
  clockMhz: number,
): EnergyEstimate {
  const { activity, cycles, jobs } = report;
  // Steps of every column: the run's steps are those of one.
  const steps = report.steps * sequencesOf(design);
  const { ff, areaUm2 } = cost.total;
  const whole = actsOf(design, activity, cycles, ff);
  const byJob = jobs.map((job) => actsOf(design, job.activity, job.cycles, ff));
  const portions: EnergyPortion[] = [];
  const leaves = whole.map(({ act, count }, a) => {
    const action = profile.actions[act.action];
    const energyPerActionPj = action.evaluate(act.parameters);
    const totalPj = toGrid((count / steps) * energyPerActionPj);
    const counts = byJob.map((acts) => acts[a].count);
    const rest = count - counts.reduce((sum, own) => sum + own, 0);
    const where = { share: act.share, memory: act.memory?.name, act: act.name };
    shareOut(totalPj, [...counts, rest]).forEach((pj, job) => {
      if (job === jobs.length) {
        if (pj !== 0) portions.push({ ...where, job: undefined, gate: undefined, pj });
        return;
      }
      const weights = gateWeights(design, design.jobs[job], act.split);
      if (weights === undefined) {
        if (pj !== 0) portions.push({ ...where, job, gate: undefined, pj });
        return;
      }
      shareOut(pj, weights).forEach((own, gate) => {
        if (own !== 0) portions.push({ ...where, job, gate: GATE_NAMES[gate], pj: own });
      });
    });
    const leaf: EnergyNode = {
      name: act.name,
      actionsPerStep: count / steps,
      energyPerActionPj,
      quality: action.data.quality,
      totalPj,
      children: [],
    };
    return { act, leaf };
  });

  const powerAtRest = leakageMw(design.memories, profile.constants, areaUm2);
  const leakage: EnergyNode = {
    ...plainLeaf('static', leakagePj(powerAtRest, cycles, clockMhz, steps)),
    quality: profile.data.energy.staticPower.quality,
  };
  const times = [...jobs.map((job) => job.cycles), report.breakdown.tail];
  shareOut(leakage.totalPj, times).forEach((pj, job) => {
    const where = { share: 'leakage', memory: undefined, act: 'static', gate: undefined } as const;
    if (pj !== 0) portions.push({ ...where, job: job === jobs.length ? undefined : job, pj });
  });

  // Weights from off chip, where the table knows what a bit costs.
  const offChip: EnergyNode[] = [];
  const { offChipBit: bit } = profile;
  if (activity.offChipBits !== undefined && bit) {
    const [actionsPerStep, energyPerActionPj] = [activity.offChipBits / steps, bit.evaluate({})];
    const totalPj = toGrid(actionsPerStep * energyPerActionPj);
    offChip.push({
      ...plainLeaf('off chip', totalPj),
      ...{ actionsPerStep, energyPerActionPj, quality: bit.data.quality },
    });
    const counts = jobs.map((job) => job.activity.offChipBits ?? 0);
    const where = {
      share: 'weights',
      memory: undefined,
      act: 'off chip',
      gate: undefined,
    } as const;
    shareOut(totalPj, counts).forEach((pj, job) => {
      if (pj !== 0) portions.push({ ...where, job, pj });
    });
  }

  // A skipped product takes no cycle and moves no register; its queue is among the memories.
  const skippedLeaf: EnergyNode = {
    ...plainLeaf('skipped products', 0),
    actionsPerStep: activity.skippedMacs / steps,
    energyPerActionPj: 0,
    quality: 'derived',
  };
  const shareNode = (share: EnergyShare): EnergyNode => {
    if (share === 'leakage') return group(share, [leakage]);
    const own = leaves.filter(({ act }) => act.share === share);
    const inMemories = own.some(({ act }) => act.memory !== undefined);
    if (!inMemories) {
      const skipped = share === 'mac' && activity.skippedMacs > 0 ? [skippedLeaf] : [];
      return group(share, [...own.map(({ leaf }) => leaf), ...skipped]);
    }
    const ofMemories = groupBy(
      own,
      ({ act }) => act.memory!.name,
      (name, its) =>
        group(
          name,
          its.map(({ leaf }) => leaf),
        ),
    );
    return group(share, share === 'weights' ? [...ofMemories, ...offChip] : ofMemories);
  };
  const tree = group(design.name, ENERGY_SHARES.map(shareNode));
  const shares = Object.fromEntries(
    ENERGY_SHARES.map((name, k) => [name, tree.children[k].totalPj]),
  ) as Record<EnergyShare, number>;
  const secondsPerStep = cycles / (clockMhz * 1e6) / steps;
  return {
    table: profile.data.energy.table,
    perStepPj: tree.totalPj,
    errorPj: tree.totalPj * profile.data.errors.energy.relative,
    shares,
    tree,
    jobs: jobsTree(design, portions),
    portions,
    powerMw: (tree.totalPj * 1e-12) / secondsPerStep / 1e-3,
  };
}
