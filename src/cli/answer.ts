import type { RunView } from '../core/run/view.ts';
import { act } from './act.ts';
import type { Call, RunOptions } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { sayAcknowledged, sayApproved, sayDeclined } from './sentences.ts';
import { openRecommendations } from './status/headline.ts';
import { list } from './status/verdicts.ts';

export type AnswerOptions = RunOptions & { readonly reason: string; readonly evenIfGone?: boolean };

/** The one that was named, else the only one that is open. */
async function recommendationOf({ args: [named], options, env }: Call<RunOptions>): Promise<string> {
  if (named !== undefined) return named;
  const open = openRecommendations(await connect(options, env).run()).map(({ id }) => id);
  const [only] = open;
  if (only !== undefined && open.length === 1) return only;
  const found = only === undefined ? 'no recommendation is open' : `${list(open)} are open`;
  throw new UsageError(found, 'one to answer', 'See: ripcord run status');
}

async function answer(
  call: Call<RunOptions>,
  how: 'approve' | 'decline' | 'acknowledge',
  body: object,
  say: (view: RunView, id: string) => string,
): Promise<number> {
  const id = await recommendationOf(call);
  return act(call, `recommendations/${encodeURIComponent(id)}/${how}`, body, (view) => say(view, id));
}

export const approve = (call: Call<AnswerOptions>) => {
  const { reason, evenIfGone = false } = call.options;
  return answer(call, 'approve', { reason, even_if_gone: evenIfGone }, sayApproved);
};

export const decline = (call: Call<AnswerOptions>) =>
  answer(call, 'decline', { reason: call.options.reason }, sayDeclined);

export const acknowledge = (call: Call<RunOptions>) => answer(call, 'acknowledge', {}, sayAcknowledged);
