import { baselineOf, type Baseline } from '../evidence/baseline.ts';
import { probeId } from '../kernel/ids.ts';
import type { Millis } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import { lawOf, type Weights, weightsOf } from './calibrate.ts';
import { controlWindow, relativeRule } from './control-probes.ts';
import { falseAlarmsOf, type SlownessLimits, watchRules } from './limits.ts';

/** What one probe's readings are weighed against. Plain data, derived from a baseline and limits alone. */
export interface Scales {
  /** For recommending. */
  readonly grey: Weights;
  /** For acting: slower than the limit itself. */
  readonly strict: Weights;
  /** For acting: slower than the limit relative to the controls. */
  readonly relative: Weights;
}

/** How long the controls need until they show a common slowdown. */
function controlLag({ probes }: Plan, every: Millis): number {
  const slowest = Math.max(...probes.filter(({ control }) => control).map((one) => one.every), every);
  return Math.ceil(((controlWindow / 2) * slowest) / every);
}

/** Takes milliseconds for a long baseline, so callers keep the result. Undefined if the baseline lacks the probe. */
export function scalesFor(
  plan: Plan,
  probe: ProbePlan,
  baseline: Baseline,
  limits: SlownessLimits,
): Scales | undefined {
  const calibration = baselineOf(baseline, probeId(probe.id));
  if (calibration?.p50 === undefined) return undefined;
  const { grey, strict } = watchRules(limits, falseAlarmsOf(plan), probe.every);
  const law = lawOf(calibration);
  return {
    grey: weightsOf(law, grey),
    strict: weightsOf(law, strict),
    relative: weightsOf(law, relativeRule(strict, controlLag(plan, probe.every))),
  };
}
