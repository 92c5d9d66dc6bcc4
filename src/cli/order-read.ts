import type { RunView } from '../core/run/view.ts';
import type { Call, PlanReadOptions, RevisionOption, RunOptions } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { namedPlan, sayOtherPlan } from './plan-read.ts';
import { list } from './status/verdicts.ts';

/** What to undo, and the revision that the person who orders it has read. */
export interface OrderOptions extends PlanReadOptions, RevisionOption {
  readonly phase?: string;
  readonly restore?: boolean;
}

/** The options to repeat in the suggested command. */
function wishOf({ phase, restore }: OrderOptions): string {
  if (restore === true) return ' --restore';
  return phase === undefined ? '' : ` --phase ${phase}`;
}
export const orderWith = (wish: OrderOptions, revision: number): string =>
  `ripcord rollback${wishOf(wish)} --revision ${revision} --reason "..."`;

/** Why the same command may have meant something else when the person last looked; undefined if it cannot have. */
function sayOtherUndo(view: RunView, options: OrderOptions): string | undefined {
  const { rollback, phases } = view;
  const { phase, restore = false } = options;
  if (rollback !== undefined && rollback.endedAt === undefined) return undefined; // the daemon says why another rollback is impossible
  const otherPlan = namedPlan(options) === undefined ? sayOtherPlan(view) : undefined;
  if (otherPlan !== undefined) return otherPlan;
  if (rollback !== undefined) return `this run has already had a rollback: ${rollback.id}, ${rollback.state}`;
  if (restore) return undefined;
  const begun = phases.filter(({ attempt }) => attempt > 0);
  if (phase === undefined && begun.length > 1)
    return `${list(begun.map((one) => one.phase))} have been started, and this would undo the last of them`;
  const again = begun.find((one) => one.attempt > 1 && (phase === undefined || one.phase === phase));
  return again && `${again.phase} has been started ${again.attempt} times`;
}

/** The plan and the revision that an order names. The revision covers the plan as well. */
export async function orderRead({ options, env, terminal }: Call<RunOptions & OrderOptions>): Promise<object> {
  const view = await connect(options, env).run();
  const { plan, undoRevision } = view;
  const other = options.revision === undefined ? sayOtherUndo(view, options) : undefined;
  if (other !== undefined) {
    const todo = `Look first: ripcord rollback${wishOf(options)} --dry-run. Then: ${orderWith(options, undoRevision)}`;
    throw new UsageError(other, 'the revision that you have seen', todo);
  }
  const plan_hash = namedPlan(options) ?? plan.hash;
  const undo_revision = options.revision ?? undoRevision;
  terminal.tell(`For the plan ${plan.name}, ${plan_hash}, and what there is to undo at revision ${undo_revision}`);
  return { plan_hash, undo_revision };
}

/** The daemon then says that no rollback is running. */
const noRollback = 'none';

/** The rollback that the person must have read: the only one in this run. */
export async function onlyRollback({ options, env, terminal }: Call<RunOptions>): Promise<string> {
  const { rollback, recommendations } = await connect(options, env).run();
  if (rollback === undefined) return noRollback;
  const carriedOut = recommendations.filter(({ state }) => state === 'approved');
  if (carriedOut.length > 1) {
    const found = `this run has had ${carriedOut.length} rollbacks, the last is ${rollback.id}: ${rollback.proposes}`;
    const todo = `Look first: ripcord run status. Then: ripcord abort ${rollback.id} --reason "..."`;
    throw new UsageError(found, 'the id of the rollback that you end', todo);
  }
  terminal.tell(`Ending rollback ${rollback.id}: ${rollback.proposes}`);
  return rollback.id;
}
