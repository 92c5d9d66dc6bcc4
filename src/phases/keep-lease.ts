import type { Clock } from '../core/kernel/clock.ts';
import { after, between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Child } from '../core/response/events.ts';
import { gatherProgressReports } from './progress-reports.ts';
import type { Orders, PhaseReporter } from './reporter.ts';

/** Why the work must stop. */
export type StopReason =
  | { readonly why: 'ordered'; readonly because: string }
  /** The guard has answered no heartbeat for longer than the lease. */
  | { readonly why: 'guard-lost'; readonly silentFor: Millis; readonly lastError: unknown };

export interface LeaseOptions {
  readonly reporter: Pick<PhaseReporter, 'spawned' | 'beat'>;
  readonly clock: Clock;
  readonly lease: Millis;
  /** Called at most once, and not after `release`. Heartbeats continue, because ending the work takes time. */
  readonly onStop: (reason: StopReason) => void;
  /** Receives why no further phase may start, once per reason. This phase continues. */
  readonly onWarning?: (warning: string) => void;
}

/** Sends the heartbeats that keep the lease, from its creation on. */
export interface Lease {
  /** Reports the child to the guard at once, and again with each heartbeat until the guard accepts it. */
  spawned(child: Child): void;
  /** Reports progress at once, but at most once a second. */
  progressed(fraction: number): void;
  /** Asks whether the work may continue, without waiting for the next heartbeat. Does not reject. */
  ask(): Promise<void>;
  /** Reports the last progress, then stops the heartbeats. Does not reject. */
  release(): Promise<void>;
}

/** A lease lasts four heartbeats. The interval is also the timeout for each answer. */
export const betweenBeats = (lease: Millis): Millis => millis(Math.min(lease / 4, seconds(5)));

interface Contact {
  /** When the last answered heartbeat was sent. The guard cannot have counted its lease from earlier. */
  readonly heardAt: Instant;
  readonly lastError: unknown;
  /** Sends a heartbeat. Waits for the answer until the next heartbeat is due at most, but also obeys a late answer. */
  ask(say: () => Promise<Orders>): Promise<void>;
}

function openContact(
  clock: Clock,
  lease: Millis,
  onRefusal: (because: string) => void,
  onWarning: (warning: string) => void,
): Contact {
  let warned: string | undefined;
  const patience = betweenBeats(lease);
  let heardAt = clock.now();
  let lastError: unknown;
  return {
    get heardAt() {
      return heardAt;
    },
    get lastError() {
      return lastError;
    },
    async ask(say) {
      const askedAt = clock.now();
      const heed = (orders: Orders): void => {
        const wasLost = between(heardAt, askedAt) > lease; // this process was suspended, for example
        if (heardAt < askedAt && !wasLost) heardAt = askedAt;
        if (!orders.goOn) return onRefusal(orders.because);
        if (orders.warning !== undefined && orders.warning !== warned) onWarning(orders.warning);
        warned = orders.warning;
      };
      const answer = say().then(heed, (error: unknown) => void (lastError = error));
      const answered = new AbortController();
      await Promise.race([answer, clock.wait(patience, answered.signal).catch(() => undefined)]);
      answered.abort();
    },
  };
}

export function keepLease({ reporter, clock, lease, onStop, onWarning }: LeaseOptions): Lease {
  const every = betweenBeats(lease);
  const news = gatherProgressReports(reporter, clock);
  const released = new AbortController();
  let stopped = false;
  const stop = (reason: StopReason): void => {
    if (stopped || released.signal.aborted) return;
    stopped = true;
    onStop(reason);
  };
  const contact = openContact(
    clock,
    lease,
    (because) => stop({ why: 'ordered', because }),
    (warning) => onWarning?.(warning),
  );

  let wake = new AbortController();
  const beat = async (): Promise<void> => {
    let lastAt = clock.now();
    while (!released.signal.aborted) {
      wake = new AbortController();
      const now = clock.now();
      const dueAt = Math.min(after(lastAt, every), news.dueAt(now) ?? Infinity);
      if (dueAt > now) {
        await clock.wait(millis(dueAt - now), wake.signal).catch(() => undefined);
      } else {
        lastAt = now;
        await contact.ask(() => news.tell());
      }
    }
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      if (stopped || released.signal.aborted) return;
      const silentFor = between(contact.heardAt, clock.now());
      if (silentFor > lease) stop({ why: 'guard-lost', silentFor, lastError: contact.lastError });
      else await clock.wait(millis(lease - silentFor + 1), released.signal).catch(() => undefined);
    }
  };
  const ending = Promise.all([beat(), watch()]);
  const tellSoon = (add: () => void): void => {
    const hadNews = news.dueAt(clock.now()) !== undefined;
    add();
    if (!hadNews) wake.abort();
  };
  return {
    spawned: (child) => tellSoon(() => news.addChild(child)),
    progressed: (fraction) => tellSoon(() => news.addFraction(fraction)),
    ask: () => contact.ask(() => reporter.beat()),
    async release() {
      released.abort();
      wake.abort();
      await ending;
      for (let left = 2; left > 0 && news.dueAt(clock.now()) !== undefined; left--)
        await contact.ask(() => news.tell());
    },
  };
}
