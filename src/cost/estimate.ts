/** Design + profile (+ simulation) -> Estimate: resources, area, clock, energy; every part accounted for. */
import type { SimulationReport } from '../../sim/report.js';
import { sequencesOf, type Design } from '../design/design.js';
import { visitActs } from './acts.js';
import { tableWarnings } from './energy-table.js';
import { CapacityError, type Overflow } from './errors.js';
import { estimateEnergy, type EnergyEstimate } from './energy.js';
import { toGrid } from './grid.js';
import { inventory, type MemoryPart, type Part } from './inventory.js';
import { memoryPrimitive } from './memory-map.js';
import type { Action, Parameter, ParameterValues, Primitive } from './primitives.js';
import { OFF_CHIP_ACTION, PRIMITIVE_NAMES } from './primitives.js';
import { RESOURCES, type Profile, type Resource } from './profile.js';

/** What a part takes. Counts are integers, but for block RAMs, which come in halves on some devices. */
export interface PartCost {
  readonly lut: number;
  readonly ff: number;
  readonly dsp: number;
  readonly bram: number;
  readonly spram: number;
  readonly lutRam: number;
  readonly areaUm2: number;
}

/** A part of the design and what it takes, its children included: `total` is exactly their sum. */
export interface CostNode {
  readonly name: string;
  /** What stands behind a leaf: instances, primitive or memory; empty for inner nodes. */
  readonly detail: string;
  readonly total: PartCost;
  readonly children: readonly CostNode[];
}

/** An estimated quantity: within `value` +- `error` in two of three designs like those of the fit. */
export interface Estimated {
  readonly value: number;
  readonly error: number;
  /** Of the device; undefined: without limit. */
  readonly available: number | undefined;
}

export interface Estimate {
  readonly profile: string;
  /** Where the numbers come from; always an estimate, never a measurement. */
  readonly basis: string;
  readonly tree: CostNode;
  readonly resources: Readonly<Record<Resource, Estimated>>;
  readonly areaUm2: Estimated;
  readonly fits: boolean;
  readonly overflows: readonly Overflow[];
  readonly fmaxMhz: Estimated;
  /** The primitive that limits the clock. */
  readonly criticalPart: Primitive;
  /** The clock that times and energies are for: the profile's, or fmax where that is lower. */
  readonly clockMhz: number;
  /** Present when a simulation was given. */
  readonly speed: SpeedEstimate | undefined;
  readonly energy: EnergyEstimate | undefined;
  /** Reasons to trust the numbers less. */
  readonly warnings: readonly string[];
}

export interface SpeedEstimate {
  readonly cyclesPerStep: number;
  /** Between results in the steady state, of all columns together. */
  readonly latencyPerStepUs: number;
  /** Steps of all sequences together. */
  readonly stepsPerSecond: number;
}

const ZERO: PartCost = { lut: 0, ff: 0, dsp: 0, bram: 0, spram: 0, lutRam: 0, areaUm2: 0 };
const COST_NAMES = Object.keys(ZERO) as (keyof PartCost)[];

function addCosts(costs: readonly PartCost[]): PartCost {
  const sum: Record<keyof PartCost, number> = { ...ZERO };
  for (const cost of costs) for (const name of COST_NAMES) sum[name] += cost[name];
  return sum;
}

/** The primitive that stands for the logic around a memory in blocks, or for the whole memory in logic. */
export function memoryCost(part: MemoryPart, profile: Profile): { cost: PartCost; detail: string } {
  const { width, depth, count } = part;
  const shape = `${count} x ${width} x ${depth} bits`;
  if (profile.data.family === 'asic') {
    const areaUm2 = toGrid(count * width * depth * profile.constants.areaUm2PerMemoryBit);
    return { cost: { ...ZERO, areaUm2 }, detail: `${shape} in macros` };
  }
  const { primitive, parameters, mapping } = memoryPrimitive(part, profile.data.memories);
  const around = primitiveCost(profile, primitive, count, parameters);
  const blocks = count * mapping.blocks;
  const where = mapping.resource === 'logic' ? 'logic' : `${blocks} ${mapping.block}`;
  const cost =
    mapping.resource === 'logic'
      ? around
      : { ...around, [mapping.resource]: around[mapping.resource] + count * mapping.amount };
  return { cost, detail: `${shape} in ${where}` };
}

function primitiveCost(
  profile: Profile,
  primitive: Primitive,
  count: number,
  parameters: ParameterValues,
): PartCost {
  const formulas = profile.primitives[primitive];
  return {
    ...ZERO,
    lut: Math.round(count * formulas.lut.evaluate(parameters)),
    ff: Math.round(count * formulas.ff.evaluate(parameters)),
    lutRam: Math.round(count * formulas.lutRam.evaluate(parameters)),
    dsp: Math.round(count * formulas.dsp.evaluate(parameters)),
    areaUm2: toGrid(count * formulas.areaUm2.evaluate(parameters)),
  };
}

interface Draft {
  readonly name: string;
  detail: string;
  cost: PartCost | undefined;
  readonly children: Draft[];
}

function buildTree(design: Design, profile: Profile, parts: readonly Part[]): CostNode {
  const root: Draft = { name: design.name, detail: '', cost: undefined, children: [] };
  for (const part of parts) {
    let node = root;
    for (const name of part.path) {
      let child = node.children.find((candidate) => candidate.name === name);
      if (!child) {
        child = { name, detail: '', cost: undefined, children: [] };
        node.children.push(child);
      }
      node = child;
    }
    if (part.kind === 'memory') {
      const { cost, detail } = memoryCost(part, profile);
      Object.assign(node, { cost, detail });
    } else {
      node.cost = primitiveCost(profile, part.primitive, part.count, part.parameters);
      node.detail = `${part.count} x ${part.primitive}`;
    }
  }
  const finish = ({ name, detail, cost, children }: Draft): CostNode => {
    const nodes = children.map(finish);
    return {
      name,
      detail,
      total: cost ?? addCosts(nodes.map(({ total }) => total)),
      children: nodes,
    };
  };
  return finish(root);
}

const HINTS: Readonly<Record<Resource, string>> = {
  lut: 'use fewer rows or columns, or ternary weights with level3 gates',
  ff: 'use fewer rows or columns',
  dsp: 'use fewer DSP blocks (--dsp), fewer rows or columns, or ternary weights',
  bram: 'use fewer hidden units, ternary weights, a smaller vocabulary, or fewer rows',
  spram: 'use fewer hidden units',
  lutRam: 'use fewer hidden units or columns',
  logicCells: 'use fewer rows or columns, or ternary weights with level3 gates',
};

/**
 * How much wider error bars are outside the range that the fits saw. Assumed: the fits say nothing
 * there; trained designs with one common shift were off by 5 % of their LUTs where 2.6 % is stated.
 */
const OUTSIDE_WIDENING = 3;

/**
 * Estimate what a design takes on the device or node of a profile.
 *
 * @param report a simulation of the design: gives speed and energy
 * @throws {ProfileError} when a formula is negative or no number for this design
 */
export function estimate(design: Design, profile: Profile, report?: SimulationReport): Estimate {
  const parts = inventory(design);
  const tree = buildTree(design, profile, parts);
  const { errors, timing, calibrated, energy } = profile.data;
  const { total } = tree;
  const cells = profile.logicCells?.(total.lut, total.ff);
  const counts: Record<Resource, number> = {
    ...total,
    logicCells: cells === undefined ? 0 : Math.round(cells),
  };
  const outside = rangeWarnings(profile, parts);
  const widening = outside.length > 0 ? OUTSIDE_WIDENING : 1;
  const resources = {} as Record<Resource, Estimated>;
  const overflows: Overflow[] = [];
  for (const resource of RESOURCES) {
    const value = counts[resource];
    const available = profile.available[resource];
    const error = value * errors[resource].relative * widening;
    resources[resource] = { value, error, available };
    // LUTs that serve as memory are LUTs no longer.
    const needed = resource === 'lut' ? value + counts.lutRam : value;
    if (available !== undefined && needed > available) {
      overflows.push({ resource, needed, available, hint: HINTS[resource] });
    }
  }

  let criticalPart: Primitive = 'sequencer';
  let longest = 0;
  for (const part of parts) {
    if (part.kind !== 'logic') continue;
    const delay = profile.primitives[part.primitive].delayNs.evaluate(part.parameters);
    if (delay > longest) {
      longest = delay;
      criticalPart = part.primitive;
    }
  }
  const fmax = longest > 0 ? (1000 * timing.derating.value) / longest : profile.constants.clockMhz;
  const clockMhz = Math.min(profile.constants.clockMhz, fmax);
  const areaUm2 = {
    value: total.areaUm2,
    error: total.areaUm2 * errors.areaUm2.relative * widening,
    available: undefined,
  };

  return {
    profile: profile.data.name,
    basis: calibrated
      ? `estimated: fitted to ${calibrated.designs} designs of ${profile.data.tool?.name} ${profile.data.tool?.version}`
      : 'estimated: not fitted to synthesis',
    tree,
    resources,
    areaUm2,
    fits: overflows.length === 0,
    overflows,
    fmaxMhz: { value: fmax, error: fmax * timing.error.relative, available: undefined },
    criticalPart,
    clockMhz,
    speed: report && {
      cyclesPerStep: report.cyclesPerStep,
      latencyPerStepUs: report.cyclesPerStep / clockMhz,
      stepsPerSecond: (1e6 * clockMhz * sequencesOf(design)) / report.cyclesPerStep,
    },
    energy: report && estimateEnergy(design, profile, tree, report, clockMhz),
    warnings: [
      ...outside,
      ...controlWarnings(design),
      ...stationaryWarnings(design),
      ...offChipWarnings(profile, report),
      ...energyWarnings(design, profile, report, energy.table),
    ],
  };
}

/** @throws {CapacityError} naming every resource of which the device has too little */
export function assertFits(estimated: Estimate): void {
  if (!estimated.fits) throw new CapacityError(estimated.profile, estimated.overflows);
}

/** Parameters outside what the fits saw. */
function rangeWarnings(profile: Profile, parts: readonly Part[]): string[] {
  const { calibrated } = profile.data;
  if (calibrated === null) return [];
  const outside = new Map<string, string>();
  const check = (name: Parameter, value: number): void => {
    const range = calibrated.ranges[name];
    if (range && (value < range[0] || value > range[1])) {
      outside.set(
        name,
        `${name} = ${value} is outside ${range[0]}..${range[1]}, which the fits of ${profile.data.name} saw`,
      );
    }
  };
  for (const part of parts) {
    if (part.kind === 'memory') continue;
    for (const cost of ['lut', 'ff'] as const) {
      for (const name of profile.primitives[part.primitive][cost].used) {
        check(name, part.parameters[name] ?? 0);
      }
    }
  }
  return [...outside.values()];
}

/** What is known of the logic around stationary weights rests on single syntheses. */
function stationaryWarnings({ stationary }: Design): string[] {
  if (stationary === undefined) return [];
  return [
    'dataflow ws: formulas of its elements and of the logic around its array are assumed, not fitted: 30 % of their LUTs and flip-flops',
  ];
}

/** No profile has a formula yet for the registers and the decoder, nor for what tells streams apart. */
function controlWarnings({ control, streams, weightStream }: Design): string[] {
  const warnings: string[] = [];
  if (streams !== undefined) {
    warnings.push(
      `streams ${streams}: LUTs and flip-flops that tell them apart are not in the figures; memories are`,
    );
  }
  if (weightStream) {
    warnings.push(
      'weights stream: what fills the banks, decodes trits and chooses words is assumed, ±30 %; memories are exact',
    );
  }
  if (control === undefined) return warnings;
  return [
    ...warnings,
    `control ${control}: LUTs, flip-flops and delay of the registers and the decoder are not in the figures; memories are`,
  ];
}

/** Bits from off chip whose energy no one knows. */
function offChipWarnings(profile: Profile, report: SimulationReport | undefined): string[] {
  const bits = report?.activity.offChipBits;
  if (report === undefined || bits === undefined || profile.offChipBit) return [];
  return [
    `weights off chip: the energy of ${Math.round(bits / report.steps)} bits per step is not in the figures; ` +
      `${profile.data.name} has none for ${OFF_CHIP_ACTION} in its table ${profile.data.energy.table}`,
  ];
}

function energyWarnings(
  design: Design,
  profile: Profile,
  report: SimulationReport | undefined,
  table: string,
): string[] {
  if (!report) return [];
  if (profile.energyTable !== undefined) {
    const acts = new Map<Action, ParameterValues[]>();
    visitActs(design, report.activity, report.cycles, 0, ({ action, parameters }, count) => {
      if (count > 0) acts.set(action, [...(acts.get(action) ?? []), parameters]);
    });
    return tableWarnings(profile.energyTable, acts);
  }
  const actions = Object.entries(profile.actions).filter(
    ([, { data }]) => data.quality === 'assumed' || data.quality === 'extrapolated',
  );
  if (actions.length === 0) return [];
  return [
    `energy table ${table}: ${actions.map(([name, { data }]) => `${name} ${data.quality}`).join(', ')}`,
  ];
}

/** Primitives whose formulas are fitted, with their errors: for reports. */
export function primitiveErrors(
  profile: Profile,
): { primitive: Primitive; lut: number; ff: number }[] {
  return PRIMITIVE_NAMES.map((primitive) => ({
    primitive,
    lut: profile.primitives[primitive].lut.data.error.relative,
    ff: profile.primitives[primitive].ff.data.error.relative,
  }));
}
