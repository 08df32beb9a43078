/**
 * Named tables of energy per action (hw-profiles/energy): each value with its source and how sure it is, each action a
 * formula in these values. Tables are never blended: an estimate's energies are of one table, and what the table has no
 * figure for is not counted, which the estimate says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { systemCode, type Complaint } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { ProfileError } from './errors.js';
import { FORMULA_FUNCTIONS } from './formula.js';
import { ACTION_NAMES, type Action, ACTIONS, PARAMETERS, type Parameter } from './primitives.js';

/**
 * How sure a value is: M, measured or computed for this project; R, read in the source named; S, read second-hand, in
 * a file that quotes it; P, known from the publication or assumed, and not read again.
 */
export const MARKS = ['M', 'R', 'S', 'P'] as const;
export type Mark = (typeof MARKS)[number];

const text = z.string().trim().min(8, 'must say where it comes from');
const value = (unit: string) =>
  z.strictObject({
    value: z.number().nonnegative(),
    unit: z.literal(unit),
    mark: z.enum(MARKS),
    source: text,
  });

const action = z.strictObject({
  formula: z.string().min(1),
  quality: z.enum(['measured', 'published', 'fitted', 'derived', 'extrapolated', 'assumed']),
  source: text,
  /** Values of the action's parameters that the table has figures for or between; others are extrapolated. */
  range: z.record(z.string(), z.tuple([z.number(), z.number()])).optional(),
});
export type TableAction = z.infer<typeof action>;

const schema = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  /** Process. */
  node: z.string().min(1),
  description: z.string().min(1),
  /** What the formulas are made of: energies in pJ, or numbers. */
  values: z.record(
    z.string().regex(/^[a-z][A-Za-z0-9]{2,20}$/),
    z.union([value('pJ'), value('1')]),
  ),
  /** null: the table has no figure. */
  actions: z.strictObject(
    Object.fromEntries(ACTION_NAMES.map((name) => [name, action.nullable()])) as Record<
      Action,
      z.ZodNullable<typeof action>
    >,
  ),
  /** In mW per bit, and per um^2; null: not in the table. */
  leakage: z
    .strictObject({ memoryPerBit: value('mW').nullable(), logicPerUm2: value('mW').nullable() })
    .nullable(),
  error: z.strictObject({ kind: z.literal('assumed'), relative: z.number().nonnegative() }),
});
export type EnergyTable = z.infer<typeof schema>;

const FOLDER = (): URL => new URL('hw-profiles/energy/', packageRoot());

/** Names of the tables that halfgate ships. */
export function energyTableNames(): string[] {
  return readdirSync(FOLDER())
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/** What is wrong with names and ranges, which a schema does not see. */
function nameProblems({ values, actions }: EnergyTable, file: string): Complaint[] {
  const problems: Complaint[] = [];
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(PARAMETERS, name) || FORMULA_FUNCTIONS.includes(name)) {
      const allowed = 'must not be the name of a parameter or function';
      problems.push({ where: `${file}: values.${name}`, given: JSON.stringify(name), allowed });
    }
  }
  for (const [name, found] of Object.entries(actions)) {
    for (const [parameter, [from, to]] of Object.entries(found?.range ?? {})) {
      const where = `${file}: actions.${name}.range.${parameter}`;
      const allowed = ACTIONS[name as Action] as readonly string[];
      if (!allowed.includes(parameter)) {
        problems.push({ where, given: 'no parameter of it', allowed: allowed.join(', ') });
      } else if (from > to) {
        problems.push({ where, given: `[${from}, ${to}]`, allowed: 'must not fall' });
      }
    }
  }
  return problems;
}

/** Check a table's data; its formulas are checked where a profile takes them. @throws {ProfileError} */
export function checkEnergyTable(json: unknown, file: string): EnergyTable {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new ProfileError(
      parsed.error.issues.map((issue) => ({
        where: `${file}: ${issue.path.map(String).join('.') || 'top level'}`,
        given:
          issue.code === 'unrecognized_keys' ? `unknown key ${issue.keys.join(', ')}` : 'not valid',
        allowed: issue.message,
      })),
    );
  }
  const problems = nameProblems(parsed.data, file);
  if (problems.length > 0) throw new ProfileError(problems);
  return parsed.data;
}

/** @throws {ProfileError} where there is no such table, or it is not valid */
export function loadEnergyTable(nameOrPath: string): EnergyTable {
  const isPath = nameOrPath.endsWith('.json');
  const file = isPath ? nameOrPath : `hw-profiles/energy/${nameOrPath}.json`;
  if (!isPath && !energyTableNames().includes(nameOrPath)) {
    const allowed = `must be one of ${energyTableNames().join(', ')}, or the path of a .json file`;
    throw new ProfileError([{ where: 'energy', given: JSON.stringify(nameOrPath), allowed }]);
  }
  let json: unknown;
  try {
    const at = isPath ? nameOrPath : new URL(`${nameOrPath}.json`, FOLDER());
    json = JSON.parse(readFileSync(at, 'utf8'));
  } catch (error) {
    const given =
      systemCode(error) === undefined
        ? (error as Error).message
        : `cannot be read (${systemCode(error)})`;
    throw new ProfileError([{ where: file, given }]);
  }
  return checkEnergyTable(json, file);
}

/** An action as a profile states it: the table's values in place of their names. */
export function actionFormula(table: EnergyTable, name: Action): Record<string, unknown> {
  const found = table.actions[name];
  const used: string[] = [];
  const formula = (found?.formula ?? '0').replace(/[A-Za-z][A-Za-z0-9]*/g, (word) => {
    if (!Object.hasOwn(table.values, word)) return word;
    if (!used.includes(word)) used.push(word);
    return String(table.values[word].value);
  });
  const sources = used.map((word) => {
    const { value: number, unit, mark, source } = table.values[word];
    return `${word} = ${number}${unit === '1' ? '' : ` ${unit}`} [${mark}] ${source}`;
  });
  return {
    formula,
    coefficients: {},
    unit: 'pJ',
    quality: found?.quality ?? 'assumed',
    source:
      found === null ? 'not in this table: not counted' : [found.source, ...sources].join('; '),
    data: null,
    error: table.error,
  };
}

/** What an estimate with this table should be read with. */
export function tableWarnings(
  table: EnergyTable,
  acts: ReadonlyMap<Action, readonly Partial<Record<Parameter, number>>[]>,
): string[] {
  const missing = [...acts.keys()].filter((name) => table.actions[name] === null);
  const outside = new Set<string>();
  const unread = new Set<string>();
  for (const [name, given] of acts) {
    const found = table.actions[name];
    if (found === null) continue;
    for (const word of found.formula.match(/[A-Za-z][A-Za-z0-9]*/g) ?? []) {
      if (Object.hasOwn(table.values, word) && table.values[word].mark === 'P') unread.add(word);
    }
    for (const [parameter, [from, to]] of Object.entries(found.range ?? {})) {
      for (const parameters of given) {
        const at = parameters[parameter as Parameter];
        if (at !== undefined && (at < from || at > to)) {
          outside.add(`${name} at ${parameter} = ${at} (has ${from}..${to})`);
        }
      }
    }
  }
  const warn = (what: string, names: Iterable<string>): string[] => {
    const list = [...names];
    return list.length === 0 ? [] : [`energy table ${table.name}: ${what}: ${list.join(', ')}`];
  };
  return [
    ...warn('no figure, not counted', missing),
    ...warn('extrapolated', outside),
    ...warn('values not read again in their source', unread),
    ...((table.leakage?.memoryPerBit ?? null) === null
      ? [`energy table ${table.name}: no leakage`]
      : []),
  ];
}
