/**
 * A profile's formulas as functions of their own: an estimate evaluates hundreds of formulas, most of which are 0 or a
 * few operations, and a search makes estimates by the million. What is compiled is what formula.ts prints of a checked
 * formula, numbers and operations, nothing of the profile's text.
 */
import { ProfileError } from './errors.js';
import {
  ACTION_NAMES,
  type Action,
  type Parameter,
  PRIMITIVE_NAMES,
  type Primitive,
} from './primitives.js';
import type { CostFormula, Profile } from './profile.js';

/** Sums of what parts take; `delayNs` is the longest. */
export interface CostTotals {
  lut: number;
  ff: number;
  lutRam: number;
  dsp: number;
  bram: number;
  areaUm2: number;
  delayNs: number;
}

export type Parameters = Readonly<Partial<Record<Parameter, number>>>;
/**
 * Adds what so many instances of a primitive take. `own` are parameters that these instances have instead of those
 * common to all.
 */
export type AddCost = (
  common: Parameters,
  own: Parameters,
  count: number,
  totals: CostTotals,
) => void;
/** Energy of an act in pJ. */
export type Evaluate = (parameters: Parameters) => number;

export interface CompiledCosts {
  readonly primitives: Readonly<Record<Primitive, AddCost>>;
  readonly actions: Readonly<Record<Action, Evaluate>>;
}

const compiled = new WeakMap<Profile, CompiledCosts>();

/** The profile's formulas, compiled once. */
export function compileCosts(profile: Profile): CompiledCosts {
  const known = compiled.get(profile);
  if (known) return known;
  const fail = (formula: CostFormula, common: Parameters, own?: Parameters): never => {
    // It says where and why.
    formula.evaluate({ ...common, ...own });
    throw new ProfileError([{ where: formula.where, given: 'is no number' }]);
  };
  const primitives = Object.fromEntries(
    PRIMITIVE_NAMES.map((name) => [name, compilePrimitive(profile, name, fail)]),
  ) as Record<Primitive, AddCost>;
  const actions = Object.fromEntries(
    ACTION_NAMES.map((name) => [name, compileAction(profile.actions[name], fail)]),
  ) as Record<Action, Evaluate>;
  const made = { primitives, actions };
  compiled.set(profile, made);
  return made;
}

type Fail = (formula: CostFormula, common: Parameters, own?: Parameters) => never;

/** Parameters that some instances have instead of the common ones (visitParts). */
const OWN: ReadonlySet<Parameter> = new Set([
  ...(['indexBits', 'hiddenBits', 'layers', 'bits', 'isShared'] as const),
  ...(['width', 'depth', 'banks'] as const),
]);

/** `const value = ...;`, checked. */
function valueCode(formula: CostFormula, name: string, index: number, isPart: boolean): string {
  const code = formula.code((parameter) =>
    isPart && OWN.has(parameter)
      ? `(o.${parameter} === undefined ? p.${parameter} : o.${parameter})`
      : `p.${parameter}`,
  );
  const given = isPart ? 'p, o' : 'p';
  return (
    `const ${name} = ${code};\n` +
    `if (!(${name} >= 0 && ${name} < Infinity)) fail(formulas[${index}], ${given});\n`
  );
}

function compilePrimitive(profile: Profile, primitive: Primitive, fail: Fail): AddCost {
  const costs = profile.primitives[primitive];
  const formulas: CostFormula[] = [];
  let body = '"use strict";\n';
  const add = (cost: keyof typeof costs, statement: (value: string) => string): void => {
    const formula = costs[cost];
    if (formula.data.formula.trim() === '0') return;
    const name = `value${formulas.length}`;
    body += valueCode(formula, name, formulas.length, true) + statement(name);
    formulas.push(formula);
  };
  for (const cost of ['lut', 'ff', 'lutRam', 'dsp'] as const) {
    add(cost, (value) => `t.${cost} += Math.round(n * ${value});\n`);
  }
  add('areaUm2', (value) => `t.areaUm2 += Math.round(n * ${value} * 1048576) / 1048576;\n`);
  add('delayNs', (value) => `if (${value} > t.delayNs) t.delayNs = ${value};\n`);
  const make = new Function('formulas', 'fail', `return function (p, o, n, t) {\n${body}};`) as (
    formulas: readonly CostFormula[],
    fail: Fail,
  ) => AddCost;
  return make(formulas, fail);
}

function compileAction(formula: CostFormula, fail: Fail): Evaluate {
  const body = `"use strict";\n${valueCode(formula, 'value', 0, false)}return value;\n`;
  const make = new Function('formulas', 'fail', `return function (p) {\n${body}};`) as (
    formulas: readonly CostFormula[],
    fail: Fail,
  ) => Evaluate;
  return make([formula], fail);
}
