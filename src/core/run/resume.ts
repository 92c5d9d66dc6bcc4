import type { UptimeMark } from '../kernel/clock.ts';
import { after, type Instant, later, millis, minutes } from '../kernel/units.ts';
import type { RunState } from './state.ts';

/** What the journal and the machine know of the time, beside the wall clock. */
export interface KnownTime {
  readonly newestReading?: Instant | undefined;
  readonly uptime?: UptimeMark | undefined;
}

/** The moment that it is by the machine's uptime; undefined after a boot, which counts anew. */
function byUptime(before: UptimeMark | undefined, now: UptimeMark | undefined): Instant | undefined {
  if (before === undefined || now === undefined || before.boot !== now.boot || now.up < before.up) return undefined;
  return after(before.at, millis(now.up - before.up));
}

/**
 * The newest moment that is known to be over. Hours may lie between two events, so stored readings tell of later ones; those
 * from before a step of the clock that was found earlier tell nothing of another.
 */
export function newestMoment(state: RunState, { newestReading, uptime }: KnownTime): Instant {
  const isNews = newestReading !== undefined && newestReading > (state.setBackFrom ?? state.openedAt);
  const known = [isNews ? newestReading : undefined, byUptime(state.uptime, uptime)];
  return known.reduce<Instant>((newest, one) => (one === undefined ? newest : later(newest, one)), state.lastAt);
}

/** A clock that is corrected by less than this is not believed to be set back; the guard's own time does not go back. */
export const smallStep = minutes(1);

/**
 * Where the guard's time goes on. A small step back is passed over, since a moment that comes twice would prolong what is
 * allowed until then. Behind a larger one the guard would live in the future for as long: it takes the wall clock, and the
 * restart ends what was allowed.
 */
export const resumeAt = (newest: Instant | undefined, wall: Instant): Instant =>
  newest !== undefined && newest <= after(wall, smallStep) ? later(newest, wall) : wall;
