import { sayDuration, sayMoment } from '../kernel/duration.ts';
import type { Complaint } from '../kernel/errors.ts';
import { between, hours, type Instant } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import { type EndedTokens, tokenFault } from './tokens.ts';

/** How far the clock may be ahead of the journal at a start before a person must confirm that it is right. */
const farAhead = hours(24);

/** The principals whose token is valid at `from` and expired at `to`. */
const endingBetween = ({ principals }: Plan, ended: EndedTokens, from: Instant, to: Instant): readonly string[] =>
  principals
    .filter((one) => tokenFault(one, ended, from) === undefined && tokenFault(one, ended, to) === 'expired')
    .map(({ id }) => id);

/**
 * Why the guard must not resume an open run with this clock. Expiries are permanent, so one start with a fast clock would
 * leave nobody who can approve, abort or disarm. `newest` takes the machine's uptime into account.
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
