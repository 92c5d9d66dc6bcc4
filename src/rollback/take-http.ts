import type { Failure } from '../core/evidence/reading.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { sentence } from '../core/kernel/sentence.ts';
import { isMapping } from '../core/plan/tree.ts';
import type { Step } from '../core/response/step.ts';
import { hideIn } from '../phases/without-secrets.ts';
import { type HttpAnswer, httpRequester } from '../probes/http-request.ts';
import { type Attempt, mostKept } from './attempt.ts';
import type { Outcome } from './parts.ts';
import { asApproved } from './questions.ts';

type HttpStep = Extract<Step, { kind: 'http' }>;

/** The request as a person reads it, and its address with the values of placeholders. */
interface Asked {
  readonly says: string;
  readonly url: string;
  readonly hide: (text: string) => string;
}

/** Replaces placeholders with their values. */
type Fill = (written: string) => string;
interface Filling {
  readonly fill: Fill;
  readonly secrets: readonly string[];
}

const never = new AbortController().signal;
const advice = 'Check the effect of the request, then say whether the step is done or must run again.';

/** Replaces placeholders in all texts of a document. */
function filled(document: unknown, fill: Fill): unknown {
  if (typeof document === 'string') return fill(document);
  if (Array.isArray(document)) return document.map((item) => filled(item, fill));
  if (!isMapping(document)) return document;
  return Object.fromEntries(Object.entries(document).map(([key, item]) => [key, filled(item, fill)]));
}

function requestOf({ http }: HttpStep, { key }: Attempt, fill: Fill) {
  const { method, url, headers, body } = http;
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), fill(value)]));
  const isJson = body !== undefined && typeof body !== 'string';
  const payload = body === undefined ? undefined : isJson ? JSON.stringify(filled(body, fill)) : fill(body);
  const length = payload === undefined ? (method === 'GET' ? {} : { 'content-length': '0' }) : {};
  const type = isJson ? { 'content-type': 'application/json' } : {};
  return {
    url: fill(url),
    method,
    headers: { ...length, ...type, ...given, 'idempotency-key': key },
    body: payload,
    keep: mostKept,
    refuse: () => undefined,
  };
}

const unsent = (asked: string, because: string): string =>
  `${asked} was not sent, so nothing was done: ${sentence(because)} Let the step run again.`;

const isRedirect = (status: number): boolean => status >= 300 && status < 400 && status !== 304;

const longestAddress = 200;

/** Decodes the path, because a percent-encoded secret would not be recognised. An invalid path is not shown. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '/…';
  }
}

/** Omits the query, which may contain a token, and the login. Hides secrets before cutting, which could split one. */
function leadsTo(location: string | undefined, { url, hide }: Asked): string {
  const to = location === undefined ? null : URL.parse(location, url);
  if (to === null) return '';
  const whole = `${to.protocol}//${hide(to.host)}${hide(decoded(to.pathname))}${to.search === '' ? '' : '?…'}`;
  return ` to ${whole.length > longestAddress ? `${whole.slice(0, longestAddress)}…` : whole}`;
}

/** The outcome without an answer: whether anything may have been done. */
function lost({ reason, code, message }: Failure, asked: string): Outcome {
  if (code === 'ECONNREFUSED') {
    const question = `${asked} was refused a connection, so nothing was done: ${sentence(message)} Bring the service up, then let the step run again.`;
    return { ended: 'badly', question, output: '', cause: 'connection-refused' };
  }
  const isTimeout = reason === 'timeout' || (reason === 'connect' && code === 'ETIMEDOUT');
  const question = `${asked} got no answer, so it may or may not have taken effect: ${sentence(message)} ${advice}`;
  return { ended: 'badly', question, output: '', ...(isTimeout && { cause: 'timeout' }) };
}

function judged({ http }: HttpStep, { status, location, body, size, took }: HttpAnswer, asked: Asked): Outcome {
  const cut = size > body.length ? `\n[of ${size} bytes]` : '';
  const output = `answered ${status} after ${sayDuration(took)}\n${body.toString()}${cut}`;
  const wanted = http.expect.status ?? 'any of 200 to 299';
  const well = http.expect.status === undefined ? status >= 200 && status < 300 : status === http.expect.status;
  if (well) return { ended: 'well', output };
  const answered = `${asked.says} answered ${status}, wanted ${wanted}`;
  const question = isRedirect(status)
    ? `${answered}: a redirect${leadsTo(location, asked)}, and redirects are not followed. Check whether the request took effect anyway. ${asApproved('write the address that does it')}`
    : `${answered}. ${advice}`;
  return { ended: 'badly', question, output, cause: `status ${status}` };
}

/**
 * Sends the request once. Its idempotency key is the same for every attempt until a person says `again`, so that a service
 * that supports such keys acts only once. An abort does not end the request, because its effect would then be unknown.
 */
export async function takeHttp(step: HttpStep, attempt: Attempt, { fill, secrets }: Filling): Promise<Outcome> {
  const says = `${step.http.method} ${step.http.url}`;
  const request = requestOf(step, attempt, fill);
  const answer = await httpRequester(request)(step.timeout, never);
  if (answer === 'aborted') return { ended: 'badly', question: `${says} was cut short. ${advice}`, output: '' };
  if ('unnamed' in answer) return { ended: 'badly', question: unsent(says, answer.unnamed), output: '' };
  if ('reason' in answer) return lost(answer, says);
  return judged(step, answer, { says, url: request.url, hide: (text) => hideIn(text, secrets) });
}
