import { expect, test } from 'vitest';

import { faultsOf } from './invariants.ts';
import { miniature } from './miniature.ts';
import { Operator } from './operator.ts';
import { numbers } from './random.ts';

const first = Number(process.env.SEED ?? 1);
const rounds = Number(process.env.ROUNDS ?? 20);

/** A daemon needs about half a second to start. It lives a little longer, so that kills hit every moment of a run. */
const lifetimesOf = (seed: number): readonly number[] => {
  const next = numbers(seed);
  return Array.from({ length: 1 + Math.floor(next() * 6) }, () => 400 + Math.floor(next() * 4_000));
};

test.each(Array.from({ length: rounds }, (_, round) => first + round))(
  'seed %i: after kills at random moments, only repeatable steps run twice, and the run ends',
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
