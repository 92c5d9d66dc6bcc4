import type { QuestionId } from '../core/kernel/ids.ts';
import type { RecommendationView, RunView } from '../core/run/view.ts';
import { faultKeysOf } from '../core/verdicts/verdict.ts';
import { UsageError } from './errors.ts';
import { list } from './status/verdicts.ts';

/** The question that a person is about to answer without having named it. */
export interface Asked {
  readonly questionId: QuestionId;
  /** What it asks, for the person who answers. */
  readonly says: string;
  /** Why the person may have read another question; undefined if there was no other. */
  readonly mayBeOther?: string;
}

/** The daemon then says why there is nothing to answer. No question has this number, because entry 1 opens the run. */
export const nothingAsked = 1 as QuestionId;

/** Accepts an answer without the number only if one question was asked: any question that the person read was then this one. */
export function mustBeRead({ questionId, mayBeOther }: Asked, command: (option: string) => string): QuestionId {
  if (mayBeOther === undefined) return questionId;
  const todo = `Look first: ripcord run status. Then: ${command(`--question ${questionId}`)}`;
  throw new UsageError(mayBeOther, 'the number of the question that you answer', todo);
}

const summaries = ({ evidence }: RecommendationView): string => evidence.map(({ summary }) => summary).join('; ');

/** A person who has read the earlier one has read this one: both propose the same for the same breaches. */
const isSame = (one: RecommendationView, before: RecommendationView): boolean =>
  one.proposes === before.proposes &&
  one.evidence.flatMap(faultKeysOf).every((faultKey) => before.evidence.flatMap(faultKeysOf).includes(faultKey));

function sayOther(one: RecommendationView, before: RecommendationView | undefined, isNamed: boolean) {
  const joined = (one.joined ?? []).flatMap(({ what }) => what);
  if (joined.length > 0) return `${one.id} has more evidence than when it was raised: ${joined.join('; ')}`;
  const wasReplaced = before?.state === 'superseded' || before?.state === 'expired';
  if (isNamed || !wasReplaced || isSame(one, before)) return undefined;
  return `${one.id} replaced ${before.id}, which is ${before.state}, and asks something else`;
}

export function askedBy({ recommendations }: RunView, one: RecommendationView, isNamed: boolean): Asked {
  const before = recommendations[recommendations.findIndex(({ id }) => id === one.id) - 1];
  const mayBeOther = sayOther(one, before, isNamed);
  const why = one.evidence.length === 0 ? '' : `, because ${summaries(one)}`;
  const says = `${one.id}, question ${one.questionId}: ${one.proposes}${why}`;
  return { questionId: one.questionId, says, ...(mayBeOther !== undefined && { mayBeOther }) };
}

export function askedAbout({ questions }: RunView, step: string): Asked | undefined {
  const question = questions.find((one) => one.step === step);
  if (question === undefined) return undefined;
  const { questionId, asks, times } = question;
  const says = `${step}, question ${questionId}: ${asks}`;
  return {
    questionId,
    says,
    ...(times > 1 && { mayBeOther: `${step} has asked ${times} times; it now asks: ${asks}` }),
  };
}

export function askedByHold({ held }: RunView): Asked | undefined {
  if (held === undefined) return undefined;
  const { questionId, also = [] } = held;
  const holds = list([held, ...also].map(({ by, reason }) => `${by} (${reason})`));
  return { questionId, says: holds, ...(also.length > 0 && { mayBeOther: `the run is held by ${holds}` }) };
}
