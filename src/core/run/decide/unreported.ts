import { between, type Instant } from '../../kernel/units.ts';
import { phaseId } from '../../kernel/ids.ts';
import type { PhasePlan } from '../../plan/phase.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Verdict } from '../../verdicts/verdict.ts';
import type { RunState } from '../state.ts';

/** Whether the phase declares that something gets this much slower, while it runs or afterwards. */
function declaresSlowness({ effects }: PhasePlan, { facts: { ratio } }: Verdict): boolean {
  const limit = Math.max(effects.slower_than ?? 0, effects.slower_afterwards ?? 0);
  return limit > 0 && (ratio === undefined || ratio <= limit);
}

/** Whether the phase declares that nothing answers for this long. */
function declaresDowntime({ effects: { downtime } }: PhasePlan, { objects, facts }: Verdict, now: Instant): boolean {
  if (downtime === undefined || objects !== undefined) return false;
  return facts.since === undefined || between(facts.since, now) <= downtime;
}

function mayBeWell(phase: PhasePlan, verdict: Verdict, now: Instant): boolean {
  switch (verdict.criterion) {
    case 'runtime':
      return verdict.subject === phase.id; // nobody knows when it ended
    case 'performance':
      return declaresSlowness(phase, verdict);
    case 'functionality':
      return declaresDowntime(phase, verdict, now);
    case 'integrity':
    case 'security':
      return false; // the checks of the catalogue compare with what a lost phase declares
  }
}

/**
 * Why the guard does not act on a breach by itself while a phase is lost: nobody saw that phase fail, and if it ended well, this
 * is no breach.
 */
export function unreported(plan: Plan, { phases }: RunState, verdict: Verdict, now: Instant): string | undefined {
  const isLost = (planned: PhasePlan) =>
    phases.some(({ phase, state }) => phase === phaseId(planned.id) && state === 'unknown');
  const lost = plan.phases.find((phase) => isLost(phase) && mayBeWell(phase, verdict, now));
  return lost === undefined ? undefined : `the guard has no report of how ${lost.id} ended: it may have ended well`;
}
