import type { GuardCondition } from '../kernel/ids.ts';
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

/** `before` and `then`: the guard's clock around the reading of `wall`, since the process may have been paused in between. */
export function offsetBetween(before: Instant, wall: Instant, then: Instant): Millis {
  if (wall > then) return between(then, wall);
  return wall < before ? between(before, wall) : millis(0);
}

/** All evidence depends on the clock. If two clocks disagree, one is wrong and nobody knows which, so the guard is blind. */
export const suspectClock = (offset: Millis): readonly GuardCondition[] =>
  judgeClock(offset) === 'agree' ? [] : ['wall-clock'];

/** Tells the operator what to fix; undefined while the clocks agree. */
export function sayClock(offset: Millis): string | undefined {
  const verdict = judgeClock(offset);
  if (verdict === 'agree') return undefined;
  const differ = `${sayDuration(millis(Math.abs(offset)))} ${verdict === 'wall-ahead' ? 'ahead of' : 'behind'}`;
  return `the wall clock is ${differ} the guard’s clock, so the guard asks before it acts: set the machine’s clock, and restart the daemon if the guard’s clock is the wrong one`;
}

export interface Ahead {
  /** The value to compare the next measurement with. */
  readonly level: Millis;
  /** The growth since then, if it exceeds a small step. */
  readonly by?: Millis;
}

/**
 * `level` and `ahead`: how far the machine's latest clock was ahead of the guard's, and is now. A suspended machine and a
 * clock that is set forward shorten permissions; a clock that is set back restores nothing.
 */
export function whenAhead(level: Millis, ahead: Millis): Ahead {
  const by = millis(ahead - level);
  return by > smallStep ? { level: ahead, by } : { level: millis(Math.min(level, ahead)) };
}

/** Shortens every permission by the time that passed without the guard's clock noticing. */
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
