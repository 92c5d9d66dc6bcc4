import type { Reading } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { NameLookup } from '../system/name-lookup.ts';
import { httpRequester } from './http-request.ts';
import { latencyIn } from './prometheus-answer.ts';
import type { Asker } from './sampling-loop.ts';

export type PrometheusQuestion = NonNullable<ProbePlan['prometheus']>;

/** Enough for any single value. A response with many series is truncated and then fails to parse. */
const kept = 65_536;

/** The path and parameters of an instant query for `at`, appended to the path of the address. */
function pathOf({ url, query }: PrometheusQuestion, at: Instant, timeout: number): string {
  const { pathname, searchParams } = new URL(url);
  const asked = new URLSearchParams(searchParams);
  asked.set('query', query);
  asked.set('time', (at / 1_000).toFixed(3));
  asked.set('timeout', `${Math.ceil(timeout)}ms`);
  return `${pathname.replace(/\/+$/, '')}/api/v1/query?${asked.toString()}`;
}

/**
 * Queries Prometheus for one latency at each due time. A failure of Prometheus says nothing about the target, so the reading
 * is then `missing`, with the reason. Never rejects.
 */
export function prometheusProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  question: PrometheusQuestion,
  lookups?: () => NameLookup,
): Asker {
  const id = probeId(plan.id);
  const { url, ca, unit, token } = question;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { accept: 'application/json', ...question.headers, ...authorization };
  const asked = { url, ca, method: 'GET', headers, keep: kept, refuse: () => undefined };
  const request = httpRequester(asked, lookups);

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    const outcome = await request(plan.timeout, signal, pathOf(question, at, plan.timeout));
    if (outcome === 'aborted') return { state: 'missing', ...about };
    if ('unnamed' in outcome) return { state: 'missing', ...about, because: outcome.unnamed };
    if ('reason' in outcome) return { state: 'missing', ...about, because: `Prometheus: ${outcome.message}` };
    const { status, body } = outcome;
    const latency = latencyIn(status, body.toString(), { unit, at, within: plan.every });
    return typeof latency === 'number'
      ? { state: 'answered', ...about, took: latency }
      : { state: 'missing', ...about, because: `Prometheus: ${latency.because}` };
  };
  return { id, every: plan.every, ask };
}
