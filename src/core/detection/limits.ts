import { hours, type Millis, millis, type PerYear, type Ratio, ratio, seconds } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import type { WatchRule } from './rule.ts';

/** What counts as slower for one probe just now. */
export interface SlownessLimits {
  /** More than so many times the baseline's latency is too slow. */
  readonly limit: Ratio;
  /** Below so many times, slowness is never recommended for rollback. Between the two it is never acted upon by itself. */
  readonly guard: Ratio;
  readonly ignoreStallsUnder: Millis;
}

/** What the phases say of how slow things may be: the one that runs, and those that were applied. */
export interface PhasesNow {
  readonly running?: PhasePlan | undefined;
  readonly applied: readonly PhasePlan[];
}

/** The grey zone, as a share of the limit's own distance from 1, where the plan does not say. */
const greyFrom = 0.8;

function widestLimit(own: Ratio, { running, applied }: PhasesNow): Ratio {
  const declared = [running?.effects.slower_than, ...applied.map(({ effects }) => effects.slower_afterwards)];
  return ratio(Math.max(own, ...declared.map((one) => one ?? 0)));
}

/** A phase may widen the limits while it runs, or from then on; it never narrows them. */
export function slownessLimits(
  { performance }: Plan['criteria'],
  probe: Pick<ProbePlan, 'slower_than' | 'ignore_stalls_under'>,
  phases: PhasesNow,
): SlownessLimits {
  const limit = widestLimit(probe.slower_than ?? performance.slower_than, phases);
  const { never_below: guard, slower_than: planned } = performance;
  const share = guard === undefined ? greyFrom : (guard - 1) / (planned - 1);
  const stall = probe.ignore_stalls_under ?? performance.ignore_stalls_under;
  return {
    limit,
    guard: ratio(1 + share * (limit - 1)),
    ignoreStallsUnder: millis(Math.max(stall, phases.running?.effects.downtime ?? 0)),
  };
}

/** How often the guard looks at everything it knows and decides. */
export const betweenEvaluations = seconds(1);

/** How often the guard may be wrong in a run, and how that is shared out. */
export interface FalseAlarms {
  /** The probability of a false alarm in a whole run. */
  readonly ofRun: number;
  /** The same for one watch: the time from one marker to the next. */
  readonly ofWatch: number;
  /** How long a watch is thought to be. Longer ones go on at the same rate. */
  readonly watch: Millis;
}

const yearLength = hours(24 * 365);
/** A run is watched for an hour after a rollback, so it is watched for an hour at least. */
const shortestRun = hours(1);
/** A rate so high that a run would hardly go without one is none. */
const mostOfRun = 0.5;

/** Markers are each phase's start and end, and the frozen baseline; each begins a watch, and all have the same share. */
export function falseAlarms(rate: PerYear, runEstimate: Millis, phases: number): FalseAlarms {
  const length = Math.max(shortestRun, runEstimate);
  const ofRun = Math.min(mostOfRun, (rate * length) / yearLength);
  const watches = 2 * phases + 1;
  return { ofRun, ofWatch: ofRun / watches, watch: millis(length / watches) };
}

/** Strict: the false-alarm rate is kept up to the limit itself, so an alarm may be acted upon. */
export interface WatchRules {
  readonly grey: WatchRule;
  readonly strict: WatchRule;
}

/** Shorter watches would be over before their evidence is in. */
const fewestReadings = 60;

export function watchRules(limits: SlownessLimits, { ofWatch, watch }: FalseAlarms, every: Millis): WatchRules {
  const { limit, guard, ignoreStallsUnder } = limits;
  const common = {
    limit,
    falseAlarms: ofWatch,
    readings: Math.max(fewestReadings, Math.ceil(watch / every)),
    stallReadings: Math.ceil(ignoreStallsUnder / every),
    marked: true,
  };
  return { grey: { ...common, guard }, strict: { ...common, guard: limit } };
}

export const falseAlarmsOf = ({ criteria, run, phases }: Pick<Plan, 'criteria' | 'run' | 'phases'>): FalseAlarms =>
  falseAlarms(criteria.performance.false_alarms, run.estimate, phases.length);
