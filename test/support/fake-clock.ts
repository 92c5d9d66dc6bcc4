import { setImmediate } from 'node:timers';

import type { GuardClock } from '../../src/core/kernel/clock.ts';
import { after, type Instant, instant, type Millis, millis } from '../../src/core/kernel/units.ts';

export interface FakeClock extends GuardClock {
  /** Lets time pass. Waiters wake in order of time and may act before time continues. */
  advance(length: number): Promise<void>;
  /** Lets time pass while the process stands still: all waiters wake late, at the end. */
  stall(length: number): Promise<void>;
  /** Sets the offset of the wall clock from this clock, as after a clock change or a suspend. */
  setWall(offset: number): void;
  /** The current number of waiters. */
  readonly waiting: number;
}

interface Waiter {
  readonly at: Instant;
  wake(): void;
}

/** Runs all ready promise chains to their end. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that moves only when a test moves it. */
export function fakeClock(start: Instant = instant(1_800_000_000_000)): FakeClock {
  let now = start;
  let offset = millis(0);
  const waiters = new Set<Waiter>();

  const wait = (length: Millis, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (!(length > 0)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      waiters.delete(waiter);
      signal?.removeEventListener('abort', abort);
    };
    const abort = () => {
      leave();
      reject(signal?.reason);
    };
    const waiter: Waiter = {
      at: after(now, length),
      wake() {
        leave();
        resolve();
      },
    };
    waiters.add(waiter);
    signal?.addEventListener('abort', abort, { once: true });
    return promise;
  };

  /** The waiter that is due first; among equals, the one that has waited longest. */
  const nextDue = (end: Instant): Waiter | undefined => {
    let next: Waiter | undefined;
    for (const waiter of waiters) {
      if (waiter.at <= end && (next === undefined || waiter.at < next.at)) next = waiter;
    }
    return next;
  };

  const advance = async (length: number) => {
    const end = after(now, millis(length));
    await settle();
    for (let next = nextDue(end); next !== undefined; next = nextDue(end)) {
      now = instant(Math.max(now, next.at));
      next.wake();
      await settle();
    }
    now = end;
  };

  return {
    now: () => now,
    offset: () => offset,
    ahead: () => millis(Math.max(0, offset)),
    setWall: (by) => void (offset = millis(by)),
    wait,
    advance,
    async stall(length) {
      await settle();
      now = after(now, millis(length));
      await advance(0);
    },
    get waiting() {
      return waiters.size;
    },
  };
}
