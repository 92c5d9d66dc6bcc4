import { type QuestionId, type StepId, stepId } from '../kernel/ids.ts';
import { sayTargetChange } from './blindness.ts';
import type { RunState } from './state.ts';

/** How the target, and the end of forward work, are named where people confirm what they are asked. */
export const targetStep = stepId('target');
export const stopWorkStep = stepId('stop-work');

/** What a person is asked to confirm. */
export interface Question {
  readonly questionId: QuestionId;
  /** A step, `stop-work` or `target`. */
  readonly step: StepId;
  readonly asks: string;
  /** How often the run has asked about it: more than once, and an answer may be meant for an earlier time. */
  readonly times: number;
}

/** Everything that waits for a person to confirm it. */
export function openQuestions({ response, targetChange, timesAsked }: RunState): readonly Question[] {
  const of = (step: StepId, questionId: QuestionId | undefined, asks: string | undefined): readonly Question[] =>
    questionId === undefined || asks === undefined
      ? []
      : [{ questionId, step, asks, times: timesAsked.get(step) ?? 1 }];
  const ofRollback =
    response.stands === 'rolling-back'
      ? [
          ...of(stopWorkStep, response.rollback.questionId, response.rollback.question),
          ...response.rollback.steps.flatMap(({ step, questionId, question }) => of(step.id, questionId, question)),
        ]
      : [];
  const ofTarget = targetChange && of(targetStep, targetChange.questionId, sayTargetChange(targetChange));
  return [...ofRollback, ...(ofTarget ?? [])];
}
