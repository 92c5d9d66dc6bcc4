import { refuse, refuseWithoutRight } from '../../authority/refusal.ts';
import { sameTarget } from '../../evidence/target.ts';
import type { Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { isUnderWay, type Rollback } from '../../response/rollback.ts';
import { sayTargetChange } from '../blindness.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { RollbackInput, TargetInput } from '../input.ts';
import { changed } from '../stale.ts';
import { rollbackOf, type RunState } from '../state.ts';

/** A restore that has begun replaces the target with another database, or with a server on another timeline. */
export const isRestoring = (rollback: Rollback | undefined): boolean =>
  isUnderWay(rollback) && rollback.procedure.kind === 'restore' && rollback.steps.some(({ attempt }) => attempt > 0);

/**
 * Sessions found another database in the place of the target, or the target after a failover. Another cluster is neither:
 * the guard never takes it for the target.
 */
export function decideTarget(state: RunState, { found, compared }: TargetInput, now: Instant): Decision {
  const { target: from, targetChange } = state;
  const common = { v: 1, at: now, from, to: found } as const;
  const isNamesake = found.system === from.system && found.database === from.database;
  if (!isNamesake || found.timeline < from.timeline) return nothing;
  const isOther = !sameTarget(found, from);
  if (!isOther && found.timeline === from.timeline) return nothing;
  if (isRestoring(rollbackOf(state))) return record({ type: 'target-replaced', ...common, byRestore: true });
  if (!isOther) return record({ type: 'target-failed-over', ...common, ...(compared !== undefined && { compared }) });
  const isKnown = targetChange?.kind === 'replaced' && sameTarget(targetChange.to, found);
  return isKnown ? nothing : record({ type: 'target-replaced', ...common });
}

/** A person takes responsibility for the target as it is now; the guard may act on it again. */
export function confirmTarget(
  plan: Plan,
  { targetChange }: RunState,
  { by, answer, reason, questionId }: Extract<RollbackInput, { kind: 'confirm' }>,
  now: Instant,
): Decision {
  const denied = refuseWithoutRight(plan, by, 'arm'); // confirming lets the guard act without approval again
  if (denied !== undefined) return no(denied);
  if (targetChange === undefined)
    return no(
      refuse('not-asked', 'there is no question about the target', 'a failover or a replaced database to confirm'),
    );
  if (targetChange.questionId !== questionId)
    return no(changed(`target: ${sayTargetChange(targetChange)}`, targetChange.questionId, questionId));
  if (answer !== 'done')
    return no(
      refuse(
        'not-asked',
        'the target has nothing to do again',
        '--done, once you have checked it',
        'Read what the event says, then: ripcord confirm target --done --reason "..."',
      ),
    );
  return record({ type: 'target-confirmed', v: 1, at: now, by: by.id, reason, questionId });
}
