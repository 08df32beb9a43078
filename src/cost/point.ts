/**
 * What a point of a design space costs, in microseconds: the same cycles, energy, area and resources as planning a
 * model, simulating and estimating it, without a model. For searches.
 */
import { type RunTotals, runOutline } from '../../sim/outline-run.js';
import type { Structure } from '../design/design.js';
import { multiplies } from '../design/multipliers.js';
import { type DesignPoint, outline, type Widths } from '../design/outline.js';
import { weightBytes, type StoredSizes } from '../quant/quantized-model.js';
import { visitActs } from './acts.js';
import { compileCosts, type CompiledCosts, type CostTotals } from './compiled.js';
import { leakageMw, leakagePj } from './energy.js';
import { toGrid } from './grid.js';
import { visitParts } from './inventory.js';
import { mapMemory, memoryLogic } from './memory-map.js';
import type { ParameterValues } from './primitives.js';
import { hasDsp, type Profile } from './profile.js';

/** What the accelerator is given to do. */
export interface PointRun {
  /** Lengths in steps, one after the other; `columns` sequences side by side. */
  readonly sequences: readonly number[];
  /** Sparse: share of h, and of a dense x, that is not zero; absent: all of it. */
  readonly density?: number;
}

export interface PointCost extends Omit<RunTotals, 'activity'> {
  /** The clock that times and energies are for: the profile's, or fmax where that is lower. */
  readonly clockMhz: number;
  readonly fmaxMhz: number;
  /** Of the whole run. */
  readonly latencyUs: number;
  /** Of all columns together, in the steady state. */
  readonly stepsPerSecond: number;
  /** Of one sequence. */
  readonly energyPerStepPj: number;
  readonly powerMw: number;
  readonly areaUm2: number;
  readonly lut: number;
  readonly ff: number;
  readonly dsp: number;
  readonly bram: number;
  readonly lutRam: number;
  readonly logicCells: number;
  /** Weights as the hardware packs them, embeddings with them. */
  readonly weightBytes: number;
  /** Bits of all memories. */
  readonly memoryBits: number;
  /** Whether the device has as much of everything. */
  readonly fits: boolean;
}

const NO_OWN: ParameterValues = {};

/** What all parts take together. */
function addParts(
  design: Structure,
  rowWordBits: number,
  profile: Profile,
  { primitives }: CompiledCosts,
): CostTotals {
  const totals = { lut: 0, ff: 0, lutRam: 0, dsp: 0, bram: 0, areaUm2: 0, delayNs: 0 };
  const isAsic = profile.data.family === 'asic';
  visitParts(design, rowWordBits, (common) => ({
    logic: (_, primitive, count, more) => {
      primitives[primitive](common, more ?? NO_OWN, count, totals);
    },
    memory: (_, spec, width, count) => {
      const { kind, depth } = spec;
      if (isAsic) {
        const area = count * width * depth * profile.constants.areaUm2PerMemoryBit;
        totals.areaUm2 += toGrid(area);
        return;
      }
      const mapping = mapMemory({ kind, width, depth }, profile.data.memories);
      const { resource, amount, banks } = mapping;
      // Its delay is not counted: memories are read into registers.
      const { delayNs } = totals;
      primitives[memoryLogic(spec, mapping)](common, { width, depth, banks }, count, totals);
      totals.delayNs = delayNs;
      if (resource === 'bram') totals.bram += count * amount;
      else if (resource === 'lutRam') totals.lutRam += count * amount;
    },
  }));
  return totals;
}

function storedSizes({ scheme, input, classes }: DesignPoint, design: Structure): StoredSizes {
  return {
    scheme,
    input:
      input.kind === 'tokens'
        ? { kind: 'tokens', embedding: { length: input.vocabSize * input.size } }
        : input.kind === 'features'
          ? {
              kind: 'features',
              tables: input.tables.map(({ count, size }) => ({ codes: { length: count * size } })),
            }
          : { kind: input.kind },
    layers: design.layers.map(({ inputSize, hiddenSize, isBidirectional }) => ({
      inputSize,
      hiddenSize,
      backward: isBidirectional && {},
    })),
    head: { classes },
  };
}

/**
 * Cycles, energy, area and resources of a point, equal to the last bit to
 *
 *   estimate(design, profile, simulate(design, run))
 *
 * of a design of that shape with these widths; on a device without DSP blocks, of the design withoutDsp.
 *
 * @param widths what the weights decide, `widthsOf` a design; absent: what any weights of these codings may need, with
 *   every bit of the row parameters in use and a window of eight shifts (outline.ts): an upper bound for most
 * @throws {DesignError} for a point that is no design
 * @throws {RangeError} for a run without steps
 * @throws {ProfileError} where a formula of the profile is negative or no number
 */
export function costPoint(
  point: DesignPoint,
  run: PointRun,
  profile: Profile,
  widths?: Widths,
): PointCost {
  checkRun(run);
  const made = outline(point, widths);
  const { rowWordBits } = made;
  const design = recoded(made.structure, profile);
  checkLengths(design, run);
  const costs = compileCosts(profile);
  const totals = addParts(design, rowWordBits, profile, costs);
  const { cycles, steps, cyclesPerStep, utilization, activity } = runOutline(
    design,
    run.sequences,
    run.density,
  );
  const { constants, data, available } = profile;
  const { delayNs, lut, ff, dsp, bram, lutRam, areaUm2 } = totals;
  const fmaxMhz = delayNs > 0 ? (1000 * data.timing.derating.value) / delayNs : constants.clockMhz;
  const clockMhz = Math.min(constants.clockMhz, fmaxMhz);
  const columnSteps = steps * design.columns;
  let energyPerStepPj = leakagePj(
    leakageMw(design.memories, constants, areaUm2),
    cycles,
    clockMhz,
    columnSteps,
  );
  const { actions } = costs;
  visitActs(design, activity, cycles, ff, ({ action, parameters }, count) => {
    if (count > 0) energyPerStepPj += toGrid((count / columnSteps) * actions[action](parameters));
  });
  const secondsPerStep = cycles / (clockMhz * 1e6) / columnSteps;
  const cells = profile.logicCells?.(lut, ff);
  const logicCells = cells === undefined ? 0 : Math.round(cells);
  let memoryBits = 0;
  for (const { width, depth, copies } of design.memories) memoryBits += width * depth * copies;
  const within = (value: number, most: number | undefined): boolean =>
    most === undefined || value <= most;
  return {
    cycles,
    steps,
    cyclesPerStep,
    utilization,
    clockMhz,
    fmaxMhz,
    latencyUs: cycles / clockMhz,
    stepsPerSecond: (1e6 * clockMhz * design.columns) / cyclesPerStep,
    energyPerStepPj,
    powerMw: (energyPerStepPj * 1e-12) / secondsPerStep / 1e-3,
    areaUm2,
    lut,
    ff,
    dsp,
    bram,
    lutRam,
    logicCells,
    weightBytes: weightBytes(storedSizes(point, design)),
    memoryBits,
    fits:
      // LUTs that serve as memory are LUTs no longer.
      within(lut + lutRam, available.lut) &&
      within(ff, available.ff) &&
      within(dsp, available.dsp) &&
      within(bram, available.bram) &&
      within(lutRam, available.lutRam) &&
      within(logicCells, available.logicCells),
  };
}

/** The design for a profile without DSP blocks: as it is where it says itself how many to use (multipliers.ts). */
function recoded(design: Structure, profile: Profile): Structure {
  const { multipliers } = design;
  const isItsOwn = multipliers !== undefined && !multipliers.isPaired;
  if (hasDsp(profile) || isItsOwn || !multiplies(design.array)) return design;
  return { ...design, multipliers: { dsp: 0 } };
}

function checkLengths({ sequence }: Structure, { sequences }: PointRun): void {
  if (sequence === undefined) return;
  for (let n = 0; n < sequences.length; n++) {
    if (sequences[n] > sequence.maxSteps) {
      throw new RangeError(
        `sequences[${n}]: ${sequences[n]} steps, but the design holds ${sequence.maxSteps}; give maxSteps ${sequences[n]} or more`,
      );
    }
  }
}

function checkRun({ sequences, density }: PointRun): void {
  if (sequences.length === 0) throw new RangeError('sequences: none given, need at least 1');
  for (let n = 0; n < sequences.length; n++) {
    if (!Number.isInteger(sequences[n]) || sequences[n] < 1) {
      throw new RangeError(`sequences[${n}]: ${sequences[n]} is not a positive integer`);
    }
  }
  if (density !== undefined && !(density >= 0 && density <= 1)) {
    throw new RangeError(`density: ${density} is not in 0..1`);
  }
}
