// `npm test`: runs types, lint, format and tests, each even if an earlier one failed, so that one run shows every problem.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

import { resultsFile, sayResults } from './results.mjs';

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

for (const [program] of failed) console.log(`\n${program} failed`);
console.log(`\n${sayResults()}`);
process.exitCode = failed.length === 0 ? 0 : 1;
