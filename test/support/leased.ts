import { guardId } from '../../src/core/kernel/ids.ts';
import { type Instant, minutes } from '../../src/core/kernel/units.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Lease } from '../../src/journal/lease.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { type GuardJournal, underLease } from '../../src/journal/under-lease.ts';

/** The guard for tests in which the guard does not matter. */
export const someGuard = guardId('plan', 'test');

/** Throws if another owner has the guard. */
export async function claimed(journal: Journal, guard = someGuard, owner = 'a test'): Promise<Lease> {
  const claim = await journal.claim(guard, owner, minutes(10));
  if (claim.state === 'held') throw new Error(`${guard} is held by ${claim.by.owner}`);
  return claim.lease;
}

/** Opens a journal file for writing under a lease. */
export async function openLeased(path: string, guard = someGuard, now?: () => Instant): Promise<GuardJournal> {
  const journal = await openJournal(path, now);
  const lease = await claimed(journal, guard);
  return underLease(journal, () => lease);
}
