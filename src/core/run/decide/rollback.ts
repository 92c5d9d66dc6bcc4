import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import type { Principal } from '../../authority/roles.ts';
import { type Instant, millis } from '../../kernel/units.ts';
import { rightToApprove } from '../../plan/authority.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RollbackEvent } from '../../response/events.ts';
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
import type { RunState } from '../state.ts';
import { consequences } from './consequences.ts';
import { refuseOverrulingRollback } from './overruling.ts';

/** Nothing is undone beside work that may go on, whoever says that it does not: the guard looks once more. */
const guardProves = refuse(
  'guard-proves',
  'stop-work cannot be confirmed as done',
  'the answer --again: the guard itself proves that forward work is stopped',
  'End what is left, or mend what the question names, then let it prove so: ripcord confirm stop-work --again',
);

/** Who may approve a rollback may also say how it goes on. */
const refuseDeciding = (plan: Plan, rollback: Rollback | undefined, by: Principal): Refusal | undefined =>
  refuseWithoutRight(plan, by, rightToApprove(rollback?.procedure.kind ?? 'phase-rollback'));

function confirm(
  plan: Plan,
  state: RunState,
  input: Extract<RollbackInput, { kind: 'confirm' }>,
  now: Instant,
): Decision {
  const { rollback } = state;
  const denied = refuseDeciding(plan, rollback, input.by);
  if (denied !== undefined) return no(denied);
  if (!isUnderWay(rollback)) return no(refuse('no-rollback', 'no rollback is under way', 'a rollback that asks'));
  const common = { v: 1, at: now, rollback: rollback.id } as const;
  const { step, answer, by, reason } = input;
  if (rollback.state === 'blocked' && step === 'stop-work') {
    if (answer === 'done') return no(guardProves);
    return record({ type: 'rollback-unblocked', ...common, by: by.id, reason });
  }
  const asking = rollback.steps.find((one) => one.state === 'asking');
  if (asking?.step.id !== step) {
    const wanted = rollback.state === 'blocked' ? 'stop-work' : (asking?.step.id ?? 'none: nothing is asked now');
    return no(refuse('not-asked', `${step} is not asked about`, `the step that is: ${wanted}`));
  }
  // That a person took their own step is a fact that they report; all else says that the guard's proof does not count.
  const { kind } = asking.step;
  const isOverruling = answer === 'done' && !isYours({ kind, attempt: asking.attempt });
  const overruling = isOverruling ? refuseOverrulingRollback(plan, state, rollback, by) : undefined;
  if (overruling !== undefined) return no(overruling);
  if (answer === 'again' || mayBeAtWork(asking))
    return record({ type: 'step-answered', ...common, step, answer, by: by.id, reason });
  const done: RollbackEvent = {
    type: 'step-done',
    ...common,
    step,
    took: millis(0),
    output: reason,
    how: 'confirmed',
    by: by.id,
  };
  return record(done, ...consequences(plan, state, done, now));
}

const outOfOrder = (found: string, wanted: string): Refusal => refuse('out-of-order', found, wanted);

/** A step whose precondition does not hold is not started, but asked about. */
const mayAskBefore = (rollback: Rollback, { step, state }: StepState): boolean =>
  rollback.state === 'undoing' &&
  nextStep(rollback)?.step.id === step.id &&
  step.precondition !== undefined &&
  (state === 'waiting' || state === 'again');

/** Work is proved stopped before the first step, steps are taken strictly in order, and only a step under way has an outcome. */
function refuseRecord(rollback: Rollback, event: RollbackEvent): Refusal | undefined {
  switch (event.type) {
    case 'stop-work-started':
    case 'fence-raised':
    case 'stop-work-proved':
    case 'rollback-blocked':
      return undefined;
    case 'phase-applied':
      return rollback.state === 'undoing' && phasesToLookAt(rollback).includes(event.phase)
        ? undefined
        : outOfOrder(`${event.phase} was looked at`, 'a phase that is to be undone, before the first step');
    case 'step-started': {
      const next = nextStep(rollback);
      if (rollback.state !== 'undoing')
        return outOfOrder(`the rollback is ${rollback.state}`, 'forward work proved stopped');
      if (next?.step.id === event.step && next.state !== 'asking' && next.state !== 'accepted') return undefined;
      return outOfOrder(`${event.step} shall start`, `the next step: ${next?.step.id ?? 'none is left'}`);
    }
    case 'step-spawned':
    case 'step-done':
    case 'step-asked': {
      const of = rollback.steps.find(({ step }) => step.id === event.step);
      const state = of?.state ?? 'unknown';
      if (event.type === 'step-asked' && of !== undefined && mayAskBefore(rollback, of)) return undefined;
      if (event.type === 'step-done' && state === 'accepted') return undefined;
      return state === 'started' ? undefined : outOfOrder(`${event.step} is ${state}`, 'a step under way');
    }
    case 'rollback-aborted':
      if (rollback.aborting === undefined) return outOfOrder('the rollback ends early', 'the word of a person');
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

/** Between steps: the one under way comes to its end, and what is undone stays undone. */
function abort(
  plan: Plan,
  state: RunState,
  { by, reason }: Extract<RollbackInput, { kind: 'abort' }>,
  now: Instant,
): Decision {
  const { rollback } = state;
  const denied = refuseDeciding(plan, rollback, by);
  if (denied !== undefined) return no(denied);
  if (!isUnderWay(rollback)) return no(refuse('no-rollback', 'no rollback is under way', 'one that could be ended'));
  if (rollback.aborting !== undefined) return nothing;
  const overruling = refuseOverrulingRollback(plan, state, rollback, by);
  if (overruling !== undefined) return no(overruling);
  return record({ type: 'abort-ordered', v: 1, at: now, rollback: rollback.id, by: by.id, reason });
}

type OfFence = Extract<RollbackEvent, { type: 'fence-lifted' | 'fence-stands' }>;
/** What happens to the fence once the rollback is over. */
const isOfFence = (event: RollbackEvent): event is OfFence =>
  event.type === 'fence-lifted' || event.type === 'fence-stands';

export function decideRollback(plan: Plan, state: RunState, input: RollbackInput, now: Instant): Decision {
  if (input.kind === 'confirm') return confirm(plan, state, input, now);
  if (input.kind === 'abort') return abort(plan, state, input, now);
  if (isOfFence(input.event) && !isUnderWay(state.rollback)) {
    return state.fence?.role === input.event.role ? record(input.event) : nothing;
  }
  if (!isUnderWay(state.rollback) || state.rollback.id !== input.event.rollback) return nothing;
  // A person’s word that came first: the executor sees that its step has not begun.
  if (input.event.type === 'step-started' && state.rollback.aborting !== undefined) return nothing;
  const misplaced = refuseRecord(state.rollback, input.event);
  if (misplaced !== undefined) return no(misplaced);
  return record(input.event, ...consequences(plan, state, input.event, now));
}
