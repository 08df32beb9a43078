/**
 * Fit a profile's formulas to what Yosys makes of a sweep of designs. Measuring and fitting are two
 * steps: the measurements are stored beside the profile, and the fit needs nothing else.
 */
import { tableOf, usesPlanes, type Design } from '../design/design.js';
import type { SourceFiles } from '../eda/files.js';
import { synthesize, type Family, type Resources, type SynthOptions } from '../eda/synth.js';
import { ProfileError } from './errors.js';
import {
  attributeCells,
  packedLogicCells,
  type Bucket,
  type PartCounts,
  type PartNames,
} from './attribute.js';
import { compileFormula } from './formula.js';
import {
  type LogicPart,
  type MemoryPart,
  type Part,
  combinerOf,
  inventory,
  peOf,
  sequencerOf,
  sourceOf,
} from './inventory.js';
import { nonNegativeLeastSquares } from './least-squares.js';
import { mapMemory, memoryPrimitive } from './memory-map.js';
import { PRIMITIVES, PRIMITIVE_NAMES, type Parameter, type Primitive } from './primitives.js';
import { checkProfile, type FormulaData, type Profile, type ProfileData } from './profile.js';

/** One synthesized design: what it is made of, and what became of it. */
export interface DataPoint {
  readonly design: string;
  readonly scheme: string;
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly Part[];
  readonly totals: Resources & { readonly logicCells: number };
  readonly measured: PartCounts;
}

export interface CalibrationData {
  readonly version: 1;
  readonly profile: string;
  readonly tool: string;
  readonly toolVersion: string;
  readonly points: readonly DataPoint[];
}

/** Measurements as a file: a line that says what they are, then one design a line. */
export function calibrationText({ points, ...header }: CalibrationData): string {
  return [header, ...points].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** @throws {ProfileError} when the text is not what `calibrationText` writes */
export function parseCalibration(text: string, file: string): CalibrationData {
  const lines = text.trimEnd().split('\n');
  const parsed = lines.map((line, n): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      throw new ProfileError([
        { where: `${file}, line ${n + 1}`, given: 'cannot be read', allowed: 'must be JSON' },
      ]);
    }
  });
  const [header, ...points] = parsed as [Omit<CalibrationData, 'points'>, ...DataPoint[]];
  if (header?.version !== 1) {
    throw new ProfileError([
      { where: `${file}, line 1`, given: `version ${header?.version}`, allowed: 'must be 1' },
    ]);
  }
  return { ...header, points };
}

/** A profile as its file: short arrays stay on their line. */
export function profileText(data: ProfileData): string {
  const text = JSON.stringify(data, null, 2);
  return `${text.replace(/\[\s+(-?[\d.,\s-]*?\d)\s+\]/g, (_, items: string) => `[${items.replace(/\s+/g, ' ')}]`)}\n`;
}

/** Synthesis family of a profile; undefined for ASICs. */
export function synthesisFamily(data: ProfileData): Family | undefined {
  if (data.family === 'asic') return undefined;
  if (data.family === 'ice40') return data.name.includes('hx') ? 'ice40-hx8k' : 'ice40-up5k';
  return data.family;
}

/**
 * Measure a sweep and fit a profile to it: what `halfgate calibrate` does.
 *
 * @throws EdaError when a synthesis fails
 */
export async function calibrate(
  profile: Profile,
  designs: readonly Design[],
  emit: Emit,
  options: SynthOptions & { readonly onDesign?: (done: number, point: DataPoint) => void } = {},
): Promise<FitReport & { readonly data: CalibrationData }> {
  const family = synthesisFamily(profile.data);
  if (family === undefined) {
    throw new ProfileError([
      {
        where: `${profile.file}: family`,
        given: JSON.stringify(profile.data.family),
        allowed: 'only FPGA profiles can be calibrated',
      },
    ]);
  }
  const points: DataPoint[] = [];
  let tool = '';
  let toolVersion = '';
  for (const design of designs) {
    const { onDesign: _, ...synthesis } = options;
    const measured = await measureDesign(design, emit, family, synthesis);
    ({ tool, toolVersion } = measured);
    points.push(measured.point);
    options.onDesign?.(points.length, measured.point);
  }
  const data: CalibrationData = {
    version: 1,
    profile: profile.data.name,
    tool,
    toolVersion,
    points,
  };
  return { ...fitProfile(profile, data), data };
}

/** Files and top module of a design; `emit` does this, which cost models may not import. */
export type Emit = (design: Design) => {
  readonly top: string;
  readonly files: SourceFiles;
};

/** Synthesize one design and count what each of its parts became. */
export async function measureDesign(
  design: Design,
  emit: Emit,
  family: Family,
  options: SynthOptions = {},
): Promise<{ point: DataPoint; tool: string; toolVersion: string }> {
  const { top, files } = emit(design);
  const result = await synthesize(files, top, family, options);
  const netlist = new TextDecoder().decode(result.netlistJson);
  return {
    point: dataPoint(design, netlist, top, family, result),
    tool: result.tool,
    toolVersion: result.toolVersion,
  };
}

/** The data point of a netlist that Yosys wrote for this design. */
export function dataPoint(
  design: Design,
  netlistJson: string,
  top: string,
  family: Family,
  totals: Resources,
): DataPoint {
  const { luts, ffs, carries, brams, dsps, sprams, lutRam } = totals;
  const isIce40 = family === 'ice40-up5k' || family === 'ice40-hx8k';
  return {
    design: [
      design.layers[0].inputSize,
      ...design.layers.map(({ hiddenSize, isBidirectional }) =>
        isBidirectional ? `2 x ${hiddenSize}` : hiddenSize,
      ),
      design.headOutput ?? design.classes,
    ].join(' -> '),
    scheme: design.scheme.name,
    rows: design.rows,
    columns: design.columns,
    parts: inventory(design).map(withOwnParameters),
    totals: {
      ...{ luts, ffs, carries, brams, dsps, sprams, lutRam },
      logicCells: isIce40 ? packedLogicCells(netlistJson, top) : 0,
    },
    measured: attributeCells(netlistJson, top, family, partNames(design)),
  };
}

function partNames(design: Design): PartNames {
  const { scheme, input } = design;
  const isLevel = scheme.gates !== 'int16';
  return {
    pe: peOf(design),
    combine: combinerOf(design),
    sequencer: sequencerOf(design),
    stream: design.sequence ? 'sequence-input' : 'input-stream',
    drain: usesPlanes(design) ? 'drain-planes' : 'drain',
    cell: isLevel ? 'cell-level' : 'cell-int16',
    lane: isLevel ? 'lane-level' : 'lane-int16',
    source: sourceOf(design),
    input: input.kind === 'dense' ? 'input' : tableOf(design) ? 'table' : 'embedding',
  };
}

function withOwnParameters(part: Part): Part {
  if (part.kind === 'memory') return part;
  const names: readonly Parameter[] = PRIMITIVES[part.primitive];
  return {
    ...part,
    parameters: Object.fromEntries(names.map((name) => [name, part.parameters[name]])),
  };
}

/** Parts that the netlist cannot tell apart are fitted together. */
const SHARED_BUCKET: Readonly<Partial<Record<Primitive, Bucket>>> = {
  'operand-select': 'drain-mux',
  // Multiplier blocks swallow the register between the two, and with it the multiplexer's name.
  requantizer: 'drain-mux',
  // A delayed row word and the requantizer's own pipeline hold the same values: one register serves both.
  'column-delay': 'drain-mux',
  // The drain multiplexer's outputs go straight into a multiplier block.
  'combine-multiply': 'drain-mux',
  'shift-multiplier': 'cell-level',
  'step-address': 'drain-mux',
};

const FITTED_COSTS = ['lut', 'ff', 'lutRam'] as const;
type FittedCost = (typeof FITTED_COSTS)[number];

/** The buckets that are measured as one with this bucket. */
function bucketsOf(bucket: Bucket): Bucket[] {
  const others = Object.entries(SHARED_BUCKET).filter(([, shared]) => shared === bucket);
  const rows: Bucket[] = bucket === 'drain-mux' ? ['memory:rows'] : [];
  return [bucket, ...others.map(([primitive]) => primitive as Bucket), ...rows];
}

type Term = Pick<LogicPart, 'primitive' | 'count' | 'parameters'> & {
  /** LUTs of the memory itself, which the memory rule counts. */
  readonly lutRam?: number;
};

/** The row memory's read register may lie in the requantizer's multiplier block too. */
function memoryBucket({ role }: MemoryPart): Bucket {
  return role === 'rows' ? 'drain-mux' : `memory:${role}`;
}

/** A sum of primitives with one measured count: a row of a fit. */
interface Observation {
  readonly point: number;
  readonly terms: readonly Term[];
  readonly counts: Readonly<Record<FittedCost, number>>;
}

const MEMORY_PRIMITIVES: ReadonlySet<Primitive> = new Set([
  'rom-logic',
  'tanh-logic',
  'ram-logic',
  'ram-lut',
  'memory-glue',
]);

function memoryTerm(memory: MemoryPart, memories: ProfileData['memories']): Term {
  const { primitive, parameters, mapping } = memoryPrimitive(memory, memories);
  const lutRam = mapping.resource === 'lutRam' ? memory.count * mapping.amount : 0;
  return { primitive, count: memory.count, parameters, lutRam };
}

function observations(
  points: readonly DataPoint[],
  memories: ProfileData['memories'],
): Observation[] {
  const rows: Observation[] = [];
  points.forEach(({ parts, measured }, point) => {
    const groups = new Map<Bucket, Term[]>();
    for (const part of parts) {
      const bucket: Bucket =
        part.kind === 'memory'
          ? memoryBucket(part)
          : (SHARED_BUCKET[part.primitive] ?? (part.primitive as Bucket));
      const term = part.kind === 'memory' ? memoryTerm(part, memories) : part;
      const group = groups.get(bucket);
      if (group) group.push(term);
      else groups.set(bucket, [term]);
    }
    for (const [bucket, terms] of groups) {
      const counts = { lut: 0, ff: 0, lutRam: 0 };
      for (const name of bucketsOf(bucket)) {
        const found = measured[name];
        counts.lut += found?.luts ?? 0;
        counts.ff += found?.ffs ?? 0;
        counts.lutRam += found?.lutRam ?? 0;
      }
      for (const term of terms) counts.lutRam -= term.lutRam ?? 0;
      rows.push({ point, terms, counts });
    }
  });
  return rows;
}

/** A formula as a vector: value = fixed + sum of coefficients times basis. */
export function linearForm(
  data: FormulaData,
  primitive: Primitive,
): (values: LogicPart['parameters']) => { fixed: number; basis: number[] } {
  const parameters: readonly Parameter[] = PRIMITIVES[primitive];
  const names = Object.keys(data.coefficients);
  const compiled = compileFormula(data.formula, [...parameters, ...names]);
  return (values) => {
    const args = parameters.map((name) => values[name] ?? 0);
    const at = (k: number): number =>
      compiled.evaluate([...args, ...names.map((_, n) => (n === k ? 1 : 0))]);
    const fixed = at(-1);
    const basis = names.map((_, k) => at(k) - fixed);
    const all = compiled.evaluate([...args, ...names.map(() => 2)]);
    const expected = fixed + 2 * basis.reduce((sum, value) => sum + value, 0);
    if (Math.abs(all - expected) > 1e-6 * Math.max(1, Math.abs(all))) {
      throw new RangeError(
        `calibrate: ${primitive}: ${data.formula} is not linear in its coefficients`,
      );
    }
    return { fixed, basis };
  };
}

type Coefficients = Map<string, number[]>;

/** Fit every group of primitives that share observations. Key: `primitive cost`. */
function fitAll(data: ProfileData, rows: readonly Observation[]): Coefficients {
  const fitted: Coefficients = new Map();
  for (const cost of FITTED_COSTS) {
    for (const group of groupsOf(rows)) {
      const own = rows.filter((row) => row.terms.some((term) => group.includes(term.primitive)));
      const offsets = new Map<Primitive, number>();
      let width = 0;
      for (const primitive of group) {
        offsets.set(primitive, width);
        width += Object.keys(data.primitives[primitive][cost].coefficients).length;
      }
      if (width === 0) continue;
      const forms = new Map(
        group.map((primitive) => [
          primitive,
          linearForm(data.primitives[primitive][cost], primitive),
        ]),
      );
      const matrix: number[][] = [];
      const target: number[] = [];
      for (const row of own) {
        const line = new Array<number>(width).fill(0);
        let rest = row.counts[cost];
        for (const term of row.terms) {
          const { fixed, basis } = forms.get(term.primitive)!(term.parameters);
          rest -= term.count * fixed;
          basis.forEach(
            (value, k) => (line[offsets.get(term.primitive)! + k] += term.count * value),
          );
        }
        matrix.push(line);
        target.push(rest);
      }
      const solution = nonNegativeLeastSquares(matrix, target);
      for (const primitive of group) {
        const count = Object.keys(data.primitives[primitive][cost].coefficients).length;
        const start = offsets.get(primitive)!;
        if (count > 0) fitted.set(`${primitive} ${cost}`, solution.slice(start, start + count));
      }
    }
  }
  return fitted;
}

/** Primitives that occur together in an observation. */
function groupsOf(rows: readonly Observation[]): Primitive[][] {
  const group = new Map<Primitive, Set<Primitive>>();
  for (const { terms } of rows) {
    const merged = new Set(
      terms.flatMap(({ primitive }) => [primitive, ...(group.get(primitive) ?? [])]),
    );
    for (const primitive of merged) group.set(primitive, merged);
  }
  return [...new Set(group.values())].map((set) => [...set]);
}

export const rms = (values: readonly number[]): number =>
  values.length === 0
    ? 0
    : Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

export const rounded = (value: number): number =>
  Number((Math.abs(value) < 1e-6 ? 0 : value).toPrecision(4));

function predict(
  data: ProfileData,
  fitted: Coefficients,
  cost: FittedCost,
  rows: readonly Observation[],
): number {
  let sum = 0;
  for (const { terms } of rows) {
    for (const term of terms) {
      const { fixed, basis } = linearForm(
        data.primitives[term.primitive][cost],
        term.primitive,
      )(term.parameters);
      // A primitive that the fit did not see predicts nothing: that is an error to be counted.
      const own = fitted.get(`${term.primitive} ${cost}`);
      sum += term.count * basis.reduce((total, value, k) => total + value * (own?.[k] ?? 0), fixed);
    }
  }
  return sum;
}

export interface FitReport {
  readonly profile: ProfileData;
  /** Relative errors of whole designs, each left out of the fit that predicts it. */
  readonly leaveOneOut: Readonly<Record<FittedCost | 'bram' | 'dsp', readonly number[]>>;
}

/**
 * Fit the coefficients of a profile to measurements; formulas stay as they are. The result states the
 * residual of each primitive and the leave-one-out error of whole designs, and is checked like any
 * profile.
 */
export function fitProfile(profile: Profile, measurements: CalibrationData): FitReport {
  const { points } = measurements;
  const data = structuredClone(profile.data);
  const rows = observations(points, data.memories);
  const fitted = fitAll(data, rows);

  const leaveOneOut: Record<FittedCost | 'bram' | 'dsp', number[]> = {
    lut: [],
    ff: [],
    bram: [],
    dsp: [],
    lutRam: [],
  };
  const cells: number[] = [];
  points.forEach((point, index) => {
    const without = fitAll(
      data,
      rows.filter((row) => row.point !== index),
    );
    const own = rows.filter((row) => row.point === index);
    const lut = predict(data, without, 'lut', own);
    const ff = predict(data, without, 'ff', own);
    leaveOneOut.lut.push(lut / point.totals.luts - 1);
    leaveOneOut.ff.push(ff / point.totals.ffs - 1);
    const blocks = countBlocks(point.parts, data.memories);
    const dsps = point.parts.reduce(
      (sum, part) =>
        part.kind === 'logic'
          ? sum + part.count * profile.primitives[part.primitive].dsp.evaluate(part.parameters)
          : sum,
      0,
    );
    leaveOneOut.bram.push((blocks.bram - point.totals.brams) / Math.max(1, point.totals.brams));
    const lutRam = blocks.lutRam + predict(data, without, 'lutRam', own);
    leaveOneOut.lutRam.push((lutRam - point.totals.lutRam) / Math.max(1, point.totals.lutRam));
    leaveOneOut.dsp.push((dsps - point.totals.dsps) / Math.max(1, point.totals.dsps));
  });

  const file = `data/${data.name}.jsonl`;
  const source = `fit to ${points.length} designs synthesized by ${measurements.tool} ${measurements.toolVersion}`;
  for (const primitive of PRIMITIVE_NAMES) {
    for (const cost of FITTED_COSTS) {
      const formula = data.primitives[primitive][cost];
      const solution = fitted.get(`${primitive} ${cost}`);
      if (solution === undefined) continue;
      const names = Object.keys(formula.coefficients);
      const seen = rows.filter((row) => row.terms.some((term) => term.primitive === primitive));
      const predicted = seen.map((row) => predict(data, fitted, cost, [row]));
      const mean = seen.reduce((sum, row) => sum + row.counts[cost], 0) / seen.length;
      const residual = rms(seen.map((row, k) => predicted[k] - row.counts[cost]));
      data.primitives[primitive][cost] = {
        ...formula,
        coefficients: Object.fromEntries(names.map((name, k) => [name, rounded(solution[k])])),
        quality: 'fitted',
        source,
        data: `${file}#${MEMORY_PRIMITIVES.has(primitive) ? 'memories' : (SHARED_BUCKET[primitive] ?? primitive)}`,
        error: { kind: 'residual', relative: rounded(mean > 0 ? residual / mean : 0) },
      };
    }
  }
  data.errors.lut = { kind: 'leave-one-out', relative: rounded(rms(leaveOneOut.lut)) };
  data.errors.ff = { kind: 'leave-one-out', relative: rounded(rms(leaveOneOut.ff)) };
  for (const resource of ['bram', 'dsp', 'lutRam'] as const) {
    const relative = rounded(rms(leaveOneOut[resource]));
    data.errors[resource] = { kind: relative === 0 ? 'exact' : 'leave-one-out', relative };
  }
  if (data.packing !== null) {
    const pairs = points.map(({ totals }) => [totals.luts, totals.ffs]);
    const target = points.map(({ totals }) => totals.logicCells);
    const solution = nonNegativeLeastSquares(pairs, target);
    pairs.forEach(([lut, ff], k) =>
      cells.push((solution[0] * lut + solution[1] * ff) / target[k] - 1),
    );
    data.packing = {
      formula: 'c0 * lut + c1 * ff',
      coefficients: { c0: rounded(solution[0]), c1: rounded(solution[1]) },
      quality: 'fitted',
      source: `${source}, packed by the rules of nextpnr-ice40`,
      error: { kind: 'residual', relative: rounded(rms(cells)) },
    };
    data.errors.logicCells = {
      kind: 'leave-one-out',
      relative: rounded(Math.hypot(rms(cells), data.errors.lut.relative)),
    };
  }
  data.tool = {
    name: measurements.tool,
    version: measurements.toolVersion,
    script: data.tool?.script ?? '',
  };
  data.calibrated = { data: file, designs: points.length, ranges: parameterRanges(points) };
  return { profile: checkProfile(data, profile.file).data, leaveOneOut };
}

/** Block RAMs and LUTs used as memory. */
function countBlocks(
  parts: readonly Part[],
  memories: ProfileData['memories'],
): { bram: number; lutRam: number } {
  const total = { bram: 0, lutRam: 0 };
  for (const part of parts) {
    if (part.kind !== 'memory') continue;
    const mapping = mapMemory({ kind: part.type, width: part.width, depth: part.depth }, memories);
    if (mapping.resource !== 'logic') total[mapping.resource] += part.count * mapping.amount;
  }
  return total;
}

function parameterRanges(points: readonly DataPoint[]): Record<string, [number, number]> {
  const ranges: Record<string, [number, number]> = {};
  for (const { parts } of points) {
    for (const part of parts) {
      const values =
        part.kind === 'logic' ? part.parameters : { width: part.width, depth: part.depth };
      for (const [name, value] of Object.entries(values)) {
        const range = (ranges[name] ??= [value, value]);
        range[0] = Math.min(range[0], value);
        range[1] = Math.max(range[1], value);
      }
    }
  }
  return Object.fromEntries(Object.entries(ranges).sort(([a], [b]) => (a < b ? -1 : 1)));
}
