import { expect, test } from 'vitest';

import { faultsOf } from './invariants.ts';
import { miniature } from './miniature.ts';
import { Operator } from './operator.ts';
import { numbers } from './random.ts';

const first = Number(process.env.SEED ?? 1);
const rounds = Number(process.env.ROUNDS ?? 20);

/** A daemon needs about half a second to be up; it lives a while longer, so that every moment of a run is met. */
const lifetimesOf = (seed: number): readonly number[] => {
  const next = numbers(seed);
  return Array.from({ length: 1 + Math.floor(next() * 6) }, () => 400 + Math.floor(next() * 4_000));
};

test.each(Array.from({ length: rounds }, (_, round) => first + round))(
  'seed %i: killed at random moments, nothing runs twice that may not, and the run comes to its end',
  async (seed) => {
    await using mini = await miniature();
    const ending = await new Operator(mini, { lifetimes: lifetimesOf(seed) }).toTheEnd(100_000);
    console.log(
      `seed ${seed}: ${ending.starts} starts, asked: ${ending.asked.map(({ step }) => step).join(', ') || 'nothing'}`,
    );
    expect(await faultsOf(mini, ending)).toEqual([]);
  },
  120_000,
);
