import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { expect, test } from 'vitest';

import { type LongRollback, longRollbacks } from './long-rollback.ts';

const results = resolve(process.env.RESULTS ?? 'node_modules/.cache/ripcord/rollback-sweep.jsonl');
const batch = Number(process.env.KILLS ?? 200);

const readResults = (): readonly LongRollback[] =>
  existsSync(results)
    ? readFileSync(results, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];

const sumOf = (some: readonly LongRollback[], what: 'kills' | 'steps' | 'asked' | 'cutOff' | 'orphans'): number =>
  some.reduce((sum, one) => sum + one[what], 0);
const say = (some: readonly LongRollback[]): string =>
  `${sumOf(some, 'kills')} kills (${sumOf(some, 'cutOff')} during a step, ${sumOf(some, 'orphans')} that left it running), ${sumOf(some, 'steps')} steps, ${sumOf(some, 'asked')} questions`;

/** Continues after the last seed in the results file. Remove the file to start over. */
test(`${batch} more kills at random moments of long rollbacks`, async () => {
  mkdirSync(dirname(results), { recursive: true });
  for await (const one of longRollbacks(readResults().at(-1)?.seed ?? 0, batch)) {
    appendFileSync(results, `${JSON.stringify(one)}\n`);
    console.log(`seed ${one.seed}: ${say([one])}, ${one.faults.length} faults`);
  }
  const all = readResults();
  console.log(`in all ${all.length} rollbacks: ${say(all)}`);
  expect(all.filter(({ faults }) => faults.length > 0)).toEqual([]);
}, 3_600_000);
