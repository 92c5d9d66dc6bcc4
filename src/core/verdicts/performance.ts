import { type Compared, isAlarm, type SlownessState } from '../detection/judge-slowness.ts';
import type { SlownessLimits } from '../detection/limits.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import { sayWhole } from '../kernel/whole.ts';
import type { ProbeId } from '../kernel/ids.ts';
import { type Instant, type Ratio, ratio } from '../kernel/units.ts';
import type { Verdict } from './verdict.ts';

/** One decimal, or as many as it takes to show on which side of the limit the value lies: `2.1x`, but `1.504x`, not `1.5x`. */
export function sayRatio(value: number, limit: number): string {
  const digits = [1, 2, 3].find((count) => Number(value.toFixed(count)) > limit === value > limit);
  return `${digits === undefined ? value : Number(value.toFixed(digits))}x`;
}

export const percentSlower = (limit: Ratio): string => `${Number(((limit - 1) * 100).toFixed(1))}%`;

/** `one in 8,000 runs`: rounded down to two digits, so that the message never promises too much. */
export function sayOneIn(probability: number): string {
  const times = 1 / probability;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(times)) - 1);
  return `one in ${sayWhole(Math.floor(times / unit) * unit)} runs`;
}

/** Why a probe's speed cannot be judged. */
export type UnknownPerformance =
  /** `failed`: the number of failed readings in its baseline, if they left no median. */
  | { readonly because: 'no-baseline'; readonly failed?: number | undefined }
  | { readonly because: 'baseline-too-short'; readonly independentReadings: number }
  | { readonly because: 'too-few-readings'; readonly readings: number; readonly wanted: number };

function sayUnknown(why: UnknownPerformance): string {
  switch (why.because) {
    case 'no-baseline':
      return (why.failed ?? 0) > 0 ? 'it mostly failed in its baseline: capture another' : 'it has no baseline';
    case 'baseline-too-short':
      return `its baseline is worth only ${Math.floor(why.independentReadings)} independent readings: capture a longer one`;
    case 'too-few-readings':
      return `it has ${why.readings} of the ${why.wanted} readings that it needs`;
  }
}

/** The facts in a sentence about one probe's speed. */
export interface Judged {
  readonly state: SlownessState;
  readonly compared: Compared;
  /** Since when the evidence has been rising, and over how many readings. */
  readonly rising?: { readonly since: Instant; readonly readings: number } | undefined;
  readonly limits: SlownessLimits;
  /** Some of these readings got no connection. */
  readonly unreached?: boolean;
  /** The probability of a false alarm in a run. */
  readonly falseAlarms: number;
  /** The current slowdown of the controls, as a ratio; infinite if they mostly fail. */
  readonly controlsSlower?: number | undefined;
  /** `before relationship-remediation` */
  readonly than: string;
}

const slowest = '95th percentile';

function sayValues({ compared, rising, ...judged }: Judged): string {
  const { statistic, baseline, current, readings } = compared;
  const name = statistic === 'p95' ? slowest : 'median';
  const values = `${current === undefined ? `no ${name}` : `${name} ${sayDuration(current)}`}, was ${sayDuration(baseline)}`;
  const over =
    rising === undefined ? `last ${readings} readings` : `${rising.readings} readings since ${sayTime(rising.since)}`;
  const wrong = isAlarm(judged.state) ? `; false alarms at most ${sayOneIn(judged.falseAlarms)}` : '';
  return `(${values}; ${over}${wrong})`;
}

/** `is 2.1x as slow as before relationship-remediation` */
function sayHow(judged: Judged): string {
  const { state, compared, limits, than } = judged;
  const { statistic, current, ratio: times, failed, readings, baseline } = compared;
  if (current === undefined) return `mostly fails, which counts as slower than ${than}`;
  if (statistic === 'failures' && failed > 0) {
    return `has failed in ${failed} of ${readings} readings, which counts as slower than ${than}`;
  }
  if (times === undefined)
    return `answers in ${sayDuration(current)}, and answered in ${sayDuration(baseline)} ${than}`;
  const asFast = Math.min(1.1, limits.limit);
  if ((state === 'as-before' || state === 'recovered') && times < asFast) return `answers as fast as ${than}`;
  const within = state === 'as-before' && times <= limits.limit ? `, within the limit of ${limits.limit}x` : '';
  const where = statistic === 'p95' ? ' in its slowest 5 %' : '';
  return `is ${sayRatio(times, limits.limit)} as slow${where} as ${than}${within}`;
}

/** `the control is 2.1x as slow`; a control that mostly fails is infinitely slow. */
const sayControl = (slower: number): string =>
  Number.isFinite(slower) ? `the control is ${sayRatio(slower, 1)} as slow` : 'the control mostly fails';

/** What the reader must know besides the numbers. */
function sayDoubt({ state, limits, controlsSlower, compared, unreached }: Judged): string {
  switch (state) {
    case 'slower-or-nearly':
      if (unreached) return '; without the readings that got no connection, it is not surely slower';
      return `; it may be as little as ${Number(limits.guard.toFixed(2))}x`;
    case 'slower-like-the-controls': {
      if (controlsSlower === undefined) return '; the controls were slower too';
      const ofItsOwn = compared.ratio === undefined ? 0 : compared.ratio / controlsSlower;
      const own = ofItsOwn > 0 ? `, ratio to control ${sayRatio(ofItsOwn, 1)}` : '';
      return `; common cause? ${sayControl(controlsSlower)}${own}`;
    }
    case 'slower-controls-unsure':
      return controlsSlower === undefined
        ? '; unknown whether the control is slower too'
        : `; ${sayControl(controlsSlower)}, which is not yet ruled out as the cause`;
    case 'slower-pending':
      return '; not yet enough evidence to be sure';
    case 'recovered':
      return '; it was slower, and is well again';
    case 'as-before':
    case 'slower':
      return '';
  }
}

/** The guard may act without approval only if the slowness is surely above the limit and not common to all probes. */
function onlyRecommend({ state, limits, unreached }: Judged): string | undefined {
  switch (state) {
    case 'slower-or-nearly':
      if (unreached) return 'some readings got no connection, and undoing a phase may not fix that';
      return `the slowness may be as little as ${Number(limits.guard.toFixed(2))}x: Ripcord may act only if it is surely above ${limits.limit}x`;
    case 'slower-like-the-controls':
      return 'the controls are slower too, so the cause may be common';
    case 'slower-controls-unsure':
      return 'a cause that also slows the controls is not ruled out yet';
    case 'as-before':
    case 'slower':
    case 'slower-pending':
    case 'recovered':
      return undefined;
  }
}

const common = (probe: ProbeId) => ({ criterion: 'performance', subject: probe }) as const;

export const unknownPerformance = (probe: ProbeId, limits: SlownessLimits, why: UnknownPerformance): Verdict => ({
  ...common(probe),
  status: 'unknown',
  because: why.because,
  warning: false,
  summary: `${probe} cannot be compared yet: ${sayUnknown(why)}`,
  facts: {
    rule: `slower_than: ${percentSlower(limits.limit)}`,
    ...(why.because === 'too-few-readings' && { readings: why.readings }),
  },
});

/** Criterion 3: response times exceed the baseline by more than the limit. */
export function performanceVerdict(probe: ProbeId, judged: Judged): Verdict {
  const { state, compared, rising, limits, falseAlarms, controlsSlower } = judged;
  const { baseline, current, ratio: times, readings } = compared;
  const doubt = onlyRecommend(judged);
  return {
    ...common(probe),
    status: isAlarm(state) ? 'breach' : 'ok',
    because: state,
    warning: state === 'slower-pending' || state === 'recovered',
    ...(doubt !== undefined && { onlyRecommend: doubt }),
    summary: `${probe} ${sayHow(judged)} ${sayValues(judged)}${sayDoubt(judged)}`,
    facts: {
      rule: `slower_than: ${percentSlower(limits.limit)}`,
      was: sayDuration(baseline),
      is: current === undefined ? 'mostly failures' : sayDuration(current),
      readings: rising?.readings ?? readings,
      ...(times !== undefined && { ratio: Number(times.toFixed(3)) }),
      ...(rising !== undefined && { since: rising.since }),
      ...(isAlarm(state) && { falseAlarms: `at most ${sayOneIn(falseAlarms)}` }),
      // JSON has no infinity; failing controls have a verdict of their own.
      ...(controlsSlower !== undefined &&
        Number.isFinite(controlsSlower) && { controlsSlower: ratio(Number(controlsSlower.toFixed(3))) }),
    },
  };
}
