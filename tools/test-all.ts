// `npm test`: runs types, lint, format and tests, each even if an earlier one failed, so that one run shows every problem.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { failedStepsFile, hasFailures, resultsFile, sayResults } from './results.mjs';

const steps: readonly (readonly [string, ...string[]])[] = [
  ['tsc', '--noEmit'],
  ['oxlint', '--type-aware', '--deny-warnings'],
  ['oxfmt', '--check', '.'],
  ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`],
];

rmSync(resultsFile, { force: true });
const failed = steps.filter(([program, ...args]) => {
  console.log(`\n> ${[program, ...args].join(' ')}`);
  return spawnSync(program, args, { stdio: 'inherit' }).status !== 0;
});

// Vitest names each test that failed, but not in its results what went wrong outside of tests, such as a promise that nobody awaited.
const isTold = ([program]: readonly string[]) => program === 'vitest' && hasFailures(resultsFile);
const withoutTests = failed.filter((step) => !isTold(step)).map((step) => step.join(' '));
mkdirSync(dirname(failedStepsFile), { recursive: true });
writeFileSync(failedStepsFile, JSON.stringify(withoutTests));
console.log(`\n${sayResults()}`);
process.exitCode = failed.length === 0 ? 0 : 1;
