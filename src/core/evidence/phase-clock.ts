import { after, between, type Instant, type Millis, millis } from '../kernel/units.ts';

/** How long a phase, or the whole run, has worked. Time in which the guard held it does not count. */
export interface PhaseClock {
  readonly estimate: Millis;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  /** The total of past holds. */
  readonly heldFor: Millis;
  /** The start of the current hold. */
  readonly heldSince?: Instant;
  /** The last progress reported: a fraction from 0 to 1. */
  readonly progress?: { readonly fraction: number; readonly at: Instant };
}

/** AttemptProcesses time, without time on hold. */
export function worked({ startedAt, endedAt, heldFor, heldSince }: PhaseClock, now: Instant): Millis {
  const end = endedAt ?? now;
  const heldNow = heldSince === undefined ? 0 : Math.max(0, between(heldSince, end));
  return millis(Math.max(0, between(startedAt, end) - heldFor - heldNow));
}

/** Total time at the speed so far; undefined before 2 % of progress, when it would be a guess. */
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
/** When the estimate will be used up if no further hold follows. */
export const due = (clock: PhaseClock, now: Instant): Instant =>
  after(now, millis(clock.estimate - worked(clock, now)));
