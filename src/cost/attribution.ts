/**
 * Where it all goes: cycles and energy by layer, gate and what was done, resources by unit and memory. A node is exactly
 * the sum of its children.
 */
import type { CycleBreakdown, SimulationReport } from '../../sim/report.js';
import { type Design, jobName } from '../design/design.js';
import { GATE_NAMES } from '../quant/gates.js';
import type { EnergyNode } from './energy.js';
import type { CostNode, Estimate } from './estimate.js';
import { shareOutWhole } from './grid.js';

/** So much, and of what it is made. */
export interface AmountNode {
  readonly name: string;
  readonly amount: number;
  readonly children: readonly AmountNode[];
}

export interface Attribution {
  /** Of the simulated run. */
  readonly cycles: AmountNode;
  /** Of a step of one sequence. */
  readonly energyPj: AmountNode;
  readonly resources: CostNode;
}

const CAUSES: Readonly<Record<keyof CycleBreakdown, string>> = {
  mac: 'multiply-accumulate',
  flush: 'drain and clear',
  pad: 'pad',
  stallInput: 'stall: input',
  stallDependency: 'stall: dependency',
  stallOutput: 'stall: output',
  stallWeights: 'stall: weights',
  tail: 'after the last operand',
};

function sumNode(name: string, children: readonly AmountNode[]): AmountNode {
  return { name, amount: children.reduce((sum, { amount }) => sum + amount, 0), children };
}

/**
 * Cycles of the run by job and cause. A fold holds rows of all four gates; the cycles of its products are divided by
 * the sums that each takes, in whole cycles.
 */
export function attributeCycles(design: Design, { breakdown, jobs }: SimulationReport): AmountNode {
  const nodes = jobs.map((report, j) => {
    const job = design.jobs[j];
    const causes = (Object.keys(CAUSES) as (keyof CycleBreakdown)[]).filter(
      (cause) => report.breakdown[cause] > 0,
    );
    return sumNode(
      jobName(job),
      causes.map((cause) => {
        const amount = report.breakdown[cause];
        const name = CAUSES[cause];
        if (cause !== 'mac' || job.kind === 'head') return { name, amount, children: [] };
        const gates = shareOutWhole(amount, job.planes).map((share, gate) => ({
          name: `gate ${GATE_NAMES[gate]}`,
          amount: share,
          children: [],
        }));
        return { name, amount, children: gates };
      }),
    );
  });
  const tail = { name: CAUSES.tail, amount: breakdown.tail, children: [] };
  return sumNode(design.name, breakdown.tail > 0 ? [...nodes, tail] : nodes);
}

function amounts({ name, totalPj, children }: EnergyNode): AmountNode {
  return { name, amount: totalPj, children: children.map(amounts) };
}

/** @param estimated of the same run */
export function attribute(
  design: Design,
  report: SimulationReport,
  estimated: Estimate,
): Attribution {
  if (estimated.energy === undefined) throw new TypeError('attribute: the estimate has no run');
  return {
    cycles: attributeCycles(design, report),
    energyPj: amounts(estimated.energy.jobs),
    resources: estimated.tree,
  };
}
