import { exitCodes } from '../core/kernel/errors.ts';
import type { RunView } from '../core/run/view.ts';
import { act, reasonOr } from './act.ts';
import { askedByHold, mustBeRead, nothingAsked } from './asked.ts';
import {
  type Call,
  type ForOption,
  type PlanReadOptions,
  type QuestionOption,
  type ReasonOption,
  type RunOptions,
  toJson,
} from './call.ts';
import { connect } from './client.ts';
import { authorise } from './plan-read.ts';
import { sayArmed, sayClosed, sayHeld, sayOpened, sayResumed } from './sentences.ts';
import { stuckFence } from './status/rollback.ts';
import { sayRun } from './status/status.ts';
import { breachesOf, unansweredOf } from './status/verdicts.ts';

const length = ({ for: duration }: ForOption): object => (duration === undefined ? {} : { for: duration });

export async function open({ options, terminal, env }: Call<RunOptions>): Promise<number> {
  const view = await connect(options, env).post<RunView>('runs', {});
  terminal.answer(options.json === true ? toJson(view) : sayOpened(view));
  return exitCodes.well;
}

/** 1 while something is breached or waits for an answer, 3 while the guard cannot evaluate. */
function exitCodeOf(view: RunView): number {
  if (view.stage === 'closed') return exitCodes.well;
  const waits = view.stage === 'blocked' || view.stage === 'recommending' || stuckFence(view) !== undefined;
  if (waits || breachesOf(view).length > 0) return exitCodes.failed;
  const cannotLook = view.guardIssues !== undefined || view.blind !== undefined || unansweredOf(view).length > 0;
  return cannotLook ? exitCodes.unknown : exitCodes.well;
}

export async function status({ options, terminal, env }: Call<RunOptions>): Promise<number> {
  const view = await connect(options, env).run();
  terminal.answer(options.json === true ? toJson(view) : sayRun(view, terminal));
  return exitCodeOf(view);
}

export const arm = (call: Call<RunOptions & ForOption & PlanReadOptions>) =>
  authorise(call, { path: 'arm', command: 'ripcord run arm', body: length(call.options) }, sayArmed);

export const disarm = (call: Call<RunOptions & ReasonOption>) =>
  act(call, 'disarm', { reason: reasonOr(call.options) }, () => 'Disarmed: the guard asks before it acts.');

export const hold = (call: Call<RunOptions & ReasonOption>) =>
  act(call, 'hold', { reason: reasonOr(call.options) }, sayHeld);

/** The current hold, shown to the person who ends it. */
async function openHold({ options, terminal, env }: Call<RunOptions & QuestionOption>) {
  const asked = askedByHold(await connect(options, env).run());
  if (asked === undefined) return nothingAsked; // then there is no hold to end
  const question = mustBeRead(asked, (option) => `ripcord run resume ${option}`);
  terminal.tell(`Ending the hold by ${asked.says}`);
  return question;
}

export async function resume(call: Call<RunOptions & QuestionOption>): Promise<number> {
  const question_id = call.options.question ?? (await openHold(call));
  return act(call, 'resume', { question_id }, sayResumed);
}

export const close = (call: Call<RunOptions & ReasonOption>) =>
  act(call, 'close', { reason: reasonOr(call.options) }, sayClosed);
