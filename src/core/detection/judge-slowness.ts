import type { ProbeBaseline } from '../evidence/baseline.ts';
import { quantile } from '../evidence/quantile.ts';
import { type Instant, type Millis, type Ratio, ratio } from '../kernel/units.ts';
import type { Channel, Weights } from './calibrate.ts';
import type { Scales } from './scales.ts';
import { kept, type Slowness, type Strengths } from './slowness.ts';
import { combine, type Evidence } from './weigh.ts';

/** How sure one may be that it is slow, and of its cause. */
const sureness = {
  'slower-or-nearly': 0,
  'slower-controls-unsure': 1,
  'slower-like-the-controls': 1,
  slower: 2,
} as const;
export type Alarm = keyof typeof sureness;
export const isAlarm = (word: string): word is Alarm => Object.hasOwn(sureness, word);

export type SlownessState = Alarm | 'as-before' | 'slower-but-young' | 'recovered';

/** An alarm that was given since the marker; it stays until the probe is seen well again. */
export interface Standing {
  readonly alarm: Alarm;
  readonly at: Instant;
}

/** Of several probes together. */
export function combineStrengths(all: readonly Strengths[]): Strengths {
  const beyond = all.map(({ beyondControls }) => beyondControls).filter((one) => one !== undefined);
  return {
    grey: combine(all.map(({ grey }) => grey)),
    strict: combine(all.map(({ strict }) => strict)),
    // The mean over all: a probe that was never compared with the controls says nothing of what is beyond them.
    ...(beyond.length > 0 && { beyondControls: combine(all.map(({ beyondControls }) => beyondControls ?? 0)) }),
  };
}

/** Strong enough alone, and together with the others: many probes are many chances to be wrong. */
const isDue = (own: number | undefined, together: number | undefined): boolean =>
  (own ?? 0) >= 1 && (together ?? 0) >= 1;

function alarmNow({ own, together, hasControls, beyondControls }: ToJudge): Alarm | undefined {
  if (isDue(own.strict, together.strict)) {
    if (!hasControls || isDue(own.beyondControls, together.beyondControls)) return 'slower';
    return beyondControls === false ? 'slower-like-the-controls' : 'slower-controls-unsure';
  }
  return isDue(own.grey, together.grey) ? 'slower-or-nearly' : undefined;
}

/** An alarm never becomes less sure. */
const surer = (standing: Alarm | undefined, now: Alarm | undefined): Alarm | undefined =>
  standing !== undefined && (now === undefined || sureness[now] < sureness[standing]) ? standing : now;

/** Fewer readings than this since the alarm do not show that it is well again. */
const fewestForRecovery = 60;

/**
 * Well again: of the readings since the alarm, at most the latest 120, no line was exceeded more often than it may be while
 * nothing is slower. A plain count, not a bet: it can only end an alarm, and if it errs the evidence raises it anew.
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

/** Evidence at a tenth of what is needed is worth a warning. */
const worthTelling = 0.1;

export interface ToJudge {
  readonly slowness: Slowness;
  readonly scales: Scales;
  readonly own: Strengths;
  readonly together: Strengths;
  readonly hasControls: boolean;
  /** Whether it is, just now, more than the limit slower than the controls; undefined where nobody knows. */
  readonly beyondControls?: boolean | undefined;
  readonly standing?: Standing | undefined;
}

export function stateOf(toJudge: ToJudge): SlownessState {
  const { slowness, scales, own, standing } = toJudge;
  const alarm = surer(standing?.alarm, alarmNow(toJudge));
  if (standing !== undefined && isWellAgain(slowness, scales.grey, standing.at)) return 'recovered';
  if (alarm !== undefined) return alarm;
  return Math.max(own.grey, own.strict) >= worthTelling ? 'slower-but-young' : 'as-before';
}

/** In which way it is slower: most readings, the slowest of them, or by failing. */
export function strongestChannel({ channels }: Weights, { worth }: Evidence): Channel['name'] {
  let [next, best] = [0, { name: 'typical' as Channel['name'], sum: -1 }];
  for (const { name, bets } of channels) {
    const sum = bets.reduce((so, { share }, index) => so + share * (worth[next + index] ?? 0), 0);
    next += bets.length;
    if (sum > best.sum) best = { name, sum };
  }
  return best.name;
}

/** What a reader compares: the same quantile before and now. `current` is absent where it lies among failures. */
export interface Compared {
  readonly statistic: 'median' | 'p95' | 'failures';
  readonly baseline: Millis;
  readonly current?: Millis;
  readonly ratio?: Ratio;
  readonly failed: number;
  /** The readings that `current` is taken over. */
  readonly readings: number;
}

const fewestToCompare = 20;

/** Over the readings since the evidence began to rise, or the latest 20 where that is more. */
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
