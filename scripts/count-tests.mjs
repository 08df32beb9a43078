// `N passed, N failed[, N skipped]` from vitest's JSON report; fails when a test failed or none ran.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** A file that could not even be loaded has no failed test in it, and counts as one. */
export function countTests(report) {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function read(path) {
  try {
    return countTests(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // vitest died before it could report.
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { passed, failed, skipped } = read(process.argv[2]);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}
