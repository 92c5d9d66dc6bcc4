import { after, between, type Instant, type Millis, millis } from '../kernel/units.ts';

/** How long a phase, or the whole run, has worked. Time in which the guard held it does not count. */
export interface PhaseClock {
  readonly estimate: Millis;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  /** Held time that is over. */
  readonly heldFor: Millis;
  /** Since when it is held now. */
  readonly heldSince?: Instant;
  /** The last progress reported: a fraction from 0 to 1. */
  readonly progress?: { readonly fraction: number; readonly at: Instant };
}

/** Worked time, held time excluded. */
export function worked({ startedAt, endedAt, heldFor, heldSince }: PhaseClock, now: Instant): Millis {
  const end = endedAt ?? now;
  const heldNow = heldSince === undefined ? 0 : Math.max(0, between(heldSince, end));
  return millis(Math.max(0, between(startedAt, end) - heldFor - heldNow));
}

/** Total time if it goes on at the speed so far; undefined before 2 % of progress, where it would be guessing. */
export function projected(clock: PhaseClock): Millis | undefined {
  if (clock.progress === undefined || clock.progress.fraction < 0.02) return undefined;
  return millis(worked(clock, clock.progress.at) / clock.progress.fraction);
}

export const hold = (clock: PhaseClock, now: Instant): PhaseClock =>
  clock.heldSince === undefined && clock.endedAt === undefined ? { ...clock, heldSince: now } : clock;

export function release(clock: PhaseClock, now: Instant): PhaseClock {
  const { heldSince, ...rest } = clock;
  if (heldSince === undefined) return clock;
  return { ...rest, heldFor: millis(rest.heldFor + Math.max(0, between(heldSince, now))) };
}

export const end = (clock: PhaseClock, now: Instant): PhaseClock => ({ ...release(clock, now), endedAt: now });
/** When the estimate is used up, if nothing holds it from now on. */
export const due = (clock: PhaseClock, now: Instant): Instant =>
  after(now, millis(clock.estimate - worked(clock, now)));
