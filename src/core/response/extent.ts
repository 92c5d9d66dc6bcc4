import type { Comparison } from '../evidence/compare.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Came } from './events.ts';
import type { Recommendation } from './recommendation.ts';
import type { Rollback, StepState } from './rollback.ts';
import { mayRepeat } from './step.ts';

export interface Applied {
  /** The phase's command reported that it had finished. */
  readonly finished: boolean;
  /** The phase is expected to have made changes that no comparison sees; see `isExpected`. */
  readonly expected: boolean;
  /** Its wrapper reported that the command was never started, and nothing contradicts it. */
  readonly neverBegan: boolean;
}

/**
 * How far a phase got, judged by its comparison with its boundary and by what its command reported. The comparison covers
 * the schema and the checks but not rows, so a command that has begun may always have changed something.
 */
export function extentOf(outcome: Comparison['outcome'], { finished, expected, neverBegan }: Applied): Came {
  switch (outcome) {
    case 'different':
      return { extent: finished ? 'wholly' : 'partly' };
    case 'same':
      if (finished || expected) return { extent: 'unknown' };
      return neverBegan ? { extent: 'not-at-all' } : { extent: 'unknown', seen: 'no-difference' };
    case 'unknown':
      return { extent: 'unknown' };
  }
}

/**
 * Whether a phase is expected to have made changes that no comparison sees: it declares writes, a person ordered its
 * rollback, or a breach other than of its runtime is attributed to it. Such a phase is undone without another question.
 */
export function isExpected(
  phase: PhasePlan | undefined,
  because: Pick<Recommendation, 'attributedTo' | 'evidence' | 'orderedBy'> | undefined,
): boolean {
  if (phase === undefined || Object.keys(phase.effects.writes).length > 0) return true;
  if (because?.attributedTo !== phase.id) return false;
  return because.orderedBy !== undefined || because.evidence.some(({ criterion }) => criterion !== 'runtime');
}

/**
 * Whether a person must decide first: nobody knows if the step has anything to undo, the plan does not allow it to run
 * without effect, and no precondition tells. One answer applies to all steps of the phase.
 */
export function asksFirst({ steps, applied = [] }: Rollback, { step, attempt }: StepState): boolean {
  const came = applied.find(({ phase }) => phase === step.phase);
  if (came?.seen !== 'no-difference' || attempt > 0 || mayRepeat(step) || step.precondition !== undefined) return false;
  return !steps.some((one) => one.step.phase === step.phase && one.agains > 0);
}
