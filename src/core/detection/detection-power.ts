import { type Baseline, baselineOf, type ProbeBaseline } from '../evidence/baseline.ts';
import { sayDuration } from '../kernel/duration.ts';
import { type ProbeId, probeId } from '../kernel/ids.ts';
import { type Millis, millis, type Ratio, ratio, seconds } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import { lawOf, type Weights, weightsOf } from './calibrate.ts';
import { simulate, within } from './detection-times.ts';
import { betweenEvaluations, falseAlarmsOf, type SlownessLimits, watchRules } from './limits.ts';
import type { WatchRule } from './rule.ts';
import { shortfall } from './shortfall.ts';

/**
 * How soon the guard would recommend a rollback for one slowdown that begins during a phase and lasts: until the deciding
 * reading was due, was answered (slowly) and was evaluated.
 */
export interface ExpectedDelay {
  readonly slowdown: Ratio;
  /** Half of the simulated cases are within this; undefined if that takes longer than a watch. */
  readonly median?: Millis;
  /** 19 of 20 cases are within this. */
  readonly p95?: Millis;
}

/** What one probe's baseline can detect. */
export interface Power {
  readonly probe: ProbeId;
  readonly limits: SlownessLimits;
  /** The delay until a recommendation, if no other probe is slower. */
  readonly recommends: readonly ExpectedDelay[];
  /** The delay until the guard may act without approval. */
  readonly acts: readonly ExpectedDelay[];
  /** The seed of the simulation, so that the same baseline gives the same figures. */
  readonly seed: number;
}

const seed = 20_261_124;

/** A phase seldom does damage at its first moment; by then, the bets on that moment are lost. */
const intoPhase = seconds(60);

/** Just above the limit, a third above it, and twice the limit: 1.6x, 2x and 3x for a limit of 50 %. */
const slowdowns = (limit: Ratio): readonly Ratio[] =>
  [16 / 15, 4 / 3, 2].map((times) => ratio(Number((limit * times).toFixed(2))));

/** If only one probe is slow, its evidence must be as strong as that of all probes that are judged together. */
const votersIn = ({ probes }: Plan): number => Math.max(1, probes.filter(({ control }) => !control).length);

const alone = (weights: Weights, plan: Plan): Weights => ({
  ...weights,
  falseAlarms: weights.falseAlarms / votersIn(plan),
});

/** The time between readings: a probe is not asked again while its answer, slow as it is, is pending. */
const paceOf = ({ every, timeout }: Pick<ProbePlan, 'every' | 'timeout'>, answer: number): Millis =>
  millis(every * Math.max(1, Math.ceil(Math.min(answer, timeout) / every)));

/** Uses the baseline alone; takes some milliseconds. Undefined if the baseline lacks the probe, or if it is a control. */
export function powerOf(plan: Plan, probe: ProbePlan, baseline: Baseline, limits: SlownessLimits): Power | undefined {
  const calibration = baselineOf(baseline, probeId(probe.id));
  if (calibration?.p50 === undefined || probe.control) return undefined;
  const rules = watchRules(limits, falseAlarmsOf(plan), probe.every);
  const law = lawOf(calibration);
  const answer = calibration.p95 ?? calibration.p50;
  const expectedDelays = (weights: Weights) =>
    slowdowns(limits.limit).map((slowdown): ExpectedDelay => {
      const late = Math.min(Math.floor(weights.readings / 2), Math.ceil(intoPhase / probe.every));
      const times = simulate(calibration, alone(weights, plan), slowdown, weights.readings, seed, late);
      const inTime = (share: number) => {
        const readings = within(times, share);
        const pace = paceOf(probe, answer * slowdown);
        return readings === undefined ? undefined : millis(readings * pace + answer * slowdown + betweenEvaluations);
      };
      const [median, p95] = [inTime(0.5), inTime(0.95)];
      return { slowdown, ...(median !== undefined && { median }), ...(p95 !== undefined && { p95 }) };
    });
  const [grey, strict] = [weightsOf(law, rules.grey), weightsOf(law, rules.strict)];
  return { probe: probeId(probe.id), limits, recommends: expectedDelays(grey), acts: expectedDelays(strict), seed };
}

/** What the plan requires to be detected in time: by default a third above the limit. */
function wantedOf(
  { criteria }: Plan,
  { limit }: SlownessLimits,
): { readonly slowdown: Ratio; readonly within: Millis } {
  const { must_detect: wanted, slower_than: planned } = criteria.performance;
  const times = wanted.slower_than === undefined ? 4 / 3 : wanted.slower_than / planned;
  return { slowdown: ratio(Number((limit * times).toFixed(2))), within: wanted.within };
}

/** Why even an infinitely long baseline would not be enough, and what would help. */
function whyNeverEnough(
  { p50 }: Pick<ProbeBaseline, 'p50'>,
  { stallReadings }: WatchRule,
  withinReadings: number,
  { ignoreStallsUnder }: SlownessLimits,
): string {
  if (withinReadings <= stallReadings) {
    return `stalls under ${sayDuration(ignoreStallsUnder)} are ignored: ignore shorter ones, ask it more often, or give it more time under must_detect`;
  }
  if (p50 === 0) return 'it mostly answers in no time at all: ask something that takes longer';
  return 'its latencies scatter too much: ask it more often, or want less under must_detect';
}

/**
 * Why this baseline is too weak for what the plan must detect, in one sentence with a remedy; undefined if it is good enough.
 * `search-sql: 40 readings so correlated cannot tell 1.6x within 30m: capture 12m more`
 */
export function sayTooWeak(
  plan: Plan,
  probe: ProbePlan,
  baseline: Baseline,
  limits: SlownessLimits,
): string | undefined {
  const calibration = baselineOf(baseline, probeId(probe.id));
  if (calibration?.p50 === undefined || probe.control) return undefined;
  const { grey } = watchRules(limits, falseAlarmsOf(plan), probe.every);
  const rule = { ...grey, falseAlarms: grey.falseAlarms / votersIn(plan) };
  const { slowdown, within: time } = wantedOf(plan, limits);
  const pace = paceOf(probe, calibration.p50 * slowdown);
  const withinReadings = Math.min(rule.readings, Math.floor(time / pace));
  const lack = shortfall(calibration, rule, { slowdown, withinReadings }, seed);
  if (lack === undefined) return undefined;
  const count = calibration.latencies.length + calibration.failed;
  const correlated = lawOf(calibration).correlationTime > 2 ? ' so correlated' : '';
  const cannot = `${count} readings${correlated} cannot tell ${slowdown}x within ${sayDuration(millis(withinReadings * pace))}`;
  const todo =
    lack.moreReadings === 'never'
      ? `no longer capture would do, since ${whyNeverEnough(calibration, rule, withinReadings, limits)}`
      : `capture ${sayDuration(roundUp(millis(lack.moreReadings * probe.every)))} more`;
  return `${probe.id}: ${cannot}: ${todo}`;
}

/** Rounds up to whole minutes, or to ten seconds below a minute: nobody captures to the second. */
const roundUp = (length: Millis): Millis => {
  const step = length > 60_000 ? 60_000 : 10_000;
  return millis(Math.ceil(length / step) * step);
};
