import type { RecommendationView, RunView } from '../core/run/view.ts';
import { act } from './act.ts';
import { askedBy, mustBeRead, nothingAsked } from './asked.ts';
import type { Call, QuestionOption, RunOptions } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { sayAcknowledged, sayApproved, sayDeclined } from './sentences.ts';
import { openRecommendations } from './status/headline.ts';
import { list } from './status/verdicts.ts';

/** Some of these options apply to one of the answers only. */
interface Answering extends RunOptions, QuestionOption {
  readonly evenIfGone?: boolean;
}
export type AnswerOptions = Answering & { readonly reason: string };

type How = 'approve' | 'decline' | 'acknowledge';
const doing: Readonly<Record<How, string>> = {
  approve: 'Approving',
  decline: 'Declining',
  acknowledge: 'Acknowledging',
};

/** The open recommendation, if there is exactly one. */
function onlyOpen(view: RunView): RecommendationView {
  const open = openRecommendations(view);
  const [only] = open;
  if (only !== undefined && open.length === 1) return only;
  const found = only === undefined ? 'no recommendation is open' : `${list(open.map(({ id }) => id))} are open`;
  throw new UsageError(found, 'one open recommendation', 'See: ripcord run status');
}

/** Another recommendation may be open than the one that the person read, so a restore must be approved by its id. */
function refuseUnnamedRestore({ id, procedure, proposes, questionId }: RecommendationView, evenIfGone: boolean): void {
  if (procedure.kind !== 'restore') return;
  const command = `ripcord approve ${id}${evenIfGone ? ' --even-if-gone' : ''} --question ${questionId} --reason "..."`;
  throw new UsageError(
    `the open recommendation, ${id}, proposes: ${proposes}`,
    'its id, because a restore must be named to be approved',
    `Look first: ripcord run status. Then: ${command}`,
  );
}

const commandOf = (how: How, id: string, option: string): string =>
  `ripcord ${how} ${id} ${option}${how === 'acknowledge' ? '' : ' --reason "..."'}`;

/** The recommendation and the question that are answered. Prints the question if the call did not name it. */
async function answered(call: Call<Answering>, how: How) {
  const { options, env, terminal, args } = call;
  const [named] = args;
  if (named !== undefined && options.question !== undefined) return { id: named, question_id: options.question };
  const view = await connect(options, env).run();
  const one = named === undefined ? onlyOpen(view) : view.recommendations.find(({ id }) => id === named);
  if (one === undefined) return { id: named ?? '', question_id: nothingAsked };
  if (how === 'approve' && named === undefined) refuseUnnamedRestore(one, options.evenIfGone === true);
  if (options.question !== undefined) return { id: one.id, question_id: options.question };
  const asked = askedBy(view, one, named !== undefined);
  const question_id = mustBeRead(asked, (option) => commandOf(how, one.id, option));
  if (one.state === 'open') terminal.tell(`${doing[how]} ${asked.says}`);
  return { id: one.id, question_id };
}

async function answer(
  call: Call<Answering>,
  how: How,
  more: object,
  say: (view: RunView, id: string) => string,
): Promise<number> {
  const { id, question_id } = await answered(call, how);
  const path = `recommendations/${encodeURIComponent(id)}/${how}`;
  return act(call, path, { question_id, ...more }, (view) => say(view, id));
}

export const approve = (call: Call<AnswerOptions>): Promise<number> => {
  const { reason, evenIfGone = false } = call.options;
  return answer(call, 'approve', { reason, even_if_gone: evenIfGone }, sayApproved);
};

export const decline = (call: Call<AnswerOptions>): Promise<number> =>
  answer(call, 'decline', { reason: call.options.reason }, sayDeclined);

export const acknowledge = (call: Call<Answering>): Promise<number> => answer(call, 'acknowledge', {}, sayAcknowledged);
