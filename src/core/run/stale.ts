import { refuse, type Refusal } from '../authority/refusal.ts';
import type { Hash, QuestionId, RollbackId, UndoRevision } from '../kernel/ids.ts';
import { hasTouched } from './phases.ts';
import type { RunEvent } from './events.ts';
import type { RunState } from './state.ts';

/** Whoever answers or orders names what they had read. What has changed since is refused, and nothing else is recorded. */

/** Somebody answers what is not asked any more; `now` says in their words what is. */
export const changed = (now: string, asked: QuestionId, answered: QuestionId): Refusal =>
  refuse(
    'changed',
    `the answer is to question ${answered}, but the current question is ${asked}: ${now}`,
    'an answer to the current question',
    `Read it in \`ripcord run status\`, then answer with --question ${asked}`,
  );

/** Authority that was meant for one plan does not count for the plan that took its place. */
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

/** The same words would undo something else than when its author looked. */
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

/** Whoever ends one rollback does not end the one after it. */
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
 * Whether the same order undoes something else from this event on. A phase that ends is undone as while it ran; a script that
 * was edited does something else. What the files held first was not another thing before.
 */
export function movesUndo({ plan, scripts }: RunState, event: RunEvent): boolean {
  if (event.type === 'guard-restarted') return event.planHash !== plan.hash;
  return event.type === 'scripts-seen' ? scripts !== undefined : movingUndo.includes(event.type);
}
