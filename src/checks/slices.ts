import { setImmediate } from 'node:timers/promises';

import { sayWhole } from '../core/kernel/whole.ts';
import type { Cells } from './check.ts';
import { recordsOf } from './pieces.ts';

/** So much of an answer is worked on without a pause: some milliseconds. */
const mostAtOnce = 2_000;

/** In slices, between which everybody else has their turn: whoever makes faults chooses how many rows there are. */
export async function inSlices<Item, Made>(
  items: readonly Item[],
  work: (some: readonly Item[]) => Made,
): Promise<readonly Made[]> {
  if (items.length <= mostAtOnce) return [work(items)];
  const made: Made[] = [];
  for (let at = 0; at < items.length; at += mostAtOnce) {
    made.push(work(items.slice(at, at + mostAtOnce)));
    await setImmediate();
  }
  return made;
}

/** Whoever makes so many of something makes the check blind, which is told; the guard goes on. */
const mostAnswered = 200_000;
const sayTooMany = (rows: number): string =>
  `the answer has ${sayWhole(rows)} rows, and at most ${sayWhole(mostAnswered)} are judged: drop what nobody needs of what this check looks at, or switch the check off`;

/** An answer's rows by their columns' names. Throws where there are more than are judged. */
export async function recordsInSlices({ rows, fields }: Parameters<typeof recordsOf>[0]): Promise<readonly Cells[]> {
  if (rows.length > mostAnswered) throw new Error(sayTooMany(rows.length));
  return (await inSlices(rows, (some) => recordsOf({ rows: some, fields }))).flat();
}
