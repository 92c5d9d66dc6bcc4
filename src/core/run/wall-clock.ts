import type { GuardSense } from '../kernel/ids.ts';
import { sayDuration } from '../kernel/duration.ts';
import { after, between, type Instant, type Millis, millis } from '../kernel/units.ts';
import { smallStep } from './resume.ts';
import type { RunState } from './state.ts';

export type ClockVerdict = 'agree' | 'wall-ahead' | 'wall-behind';

/** `offset`: how far the wall clock is ahead of the guard's own. */
export function judgeClock(offset: Millis): ClockVerdict {
  if (Math.abs(offset) <= smallStep) return 'agree';
  return offset > 0 ? 'wall-ahead' : 'wall-behind';
}

/** The process may have stood still between two clocks: `before` and `then` are the guard's on either side of the wall clock's. */
export function offsetBetween(before: Instant, wall: Instant, then: Instant): Millis {
  if (wall > then) return between(then, wall);
  return wall < before ? between(before, wall) : millis(0);
}

/** What all evidence rests on, and cannot be relied on now: one of two clocks is wrong, and nobody knows which. */
export const suspectClock = (offset: Millis): readonly GuardSense[] =>
  judgeClock(offset) === 'agree' ? [] : ['wall-clock'];

/** For whoever has to mend it; undefined while the clocks agree. */
export function sayClock(offset: Millis): string | undefined {
  const verdict = judgeClock(offset);
  if (verdict === 'agree') return undefined;
  const differ = `${sayDuration(millis(Math.abs(offset)))} ${verdict === 'wall-ahead' ? 'ahead of' : 'behind'}`;
  return `the wall clock is ${differ} the guard’s clock, so the guard asks before it acts: set the machine’s clock, and restart the daemon if the guard’s clock is the wrong one`;
}

export interface Ahead {
  /** What the next look is compared with. */
  readonly level: Millis;
  /** So much more than before, where that is more than a small step. */
  readonly by?: Millis;
}

/**
 * `level` and `ahead`: how far the latest of the machine's other clocks was ahead of the guard's, and is. A suspended machine
 * and a clock that is set forward end what is allowed; a clock that is set back gives nothing back.
 */
export function whenAhead(level: Millis, ahead: Millis): Ahead {
  const by = millis(ahead - level);
  return by > smallStep ? { level: ahead, by } : { level: millis(Math.min(level, ahead)) };
}

/** Everything that was allowed until a moment, by so much shorter: so much time went by that the guard's clock did not see. */
export function shorten({ authority, recommendations, ...state }: RunState, by: Millis): RunState {
  const sooner = (moment: Instant): Instant => after(moment, millis(-by));
  const { armed, preApprovals } = authority;
  return {
    ...state,
    authority: {
      ...authority,
      ...(armed !== undefined && { armed: { ...armed, until: sooner(armed.until) } }),
      preApprovals: preApprovals.map((one) => ({ ...one, until: sooner(one.until) })),
    },
    recommendations: recommendations.map((one) =>
      one.state === 'open'
        ? {
            ...one,
            expiresAt: sooner(one.expiresAt),
            approvals: one.approvals.map((approval) => ({ ...approval, expiresAt: sooner(approval.expiresAt) })),
          }
        : one,
    ),
  };
}
