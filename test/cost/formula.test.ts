import { describe, expect, test } from 'vitest';
import { compileFormula, FormulaError } from '../../src/cost/formula.js';

const evaluate = (text: string, values: readonly number[] = [10, 3]): number =>
  compileFormula(text, ['accBits', 'rows']).evaluate(values);

describe('formulas', () => {
  test.each([
    ['1 + 2 * 3', 7],
    ['(accBits + 1) * rows', 33],
    ['-rows + accBits', 7],
    ['2 ^ rows ^ 2', 512],
    ['ceil(log2(accBits)) + floor(rows / 2) + round(2.5)', 8],
    ['max(accBits, rows, 12) - min(accBits, rows)', 9],
    ['sqrt(abs(-16))', 4],
    ['1e-3 * accBits', 0.01],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toBeCloseTo(value, 12);
  });

  test('know which parameters they use', () => {
    expect(compileFormula('2 * rows', ['accBits', 'rows']).used).toEqual(['rows']);
  });

  test.each([
    ['depth + 1', 'reads "depth"'],
    ['pi', 'reads "pi"'],
    ['e', 'reads "e"'],
    ['rows = 3', 'an assignment'],
    ['f(x) = x', 'a function definition'],
    ['1; 2', 'several statements'],
    ['import("fs")', 'calls import'],
    ['eval("1")', 'calls eval'],
    ['createUnit("x")', 'calls createUnit'],
    ['random()', 'calls random'],
    ['sin(rows)', 'calls sin'],
    ['constructor(rows)', 'calls constructor'],
    ['toString(rows)', 'calls toString'],
    ['rows.constructor', 'reads a property'],
    ['rows["constructor"]', 'reads a property'],
    ['rows.constructor("return process")()', 'cannot be read'],
    ['cos.constructor("return process")', 'calls'],
    ['[1, 2]', 'a matrix'],
    ['{a: 1}', 'an object'],
    ['1:3', 'a range'],
    ['rows > 2 ? 1 : 0', 'a condition'],
    ['rows > 2', 'operator >'],
    ['rows % 2', 'operator %'],
    ['rows!', 'operator !'],
    ['3 cm', 'reads "cm"'],
    ['"text"', 'is no finite number'],
    ['true', 'is no finite number'],
    ['max()', 'max with 0 arguments'],
    ['ceil(1, 2)', 'ceil with 2 arguments'],
    ['1 +', 'cannot be read'],
    ['', 'is no finite number'],
  ])('refuse %s', (text, message) => {
    expect(() => evaluate(text)).toThrow(FormulaError);
    expect(() => evaluate(text)).toThrow(message);
  });

  test('refuse what is too long or too deep', () => {
    expect(() => evaluate('1+'.repeat(600) + '1')).toThrow('at most 1000');
    expect(() => evaluate('('.repeat(100) + '1' + ')'.repeat(100))).toThrow(/nested deeper/);
  });
});
