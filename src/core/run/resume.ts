import type { UptimeMark } from '../kernel/clock.ts';
import { after, type Instant, later, millis, minutes } from '../kernel/units.ts';
import type { RunState } from './state.ts';

/** What the journal and the machine know about the time, apart from the wall clock. */
export interface KnownTime {
  readonly newestReading?: Instant | undefined;
  readonly uptime?: UptimeMark | undefined;
}

/** The current moment according to the machine's uptime; undefined after a reboot, which resets the uptime. */
function byUptime(before: UptimeMark | undefined, now: UptimeMark | undefined): Instant | undefined {
  if (before === undefined || now === undefined || before.boot !== now.boot || now.up < before.up) return undefined;
  return after(before.at, millis(now.up - before.up));
}

/**
 * The newest moment that has certainly passed. Hours may lie between two events, so stored readings give later moments.
 * Readings from before a clock step that was found earlier say nothing about the present.
 */
export function newestMoment(state: RunState, { newestReading, uptime }: KnownTime): Instant {
  const isNews = newestReading !== undefined && newestReading > (state.setBackFrom ?? state.openedAt);
  const known = [isNews ? newestReading : undefined, byUptime(state.uptime, uptime)];
  return known.reduce<Instant>((newest, one) => (one === undefined ? newest : later(newest, one)), state.lastAt);
}

/** A smaller correction does not count as a clock that was set back; the guard's own time never goes back. */
export const smallStep = minutes(1);

/**
 * Where the guard's time continues. The guard ignores a small step back, because a moment that occurs twice would extend
 * permissions. After a larger step the guard would live in the future for as long, so it takes over the wall clock, and the
 * restart ends all permissions.
 */
export const resumeAt = (newest: Instant | undefined, wall: Instant): Instant =>
  newest !== undefined && newest <= after(wall, smallStep) ? later(newest, wall) : wall;
