import { act, reasonOr } from './act.ts';
import { askedAbout, mustBeRead, nothingAsked } from './asked.ts';
import type { Call, QuestionOption, ReasonOption, RunOptions } from './call.ts';
import { connect } from './client.ts';
import { UsageError } from './errors.ts';
import { headline } from './status/headline.ts';

export type ConfirmOptions = RunOptions &
  ReasonOption &
  QuestionOption & { readonly done?: boolean; readonly again?: boolean };

/** The open question, shown to the person who answers it. */
async function openQuestion({ options, terminal, env }: Call<ConfirmOptions>, step: string, answer: string) {
  const asked = askedAbout(await connect(options, env).run(), step);
  if (asked === undefined) return nothingAsked;
  const question = mustBeRead(asked, (option) => `ripcord confirm ${step} --${answer} ${option} --reason "..."`);
  terminal.tell(`Answering ${asked.says}`);
  return question;
}

/** Answers the question of a rollback step. */
export async function confirm(call: Call<ConfirmOptions>): Promise<number> {
  const { done = false, again = false, question } = call.options;
  if (done === again) {
    const found = done ? '--done and --again' : 'neither --done nor --again';
    throw new UsageError(found, 'one of them', 'Look at the database first, then choose one');
  }
  const [step = ''] = call.args;
  const answer = done ? 'done' : 'again';
  const question_id = question ?? (await openQuestion(call, step, answer));
  const body = { question_id, step, answer, reason: reasonOr(call.options) };
  return act(call, 'confirm', body, (view) => `Recorded. ${headline(view).text}`);
}
