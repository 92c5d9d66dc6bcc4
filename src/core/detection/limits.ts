import { hours, type Millis, millis, type PerYear, type Ratio, ratio, seconds } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import type { WatchRule } from './rule.ts';

/** The current limits of slowness for one probe. */
export interface SlownessLimits {
  /** A latency above this multiple of the baseline's is too slow. */
  readonly limit: Ratio;
  /** Below this multiple slowness never leads to a recommendation; between the two the guard never acts by itself. */
  readonly guard: Ratio;
  readonly ignoreStallsUnder: Millis;
}

/** Phases that may have declared limits of their own: the running one, and those that were applied. */
export interface PhasesNow {
  readonly running?: PhasePlan | undefined;
  readonly applied: readonly PhasePlan[];
}

/** The default start of the grey zone, as a share of the limit's distance from 1. */
const greyFrom = 0.8;

function widestLimit(own: Ratio, { running, applied }: PhasesNow): Ratio {
  const declared = [running?.effects.slower_than, ...applied.map(({ effects }) => effects.slower_afterwards)];
  return ratio(Math.max(own, ...declared.map((one) => one ?? 0)));
}

/** A phase can widen the limits while it runs or from then on; it never narrows them. */
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

/** The interval at which the guard evaluates all evidence and decides. */
export const betweenEvaluations = seconds(1);

/** The tolerated false alarms of a run, and how they are distributed. */
export interface FalseAlarms {
  /** The probability of a false alarm in a whole run. */
  readonly ofRun: number;
  /** The same for one watch: the time from one marker to the next. */
  readonly ofWatch: number;
  /** The assumed length of a watch. Longer ones continue at the same rate. */
  readonly watch: Millis;
}

const yearLength = hours(24 * 365);
/** A run includes an hour of watching after a rollback, so an hour is the minimum. */
const shortestRun = hours(1);
/** The highest useful rate: above it, most runs would have a false alarm. */
const mostOfRun = 0.5;

/** Markers are the start and end of each phase and the frozen baseline; each begins a watch with the same share. */
export function falseAlarms(rate: PerYear, runEstimate: Millis, phases: number): FalseAlarms {
  const length = Math.max(shortestRun, runEstimate);
  const ofRun = Math.min(mostOfRun, (rate * length) / yearLength);
  const watches = 2 * phases + 1;
  return { ofRun, ofWatch: ofRun / watches, watch: millis(length / watches) };
}

/** Strict: the false-alarm rate holds up to the limit itself, so the guard may act on an alarm. */
export interface WatchRules {
  readonly grey: WatchRule;
  readonly strict: WatchRule;
}

/** Shorter watches would end before their evidence is complete. */
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
