import { type PhaseClock, projected, worked } from '../evidence/phase-clock.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import { type Instant, type Ratio, times } from '../kernel/units.ts';
import { sayRatio } from './performance.ts';
import type { Verdict } from './verdict.ts';

/**
 * Criterion 5: a breach if the time exceeds a multiple of the estimate. It warns above 1x, and early if the projection
 * exceeds the limit. Exactly the limit does not exceed it. `subject` is a phase or `run`.
 * `doubt`: why the phase may have ended already.
 */
export function runtimeVerdict(
  subject: string,
  clock: PhaseClock,
  limit: Ratio,
  now: Instant,
  doubt?: string,
): Verdict {
  const spent = worked(clock, now);
  const used = times(spent, clock.estimate) ?? 0;
  const total = projected(clock);
  const expected = total === undefined ? 0 : (times(total, clock.estimate) ?? 0);
  const because =
    used > limit
      ? 'over-limit'
      : expected > limit
        ? 'projected-over-limit'
        : used > 1
          ? 'over-estimate'
          : 'within-estimate';
  const name = subject === 'run' ? 'the run' : subject;
  const projection =
    total !== undefined && because === 'projected-over-limit'
      ? `; at this speed it takes ${sayDuration(total)} in all`
      : '';
  const from = `since ${sayTime(clock.startedAt)}`;
  return {
    criterion: 'runtime',
    subject,
    status: because === 'over-limit' ? 'breach' : 'ok',
    because,
    warning: because === 'over-estimate' || because === 'projected-over-limit',
    ...(because === 'over-limit' && doubt !== undefined && { onlyRecommend: doubt }),
    summary: `${name} has worked ${sayDuration(spent)} of an estimated ${sayDuration(clock.estimate)} (${sayRatio(used, used > limit ? limit : 1)}, ${from})${projection}`,
    facts: {
      rule: `longer_than: ${limit}x`,
      was: sayDuration(clock.estimate),
      is: sayDuration(spent),
      ratio: Number(used.toFixed(3)),
      since: clock.startedAt,
    },
  };
}
