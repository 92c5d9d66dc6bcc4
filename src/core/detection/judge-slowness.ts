import type { ProbeBaseline } from '../evidence/baseline.ts';
import { quantile } from '../evidence/quantile.ts';
import { type Instant, type Millis, type Ratio, ratio } from '../kernel/units.ts';
import type { Channel, Weights } from './calibrate.ts';
import type { Scales } from './scales.ts';
import { kept, type Slowness, type Strengths } from './slowness.ts';
import { combine, type Evidence } from './weigh.ts';

/** How certain the slowness and its cause are. */
const certainty = {
  'slower-or-nearly': 0,
  'slower-controls-unsure': 1,
  'slower-like-the-controls': 1,
  slower: 2,
} as const;
export type Alarm = keyof typeof certainty;
export const isAlarm = (word: string): word is Alarm => Object.hasOwn(certainty, word);

export type SlownessState = Alarm | 'as-before' | 'slower-pending' | 'recovered';

/** An alarm that was raised since the marker; it remains until the probe recovers. */
export interface ActiveAlarm {
  readonly alarm: Alarm;
  readonly at: Instant;
}

/** The combined strengths of several probes. */
export function combineStrengths(all: readonly Strengths[]): Strengths {
  const beyond = all.map(({ beyondControls }) => beyondControls).filter((one) => one !== undefined);
  return {
    grey: combine(all.map(({ grey }) => grey)),
    strict: combine(all.map(({ strict }) => strict)),
    // The mean over all probes: one that was never compared with the controls contributes zero.
    ...(beyond.length > 0 && { beyondControls: combine(all.map(({ beyondControls }) => beyondControls ?? 0)) }),
  };
}

/** Strong enough alone and together with the other probes, because many probes mean many chances to be wrong. */
const isDue = (own: number | undefined, together: number | undefined): boolean =>
  (own ?? 0) >= 1 && (together ?? 0) >= 1;

function alarmNow({ own, together, hasControls, beyondControls }: ToJudge): Alarm | undefined {
  if (isDue(own.strict, together.strict)) {
    if (!hasControls || isDue(own.beyondControls, together.beyondControls)) return 'slower';
    return beyondControls === false ? 'slower-like-the-controls' : 'slower-controls-unsure';
  }
  return isDue(own.grey, together.grey) ? 'slower-or-nearly' : undefined;
}

/** An alarm never becomes less certain. */
const moreCertain = (activeAlarm: Alarm | undefined, now: Alarm | undefined): Alarm | undefined =>
  activeAlarm !== undefined && (now === undefined || certainty[now] < certainty[activeAlarm]) ? activeAlarm : now;

/** Fewer readings since the alarm do not show a recovery. */
const fewestForRecovery = 60;

/**
 * Recovered: among the readings since the alarm, at most the latest 120, no line was exceeded more often than expected while
 * nothing is slower. A plain count, not a bet: it can only end an alarm, and if it is wrong, the evidence raises a new one.
 */
function isWellAgain({ recent, recentAt }: Slowness, { channels }: Weights, since: Instant): boolean {
  const latest = recent.filter((_, index) => (recentAt[index] ?? since) > since);
  if (latest.length < Math.min(fewestForRecovery, kept)) return false;
  return channels.every(({ lines, exceeded }) =>
    lines.every((line, index) => {
      const above = latest.filter((latency) => latency > line).length;
      return above <= (exceeded[index] ?? 0) * latest.length;
    }),
  );
}

/** A tenth of the evidence for an alarm is worth a warning. */
const warnFrom = 0.1;

export interface ToJudge {
  readonly slowness: Slowness;
  readonly scales: Scales;
  readonly own: Strengths;
  readonly together: Strengths;
  readonly hasControls: boolean;
  /** Whether it is currently more than the limit slower than the controls; undefined if unknown. */
  readonly beyondControls?: boolean | undefined;
  readonly activeAlarm?: ActiveAlarm | undefined;
}

export function stateOf(toJudge: ToJudge): SlownessState {
  const { slowness, scales, own, activeAlarm } = toJudge;
  const alarm = moreCertain(activeAlarm?.alarm, alarmNow(toJudge));
  if (activeAlarm !== undefined && isWellAgain(slowness, scales.grey, activeAlarm.at)) return 'recovered';
  if (alarm !== undefined) return alarm;
  return Math.max(own.grey, own.strict) >= warnFrom ? 'slower-pending' : 'as-before';
}

/** The strongest sign of slowness: most readings, the slowest of them, or failures. */
export function strongestChannel({ channels }: Weights, { worth }: Evidence): Channel['name'] {
  let [next, best] = [0, { name: 'typical' as Channel['name'], sum: -1 }];
  for (const { name, bets } of channels) {
    const sum = bets.reduce((so, { share }, index) => so + share * (worth[next + index] ?? 0), 0);
    next += bets.length;
    if (sum > best.sum) best = { name, sum };
  }
  return best.name;
}

/** What a reader compares: the same quantile before and now. `current` is absent if it falls among failures. */
export interface Compared {
  readonly statistic: 'median' | 'p95' | 'failures';
  readonly baseline: Millis;
  readonly current?: Millis;
  readonly ratio?: Ratio;
  readonly failed: number;
  /** The number of readings behind `current`. */
  readonly readings: number;
}

const fewestToCompare = 20;

/** Over the readings since the evidence began to rise, or over the latest 20 if those are more. */
export function compare(slowness: Slowness, baseline: ProbeBaseline, channel: Channel['name']): Compared | undefined {
  const { recent, rising } = slowness;
  const latest = recent.slice(-Math.max(fewestToCompare, rising?.readings ?? 0));
  const [statistic, share] = channel === 'tail' ? (['p95', 0.95] as const) : (['median', 0.5] as const);
  const was = channel === 'tail' ? baseline.p95 : baseline.p50;
  const current = quantile(latest, share);
  if (was === undefined || current === undefined) return undefined;
  const failed = latest.filter((latency) => latency === Number.POSITIVE_INFINITY).length;
  return {
    statistic: channel === 'failures' ? 'failures' : statistic,
    baseline: was,
    failed,
    readings: latest.length,
    ...(Number.isFinite(current) && { current: current as Millis }),
    ...(Number.isFinite(current) && was > 0 && { ratio: ratio(current / was) }),
  };
}
