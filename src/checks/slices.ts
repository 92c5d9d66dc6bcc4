import { setImmediate } from 'node:timers/promises';

import { sayWhole } from '../core/kernel/whole.ts';
import type { Cells } from './check.ts';
import { recordsOf } from './pieces.ts';

/** Rows handled without a pause, which takes some milliseconds. */
const mostAtOnce = 2_000;

/**
 * Works in slices and yields to other tasks between them, because whoever creates faults decides how many rows there
 * are.
 */
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

/** Someone who creates this many objects blinds the check. The guard reports that and goes on. */
const mostAnswered = 200_000;
const sayTooMany = (rows: number): string =>
  `the answer has ${sayWhole(rows)} rows, and the check judges at most ${sayWhole(mostAnswered)}: drop objects that nobody needs, or switch the check off`;

/** An answer's rows keyed by column name. Throws if there are more than the check judges. */
export async function recordsInSlices({ rows, fields }: Parameters<typeof recordsOf>[0]): Promise<readonly Cells[]> {
  if (rows.length > mostAnswered) throw new Error(sayTooMany(rows.length));
  return (await inSlices(rows, (some) => recordsOf({ rows: some, fields }))).flat();
}
