import { change, type Effect } from './laws/effects.ts';
import { lawNamed } from './laws/laws.ts';
import { randomOf } from './laws/random.ts';
import { type Calibration, defaults, type Rule } from './rule.ts';

/** Watches of one kind: one law, one effect, one length of baseline. */
export interface Case {
  readonly id: string;
  readonly law: string;
  readonly effect: Effect;
  /** Readings in the baseline. */
  readonly baseline: number;
  readonly dtSeconds: number;
  /** Whether a minute or two of the watch precede the change. Otherwise the watch starts with it. */
  readonly isLate: boolean;
  /** Readings after the change. */
  readonly after: number;
  readonly watches: number;
  /** Set where it differs from the default. */
  readonly falseAlarmsPerYear?: number;
}

/** One watch, as every rule sees it. */
export interface Trial {
  readonly calibration: Calibration;
  readonly stream: Float64Array;
  readonly changedAt: number;
}

/**
 * The `watch`-th trial of a case. Every rule sees the same trial, and apart from the effect it is the same for every effect,
 * so only the rules cause differences between rules.
 */
export function trialOf(one: Case, watch: number, seed: string): Trial {
  const { law, effect, baseline, dtSeconds, isLate, after } = one;
  const random = randomOf(seed, law, baseline, dtSeconds, isLate ? 1 : 0, after, watch);
  const changedAt = isLate ? 60 + Math.floor(60 * random.uniform()) : 0;
  const drawn = lawNamed(law).draw(random, baseline + changedAt + after, dtSeconds);
  const calm = drawn.slice(0, baseline);
  change(drawn, baseline + changedAt, effect, calm, random, dtSeconds);
  return { calibration: { latencies: [...calm], failed: 0 }, stream: drawn.subarray(baseline), changedAt };
}

/** The index of the reading at which the rule says to roll back; undefined if it never does. */
export function alarmOf(
  rule: Rule,
  { calibration, stream, changedAt }: Trial,
  { dtSeconds, falseAlarmsPerYear = defaults.falseAlarmsPerYear }: Pick<Case, 'dtSeconds' | 'falseAlarmsPerYear'>,
): number | undefined {
  const watching = rule.start(calibration, dtSeconds, { ...defaults, falseAlarmsPerYear, markedAt: changedAt });
  for (let at = 0; at < stream.length; at += 1) if (watching.take(stream[at])) return at;
  return undefined;
}

/** The outcome of some watches with one rule. */
export interface Outcome {
  readonly rule: string;
  readonly watches: number;
  /** Watches that alarmed before the change. They are excluded from the delays. */
  readonly early: number;
  /** Of the other watches that alarmed: readings from the change to the alarm, at least 1. */
  readonly delays: readonly number[];
}

/** Runs watches `from` to `to` (exclusive) of a case with each rule. */
export function runWatches(
  one: Case,
  rules: readonly Rule[],
  from: number,
  to: number,
  seed: string,
): readonly Outcome[] {
  const tallies = rules.map((rule) => ({ rule, early: 0, delays: [] as number[] }));
  for (let watch = from; watch < to; watch += 1) {
    const trial = trialOf(one, watch, seed);
    for (const tally of tallies) {
      const alarm = alarmOf(tally.rule, trial, one);
      if (alarm === undefined) continue;
      if (alarm < trial.changedAt) tally.early += 1;
      else tally.delays.push(alarm - trial.changedAt + 1);
    }
  }
  return tallies.map(({ rule, early, delays }) => ({ rule: rule.name, watches: to - from, early, delays }));
}
