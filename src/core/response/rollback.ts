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
   * `started` without an outcome after a crash: unknown how far it got. `asking` waits for a person. `again`: a person said
   * that the step may run again. `accepted`: a person said that it is done, but work that it left running is not yet gone.
   */
  readonly state: 'waiting' | 'started' | 'asking' | 'again' | 'accepted' | 'done';
  readonly attempt: number;
  /** How often a person has said that it must run again. */
  readonly agains: number;
  /** Marks the child's environment and sessions, so that an orphan can be found. */
  readonly tag?: string;
  readonly child?: Child;
  /** Where the latest attempt began. */
  readonly on?: Place;
  /** Where it may run unseen, according to the latest question. */
  readonly unseen?: Place;
  readonly startedAt?: Instant;
  readonly took?: Millis;
  readonly how?: StepEnd;
  readonly output?: string;
  readonly question?: string;
  /** While asking: an answer is bound to it. */
  readonly questionId?: QuestionId;
  /** While asking: the step ended well, and only its proof fails. */
  readonly ended?: 'well';
  /** The person who confirmed that it is done. */
  readonly accepted?: { readonly by: PrincipalId; readonly reason: string };
}

/** A current or past rollback: stop forward work, prove that it stopped, then take one step after the other. */
export interface Rollback {
  readonly id: RollbackId;
  readonly recommendation: RecommendationId;
  readonly trigger: Trigger;
  readonly by: string;
  readonly procedure: Procedure;
  readonly startedAt: Instant;
  readonly state: 'starting' | 'stopping-work' | 'undoing' | 'blocked' | 'done' | 'aborted';
  readonly quiet?: Quiet;
  /** How far each phase to be undone got, as far as the guard has determined it. */
  readonly applied?: readonly ({ readonly phase: PhaseId } & Came)[];
  readonly steps: readonly StepState[];
  /** A person ordered that no further step starts; the current step finishes first. */
  readonly aborting?: { readonly by: PrincipalId; readonly reason: string };
  /** What a person must check before it continues. */
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

/** `seq` is the event's position in its run. */
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

/** Whether no step has started yet. */
export const isBeforeSteps = ({ steps }: Rollback): boolean => steps.every(isUntouched);

/** A person ended it after it had begun to undo, so the procedure has failed. */
export const isCutShort = (rollback: Rollback | undefined): boolean =>
  rollback?.state === 'aborted' && !isBeforeSteps(rollback);

/** Whether it may have left something running unintentionally: it has begun and did not end well. */
export const mayBeAtWork = ({ step, tag, ended }: StepState): boolean =>
  leavesWork(step) && tag !== undefined && ended === undefined;

/** The phases whose extent is still to be determined. After the first step the database no longer shows it. */
export function phasesToLookAt(rollback: Rollback): readonly PhaseId[] {
  const { procedure, applied = [] } = rollback;
  if (procedure.kind === 'person' || procedure.kind === 'restore' || !isBeforeSteps(rollback)) return [];
  return procedure.phases.filter((id) => applied.every(({ phase }) => phase !== id));
}

/** The question that the rollback waits for, if any. A rollback that was given up waits for nobody. */
export function openQuestion(rollback: Rollback | undefined): string | undefined {
  if (!isUnderWay(rollback)) return undefined;
  return rollback.question ?? rollback.steps.find(({ state }) => state === 'asking')?.question;
}

/** The first step that is not done. Steps run strictly in order. */
export const nextStep = (rollback: Rollback): StepState | undefined =>
  rollback.steps.find(({ state }) => state !== 'done');

/** The steps that an abandoned restore leaves to a person, by their names in the plan. */
export const leftToPeople = ({ procedure, steps }: Rollback): readonly string[] =>
  procedure.kind !== 'restore'
    ? []
    : steps.filter(({ state }) => state !== 'done').map(({ step }) => step.id.replace(/^restore\//, ''));
