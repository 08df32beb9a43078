/** Hardware profiles: one JSON per device or node, checked once, formulas compiled. */
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { systemCode, type Complaint } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { actionFormula, type EnergyTable } from './energy-table.js';
import { ProfileError } from './errors.js';
import { compileFormula, FormulaError, type Naming } from './formula.js';
import {
  ACTIONS,
  ACTION_NAMES,
  OFF_CHIP_ACTION,
  COSTS,
  PARAMETERS,
  PRIMITIVES,
  PRIMITIVE_NAMES,
  type Action,
  type Cost,
  type Parameter,
  type ParameterValues,
  type Primitive,
} from './primitives.js';
import { CANONICAL, unitFactor, type Dimension } from './units.js';

/** Version of the profile format. */
export const PROFILE_VERSION = 1;

/** How a constant came to be: read in its source, fitted to data, scaled from it, or supposed. */
export const QUALITIES = [
  'measured',
  'published',
  'fitted',
  'derived',
  'extrapolated',
  'assumed',
] as const;
export type Quality = (typeof QUALITIES)[number];

const sourceText = z
  .string()
  .trim()
  .min(8, 'must name where the value comes from, or say "assumed: ..."');
const quality = z.enum(QUALITIES);

const constant = z.strictObject({
  value: z.number().nonnegative(),
  unit: z.string(),
  quality,
  source: sourceText,
});

const PARAMETER_NAMES = Object.keys(PARAMETERS) as [Parameter, ...Parameter[]];

const formulaError = z.strictObject({
  /** `leave-one-out` and `residual` are rms over the data; `assumed` is our guess. */
  kind: z.enum(['leave-one-out', 'residual', 'exact', 'assumed']),
  /** Relative to the value. */
  relative: z.number().nonnegative(),
});

const formula = z.strictObject({
  formula: z.string().min(1),
  /** Named numbers of the formula, which calibration fits. */
  coefficients: z.record(z.string().regex(/^c\d{1,2}$/), z.number()),
  unit: z.string(),
  quality,
  source: sourceText,
  /** Data the coefficients were fitted to, as `data/FILE.json#part`. */
  data: z.string().nullable(),
  error: formulaError,
});

const record = <Key extends string, Value extends z.ZodType>(
  keys: readonly Key[],
  value: Value,
): z.ZodObject<Record<Key, Value>, z.core.$strict> =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, value])) as Record<Key, Value>);

export const RESOURCES = ['lut', 'ff', 'dsp', 'bram', 'spram', 'lutRam', 'logicCells'] as const;
export type Resource = (typeof RESOURCES)[number];

const memoryBlock = z.strictObject({
  name: z.string().min(1),
  /** Which resource one block takes, and how much of it. */
  resource: z.enum(['bram', 'lutRam']),
  amount: z.number().positive(),
  /** Whether it can hold constants; LUT memories are not used for that. */
  holdsRom: z.boolean(),
  /** Whether it can be written with enables fine enough for a narrow port. */
  holdsRam: z.boolean(),
  /** log2 of the words at width `widths[0]`. */
  addressBits: z.int().min(1).max(20),
  /** Word widths of the aspect ratios, each at half the depth of the one before. */
  widths: z.array(z.int().positive()).min(1),
  /** Granularity of write enables in bits; 0: the whole word. */
  byteBits: z.int().nonnegative(),
  /** Of one block, in the mapper's own units, and its share that scales with used width. */
  cost: z.number().positive(),
  widthCost: z.number().nonnegative(),
});
export type MemoryBlock = z.infer<typeof memoryBlock>;

const profileSchema = z.strictObject({
  version: z.literal(PROFILE_VERSION),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  family: z.enum(['ice40', 'ecp5', 'xc7', 'asic']),
  description: z.string().min(1),
  /** Tool that maps designs for this profile, and the version the fits are for. */
  tool: z.strictObject({ name: z.string(), version: z.string(), script: z.string() }).nullable(),
  clockMhz: constant,
  /** What the device has; null: without limit. */
  resources: record(RESOURCES, constant.nullable()),
  memories: z.strictObject({
    source: sourceText,
    /** Cost of a bit kept in logic, in the units of the blocks' cost. */
    logicCostPerRomBit: z.number().positive(),
    logicCostPerRamBit: z.number().positive(),
    blocks: z.array(memoryBlock),
    /** Area of one bit of memory; zero where memories are blocks. */
    areaPerBit: constant,
  }),
  /** Logic cells from LUTs and flip-flops, where the two share one; else null. */
  packing: z
    .strictObject({
      formula: z.string().min(1),
      coefficients: z.record(z.string().regex(/^c\d{1,2}$/), z.number()),
      quality,
      source: sourceText,
      error: formulaError,
    })
    .nullable(),
  primitives: record(PRIMITIVE_NAMES, record(COSTS, formula)),
  timing: z.strictObject({
    /** Achieved over estimated clock; covers routing between parts. */
    derating: z.strictObject({ value: z.number().positive().max(1), quality, source: sourceText }),
    error: formulaError,
  }),
  /** Error of whole designs: rms of the relative error, leave-one-out where fitted. */
  errors: record([...RESOURCES, 'areaUm2', 'energy'] as const, formulaError),
  /** Parameter range of the designs that the fits saw; null: nothing fitted. */
  calibrated: z
    .strictObject({
      data: z.string().min(1),
      designs: z.int().positive(),
      ranges: z.partialRecord(
        z.enum(PARAMETER_NAMES),
        z
          .tuple([z.number(), z.number()])
          .refine(([from, to]) => from <= to, 'must be from the smallest value to the largest'),
      ),
    })
    .nullable(),
  energy: z.strictObject({
    /** Name of the table; tables are never blended. */
    table: z.string().min(1),
    description: z.string().min(1),
    actions: record(ACTION_NAMES, formula).extend({ [OFF_CHIP_ACTION]: formula.nullable() }),
    staticPower: constant,
    /** Leakage of memories per bit and of logic per um^2, on top of `staticPower`. */
    memoryLeakagePerBit: constant,
    logicLeakagePerUm2: constant,
  }),
});
export type ProfileData = z.infer<typeof profileSchema>;
export type FormulaData = z.infer<typeof formula>;
export type FormulaErrorBar = z.infer<typeof formulaError>;

/** A formula of a profile: parameters in, a value in the canonical unit out. */
export interface CostFormula {
  readonly data: FormulaData;
  /** Place in the file, for messages. */
  readonly where: string;
  /** Parameters that the text uses. */
  readonly used: readonly Parameter[];
  /** @throws {ProfileError} where the value is negative or no number */
  readonly evaluate: (values: ParameterValues) => number;
  /** The value as a JavaScript expression, not checked; `naming` says what stands for a parameter. */
  readonly code: (naming: (parameter: Parameter) => string) => string;
}

/** A profile's constants in canonical units. */
export interface ProfileConstants {
  readonly clockMhz: number;
  readonly areaUm2PerMemoryBit: number;
  readonly staticMw: number;
  readonly leakageMwPerMemoryBit: number;
  readonly leakageMwPerUm2: number;
}

export interface Profile {
  readonly file: string;
  /** Where the energies are those of a table of its own file (withEnergyTable). */
  readonly energyTable?: EnergyTable;
  readonly data: ProfileData;
  readonly primitives: Readonly<Record<Primitive, Readonly<Record<Cost, CostFormula>>>>;
  readonly actions: Readonly<Record<Action, CostFormula>>;
  /** Energy of a bit from off chip, where it is known. */
  readonly offChipBit: CostFormula | undefined;
  readonly constants: ProfileConstants;
  /** Canonical value of each resource; undefined: without limit. */
  readonly available: Readonly<Record<Resource, number | undefined>>;
  /** Logic cells from counts of LUTs and flip-flops. */
  readonly logicCells: ((lut: number, ff: number) => number) | undefined;
}

const COST_DIMENSION: Readonly<Record<Cost, Dimension>> = {
  lut: 'lut',
  ff: 'ff',
  lutRam: 'lutRam',
  dsp: 'dsp',
  areaUm2: 'areaUm2',
  delayNs: 'delayNs',
};

/** Parse and check the text of a profile. @throws {ProfileError} with every problem. */
export function parseProfile(text: string, file: string): Profile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ProfileError([
      {
        where: file,
        given: error instanceof Error ? error.message : String(error),
        allowed: 'must be JSON',
      },
    ]);
  }
  return checkProfile(json, file);
}

/** Check a profile's data. @throws {ProfileError} with every problem. */
export function checkProfile(json: unknown, file: string): Profile {
  const parsed = profileSchema.safeParse(json);
  const problems: Complaint[] = parsed.success
    ? []
    : parsed.error.issues.map((issue) => complaint(issue, json, file));
  // Formulas are checked even where the rest is wrong, so that all problems come at once.
  const primitives = compileAll(json, file, problems);
  if (!parsed.success || problems.length > 0) throw new ProfileError(problems);
  return { file, data: parsed.data, ...primitives };
}

function complaint(issue: z.core.$ZodIssue, json: unknown, file: string): Complaint {
  const where = `${file}: ${place(issue.path)}`;
  if (issue.code === 'unrecognized_keys') {
    return {
      where,
      given: `unknown key ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`,
    };
  }
  const found = lookup(json, issue.path);
  const given = found === undefined ? 'missing' : `${JSON.stringify(found)?.slice(0, 80)}`;
  return { where, given, allowed: issue.message };
}

function place(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'top level' : path.map(String).join('.');
}

function lookup(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/**
 * The profile with the energies of another table, all of them: its actions, its error, and on an ASIC its leakage (none
 * where the table has none). Static power of a device stays its own.
 *
 * @throws {ProfileError} for a formula of the table that is none
 */
export function withEnergyTable(profile: Profile, table: EnergyTable): Profile {
  const { data } = profile;
  const { name, description, leakage } = table;
  const ofTable = (entry: { value: number; source: string } | null | undefined): object => ({
    value: entry?.value ?? 0,
    unit: 'mW',
    quality: entry ? 'published' : 'derived',
    source: entry?.source ?? 'not in this table: not counted',
  });
  const isAsic = data.family === 'asic';
  const json = {
    ...data,
    errors: { ...data.errors, energy: table.error },
    energy: {
      ...data.energy,
      table: name,
      description,
      actions: {
        ...Object.fromEntries(ACTION_NAMES.map((action) => [action, actionFormula(table, action)])),
        // No table of its own says it yet.
        [OFF_CHIP_ACTION]: null,
      },
      ...(isAsic && {
        memoryLeakagePerBit: ofTable(leakage?.memoryPerBit),
        logicLeakagePerUm2: ofTable(leakage?.logicPerUm2),
      }),
    },
  };
  return { ...checkProfile(json, `hw-profiles/energy/${name}.json`), energyTable: table };
}

type Compiled = Omit<Profile, 'file' | 'data' | 'energyTable'>;

function compileAll(json: unknown, file: string, problems: Complaint[]): Compiled {
  const primitives = {} as Record<Primitive, Record<Cost, CostFormula>>;
  for (const primitive of PRIMITIVE_NAMES) {
    primitives[primitive] = {} as Record<Cost, CostFormula>;
    for (const cost of COSTS) {
      const compiled = compileAt(
        json,
        ['primitives', primitive, cost],
        file,
        PRIMITIVES[primitive],
        COST_DIMENSION[cost],
        problems,
      );
      if (compiled) primitives[primitive][cost] = compiled;
    }
  }
  const actions = {} as Record<Action, CostFormula>;
  for (const action of ACTION_NAMES) {
    const compiled = compileAt(
      json,
      ['energy', 'actions', action],
      file,
      ACTIONS[action],
      'energyPj',
      problems,
    );
    if (compiled) actions[action] = compiled;
  }
  const offChipBit = compileAt(
    json,
    ['energy', 'actions', OFF_CHIP_ACTION],
    file,
    [],
    'energyPj',
    problems,
  );
  const available = {} as Record<Resource, number | undefined>;
  for (const resource of RESOURCES) {
    available[resource] = constantAt(json, ['resources', resource], file, resource, problems);
  }
  const known = (path: readonly string[], dimension: Dimension): number =>
    constantAt(json, path, file, dimension, problems) ?? 0;
  const constants: ProfileConstants = {
    clockMhz: known(['clockMhz'], 'frequencyMhz'),
    areaUm2PerMemoryBit: known(['memories', 'areaPerBit'], 'areaUm2'),
    staticMw: known(['energy', 'staticPower'], 'powerMw'),
    leakageMwPerMemoryBit: known(['energy', 'memoryLeakagePerBit'], 'powerMw'),
    leakageMwPerUm2: known(['energy', 'logicLeakagePerUm2'], 'powerMw'),
  };
  return {
    primitives,
    actions,
    offChipBit,
    available,
    constants,
    logicCells: compilePacking(json, file, problems),
  };
}

/** Value of a constant in the canonical unit of `dimension`. */
function constantAt(
  json: unknown,
  path: readonly string[],
  file: string,
  dimension: Dimension,
  problems: Complaint[],
): number | undefined {
  const parsed = constant.safeParse(lookup(json, path));
  if (!parsed.success) return undefined;
  const factor = checkUnit(
    parsed.data.unit,
    dimension,
    `${file}: ${place([...path, 'unit'])}`,
    problems,
  );
  return factor === undefined ? undefined : parsed.data.value * factor;
}

function checkUnit(
  text: string,
  dimension: Dimension,
  where: string,
  problems: Complaint[],
): number | undefined {
  const factor = unitFactor(text, dimension);
  if (factor === undefined) {
    problems.push({
      where,
      given: JSON.stringify(text),
      allowed: `must be ${CANONICAL[dimension]} or a unit of the same dimension`,
    });
  }
  return factor;
}

function compileAt(
  json: unknown,
  path: readonly string[],
  file: string,
  parameters: readonly Parameter[],
  dimension: Dimension,
  problems: Complaint[],
): CostFormula | undefined {
  const parsed = formula.safeParse(lookup(json, path));
  if (!parsed.success) return undefined;
  const data = parsed.data;
  const where = `${file}: ${place([...path, 'formula'])}`;
  const factor = checkUnit(data.unit, dimension, `${file}: ${place([...path, 'unit'])}`, problems);
  const inner = compileWithCoefficients(data, parameters, where, problems);
  if (inner === undefined || factor === undefined) return undefined;
  const compiled: CostFormula = {
    data,
    where,
    used: inner.used as Parameter[],
    code: (naming) => `(${inner.print((name) => naming(name as Parameter))} * ${factor})`,
    evaluate: (values) => {
      const args = parameters.map((name) => values[name] ?? NaN);
      const value = inner.evaluate(args) * factor;
      if (!(value >= 0 && value < Infinity)) {
        const at = inner.used.map((name) => `${name} = ${values[name as Parameter]}`).join(', ');
        throw new ProfileError([
          {
            where,
            given: `is ${value}${at === '' ? '' : ` at ${at}`}`,
            allowed: 'must be zero or more',
          },
        ]);
      }
      return value;
    },
  };
  probe(compiled, parameters, problems);
  return compiled;
}

interface Compilation {
  readonly used: string[];
  readonly evaluate: (args: readonly number[]) => number;
  /** As a JavaScript expression; `naming` is of parameters. */
  readonly print: (naming: Naming) => string;
}

/** Compile with the coefficients bound; undefined after noting a problem. */
function compileWithCoefficients(
  data: { readonly formula: string; readonly coefficients: Readonly<Record<string, number>> },
  parameters: readonly string[],
  where: string,
  problems: Complaint[],
): Compilation | undefined {
  const names = Object.keys(data.coefficients);
  const values = Object.values(data.coefficients);
  try {
    const compiled = compileFormula(data.formula, [...parameters, ...names]);
    for (const name of names) {
      if (!compiled.used.includes(name)) {
        throw new FormulaError(`does not use coefficient ${name}`, 'remove it or use it');
      }
    }
    return {
      used: compiled.used.filter((name) => parameters.includes(name)),
      evaluate: (args) => compiled.evaluate([...args, ...values]),
      print: (naming) =>
        compiled.print((name) => {
          const at = names.indexOf(name);
          return at < 0 ? naming(name) : String(values[at]);
        }),
    };
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    problems.push({ where, given: error.given, allowed: error.allowed });
    return undefined;
  }
}

/** Evaluate at the corners of the parameters' ranges: a formula that fails there is refused at once. */
function probe(
  compiled: CostFormula,
  parameters: readonly Parameter[],
  problems: Complaint[],
): void {
  const at = (choose: (name: Parameter) => 'from' | 'to'): ParameterValues =>
    Object.fromEntries(parameters.map((name) => [name, PARAMETERS[name][choose(name)]]));
  const corners = [
    at(() => 'from'),
    at(() => 'to'),
    ...compiled.used.map((high) => at((name) => (name === high ? 'to' : 'from'))),
  ];
  for (const corner of corners) {
    try {
      compiled.evaluate(corner);
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error;
      problems.push(...error.problems);
      return;
    }
  }
}

function compilePacking(
  json: unknown,
  file: string,
  problems: Complaint[],
): ((lut: number, ff: number) => number) | undefined {
  const parsed = profileSchema.shape.packing.safeParse(lookup(json, ['packing']));
  if (!parsed.success || parsed.data === null) return undefined;
  const where = `${file}: packing.formula`;
  const inner = compileWithCoefficients(parsed.data, ['lut', 'ff'], where, problems);
  if (inner === undefined) return undefined;
  const evaluate = (lut: number, ff: number): number => {
    const value = inner.evaluate([lut, ff]);
    if (!(value >= 0 && value < Infinity)) {
      throw new ProfileError([
        {
          where,
          given: `is ${value} at lut = ${lut}, ff = ${ff}`,
          allowed: 'must be zero or more',
        },
      ]);
    }
    return value;
  };
  try {
    evaluate(0, 0);
    evaluate(1000, 1000);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    problems.push(...error.problems);
  }
  return evaluate;
}

const FOLDER = (): URL => new URL('hw-profiles/', packageRoot());

/** Whether products can go to blocks of their own. */
export function hasDsp({ data, available }: Profile): boolean {
  return data.family !== 'asic' && available.dsp !== 0;
}

/** Names of the profiles that halfgate ships. */
export function profileNames(): string[] {
  return readdirSync(FOLDER())
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/**
 * Load a shipped profile by its name, or one of the user's by its path (which ends in .json).
 *
 * @throws {ProfileError} when there is none, or it is not valid
 */
export function loadProfile(nameOrPath: string): Profile {
  const isPath = nameOrPath.endsWith('.json');
  const file = isPath ? nameOrPath : `hw-profiles/${nameOrPath}.json`;
  if (!isPath && !/^[a-z0-9][a-z0-9-]*$/.test(nameOrPath)) throw noProfile(nameOrPath);
  let text: string;
  try {
    text = readFileSync(isPath ? nameOrPath : new URL(`${nameOrPath}.json`, FOLDER()), 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw isPath
      ? new ProfileError([{ where: file, given: `cannot be read (${systemCode(error)})` }])
      : noProfile(nameOrPath);
  }
  const profile = parseProfile(text, file);
  if (!isPath && profile.data.name !== nameOrPath) {
    throw new ProfileError([
      {
        where: `${file}: name`,
        given: JSON.stringify(profile.data.name),
        allowed: `must be ${nameOrPath}`,
      },
    ]);
  }
  return profile;
}

function noProfile(name: string): ProfileError {
  return new ProfileError([
    {
      where: 'profile',
      given: JSON.stringify(name),
      allowed: `must be one of ${profileNames().join(', ')}, or the path of a .json file`,
    },
  ]);
}
