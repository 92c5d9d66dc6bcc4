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
 * How soon one slowdown would be recommended for rollback, were it to begin in a phase and last: until the reading that
 * decides was due, was answered, so slowly, and was looked at.
 */
export interface ExpectedDelay {
  readonly slowdown: Ratio;
  /** In half of the cases within this; undefined: not within a watch. */
  readonly median?: Millis;
  /** In 19 of 20. */
  readonly p95?: Millis;
}

/** What one probe's baseline can tell. */
export interface Power {
  readonly probe: ProbeId;
  readonly limits: SlownessLimits;
  /** Until a recommendation, if no other probe is slower. */
  readonly recommends: readonly ExpectedDelay[];
  /** Until it may be acted upon without asking. */
  readonly acts: readonly ExpectedDelay[];
  /** The same baseline gives the same figures: they are simulated with this seed. */
  readonly seed: number;
}

const seed = 20_261_124;

/** A phase seldom does damage at its first moment, and the bets that lie on that are lost by then. */
const intoPhase = seconds(60);

/** Just above the limit, a third above it, twice of it: 1.6x, 2x and 3x for a limit of 50 %. */
const slowdowns = (limit: Ratio): readonly Ratio[] =>
  [16 / 15, 4 / 3, 2].map((times) => ratio(Number((limit * times).toFixed(2))));

/** One slow probe alone must be as strong as all of those that are judged together. */
const votersIn = ({ probes }: Plan): number => Math.max(1, probes.filter(({ control }) => !control).length);

const alone = (weights: Weights, plan: Plan): Weights => ({
  ...weights,
  falseAlarms: weights.falseAlarms / votersIn(plan),
});

/** From one reading to the next: a probe is not asked again while its answer, slow as it is, is still to come. */
const paceOf = ({ every, timeout }: Pick<ProbePlan, 'every' | 'timeout'>, answer: number): Millis =>
  millis(every * Math.max(1, Math.ceil(Math.min(answer, timeout) / every)));

/** From the baseline alone; costs some milliseconds. Undefined where the baseline lacks the probe, or it is a control. */
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

/** What the plan wants to be seen in time: a third above the limit where it does not say. */
function wantedOf(
  { criteria }: Plan,
  { limit }: SlownessLimits,
): { readonly slowdown: Ratio; readonly within: Millis } {
  const { must_detect: wanted, slower_than: planned } = criteria.performance;
  const times = wanted.slower_than === undefined ? 4 / 3 : wanted.slower_than / planned;
  return { slowdown: ratio(Number((limit * times).toFixed(2))), within: wanted.within };
}

/** Why even an endless baseline would not do, and what would. */
function hopeless(
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
 * Why this baseline is not good enough for what the plan must detect, in one sentence with what to do; undefined when it is.
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
      ? `no longer capture would do, since ${hopeless(calibration, rule, withinReadings, limits)}`
      : `capture ${sayDuration(roundUp(millis(lack.moreReadings * probe.every)))} more`;
  return `${probe.id}: ${cannot}: ${todo}`;
}

/** To whole minutes, or ten seconds below a minute: nobody captures to the second. */
const roundUp = (length: Millis): Millis => {
  const step = length > 60_000 ? 60_000 : 10_000;
  return millis(Math.ceil(length / step) * step);
};
