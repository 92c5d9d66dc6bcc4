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

/** How long another process waits before it takes over from one that is dead or cut off. */
const length = seconds(15);
const betweenRenewals = seconds(5);

/** Identifies this process, even against an earlier one with the same pid or one in another container. */
const thisProcess = (): string => `${hostname()} process ${process.pid} (${randomBytes(4).toString('hex')})`;

/** This process's lease on its guard. A lost lease stays lost; only a new start claims the guard again. */
export interface HeldLease extends AsyncDisposable {
  readonly guard: GuardId;
  /** Throws StaleEpoch once the lease is lost. */
  shown(): LeaseShown;
  /** Asks the store whether the lease is still ours, and extends it. Rejects with StaleEpoch once it is lost. */
  renew(): Promise<void>;
  lost(): StaleEpoch | undefined;
  /** Calls back once when the lease is lost, immediately if it is lost already. */
  onLost(tell: (lost: StaleEpoch) => void): void;
  /** The store, written to under this lease. A StaleEpoch from the store marks the lease as lost. */
  readonly journal: GuardJournal;
}

export interface LeaseParts {
  readonly journal: Journal;
  readonly guard: GuardId;
  /** Called when the lease could not be renewed. */
  readonly failed: (error: unknown) => void;
  readonly clock?: Clock;
}

/** Claims the guard and keeps it until disposed. Rejects with GuardHeld if another process holds it. */
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
      await journal.release(lease).catch(failed); // if this fails, the lease expires by itself
    },
  };
}
