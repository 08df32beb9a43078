/**
 * What a check calculates: a comparison, in mathjs' syntax, of what the runs gave.
 *
 *   naive - float >= 0.05                      means over the seeds
 *   seeds(lat_exact) <= seeds(twn) + 0.01      lists by seed, element by element: all must hold
 *   lat_exact.zeros, int8.maxCell              as the columns of the table
 *   bcq_1.rounds.loss[1], .relativeError[end]  lists by round, from 1 on: [1] is round 0
 *
 * with and, or, not, + - * / ^, and the functions below. Only these are in the mathjs that evaluates it.
 */
import {
  absDependencies,
  addDependencies,
  andDependencies,
  create,
  diffDependencies,
  divideDependencies,
  equalDependencies,
  expDependencies,
  indexDependencies,
  indexTransformDependencies,
  largerDependencies,
  largerEqDependencies,
  logDependencies,
  type MathNode,
  maxDependencies,
  maxTransformDependencies,
  meanDependencies,
  meanTransformDependencies,
  minDependencies,
  minTransformDependencies,
  multiplyDependencies,
  notDependencies,
  orDependencies,
  parseDependencies,
  powDependencies,
  rangeDependencies,
  rangeTransformDependencies,
  sizeDependencies,
  smallerDependencies,
  smallerEqDependencies,
  sqrtDependencies,
  subsetDependencies,
  subsetTransformDependencies,
  subtractDependencies,
  sumDependencies,
  sumTransformDependencies,
  SymbolNodeDependencies,
  unaryMinusDependencies,
  unaryPlusDependencies,
  unequalDependencies,
} from 'mathjs';

const math = create(
  {
    ...{ absDependencies, addDependencies, andDependencies, diffDependencies, divideDependencies },
    ...{ equalDependencies, expDependencies, indexDependencies, largerDependencies },
    ...{ largerEqDependencies, logDependencies, maxDependencies, meanDependencies },
    ...{ minDependencies, multiplyDependencies, notDependencies, orDependencies },
    ...{ parseDependencies, powDependencies, rangeDependencies, sizeDependencies },
    ...{ smallerDependencies, smallerEqDependencies, sqrtDependencies, subsetDependencies },
    ...{ subtractDependencies, sumDependencies, SymbolNodeDependencies },
    ...{ unaryMinusDependencies, unaryPlusDependencies, unequalDependencies },
    // What makes indices begin at 1.
    ...{ indexTransformDependencies, maxTransformDependencies },
    ...{ meanTransformDependencies, minTransformDependencies, rangeTransformDependencies },
    ...{ subsetTransformDependencies, sumTransformDependencies },
  },
  { matrix: 'Array' },
);

const FUNCTIONS = ['abs', 'diff', 'exp', 'log', 'max', 'mean', 'min', 'seeds', 'sqrt', 'sum'];
const COMPARISONS = ['smaller', 'smallerEq', 'larger', 'largerEq', 'equal', 'unequal'];
const OPERATORS = [
  ...COMPARISONS,
  ...[
    'add',
    'subtract',
    'multiply',
    'divide',
    'pow',
    'unaryMinus',
    'unaryPlus',
    'and',
    'or',
    'not',
  ],
];

/** Words that mathjs reads in a way of its own. */
const RESERVED = new Set(['true', 'false', 'null', 'undefined', 'NaN', 'Infinity', 'end']);
for (const word of ['mod', 'to', 'in', 'and', 'xor', 'or', 'not', ...FUNCTIONS]) RESERVED.add(word);

/** Why a text cannot be the name of a run; undefined where it can. */
export function nameProblem(name: string): string | undefined {
  if (!/^[A-Za-z]\w{0,39}$/.test(name)) {
    return 'must be a letter, then letters, digits and _, at most 40 of them';
  }
  return RESERVED.has(name) ? 'is a word of the expressions of checks; use another' : undefined;
}

/** What a run has beside the mean of its metric. */
export const RUN_FIGURES = ['zeros', 'maxCell', 'rounds'] as const;
const ROUND_FIGURES = ['loss', 'relativeError'];

/** What a run gave; undefined: it has no such figure, or was not run. */
export interface RunFigures {
  /** By seed. */
  readonly values: readonly number[];
  /** By seed. */
  readonly zeros?: readonly number[] | undefined;
  /** By seed. */
  readonly maxCell?: readonly number[] | undefined;
  /** Means over the seeds, by round. */
  readonly rounds?:
    { readonly loss: readonly number[]; readonly relativeError: readonly number[] } | undefined;
}

/** One number, or one for each seed or round. */
export type Value = number | readonly number[];

export interface Comparison {
  readonly left: Value;
  /** `<=` */
  readonly operator: string;
  readonly right: Value;
}

export interface Verdict {
  readonly passed: boolean;
  /** What stood on both sides, of each comparison. */
  readonly comparisons: readonly Comparison[];
}

/** Why an expression is refused; the caller knows where it stands. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  constructor(
    readonly given: string,
    readonly allowed: string,
  ) {
    super(`${given}, ${allowed}`);
  }
}

export interface Expression {
  /** Names of the runs that it reads. */
  readonly runs: readonly string[];
  /** Figures that it reads, of any run. */
  readonly figures: readonly (typeof RUN_FIGURES)[number][];
  /** @throws {ExpressionError} where a run lacks a figure, or the result is no claim. */
  readonly evaluate: (figures: (run: string) => RunFigures) => Verdict;
}

/** The fields of mathjs' nodes that are read here. */
interface AnyNode extends MathNode {
  readonly name: string;
  readonly fn: string & AnyNode;
  readonly op: string;
  readonly args: readonly AnyNode[];
  readonly object: AnyNode;
  readonly index: AnyNode;
  readonly value: unknown;
  isObjectProperty(): boolean;
  getObjectProperty(): string;
}

/** What a symbol of the rewritten tree stands for. */
interface Reading {
  readonly run: string;
  readonly figure?: (typeof RUN_FIGURES)[number];
  readonly bySeed: boolean;
}

const NODES = new Set([
  ...['ConstantNode', 'SymbolNode', 'ParenthesisNode', 'OperatorNode'],
  ...['FunctionNode', 'AccessorNode', 'IndexNode', 'RangeNode'],
]);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function valueOf({ run, figure, bySeed }: Reading, figures: RunFigures): unknown {
  const value = figures[figure ?? 'values'];
  if (value === undefined) {
    throw new ExpressionError(`reads ${run}.${figure}`, 'which the run does not have');
  }
  if (!Array.isArray(value)) return value;
  const list = value as readonly number[];
  return bySeed ? [...list] : mean(list);
}

/** @throws {ExpressionError} unless the text compares what these runs may give. */
export function parseExpression(text: string, runs: readonly string[]): Expression {
  let tree: MathNode;
  try {
    tree = math.parse(text);
  } catch (error) {
    throw new ExpressionError(
      `${JSON.stringify(text)} cannot be read: ${(error as Error).message}`,
      'must be a comparison such as "naive - float >= 0.05"',
    );
  }
  const readings = new Map<string, Reading>();
  // A name that no run can have, so that it hides nothing.
  const symbol = (reading: Reading): MathNode => {
    const name = `run ${JSON.stringify(reading)}`;
    readings.set(name, reading);
    return new math.SymbolNode(name);
  };
  const readingOf = (node: AnyNode, bySeed: boolean): Reading | undefined => {
    if (node.type === 'SymbolNode') {
      if (runs.includes(node.name)) return { run: node.name, bySeed };
      throw new ExpressionError(`reads ${node.name}`, `runs are ${runs.join(', ')}`);
    }
    const { object, index } = node;
    if (node.type !== 'AccessorNode' || object.type !== 'SymbolNode') return undefined;
    const property = index.isObjectProperty() ? index.getObjectProperty() : '';
    const figure = RUN_FIGURES.find((name) => name === property);
    if (figure === undefined || (bySeed && figure === 'rounds')) {
      throw new ExpressionError(
        `reads ${node.toString()}${bySeed ? ' by seed' : ''}`,
        `of a run there are its name for the metric, .zeros, .maxCell${bySeed ? '' : ' and .rounds'}`,
      );
    }
    return { run: readingOf(object, bySeed)!.run, figure, bySeed };
  };
  const rewrite = (node: AnyNode): MathNode => {
    if (!NODES.has(node.type)) {
      throw new ExpressionError(`${JSON.stringify(node.toString())}`, 'is more than a comparison');
    }
    if (node.type === 'ConstantNode' && typeof node.value !== 'number') {
      throw new ExpressionError(node.toString(), 'must be a number');
    }
    if (node.type === 'IndexNode' && node.isObjectProperty()) {
      const property = node.getObjectProperty();
      if (ROUND_FIGURES.includes(property)) return node;
      throw new ExpressionError(
        `reads .${property}`,
        `of rounds there are ${ROUND_FIGURES.join(', ')}`,
      );
    }
    if (node.type === 'FunctionNode') {
      const name = node.fn.name;
      if (!FUNCTIONS.includes(name)) {
        throw new ExpressionError(`calls ${name}`, `may call ${FUNCTIONS.join(', ')}`);
      }
      if (name === 'seeds') {
        const reading = node.args.length === 1 ? readingOf(node.args[0], true) : undefined;
        if (reading !== undefined) return symbol(reading);
        throw new ExpressionError(node.toString(), 'seeds takes the name of a run');
      }
      return new math.FunctionNode(name, node.args.map(rewrite));
    }
    if (node.type === 'OperatorNode' && !OPERATORS.includes(node.fn)) {
      throw new ExpressionError(
        `operator ${node.op}`,
        'may use + - * / ^, comparisons, and, or, not',
      );
    }
    const reading =
      node.type === 'SymbolNode' || node.type === 'AccessorNode'
        ? node.name === 'end'
          ? undefined
          : readingOf(node, false)
        : undefined;
    return reading === undefined ? node.map((child) => rewrite(child as AnyNode)) : symbol(reading);
  };
  const rewritten = rewrite(tree as AnyNode);
  const compiled = rewritten.compile();
  const comparisons = comparisonsIn(rewritten as AnyNode);
  const all = [...readings.values()];
  return {
    runs: [...new Set(all.map(({ run }) => run))],
    figures: RUN_FIGURES.filter((name) => all.some(({ figure }) => figure === name)),
    evaluate: (figures) => {
      const scope = new Map(
        [...readings].map(([name, reading]) => [name, valueOf(reading, figures(reading.run))]),
      );
      let result: unknown;
      try {
        result = compiled.evaluate(scope) as unknown;
      } catch (error) {
        throw new ExpressionError((error as Error).message, 'must be a comparison of numbers');
      }
      const claims = Array.isArray(result) ? (result as unknown[]) : [result];
      if (claims.length === 0 || !claims.every((claim) => typeof claim === 'boolean')) {
        throw new ExpressionError(`gives ${JSON.stringify(result)}`, 'must be true or false');
      }
      return {
        passed: claims.every(Boolean),
        comparisons: comparisons.map(([left, operator, right]) => ({
          left: left.evaluate(scope) as Value,
          operator,
          right: right.evaluate(scope) as Value,
        })),
      };
    },
  };
}

type Evaluable = { evaluate(scope: Map<string, unknown>): unknown };

/** All comparisons, from left to right. */
function comparisonsIn(node: AnyNode): [left: Evaluable, operator: string, right: Evaluable][] {
  if (node.type === 'OperatorNode' && COMPARISONS.includes(node.fn)) {
    return [[node.args[0].compile(), node.op, node.args[1].compile()]];
  }
  if (!['OperatorNode', 'ParenthesisNode'].includes(node.type)) return [];
  const inner: [Evaluable, string, Evaluable][] = [];
  node.forEach((child) => inner.push(...comparisonsIn(child as AnyNode)));
  return inner;
}
