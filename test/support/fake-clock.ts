import { setImmediate } from 'node:timers';

import type { GuardClock } from '../../src/core/kernel/clock.ts';
import { after, type Instant, instant, type Millis, millis } from '../../src/core/kernel/units.ts';

export interface FakeClock extends GuardClock {
  /** Lets time pass: whoever waits is woken in the order of time, and may act before time goes on. */
  advance(length: number): Promise<void>;
  /** Time passes while the process stands still: whoever waits is woken late, all at the end. */
  stall(length: number): Promise<void>;
  /** Sets the wall clock so far ahead of this one, or behind it: somebody set it, or the machine was suspended. */
  setWall(offset: number): void;
  /** How many wait now. */
  readonly waiting: number;
}

interface Waiter {
  readonly at: Instant;
  wake(): void;
}

/** Every promise that is ready goes on, however long its chain. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands until a test moves it. */
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

  /** The earliest that is due; of several, the one that waits longest. */
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
