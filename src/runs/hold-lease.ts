import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

import type { Clock } from '../core/kernel/clock.ts';
import type { GuardId } from '../core/kernel/ids.ts';
import { seconds } from '../core/kernel/units.ts';
import { GuardHeld, StaleEpoch } from '../journal/errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Lease, LeaseShown } from '../journal/lease.ts';
import { type GuardJournal, underLease } from '../journal/under-lease.ts';
import { systemClock } from '../system/clock.ts';
import { repeat } from '../system/repeat.ts';

/** How long another process waits before it may take over from one that is gone or cut off. */
const length = seconds(15);
const betweenRenewals = seconds(5);

/** Tells this process from every other, also from one with its pid before it or in another container. */
const thisProcess = (): string => `${hostname()} process ${process.pid} (${randomBytes(4).toString('hex')})`;

/** This process's lease on its guard. Once lost it stays lost: only a new start claims it again. */
export interface HeldLease extends AsyncDisposable {
  readonly guard: GuardId;
  /** Throws StaleEpoch once it is lost. */
  shown(): LeaseShown;
  /** Asks the store whether it still is ours, and extends it. Rejects with StaleEpoch once it is lost. */
  renew(): Promise<void>;
  lost(): StaleEpoch | undefined;
  /** Told once, at once where it is lost already. */
  onLost(tell: (lost: StaleEpoch) => void): void;
  /** The store, which is written to under this lease; a stale epoch in an answer of it is a lost lease. */
  readonly journal: GuardJournal;
}

export interface LeaseParts {
  readonly journal: Journal;
  readonly guard: GuardId;
  /** Told when it could not be renewed. */
  readonly failed: (error: unknown) => void;
  readonly clock?: Clock;
}

/** Claims the guard and keeps it until disposed. Rejects with GuardHeld when another process has it. */
export async function holdLease({ journal, guard, failed, clock = systemClock() }: LeaseParts): Promise<HeldLease> {
  const claim = await journal.claim(guard, thisProcess(), length);
  if (claim.state === 'held') throw new GuardHeld(claim.by);
  let lease: Lease = claim.lease;
  let lost: StaleEpoch | undefined;
  const listeners: ((lost: StaleEpoch) => void)[] = [];

  const lose = (error: StaleEpoch): StaleEpoch => {
    if (lost !== undefined) return lost;
    lost = error;
    for (const tell of listeners) tell(error);
    return error;
  };
  const shown = (): LeaseShown => {
    if (lost !== undefined) throw lost;
    return lease;
  };
  const renew = async () => {
    shown();
    const renewal = await journal.renew(lease);
    if (renewal.state === 'lost') throw lose(new StaleEpoch(guard, lease.epoch, renewal.epoch, renewal.owner));
    lease = renewal.lease;
  };
  const leased = underLease(journal, shown);
  const orLose = (error: unknown): never => {
    throw error instanceof StaleEpoch ? lose(error) : error;
  };
  const renewing = repeat(clock, betweenRenewals, async () => (lost === undefined ? renew() : undefined), failed);
  return {
    guard,
    shown,
    renew,
    lost: () => lost,
    onLost(tell) {
      if (lost === undefined) listeners.push(tell);
      else tell(lost);
    },
    journal: {
      ...leased,
      append: (run, expectedSeq, events) => leased.append(run, expectedSeq, events).catch(orLose),
      writeReadings: (chunks) => leased.writeReadings(chunks).catch(orLose),
    },
    async [Symbol.asyncDispose]() {
      await renewing[Symbol.asyncDispose]();
      await journal.release(lease).catch(failed); // else it ends by itself
    },
  };
}
