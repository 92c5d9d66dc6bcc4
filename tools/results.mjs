// What the test runner itself reported: each failure by name, and as the last line `N passed, N failed`. Its arguments name
// other steps that failed, which count as well. Plain JavaScript: it runs on any Node.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

export const resultsFile = 'node_modules/.cache/ripcord/vitest.json';
/** Of the steps of `npm test` that have no tests, those that failed: a JSON list of commands. */
export const failedStepsFile = 'node_modules/.cache/ripcord/failed-steps.json';
/** Of `npm run test:every-case`, where it was run as well. */
const everyCaseFile = 'node_modules/.cache/ripcord/every-case.json';

const firstLine = (message = '') => message.split('\n', 1)[0].slice(0, 300);

/** The failures of one test file. A file that cannot be loaded has no tests, but counts as failed. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative('.', name);
  if (status === 'failed' && assertionResults.length === 0) return [`${file}: ${firstLine(message)}`];
  return assertionResults
    .filter((one) => one.status === 'failed')
    .map((one) => `${file} > ${one.fullName}: ${firstLine(one.failureMessages[0])}`);
}

function resultsIn(file) {
  try {
    const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, skipped: numPendingTests, failures: testResults.flatMap(failuresOf) };
  } catch (error) {
    return { passed: 0, skipped: 0, failures: [`no results in ${file}: ${firstLine(String(error))}`] };
  }
}

/** Whether a test of this file failed. If none did and the runner failed, then an error outside of all tests. */
export const hasFailures = (file) => resultsIn(file).failures.length > 0;

const failedSteps = () => (existsSync(failedStepsFile) ? JSON.parse(readFileSync(failedStepsFile, 'utf8')) : []);

/** Of all these files together, of the steps of `npm test`, and of `others`. A file that is not there has failed. */
export function sayResults(files = [resultsFile], others = []) {
  const all = files.map(resultsIn);
  const sum = (key) => all.reduce((total, one) => total + one[key], 0);
  const failures = [...failedSteps(), ...others, ...all.flatMap((one) => one.failures)];
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  const named = failures.map((failure) => `failed: ${failure}\n`).join('');
  return `${named}${sum('passed')} passed, ${failures.length} failed${skipped}`;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  console.log(sayResults([resultsFile, ...(existsSync(everyCaseFile) ? [everyCaseFile] : [])], process.argv.slice(2)));
}
