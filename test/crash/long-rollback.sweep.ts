import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { expect, test } from 'vitest';

import { longRollback, type LongRollback } from './long-rollback.ts';

const results = resolve(process.env.RESULTS ?? 'node_modules/.cache/ripcord/rollback-sweep.jsonl');
const batch = Number(process.env.KILLS ?? 200);

const readResults = (): readonly LongRollback[] =>
  existsSync(results)
    ? readFileSync(results, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];

const killsOf = (some: readonly LongRollback[]): number => some.reduce((sum, { kills }) => sum + kills, 0);

/** Goes on after the last seed that is in the file of results; remove it to begin anew. */
test(`${batch} more kills at random moments of long rollbacks`, async () => {
  mkdirSync(dirname(results), { recursive: true });
  const before = readResults();
  const wanted = killsOf(before) + batch;
  for (let seed = 1 + (before.at(-1)?.seed ?? 0); killsOf(readResults()) < wanted; seed += 1) {
    const one = await longRollback(seed, 30);
    appendFileSync(results, `${JSON.stringify(one)}\n`);
    console.log(
      `seed ${seed}: ${one.kills} kills in ${one.steps} steps, ${one.asked} questions, ${one.faults.length} faults`,
    );
  }
  const all = readResults();
  const [steps, asked] = [all.reduce((sum, one) => sum + one.steps, 0), all.reduce((sum, one) => sum + one.asked, 0)];
  console.log(`in all ${killsOf(all)} kills, ${all.length} rollbacks, ${steps} steps, ${asked} questions`);
  expect(all.filter(({ faults }) => faults.length > 0)).toEqual([]);
}, 3_600_000);
