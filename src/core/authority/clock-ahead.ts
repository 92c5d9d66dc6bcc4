import { sayDuration, sayMoment } from '../kernel/duration.ts';
import type { Complaint } from '../kernel/errors.ts';
import { between, hours, type Instant } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import { type EndedTokens, tokenFault } from './tokens.ts';

/** How far ahead of all that the journal knows a clock may be at a start before a person must say that it is right. */
const farAhead = hours(24);

/** Those whose token counted at one moment and has expired at the other. */
const endingBetween = ({ principals }: Plan, ended: EndedTokens, from: Instant, to: Instant): readonly string[] =>
  principals
    .filter((one) => tokenFault(one, ended, from) === undefined && tokenFault(one, ended, to) === 'expired')
    .map(({ id }) => id);

/**
 * Why a start of the guard beside an open run is not to be gone on with: an expiry is for good, so that one start with a clock
 * that is ahead would leave nobody who may approve, abort or disarm. `newest` takes the machine's uptime into account.
 */
export function doubtClockAhead(plan: Plan, ended: EndedTokens, newest: Instant, now: Instant): Complaint | undefined {
  if (between(newest, now) <= farAhead) return undefined;
  const ending = endingBetween(plan, ended, newest, now);
  if (ending.length === 0) return undefined;
  const ahead = sayDuration(between(newest, now));
  return {
    found: `the clock shows ${sayMoment(now)}, ${ahead} after the newest moment of the journal, which would permanently end the tokens of ${ending.join(', ')}`,
    wanted: 'a correct clock',
    todo: 'Set the clock; or, if it is right, start once with --clock-is-right',
  };
}
