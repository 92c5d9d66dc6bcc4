import { type QuestionId, questionId, rollbackId } from '../../src/core/kernel/ids.ts';
import type { Input } from '../../src/core/run/input.ts';
import { openQuestions } from '../../src/core/run/questions.ts';
import { rollbackOf, type RunState } from '../../src/core/run/state.ts';

/** Identifiers in answers and orders that prove what their author has read. The daemon's own inputs name their plan. */
type Named = 'questionId' | 'planHash' | 'undoRevision' | 'rollback';
type Unread<Of> = Of extends { readonly by: unknown } ? Omit<Of, Named> & Partial<Pick<Of, Named & keyof Of>> : Of;

/** An input. If it omits its question or its plan, the current ones are meant. */
export type Said = Unread<Input>;

const none = questionId(1);

function asked(state: RunState, said: Said): QuestionId {
  if (said.kind === 'confirm') return openQuestions(state).find(({ step }) => step === said.step)?.questionId ?? none;
  if (said.kind === 'resume') return state.held?.questionId ?? none;
  if (said.kind !== 'approve' && said.kind !== 'decline' && said.kind !== 'acknowledge') return none;
  return state.recommendations.find(({ id }) => id === said.recommendation)?.questionId ?? none;
}

/** The current identifiers that this input names. */
function read(state: RunState, said: Said): object {
  const { plan, undoRevision } = state;
  const planHash = plan.hash;
  if (said.kind === 'arm' || said.kind === 'waive' || said.kind === 'pre-approve') return { planHash };
  if (said.kind === 'order') return { planHash, undoRevision };
  if (said.kind === 'abort') return { rollback: rollbackOf(state)?.id ?? rollbackId('none') };
  return { questionId: asked(state, said) };
}

/** Completes an input with the current identifiers, as if its author had just read the run. */
export const asRead = (state: RunState, said: Said): Input => ({ ...read(state, said), ...said }) as Input;
