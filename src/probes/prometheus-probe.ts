import type { Reading } from '../core/evidence/reading.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import { httpRequester } from './http-request.ts';
import { latencyIn } from './prometheus-answer.ts';
import type { Asker } from './sampling-loop.ts';

export type PrometheusQuestion = NonNullable<ProbePlan['prometheus']>;

/** More than one value ever takes; an answer of many series is cut, and then is none. */
const kept = 65_536;

/** The path and query of an instant query about the moment `at`, below what the address has. */
function pathOf({ url, query }: PrometheusQuestion, at: Instant, timeout: number): string {
  const { pathname, searchParams } = new URL(url);
  const asked = new URLSearchParams(searchParams);
  asked.set('query', query);
  asked.set('time', (at / 1_000).toFixed(3));
  asked.set('timeout', `${Math.ceil(timeout)}ms`);
  return `${pathname.replace(/\/+$/, '')}/api/v1/query?${asked.toString()}`;
}

/**
 * Asks Prometheus for one latency at each due time. It stands between us and the target, so whatever goes wrong with it
 * says nothing about the target: the reading is missing, with the reason. Never rejects.
 */
export function prometheusProbe(
  plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>,
  question: PrometheusQuestion,
): Asker {
  const id = probeId(plan.id);
  const { url, ca, unit, token } = question;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { accept: 'application/json', ...question.headers, ...authorization };
  const request = httpRequester({ url, ca, method: 'GET', headers, keep: kept, refuse: () => undefined });

  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    const about = { probe: id, at };
    const outcome = await request(plan.timeout, signal, pathOf(question, at, plan.timeout));
    if (outcome === 'aborted') return { state: 'missing', ...about };
    if ('reason' in outcome) return { state: 'missing', ...about, because: `Prometheus: ${outcome.message}` };
    const { status, body } = outcome;
    const latency = latencyIn(status, body.toString(), { unit, at, within: plan.every });
    return typeof latency === 'number'
      ? { state: 'answered', ...about, took: latency }
      : { state: 'missing', ...about, because: `Prometheus: ${latency.because}` };
  };
  return { id, every: plan.every, ask };
}
