import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import type { Principal } from '../../authority/roles.ts';
import { type Instant, millis } from '../../kernel/units.ts';
import { rightToApprove } from '../../plan/authority.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RollbackEvent } from '../../response/events.ts';
import { asksFirst } from '../../response/extent.ts';
import {
  isUnderWay,
  mayBeAtWork,
  nextStep,
  phasesToLookAt,
  type Rollback,
  type StepState,
} from '../../response/rollback.ts';
import { isYours } from '../../response/step.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { RollbackInput } from '../input.ts';
import { openQuestions, stopWorkStep, targetStep } from '../questions.ts';
import { changed, refuseOtherRollback } from '../stale.ts';
import { rollbackOf, rollbackUnderWay, type RunState } from '../state.ts';
import { consequences, insteadOfFirstStep } from './consequences.ts';
import { refuseOverrulingRollback } from './overruling.ts';

/** The guard never undoes anything while forward work may continue, whoever says that it has ended. It checks again itself. */
const guardProves = refuse(
  'guard-proves',
  'stop-work cannot be confirmed as done',
  '--again: the guard itself proves that forward work is stopped',
  'End what is left, or fix what the question names, then let the guard check again: ripcord confirm stop-work --again',
);

/** Continuing a rollback needs the same right as approving it. */
const refuseDeciding = (plan: Plan, rollback: Rollback | undefined, by: Principal): Refusal | undefined =>
  refuseWithoutRight(plan, by, rightToApprove(rollback?.procedure.kind ?? 'phase-rollback'));

type Confirm = Extract<RollbackInput, { kind: 'confirm' }>;

function confirm(plan: Plan, state: RunState, input: Confirm, now: Instant): Decision {
  const rollback = rollbackOf(state);
  const denied = refuseDeciding(plan, rollback, input.by);
  if (denied !== undefined) return no(denied);
  if (!isUnderWay(rollback)) return no(refuse('no-rollback', 'no rollback is under way', 'a rollback that asks'));
  const { step, questionId } = input;
  const questions = openQuestions(state).filter((one) => one.step !== targetStep);
  const question = questions.find((one) => one.step === step);
  if (question === undefined) {
    const wanted = questions[0]?.step ?? 'none: no step asks now';
    return no(refuse('not-asked', `${step} asks nothing`, `the step that asks: ${wanted}`));
  }
  if (question.questionId !== questionId)
    return no(changed(`${step}: ${question.asks}`, question.questionId, questionId));
  return step === stopWorkStep ? letGoOn(rollback, input, now) : answerStep(plan, state, rollback, input, now);
}

function letGoOn({ id }: Rollback, { answer, by, reason, questionId }: Confirm, now: Instant): Decision {
  if (answer === 'done') return no(guardProves);
  return record({ type: 'rollback-unblocked', v: 1, at: now, rollback: id, by: by.id, reason, questionId });
}

function answerStep(plan: Plan, state: RunState, rollback: Rollback, input: Confirm, now: Instant): Decision {
  const { step, answer, by, reason, questionId } = input;
  const asking = rollback.steps.find((one) => one.step.id === step);
  if (asking === undefined) return nothing;
  const common = { v: 1, at: now, rollback: rollback.id, step, by: by.id, questionId } as const;
  // That a person took their own step is a fact they report; any other confirmation overrides the guard's proof.
  const { kind } = asking.step;
  const isOverruling = answer === 'done' && !isYours({ kind, attempt: asking.attempt });
  const overruling = isOverruling ? refuseOverrulingRollback(plan, state, rollback, by) : undefined;
  if (overruling !== undefined) return no(overruling);
  if (answer === 'again' || mayBeAtWork(asking)) return record({ type: 'step-answered', ...common, answer, reason });
  const done: RollbackEvent = { type: 'step-done', ...common, took: millis(0), output: reason, how: 'confirmed' };
  return record(done, ...consequences(plan, state, done, now));
}

const outOfOrder = (found: string, wanted: string): Refusal => refuse('out-of-order', found, wanted);

/** A step may have a precondition that does not hold, or nothing to undo; the guard then asks instead of starting it. */
const mayAskBefore = (rollback: Rollback, one: StepState): boolean =>
  rollback.state === 'undoing' &&
  nextStep(rollback)?.step.id === one.step.id &&
  (one.step.precondition !== undefined || asksFirst(rollback, one)) &&
  (one.state === 'waiting' || one.state === 'again');

/** Invariants: work is proved stopped before the first step, steps run strictly in order, only a started step has an outcome. */
function refuseRecord(rollback: Rollback, event: RollbackEvent): Refusal | undefined {
  switch (event.type) {
    case 'rollback-blocked':
      return undefined;
    case 'stop-work-started':
    case 'fence-raised':
    case 'stop-work-proved':
      return rollback.state === 'blocked' ? outOfOrder('the rollback is blocked', 'a person’s decision') : undefined;
    case 'phase-applied':
      return rollback.state === 'undoing' && phasesToLookAt(rollback).includes(event.phase)
        ? undefined
        : outOfOrder(
            `the extent of ${event.phase} was reported`,
            'a phase that is to be undone, before the first step',
          );
    case 'step-started': {
      const next = nextStep(rollback);
      if (rollback.state !== 'undoing')
        return outOfOrder(`the rollback is ${rollback.state}`, 'forward work proved stopped');
      if (next?.step.id === event.step && next.state !== 'asking' && next.state !== 'accepted') return undefined;
      return outOfOrder(`${event.step} is to start`, `the next step: ${next?.step.id ?? 'none is left'}`);
    }
    case 'step-spawned':
    case 'step-done':
    case 'step-asked': {
      const of = rollback.steps.find(({ step }) => step.id === event.step);
      const state = of?.state ?? 'unknown';
      if (event.type === 'step-asked' && of !== undefined && mayAskBefore(rollback, of)) return undefined;
      const isAnswered = state === 'again' || state === 'accepted';
      if (event.type === 'step-asked' && event.unseen !== undefined && isAnswered) return undefined;
      if (event.type === 'step-done' && state === 'accepted') return undefined;
      return state === 'started' ? undefined : outOfOrder(`${event.step} is ${state}`, 'a step under way');
    }
    case 'rollback-aborted':
      if (rollback.aborting === undefined) return outOfOrder('the rollback ends early', 'a person’s decision');
      return rollback.steps.some(({ state }) => state === 'started')
        ? outOfOrder('the rollback ends early', 'the end of the step under way')
        : undefined;
    case 'rollback-started':
    case 'rollback-done':
    case 'fence-lifted':
    case 'fence-stands':
    case 'abort-ordered':
    case 'rollback-unblocked':
    case 'step-answered':
      return outOfOrder(`${event.type} was reported`, 'what the executor does; this follows from it, or from a person');
  }
}

/** Ends the rollback between steps: the current step finishes, and what is undone stays undone. */
function abort(
  plan: Plan,
  state: RunState,
  { rollback: read, by, reason }: Extract<RollbackInput, { kind: 'abort' }>,
  now: Instant,
): Decision {
  const rollback = rollbackOf(state);
  const denied = refuseDeciding(plan, rollback, by);
  if (denied !== undefined) return no(denied);
  if (!isUnderWay(rollback)) return no(refuse('no-rollback', 'no rollback is under way', 'a rollback to end'));
  const other = refuseOtherRollback(rollback.id, read);
  if (other !== undefined) return no(other);
  if (rollback.aborting !== undefined) return nothing;
  const overruling = refuseOverrulingRollback(plan, state, rollback, by);
  if (overruling !== undefined) return no(overruling);
  return record({ type: 'abort-ordered', v: 1, at: now, rollback: rollback.id, by: by.id, reason });
}

type OfFence = Extract<RollbackEvent, { type: 'fence-lifted' | 'fence-stands' }>;
/** Fence events can follow the end of the rollback. */
const isOfFence = (event: RollbackEvent): event is OfFence =>
  event.type === 'fence-lifted' || event.type === 'fence-stands';

export function decideRollback(plan: Plan, state: RunState, input: RollbackInput, now: Instant): Decision {
  if (input.kind === 'confirm') return confirm(plan, state, input, now);
  if (input.kind === 'abort') return abort(plan, state, input, now);
  const rollback = rollbackUnderWay(state);
  if (isOfFence(input.event) && rollback === undefined) {
    return state.fence?.role === input.event.role ? record(input.event) : nothing;
  }
  if (rollback === undefined || rollback.id !== input.event.rollback) return nothing;
  // A person's order arrived first; the executor sees that its step has not begun.
  if (input.event.type === 'step-started' && rollback.aborting !== undefined) return nothing;
  const misplaced = refuseRecord(rollback, input.event);
  if (misplaced !== undefined) return no(misplaced);
  const isStep = input.event.type === 'step-started';
  const instead = isStep ? insteadOfFirstStep(plan, state, rollback, now) : undefined;
  if (instead !== undefined) return record(...instead);
  return record(input.event, ...consequences(plan, state, input.event, now));
}
