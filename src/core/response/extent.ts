import type { Comparison } from '../evidence/compare.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Came } from './events.ts';
import type { Recommendation } from './recommendation.ts';
import type { Rollback, StepState } from './rollback.ts';
import { mayRepeat } from './step.ts';

export interface Applied {
  /** The phase's command said that it had finished. */
  readonly finished: boolean;
  /** It is expected to have done what no comparison sees: see `isExpected`. */
  readonly expected: boolean;
  /** Its wrapper said that its command was never started, and nothing was seen of it. */
  readonly neverBegan: boolean;
}

/**
 * How far a phase came, from its comparison with its boundary and from what its command said. The comparison sees the schema
 * and the checks. Rows are data that it does not see, so that a command that has begun may always have done something.
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
 * What no comparison sees is expected of a phase that declares to write rows, of one that a person ordered to be undone, and of
 * one that a breach other than of its runtime is attributed to: these are undone without another question.
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
 * Whether a person has to say first that the step is to be taken: nobody knows whether there is anything for it to undo, and
 * neither may it be done in vain by the plan's word, nor is there a precondition that tells. One word counts for the phase.
 */
export function asksFirst({ steps, applied = [] }: Rollback, { step, attempt }: StepState): boolean {
  const came = applied.find(({ phase }) => phase === step.phase);
  if (came?.seen !== 'no-difference' || attempt > 0 || mayRepeat(step) || step.precondition !== undefined) return false;
  return !steps.some((one) => one.step.phase === step.phase && one.agains > 0);
}
