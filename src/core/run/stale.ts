import { refuse, type Refusal } from '../authority/refusal.ts';
import type { Hash, QuestionId, RollbackId, UndoRevision } from '../kernel/ids.ts';
import { hasTouched } from './phases.ts';
import type { RunEvent } from './events.ts';
import type { RunState } from './state.ts';

/** An answer or order names what its author had read. If that has changed since, it is refused and nothing is recorded. */

/** Refuses an answer to an outdated question; `now` says what the current question is. */
export const changed = (now: string, asked: QuestionId, answered: QuestionId): Refusal =>
  refuse(
    'changed',
    `the answer is to question ${answered}, but the current question is ${asked}: ${now}`,
    'an answer to the current question',
    `Read it in \`ripcord run status\`, then answer with --question ${asked}`,
  );

/** Authority that was given for one plan does not apply to the plan that replaced it. */
export function refuseOtherPlan({ plan }: RunState, read: Hash): Refusal | undefined {
  if (read === plan.hash) return undefined;
  const since = plan.before?.hash === read ? ', which replaced it during this run' : '';
  return refuse(
    'changed',
    `the order is for the plan ${read}, but the guard’s plan is ${plan.hash}${since}`,
    'an order for the guard’s plan',
    `Read that plan, then repeat the command with --plan FILE or --plan-hash ${plan.hash}`,
  );
}

const sayTouched = ({ phases }: RunState): string =>
  phases
    .filter(hasTouched)
    .map(({ phase, state, attempt }) => `${phase} is ${state}${attempt > 1 ? ` (attempt ${attempt})` : ''}`)
    .join(', ') || 'no phase has changed anything';

/** The same command would now undo something else than when its author looked. */
export function refuseOtherUndo(state: RunState, read: UndoRevision): Refusal | undefined {
  const { undoRevision: now } = state;
  if (read === now) return undefined;
  return refuse(
    'changed',
    `the order is for revision ${read} of what there is to undo, but the current revision is ${now}: ${sayTouched(state)}`,
    'an order for the current revision',
    `Run \`ripcord rollback --dry-run\`, read the files that it names, then order it with --revision ${now}`,
  );
}

/** An abort of one rollback does not end the next one. */
export function refuseOtherRollback(now: RollbackId, read: RollbackId): Refusal | undefined {
  if (read === now) return undefined;
  return refuse(
    'changed',
    `the abort is for rollback ${read}, but ${now} is under way`,
    'the rollback that is under way',
    `See \`ripcord run status\`; to end it: ripcord abort ${now} --reason "..."`,
  );
}

const movingUndo: readonly RunEvent['type'][] = [
  'phase-started',
  'phase-undone',
  'rollback-started',
  'rollback-done',
  'rollback-aborted',
];

/**
 * Whether the same order would undo something else after this event. The end of a phase changes nothing, because a finished
 * phase is undone like a running one; an edited script does. Recording the scripts' first hashes changes nothing either.
 */
export function movesUndo({ plan, scripts }: RunState, event: RunEvent): boolean {
  if (event.type === 'guard-restarted') return event.planHash !== plan.hash;
  return event.type === 'scripts-seen' ? scripts !== undefined : movingUndo.includes(event.type);
}
