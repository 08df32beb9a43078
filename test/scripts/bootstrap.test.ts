import { describe, expect, test } from 'vitest';
import { installProblem, nodeIsRecent } from '../../scripts/bootstrap.mjs';
import { countTests } from '../../scripts/count-tests.mjs';

describe('bootstrap', () => {
  test('compares Node versions by number', () => {
    expect(nodeIsRecent('20.19.0', '>=20.19')).toBe(true);
    expect(nodeIsRecent('20.9.0', '>=20.19')).toBe(false);
    expect(nodeIsRecent('22.1.0', '>=20.19')).toBe(true);
    expect(nodeIsRecent('18.20.0', '>=20.19')).toBe(false);
  });

  test('skips an installation that is what the lock asks for', () => {
    const lock = {
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0' },
        'node_modules/b': { version: '2.0.0', optional: true },
      },
    };
    expect(installProblem(lock, lock)).toBeUndefined();
    expect(
      installProblem(lock, { packages: { 'node_modules/a': { version: '1.0.0' } } }),
    ).toBeUndefined();
  });

  test('says what is missing or old', () => {
    const lock = { packages: { '': {}, 'node_modules/@x/a': { version: '1.0.0' } } };
    expect(installProblem(lock, undefined)).toBe('node_modules is missing or incomplete');
    expect(installProblem(lock, { packages: {} })).toBe(
      '@x/a is missing, package-lock.json asks for 1.0.0',
    );
    expect(installProblem(lock, { packages: { 'node_modules/@x/a': { version: '0.9.0' } } })).toBe(
      '@x/a is 0.9.0, package-lock.json asks for 1.0.0',
    );
  });
});

test('a test file that cannot be loaded counts as a failure', () => {
  const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  const testResults = [
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
    { status: 'failed', assertionResults: [{ status: 'failed' }] },
    { status: 'failed', assertionResults: [] },
  ];
  expect(countTests({ ...report, testResults })).toEqual({ passed: 5, failed: 2, skipped: 3 });
});
