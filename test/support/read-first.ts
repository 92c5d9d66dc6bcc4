import type { RunView } from '../../src/core/run/view.ts';

const plan = ({ plan: { hash } }: RunView) => ({ plan_hash: hash });

/** The identifiers that an HTTP order must contain to show what its author has read. Answers name their question. */
const named: Readonly<Record<string, (view: RunView) => object>> = {
  arm: plan,
  waive: plan,
  'pre-approve': plan,
  rollback: (view) => ({ ...plan(view), undo_revision: view.undoRevision }),
  abort: ({ rollback }) => ({ rollback_id: rollback?.id ?? 'none' }),
};

/** Completes a body with the identifiers from the current state of the run. */
export async function readFirst(path: string, body: object, look: () => Promise<RunView>): Promise<object> {
  const of = named[path.split('/').at(-1) ?? ''];
  return of === undefined ? body : { ...of(await look()), ...body };
}
