/**
 * Formulas of the hardware profiles: mathjs reads the text, a whitelist decides what may stand in it,
 * and what passes becomes plain closures. mathjs itself never evaluates anything from a profile.
 */
import { create, parseDependencies, type MathNode } from 'mathjs';

const { parse } = create({ parseDependencies });

type Values = readonly number[];

/** What stands for a name in JavaScript: `p.accBits`, or a number. */
export type Naming = (name: string) => string;

interface Compiled {
  readonly evaluate: (values: Values) => number;
  /** The same as a JavaScript expression, in parentheses. */
  readonly print: (naming: Naming) => string;
}

/** Functions a formula may call, with the number of arguments each takes. */
const FUNCTIONS: Readonly<
  Record<
    string,
    { readonly call: (...args: number[]) => number; readonly least: number; readonly most: number }
  >
> = {
  abs: { call: Math.abs, least: 1, most: 1 },
  ceil: { call: Math.ceil, least: 1, most: 1 },
  floor: { call: Math.floor, least: 1, most: 1 },
  round: { call: Math.round, least: 1, most: 1 },
  sqrt: { call: Math.sqrt, least: 1, most: 1 },
  log2: { call: Math.log2, least: 1, most: 1 },
  max: { call: Math.max, least: 1, most: 16 },
  min: { call: Math.min, least: 1, most: 16 },
};

const OPERATORS = '+ - * / ^';

/** What the formulas of a profile may call. */
export const FORMULA_FUNCTIONS: readonly string[] = Object.keys(FUNCTIONS);

/** Why a formula is refused; the caller knows the file and the place in it. */
export class FormulaError extends Error {
  constructor(
    readonly given: string,
    readonly allowed: string,
  ) {
    super(`${given}, ${allowed}`);
    this.name = 'FormulaError';
  }
}

const MAX_LENGTH = 1000;
/** Deeper trees than any sensible formula has, and far from what would exhaust the stack. */
const MAX_DEPTH = 64;

/** A formula in named parameters and coefficients, ready to be evaluated. */
export interface Formula {
  readonly text: string;
  readonly parameters: readonly string[];
  /** Those of `parameters` that the text uses. */
  readonly used: readonly string[];
  /** Value at the parameters in the order of `parameters`; may be NaN or infinite. */
  readonly evaluate: (values: Values) => number;
  /**
   * The formula as a JavaScript expression of the same operations in the same order. Nothing of the profile's text is
   * in it: numbers are printed anew, names are what `naming` makes of them, functions are those of Math.
   */
  readonly print: (naming: Naming) => string;
}

/**
 * @param parameters names that may appear
 * @throws {FormulaError} when anything but numbers, these names, + - * / ^ and the listed functions is
 *   in the text
 */
export function compileFormula(text: string, parameters: readonly string[]): Formula {
  if (text.length > MAX_LENGTH) {
    throw new FormulaError(`${text.length} characters`, `at most ${MAX_LENGTH}`);
  }
  let tree: MathNode;
  try {
    tree = parse(text);
  } catch (error) {
    throw new FormulaError(
      `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'an arithmetic expression',
    );
  }
  const used = new Set<string>();
  const { evaluate, print } = compileNode(tree, parameters, used, 0);
  return { text, parameters, used: [...used].sort(), evaluate, print };
}

/** The few fields of mathjs' nodes that are read here. */
interface AnyNode {
  readonly type: string;
  readonly value?: unknown;
  readonly name?: unknown;
  readonly op?: unknown;
  readonly fn?: unknown;
  readonly args?: readonly MathNode[];
  readonly content?: MathNode;
}

function compileNode(
  node: MathNode,
  parameters: readonly string[],
  used: Set<string>,
  depth: number,
): Compiled {
  if (depth > MAX_DEPTH)
    throw new FormulaError(`nested deeper than ${MAX_DEPTH}`, 'write it flatter');
  const { type, value, name, op, fn, args = [], content } = node as unknown as AnyNode;
  const inner = (child: MathNode): Compiled => compileNode(child, parameters, used, depth + 1);
  switch (type) {
    case 'ConstantNode': {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw new FormulaError(
          `${JSON.stringify(value)} is no finite number`,
          'write a decimal number',
        );
      }
      return { evaluate: () => value, print: () => `(${value})` };
    }
    case 'SymbolNode': {
      const at = parameters.indexOf(String(name));
      if (at < 0) throw unknownName(String(name), parameters);
      used.add(String(name));
      return {
        evaluate: (values) => values[at],
        print: (naming) => `(${naming(parameters[at])})`,
      };
    }
    case 'ParenthesisNode':
      return inner(content!);
    case 'OperatorNode':
      return compileOperator(String(op), args.map(inner));
    case 'FunctionNode': {
      const called = fn as AnyNode;
      const callee = called.type === 'SymbolNode' ? String(called.name) : String(fn);
      if (called.type !== 'SymbolNode' || !Object.hasOwn(FUNCTIONS, callee)) {
        throw new FormulaError(`calls ${callee}`, `may call ${FORMULA_FUNCTIONS.join(', ')}`);
      }
      const { call, least, most } = FUNCTIONS[callee];
      if (args.length < least || args.length > most) {
        throw new FormulaError(
          `${callee} with ${args.length} arguments`,
          `takes ${least === most ? least : `${least} to ${most}`}`,
        );
      }
      const compiled = args.map(inner);
      const [a, b] = compiled.map((argument) => argument.evaluate);
      const print: Compiled['print'] = (naming) =>
        `Math.${callee}(${compiled.map((argument) => argument.print(naming)).join(', ')})`;
      if (compiled.length === 1) return { evaluate: (values) => call(a(values)), print };
      if (compiled.length === 2) return { evaluate: (values) => call(a(values), b(values)), print };
      const evaluate: Compiled['evaluate'] = (values) =>
        call(...compiled.map((argument) => argument.evaluate(values)));
      return { evaluate, print };
    }
    default:
      throw new FormulaError(
        `${NODE_NAMES[type] ?? type} in ${JSON.stringify(node.toString())}`,
        `only numbers, parameters, ${OPERATORS} and ${FORMULA_FUNCTIONS.join(', ')}`,
      );
  }
}

const NODE_NAMES: Readonly<Record<string, string>> = {
  AccessorNode: 'reads a property',
  ArrayNode: 'a matrix',
  AssignmentNode: 'an assignment',
  BlockNode: 'several statements',
  ConditionalNode: 'a condition',
  FunctionAssignmentNode: 'a function definition',
  IndexNode: 'an index',
  ObjectNode: 'an object',
  RangeNode: 'a range',
  RelationalNode: 'a comparison',
};

function unknownName(name: string, parameters: readonly string[]): FormulaError {
  return new FormulaError(
    `reads ${JSON.stringify(name)}`,
    parameters.length === 0
      ? 'no parameter is known here'
      : `may read ${parameters.join(', ')}, and no other formula`,
  );
}

function compileOperator(op: string, args: readonly Compiled[]): Compiled {
  const [a, b] = args.map(({ evaluate }) => evaluate);
  const printed =
    (join: (...texts: string[]) => string): Compiled['print'] =>
    (naming) =>
      `(${join(...args.map(({ print }) => print(naming)))})`;
  const infix = printed((x, y) => `${x} ${op} ${y}`);
  if (args.length === 1) {
    if (op === '-') return { evaluate: (values) => -a(values), print: printed((x) => `-${x}`) };
    if (op === '+') return args[0];
  } else if (args.length === 2) {
    switch (op) {
      case '+':
        return { evaluate: (values) => a(values) + b(values), print: infix };
      case '-':
        return { evaluate: (values) => a(values) - b(values), print: infix };
      case '*':
        return { evaluate: (values) => a(values) * b(values), print: infix };
      case '/':
        return { evaluate: (values) => a(values) / b(values), print: infix };
      case '^':
        return {
          evaluate: (values) => Math.pow(a(values), b(values)),
          print: printed((x, y) => `Math.pow(${x}, ${y})`),
        };
    }
  }
  throw new FormulaError(`operator ${op}`, `may use ${OPERATORS}`);
}
