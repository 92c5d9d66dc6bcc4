import { type Slowdown, windowSize } from '../detection/slowdown.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import type { ProbeId } from '../kernel/ids.ts';
import type { Ratio } from '../kernel/units.ts';
import type { Verdict } from './verdict.ts';

/** One decimal, or as many as it takes to see on which side of the limit the value lies: `2.1x`, but `1.504x`, not `1.5x`. */
export function sayRatio(value: number, limit: number): string {
  const digits = [1, 2, 3].find((count) => Number(value.toFixed(count)) > limit === value > limit);
  return `${digits === undefined ? value : Number(value.toFixed(digits))}x`;
}

const percent = (limit: Ratio): string => `${Number(((limit - 1) * 100).toFixed(1))}%`;

function sayUnknown({ because, readings }: Extract<Slowdown, { state: 'unknown' }>): string {
  if (because === 'no-baseline') return 'it has no baseline';
  return `${readings} of the ${windowSize} readings that it takes are there`;
}

type Compared = Exclude<Slowdown, { state: 'unknown' }>;

/** `is 2.1x as slow as before relationship-remediation (median 41 ms, was 19 ms; last 20 readings, since 02:14:07)` */
function sayCompared(
  { state, baseline, current, ratio, readings, since }: Compared,
  limit: Ratio,
  than: string,
): string {
  const medians = `${current === undefined ? 'no median' : `median ${sayDuration(current)}`}, was ${sayDuration(baseline)}`;
  const from = since === undefined ? '' : `, since ${sayTime(since)}`;
  const values = `(${medians}; last ${readings} readings${from})`;
  if (current === undefined) return `mostly fails, which counts as slower than ${than} ${values}`;
  if (ratio === undefined) return `answers in ${sayDuration(current)} ${values}`;
  if (state === 'as-before' && ratio < 1.1) return `answers as fast as ${than} ${values}`;
  const within = state === 'as-before' ? `, within the limit of ${limit}x` : '';
  return `is ${sayRatio(ratio, limit)} as slow as ${than}${within} ${values}`;
}

/** Criterion 3: response times more than so much slower than in the baseline. `than` says when that was: `before phase-3`. */
export function performanceVerdict(probe: ProbeId, slowdown: Slowdown, limit: Ratio, than: string): Verdict {
  const rule = `slower_than: ${percent(limit)}`;
  const common = { criterion: 'performance', subject: probe } as const;
  if (slowdown.state === 'unknown') {
    return {
      ...common,
      status: 'unknown',
      because: slowdown.because,
      warning: false,
      summary: `${probe} cannot be compared yet: ${sayUnknown(slowdown)}`,
      facts: { rule, readings: slowdown.readings },
    };
  }
  const { state, baseline, current, ratio, readings, since } = slowdown;
  return {
    ...common,
    status: state === 'slower' ? 'breach' : 'ok',
    because: state,
    warning: state === 'slower-but-young',
    summary: `${probe} ${sayCompared(slowdown, limit, than)}`,
    facts: {
      rule,
      was: sayDuration(baseline),
      is: current === undefined ? 'mostly failures' : sayDuration(current),
      readings,
      ...(ratio !== undefined && { ratio: Number(ratio.toFixed(3)) }),
      ...(since !== undefined && { since }),
    },
  };
}
