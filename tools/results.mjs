// What the test runner itself reported, as one line: `N passed, N failed`. Plain JavaScript: it runs on any Node.
import { readFileSync } from 'node:fs';

export const resultsFile = 'node_modules/.cache/ripcord/vitest.json';

export function sayResults() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
      readFileSync(resultsFile, 'utf8'),
    );
    // A file that does not even load has no tests, but it has failed.
    const broken = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    ).length;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    return `${numPassedTests} passed, ${numFailedTests + broken} failed${skipped}`;
  } catch {
    return '0 passed, 1 failed';
  }
}

if (import.meta.url === `file://${process.argv[1]}`) console.log(sayResults());
