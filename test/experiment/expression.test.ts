import { describe, expect, test } from 'vitest';
import {
  ExpressionError,
  nameProblem,
  parseExpression,
  type RunFigures,
} from '../../src/experiment/expression.js';

const FIGURES: Readonly<Record<string, RunFigures>> = {
  float: { values: [2, 2.2] },
  naive: { values: [2.1, 2.5], zeros: [0.25, 0.75], maxCell: [3, 5] },
  bcq_1: {
    values: [2.4, 2.4],
    rounds: { loss: [2.6, 2.5, 2.45], relativeError: [0.6, 0.1, 0.05] },
  },
};
const RUNS = Object.keys(FIGURES);

function evaluate(text: string) {
  return parseExpression(text, RUNS).evaluate((run) => FIGURES[run]);
}

describe('an expression', () => {
  test.each([
    ['naive - float >= 0.19', true],
    ['naive - float >= 0.21', false],
    ['float < naive and naive < 3', true],
    ['not (float < naive)', false],
    ['float > naive or bcq_1 == 2.4', true],
    ['seeds(naive) >= seeds(float)', true],
    // The second seed alone would do, and the mean would.
    ['seeds(naive) - seeds(float) >= 0.2', false],
    ['max(seeds(naive)) - min(seeds(naive)) <= 0.41', true],
    ['naive.zeros == 0.5 and naive.maxCell == 4', true],
    ['min(seeds(naive.zeros)) == 0.25', true],
    ['bcq_1.rounds.loss[1] == 2.6', true],
    ['bcq_1.rounds.loss[end] == 2.45', true],
    ['max(diff(bcq_1.rounds.loss)) < 0', true],
    ['bcq_1.rounds.relativeError[1] / bcq_1.rounds.relativeError[2] >= 4', true],
    ['bcq_1.rounds.loss[2:end] < bcq_1.rounds.loss[1:2]', true],
    ['exp(log(naive)) - sqrt(float ^ 2) > abs(-0.1)', true],
  ])('%s is %s', (text, passed) => {
    expect(evaluate(text).passed).toBe(passed);
  });

  test('shows both sides of each comparison, means or lists', () => {
    expect(evaluate('naive - float >= 0.1 and seeds(float) < 3')).toEqual({
      passed: true,
      comparisons: [
        { left: expect.closeTo(0.2) as number, operator: '>=', right: 0.1 },
        { left: [2, 2.2], operator: '<', right: 3 },
      ],
    });
  });

  test('says which runs and figures it reads', () => {
    const { runs, figures } = parseExpression('naive.zeros > 0.1 and seeds(float) < naive', RUNS);
    expect(runs).toEqual(['naive', 'float']);
    expect(figures).toEqual(['zeros']);
  });

  test.each([
    ['naive >', 'cannot be read'],
    ['other > 1', 'reads other, runs are float, naive, bcq_1'],
    ['naive.zero > 1', 'reads naive.zero'],
    ['seeds(bcq_1.rounds) > 1', 'reads bcq_1.rounds by seed'],
    ['seeds(naive + 1) > 1', 'seeds takes the name of a run'],
    ['sin(naive) > 1', 'calls sin, may call abs, diff'],
    ['import(naive) > 1', 'calls import'],
    ['naive mod 2 > 1', 'operator mod'],
    ['naive = 1', 'is more than a comparison'],
    ['f(x) = x', 'is more than a comparison'],
    ['naive > 1; float > 1', 'is more than a comparison'],
    ['[naive, float] > 1', 'is more than a comparison'],
    ['{a: naive}', 'is more than a comparison'],
    ['"a" > naive', '"a", must be a number'],
    ['true', 'true, must be a number'],
    ['bcq_1.rounds.constructor > 0', 'reads .constructor, of rounds there are loss'],
    ['bcq_1.rounds["constructor"] > 0', 'reads .constructor'],
    ['bcq_1.rounds.loss["length"] > 0', 'reads .length'],
  ])('%s is refused', (text, message) => {
    expect(() => parseExpression(text, RUNS)).toThrow(ExpressionError);
    expect(() => parseExpression(text, RUNS)).toThrow(message);
  });

  test.each([
    ['naive - float', 'must be true or false'],
    ['float.zeros > 0', 'reads float.zeros, which the run does not have'],
    ['bcq_1.rounds.loss[9] > 0', 'Index out of range'],
    ['bcq_1.rounds.loss > seeds(float)', 'must be a comparison of numbers'],
  ])('%s cannot be evaluated', (text, message) => {
    expect(() => evaluate(text)).toThrow(ExpressionError);
    expect(() => evaluate(text)).toThrow(message);
  });
});

test('names of runs are identifiers and no words of the language', () => {
  for (const name of ['float', 'lat_exact', 'i', 'e']) expect(nameProblem(name)).toBeUndefined();
  for (const name of ['lat-exact', '1bit', '_a', 'mod', 'seeds', 'end', 'true', '']) {
    expect(nameProblem(name), name).toBeDefined();
  }
});
