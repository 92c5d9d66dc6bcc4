import { type SlownessLimits, slownessLimits } from '../detection/limits.ts';
import { type ProbeId, probeId } from '../kernel/ids.ts';
import { type Millis, millis } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import type { Patience } from './functionality.ts';

/** The limits that apply now: a running or applied phase may have declared wider ones. */
export interface Limits {
  readonly slowness: (probe: Pick<ProbePlan, 'slower_than' | 'ignore_stalls_under'>) => SlownessLimits;
  readonly patience: Patience;
  /** Without evidence from a probe for longer than this, the guard is blind there. */
  readonly blindAfter: (probe: ProbeId) => Millis;
}

/**
 * Three intervals plus one answer at the last moment, and at least the time of two consecutive queries that time out, each
 * asked at its interval. So a target that hangs does not count as unobserved.
 */
export const blindAfter = ({ every, timeout }: Pick<ProbePlan, 'every' | 'timeout'>): Millis =>
  millis(Math.max(3 * every + timeout, 2 * (every + timeout)));

export function limitsFor(
  { criteria, probes }: Plan,
  running: PhasePlan | undefined,
  applied: readonly PhasePlan[] = [],
): Limits {
  const { functionality } = criteria;
  const silences = new Map(probes.map((planned) => [probeId(planned.id), blindAfter(planned)]));
  const widened = (length: number) => millis(Math.max(length, running?.effects.downtime ?? 0));
  return {
    slowness: (probe) => slownessLimits(criteria, probe, { running, applied }),
    patience: {
      brokenFor: widened(functionality.broken_for),
      undefinedFor: widened(functionality.undefined_for),
    },
    blindAfter: (probe) => silences.get(probe) ?? millis(0),
  };
}
