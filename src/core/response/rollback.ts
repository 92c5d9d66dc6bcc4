import {
  type PhaseId,
  type PrincipalId,
  type QuestionId,
  questionId,
  type RecommendationId,
  type RollbackId,
  type StepId,
} from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { Came, Child, Quiet, RollbackEvent, StepEnd, Trigger } from './events.ts';
import type { Procedure } from './procedure.ts';
import { leavesWork, type Step } from './step.ts';
import type { Place } from './place.ts';

export interface StepState {
  readonly step: Step;
  /**
   * `started` without an outcome after a crash means: nobody knows. `asking` waits for a person; `again` is a person's
   * word that it may run again, `accepted` that it is done, before what it left at work is proved gone.
   */
  readonly state: 'waiting' | 'started' | 'asking' | 'again' | 'accepted' | 'done';
  readonly attempt: number;
  /** How often a person has said that it must run again. */
  readonly agains: number;
  /** Marks the child's environment and sessions, so that an orphan can be found. */
  readonly tag?: string;
  readonly child?: Child;
  /** Where the latest attempt was begun. */
  readonly on?: Place;
  /** Of the latest question: where it may be at work, unseen. */
  readonly unseen?: Place;
  readonly startedAt?: Instant;
  readonly took?: Millis;
  readonly how?: StepEnd;
  readonly output?: string;
  readonly question?: string;
  /** Of an asking one: what an answer is bound to. */
  readonly questionId?: QuestionId;
  /** Of an asking one: it ended well, and only its proof does not hold. */
  readonly ended?: 'well';
  /** Whose word it is that it is done. */
  readonly accepted?: { readonly by: PrincipalId; readonly reason: string };
}

/** A rollback under way or over: stop forward work, prove it stopped, then one step after the other. */
export interface Rollback {
  readonly id: RollbackId;
  readonly recommendation: RecommendationId;
  readonly trigger: Trigger;
  readonly by: string;
  readonly procedure: Procedure;
  readonly startedAt: Instant;
  readonly state: 'starting' | 'stopping-work' | 'undoing' | 'blocked' | 'done' | 'aborted';
  readonly quiet?: Quiet;
  /** How far each phase came that is to be undone, as far as it was looked at. */
  readonly applied?: readonly ({ readonly phase: PhaseId } & Came)[];
  readonly steps: readonly StepState[];
  /** No further step begins, by a person's word; the one under way ends first. */
  readonly aborting?: { readonly by: PrincipalId; readonly reason: string };
  /** What a person must look at before it goes on. */
  readonly question?: string;
  readonly questionId?: QuestionId;
  /** Why the guard itself ended it before its first step. */
  readonly because?: string;
  readonly endedAt?: Instant;
}

function started(event: Extract<RollbackEvent, { type: 'rollback-started' }>): Rollback {
  const { rollback: id, recommendation, trigger, by, procedure, at } = event;
  const steps = procedure.kind !== 'person' ? procedure.steps : [];
  return {
    id,
    recommendation,
    trigger,
    by,
    procedure,
    startedAt: at,
    state: 'starting',
    steps: steps.map((step) => ({ step, state: 'waiting', attempt: 0, agains: 0 })),
  };
}

const change = (rollback: Rollback, id: StepId, to: (step: StepState) => StepState): Rollback => ({
  ...rollback,
  steps: rollback.steps.map((one) => (one.step.id === id ? to(one) : one)),
});

function withoutQuestion(rollback: Rollback): Rollback {
  const { question: _, questionId: __, ...rest } = rollback;
  return rest;
}

function answered(
  { question: _, questionId: __, ...one }: StepState,
  { answer, by, reason }: Extract<RollbackEvent, { type: 'step-answered' }>,
): StepState {
  return answer === 'again'
    ? { ...one, state: 'again', agains: one.agains + 1 }
    : { ...one, state: 'accepted', accepted: { by, reason } };
}

function evolveStep(one: StepState, event: Extract<RollbackEvent, { readonly step: StepId }>, seq: number): StepState {
  switch (event.type) {
    case 'step-started': {
      const { attempt, tag, on, at: startedAt } = event;
      const { step, agains } = one;
      return { step, state: 'started', attempt, agains, tag, on, startedAt };
    }
    case 'step-spawned':
      return { ...one, child: event.child };
    case 'step-done': {
      const { took, output, how } = event;
      const { questionId: _, ...rest } = one;
      return { ...rest, state: 'done', took, output, how };
    }
    case 'step-asked': {
      const { question, output, ended, unseen } = event;
      const { ended: _, unseen: __, ...rest } = one;
      return {
        ...rest,
        state: 'asking',
        question,
        questionId: questionId(seq),
        output,
        ...(ended !== undefined && { ended }),
        ...(unseen !== undefined && { unseen }),
      };
    }
    case 'step-answered':
      return answered(one, event);
  }
}

/** `seq` is the event's place in its run. */
export function evolveRollback(
  rollback: Rollback | undefined,
  event: RollbackEvent,
  seq: number,
): Rollback | undefined {
  if (event.type === 'rollback-started') return started(event);
  if (rollback === undefined || rollback.id !== event.rollback) return rollback;
  switch (event.type) {
    case 'stop-work-started':
      return { ...rollback, state: 'stopping-work' };
    case 'stop-work-proved':
      return { ...rollback, state: 'undoing', quiet: event.quiet };
    case 'fence-raised':
    case 'fence-lifted':
    case 'fence-stands':
      return rollback; // the fence may outlast the rollback
    case 'phase-applied': {
      const { phase, extent, seen } = event;
      const came = { phase, extent, ...(seen !== undefined && { seen }) };
      return { ...rollback, applied: [...(rollback.applied ?? []), came] };
    }
    case 'step-started':
    case 'step-spawned':
    case 'step-done':
    case 'step-asked':
    case 'step-answered':
      return change(rollback, event.step, (one) => evolveStep(one, event, seq));
    case 'rollback-blocked':
      return { ...rollback, state: 'blocked', question: event.question, questionId: questionId(seq) };
    case 'rollback-unblocked':
      return { ...withoutQuestion(rollback), state: rollback.quiet === undefined ? 'starting' : 'undoing' };
    case 'abort-ordered':
      return { ...rollback, aborting: { by: event.by, reason: event.reason } };
    case 'rollback-aborted':
      return {
        ...withoutQuestion(rollback),
        state: 'aborted',
        endedAt: event.at,
        ...(event.because !== undefined && { because: event.because }),
      };
    case 'rollback-done':
      return { ...rollback, state: 'done', endedAt: event.at };
  }
}

export const isUnderWay = (rollback: Rollback | undefined): rollback is Rollback =>
  rollback !== undefined && rollback.state !== 'done' && rollback.state !== 'aborted';

const isUntouched = ({ state, how }: StepState): boolean => state === 'waiting' || how === 'not-needed';

/** Whether no step has been taken yet. */
export const isBeforeSteps = ({ steps }: Rollback): boolean => steps.every(isUntouched);

/** Ended by a person after it had begun to undo: the rung that it was on has not held. */
export const isCutShort = (rollback: Rollback | undefined): boolean =>
  rollback?.state === 'aborted' && !isBeforeSteps(rollback);

/** Whether something of it may be at work that it did not leave on purpose: it has begun, and did not end well. */
export const mayBeAtWork = ({ step, tag, ended }: StepState): boolean =>
  leavesWork(step) && tag !== undefined && ended === undefined;

/** The phases that it is to be told of how far they came. Once a step was taken the database tells it no more. */
export function phasesToLookAt(rollback: Rollback): readonly PhaseId[] {
  const { procedure, applied = [] } = rollback;
  if (procedure.kind === 'person' || procedure.kind === 'restore' || !isBeforeSteps(rollback)) return [];
  return procedure.phases.filter((id) => applied.every(({ phase }) => phase !== id));
}

/** What the rollback waits for a person to say, if it does. One that was given up waits for nobody. */
export function openQuestion(rollback: Rollback | undefined): string | undefined {
  if (!isUnderWay(rollback)) return undefined;
  return rollback.question ?? rollback.steps.find(({ state }) => state === 'asking')?.question;
}

/** The first step that is not done: steps are taken strictly in order. */
export const nextStep = (rollback: Rollback): StepState | undefined =>
  rollback.steps.find(({ state }) => state !== 'done');

/** What a restore that was given up leaves to a person, by the names that the plan gives its steps. */
export const leftToPeople = ({ procedure, steps }: Rollback): readonly string[] =>
  procedure.kind !== 'restore'
    ? []
    : steps.filter(({ state }) => state !== 'done').map(({ step }) => step.id.replace(/^restore\//, ''));
