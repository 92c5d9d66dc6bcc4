import { act, reasonOr } from './act.ts';
import type { Call, ReasonOption, RunOptions } from './call.ts';
import { UsageError } from './errors.ts';
import { headline } from './status/headline.ts';

export type ConfirmOptions = RunOptions & ReasonOption & { readonly done?: boolean; readonly again?: boolean };

/** Answers the question of a rollback's step. */
export async function confirm(call: Call<ConfirmOptions>): Promise<number> {
  const { done = false, again = false } = call.options;
  if (done === again) {
    const found = done ? '--done and --again' : 'neither --done nor --again';
    throw new UsageError(found, 'one of them', 'Look at the database first, then say which it is');
  }
  const body = { step: call.args[0], answer: done ? 'done' : 'again', reason: reasonOr(call.options) };
  return act(call, 'confirm', body, (view) => `Recorded. ${headline(view).text}`);
}
