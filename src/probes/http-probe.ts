import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { urlToHttpOptions } from 'node:url';

import type { Failure, Reading } from '../core/evidence/reading.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { probeId } from '../core/kernel/ids.ts';
import { type Instant, measured, type Millis } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { Asker } from './sampling-loop.ts';

export type HttpQuestion = NonNullable<ProbePlan['http']>;
type Outcome = { readonly took: Millis; readonly connect?: Millis } | Failure | 'aborted';

/** How much of a body is kept to look for the text that it must contain; all of it is read. */
const kept = 1_048_576;

const lostBy = (error: Error, connected: boolean): Failure => {
  const told: unknown = error instanceof AggregateError ? error.errors[0] : error; // of several addresses tried in vain
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = (told instanceof Error && told.message) || code || 'the connection failed';
  return { reason: connected ? 'query' : 'connect', message, ...(code !== undefined && { code }) };
};

/** What is wrong with a whole answer; undefined when it is as wanted. */
function unmet({ expect }: HttpQuestion, body: readonly Buffer[], size: number): Failure | undefined {
  if (expect.contains === undefined || Buffer.concat(body).toString().includes(expect.contains)) return undefined;
  const where = size > kept ? 'the first MB of the body' : 'the body';
  return { reason: 'assertion', message: `${where} does not contain ${JSON.stringify(expect.contains)}` };
}

/** One request on a connection of its own: `took` is from looking up the name to the last byte of the body. */
class HttpAttempt {
  readonly #started = performance.now();
  readonly #question: HttpQuestion;
  readonly #request: http.ClientRequest;
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly outcome = this.#outcome.promise;
  #connect: Millis | undefined;

  constructor(question: HttpQuestion, options: http.RequestOptions) {
    this.#question = question;
    const secure = options.protocol === 'https:';
    this.#request = (secure ? https : http).request(options);
    this.#request.once('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => (this.#connect = this.#elapsed()));
    });
    this.#request.once('response', (response) => this.#read(response));
    this.#request.on('error', (error) => this.#lost(error)); // also after the end, when nobody cares any more
    this.#request.end(question.body);
  }

  end(outcome: Outcome): void {
    this.#outcome.resolve(outcome);
    this.#request.destroy();
  }

  #elapsed(): Millis {
    return measured(performance.now() - this.#started);
  }

  #lost(error: Error): void {
    this.end(lostBy(error, this.#connect !== undefined));
  }

  #read(response: http.IncomingMessage): void {
    const { status, contains } = this.#question.expect;
    const found = response.statusCode ?? 0;
    response.on('error', (error) => this.#lost(error));
    if (found !== status) {
      return this.end({ reason: 'status', code: String(found), message: `answered ${found}, wanted ${status}` });
    }
    const body: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      if (contains !== undefined && size < kept) body.push(chunk.subarray(0, kept - size));
      size += chunk.length;
    });
    response.once('end', () => {
      const took = this.#elapsed();
      const connect = this.#connect;
      this.end(unmet(this.#question, body, size) ?? { took, ...(connect !== undefined && { connect }) });
    });
  }
}

async function tryOnce(
  question: HttpQuestion,
  options: http.RequestOptions,
  timeout: Millis,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return 'aborted';
  const attempt = new HttpAttempt(question, options);
  const late = `no complete answer within ${sayDuration(timeout)}`;
  const timer = setTimeout(() => attempt.end({ reason: 'timeout', message: late }), timeout);
  const abort = () => attempt.end('aborted');
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await attempt.outcome;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** Without an agent: a new one for each request, as `agent: false` makes it, costs about a sixth of the request. */
const freshConnection: http.RequestOptions = {
  createConnection: ({ host, port }) => connect({ host: host ?? 'localhost', port: Number(port) }),
};

/** Each reading makes its own connection, as a new user would, and follows no redirect. Never rejects. */
export function httpProbe(plan: Pick<ProbePlan, 'id' | 'every' | 'timeout'>, question: HttpQuestion): Asker {
  const id = probeId(plan.id);
  const url = new URL(question.url);
  const options: http.RequestOptions = {
    ...urlToHttpOptions(url),
    method: question.method,
    headers: { 'user-agent': 'ripcord', ...question.headers, connection: 'close' },
    ...(url.protocol === 'https:' ? { agent: false } : freshConnection),
  };
  const ask = async (at: Instant, signal: AbortSignal): Promise<Reading> => {
    // A request that Node refuses to make, as for a header with a line break, throws at once.
    const outcome = await tryOnce(question, options, plan.timeout, signal).catch((error: Error) => lostBy(error, true));
    if (outcome === 'aborted') return { state: 'missing', probe: id, at };
    return 'took' in outcome
      ? { state: 'answered', probe: id, at, ...outcome }
      : { state: 'failed', probe: id, at, cause: outcome };
  };
  return { id, every: plan.every, ask };
}
