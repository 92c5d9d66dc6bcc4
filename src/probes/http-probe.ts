import type { Failure, Reading } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { NameLookup } from '../system/name-lookup.ts';
import { bodyJudge } from './http-expectation.ts';
import { httpRequester } from './http-request.ts';
import type { Asker } from './sampling-loop.ts';

export type HttpQuestion = NonNullable<ProbePlan['http']>;

/** Each reading opens its own connection, as a new user would, and follows no redirect. Never rejects. */
export function httpProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  question: HttpQuestion,
  lookups?: () => NameLookup,
): Asker {
  const id = probeId(plan.id);
  const { status: wanted } = question.expect;
  const { keep, judge } = bodyJudge(question.expect);
  const refuse = (status: number): Failure | undefined =>
    status === wanted
      ? undefined
      : { reason: 'status', code: String(status), message: `answered ${status}, wanted ${wanted}` };
  const request = httpRequester({ ...question, keep, refuse }, lookups);

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    const outcome = await request(plan.timeout, signal);
    if (outcome === 'aborted') return { state: 'missing', ...about };
    if ('unnamed' in outcome) return { state: 'missing', ...about, because: outcome.unnamed };
    if ('reason' in outcome) return { state: 'failed', ...about, cause: outcome };
    const { body, size, took, parts, own } = outcome;
    const judged = judge(body, size);
    if (judged === 'met') return { state: 'answered', ...about, took, parts, own };
    return 'unmet' in judged
      ? { state: 'failed', ...about, cause: judged.unmet }
      : { state: 'missing', ...about, because: judged.untold };
  };
  return { id, every: plan.every, ask };
}
