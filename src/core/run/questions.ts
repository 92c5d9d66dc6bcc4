import { type QuestionId, type StepId, stepId } from '../kernel/ids.ts';
import { sayTargetChange } from './blindness.ts';
import type { RunState } from './state.ts';

/** The names of the target and of the end of forward work where people confirm them. */
export const targetStep = stepId('target');
export const stopWorkStep = stepId('stop-work');

/** What a person is asked to confirm. */
export interface Question {
  readonly questionId: QuestionId;
  /** A step, `stop-work` or `target`. */
  readonly step: StepId;
  readonly asks: string;
  /** How often the run has asked about it; an answer may be meant for an earlier question. */
  readonly times: number;
}

/** Everything that waits for a person's confirmation. */
export function openQuestions({ response, targetChange, timesAsked }: RunState): readonly Question[] {
  const of = (step: StepId, questionId: QuestionId | undefined, asks: string | undefined): readonly Question[] =>
    questionId === undefined || asks === undefined
      ? []
      : [{ questionId, step, asks, times: timesAsked.get(step) ?? 1 }];
  const ofRollback =
    response.state === 'rolling-back'
      ? [
          ...of(stopWorkStep, response.rollback.questionId, response.rollback.question),
          ...response.rollback.steps.flatMap(({ step, questionId, question }) => of(step.id, questionId, question)),
        ]
      : [];
  const ofTarget = targetChange && of(targetStep, targetChange.questionId, sayTargetChange(targetChange));
  return [...ofRollback, ...(ofTarget ?? [])];
}
