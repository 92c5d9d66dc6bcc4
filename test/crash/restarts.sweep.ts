import { expect, test } from 'vitest';

import { type Restarts, restarts } from './restarts.ts';

const first = Number(process.env.SEED ?? 1);
const kills = Number(process.env.KILLS ?? 60);
/** With more kills, a run would end before the last one. */
const ofOneRun = 5;

const sumOf = (all: readonly Restarts[], what: Exclude<keyof Restarts, 'seed' | 'faults'>): number =>
  all.reduce((sum, one) => sum + one[what], 0);

const say = (all: readonly Restarts[]): string =>
  `${sumOf(all, 'kills')} kills, ${sumOf(all, 'edited')} edited plans, ${sumOf(all, 'setBack')} clocks set back (${sumOf(all, 'found')} found), armed ${sumOf(all, 'armed')} times, ${sumOf(all, 'automatic')} automatic and ${sumOf(all, 'approved')} approved rollbacks`;

test(`after ${kills} kills of an armed run with plan edits, clock changes and restarts, the guard did nothing unallowed`, async () => {
  const all: Restarts[] = [];
  for (let left = kills; left > 0; left -= ofOneRun) {
    const one = await restarts(first + all.length, Math.min(left, ofOneRun));
    console.log(`seed ${one.seed}: ${say([one])}, ${one.faults.length} faults`);
    all.push(one);
  }
  console.log(`in all ${all.length} runs: ${say(all)}`);
  expect(all.filter(({ faults }) => faults.length > 0)).toEqual([]);
  if (kills < 60) return;
  // Otherwise, the test would prove nothing.
  expect(Math.min(sumOf(all, 'edited'), sumOf(all, 'found'), sumOf(all, 'automatic'))).toBeGreaterThan(2);
}, 3_600_000);
