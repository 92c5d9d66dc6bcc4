import type { Clock } from '../core/kernel/clock.ts';
import { after, between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Child } from '../core/response/events.ts';
import { gatherProgressReports } from './progress-reports.ts';
import type { Orders, PhaseReporter } from './reporter.ts';

/** Why the work must not go on. */
export type StopReason =
  | { readonly why: 'ordered'; readonly because: string }
  /** The guard has answered no sign of life for longer than the lease. */
  | { readonly why: 'guard-lost'; readonly silentFor: Millis; readonly lastError: unknown };

export interface LeaseOptions {
  readonly reporter: Pick<PhaseReporter, 'spawned' | 'beat'>;
  readonly clock: Clock;
  readonly lease: Millis;
  /** Called once at most, and not after `release`. The signs of life go on: ending the work takes its time. */
  readonly onStop: (reason: StopReason) => void;
  /** Told why no further phase may start, once for each reason; this one goes on. */
  readonly onWarning?: (warning: string) => void;
}

/** The signs of life that keep the lease, from the moment it is made. */
export interface Lease {
  /** To be told to the guard at once, and again with each sign of life until it has heard it. */
  spawned(child: Child): void;
  /** To be told at once, but not more often than once a second. */
  progressed(fraction: number): void;
  /** Asks whether the work may go on, now and not at the next sign of life. Does not reject. */
  ask(): Promise<void>;
  /** Tells the last progress, then nothing more. Does not reject. */
  release(): Promise<void>;
}

/** Four signs of life fit into a lease; that is also how long an answer is waited for. */
export const betweenBeats = (lease: Millis): Millis => millis(Math.min(lease / 4, seconds(5)));

interface Contact {
  /** When the last sign of life that was answered was given: the guard cannot have counted from earlier. */
  readonly heardAt: Instant;
  readonly lastError: unknown;
  /** Gives a sign of life; waits for the answer no longer than until the next is due, but heeds it when it comes late. */
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
        const wasLost = between(heardAt, askedAt) > lease; // as after we were stopped: the guard has given us up
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
