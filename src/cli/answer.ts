import type { RecommendationView, RunView } from '../core/run/view.ts';
import { act } from './act.ts';
import type { Call, RunOptions } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { sayAcknowledged, sayApproved, sayDeclined } from './sentences.ts';
import { openRecommendations } from './status/headline.ts';
import { list } from './status/verdicts.ts';
import { printable } from './terminal.ts';

export type AnswerOptions = RunOptions & { readonly reason: string; readonly evenIfGone?: boolean };

/** The only one that is open. */
async function openRecommendation({ options, env }: Call<RunOptions>): Promise<RecommendationView> {
  const open = openRecommendations(await connect(options, env).run());
  const [only] = open;
  if (only !== undefined && open.length === 1) return only;
  const found = only === undefined ? 'no recommendation is open' : `${list(open.map(({ id }) => id))} are open`;
  throw new UsageError(found, 'one to answer', 'See: ripcord run status');
}

/** Another may be open by now than the one that was read: it is said which, and a restore is approved by its name only. */
async function unnamed(call: Call<AnswerOptions>): Promise<string> {
  const { id, procedure, proposes } = await openRecommendation(call);
  if (procedure.kind === 'restore') {
    const command = `ripcord approve ${id}${call.options.evenIfGone === true ? ' --even-if-gone' : ''} --reason "..."`;
    throw new UsageError(
      `the recommendation that is open, ${id}, proposes: ${proposes}`,
      'the id of a restore that is approved',
      `Look first: ripcord run status. Then: ${command}`,
    );
  }
  call.terminal.tell(printable(`Approving ${id}: ${proposes}`));
  return id;
}

const answer = (
  call: Call<RunOptions>,
  id: string,
  how: 'approve' | 'decline' | 'acknowledge',
  body: object,
  say: (view: RunView, id: string) => string,
): Promise<number> => act(call, `recommendations/${encodeURIComponent(id)}/${how}`, body, (view) => say(view, id));

export async function approve(call: Call<AnswerOptions>): Promise<number> {
  const { reason, evenIfGone = false } = call.options;
  const id = call.args[0] ?? (await unnamed(call));
  return answer(call, id, 'approve', { reason, even_if_gone: evenIfGone }, sayApproved);
}

export async function decline(call: Call<AnswerOptions>): Promise<number> {
  const id = call.args[0] ?? (await openRecommendation(call)).id;
  return answer(call, id, 'decline', { reason: call.options.reason }, sayDeclined);
}

export async function acknowledge(call: Call<RunOptions>): Promise<number> {
  const id = call.args[0] ?? (await openRecommendation(call)).id;
  return answer(call, id, 'acknowledge', {}, sayAcknowledged);
}
