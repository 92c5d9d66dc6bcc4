import http from 'node:http';
import https from 'node:https';
import { connect, isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { connect as connectSecurely, createSecureContext, type SecureContext } from 'node:tls';
import { urlToHttpOptions } from 'node:url';

import { lateness, type OwnTime, ownTimeBetween } from '../core/evidence/own-time.ts';
import type { Failure, Part, Parts } from '../core/evidence/reading.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { measured, type Millis } from '../core/kernel/units.ts';
import { isUnanswered, type NameLookup, nameLookup, sayUnanswered, timeoutAfter } from '../system/name-lookup.ts';
import { ownTime } from '../target/own-time.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Certificate authorities (PEM) to trust instead of the public ones. */
  readonly ca?: string | undefined;
  /** How many bytes of the response body are kept. The whole body is read. */
  readonly keep: number;
  /** Checks the status before the body arrives. A failure ends the request. */
  readonly refuse: (status: number) => Failure | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** The target of a redirect, as the server wrote it. */
  readonly location?: string;
  /** The part of the body that was kept. */
  readonly body: Buffer;
  /** The size of the whole body, in bytes. */
  readonly size: number;
  /** From the name lookup to the last byte of the body, without the guard's wait for its turn to look the name up. */
  readonly took: Millis;
  /** The parts add up to `took`. */
  readonly parts: Parts;
  /** How much of `took` the guard itself used. */
  readonly own: OwnTime;
}

/** Nothing was sent: the guard did not learn the address, which says nothing about the server. `unnamed` says why. */
export interface Unnamed {
  readonly unnamed: string;
}

export type HttpOutcome = HttpAnswer | Failure | Unnamed | 'aborted';

/** Turns Node's error for a request without an answer into a failure. `ready`: the connection was established. */
export const lostBy = (error: Error, ready: boolean): Failure => {
  const told: unknown = error instanceof AggregateError ? error.errors[0] : error; // all of several addresses failed
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = (told instanceof Error && told.message) || code || 'the connection failed';
  return { reason: ready ? 'query' : 'connect', message, ...(code !== undefined && { code }) };
};

/** One request on its own connection. */
class HttpAttempt {
  readonly #started = performance.now();
  readonly #ownBefore = ownTime();
  readonly #asked: HttpRequest;
  readonly #host: string;
  readonly #names: NameLookup;
  readonly #request: http.ClientRequest;
  readonly #outcome = Promise.withResolvers<HttpOutcome>();
  readonly outcome = this.#outcome.promise;
  readonly #parts: { -readonly [Name in Part]?: Millis } = {};
  #last = measured(0);
  #ready = false;

  constructor(asked: HttpRequest, options: http.RequestOptions, names: NameLookup) {
    this.#asked = asked;
    this.#names = names;
    this.#host = options.hostname ?? '';
    const secure = options.protocol === 'https:';
    this.#request = (secure ? https : http).request({ ...options, lookup: names.lookup });
    this.#request.once('socket', (socket) => {
      socket.once('lookup', () => this.#ended('name')); // not emitted for an address
      socket.once('connect', () => {
        this.#ended('connect');
        this.#ready = !secure;
      });
      if (!secure) return;
      socket.once('secureConnect', () => {
        this.#ended('tls');
        this.#ready = true;
      });
    });
    this.#request.once('response', (response) => this.#read(response));
    this.#request.on('error', (error) => this.#lost(error)); // may also fire after the end, when it no longer matters
    this.#request.end(asked.body);
  }

  end(outcome: HttpOutcome): void {
    this.#outcome.resolve(outcome);
    this.#request.destroy();
  }

  /** Records a part that lasted from the end of the previous part until now. */
  #ended(part: Part): void {
    const now = measured(performance.now() - this.#started - this.#names.waited());
    this.#parts[part] = measured(now - this.#last);
    this.#last = now;
  }

  #lost(error: Error): void {
    this.end(isUnanswered(error) ? { unnamed: sayUnanswered(this.#host) } : lostBy(error, this.#ready));
  }

  /** Ends it after its time. Only a request that was sent can show that the server is slow. */
  late(timeout: Millis): void {
    if (this.#names.isWaiting()) return this.end({ unnamed: lateness.names });
    const name = this.#names.unanswered();
    if (name !== undefined) return this.end({ unnamed: sayUnanswered(name) });
    const within = `within ${sayDuration(timeout)}`;
    if (this.#ready) return this.end({ reason: 'timeout', message: `no complete answer ${within}` });
    const message = `${this.#parts.connect === undefined ? 'no connection' : 'no TLS handshake'} ${within}`;
    this.end({ reason: 'connect', code: 'ETIMEDOUT', message });
  }

  #read(response: http.IncomingMessage): void {
    this.#ended('first_byte');
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    response.on('error', (error) => this.#lost(error));
    const refused = this.#asked.refuse(status);
    if (refused !== undefined) return this.end(refused);
    const { keep } = this.#asked;
    const body: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      if (size < keep) body.push(chunk.subarray(0, keep - size));
      size += chunk.length;
    });
    response.once('end', () => {
      this.#ended('body');
      this.end({
        status,
        ...(location !== undefined && { location }),
        body: Buffer.concat(body),
        size,
        took: this.#last,
        parts: this.#parts,
        own: ownTimeBetween(this.#ownBefore, ownTime()),
      });
    });
  }
}

/** Uses no agent: `agent: false` would create one per request, which costs about a sixth of the request. */
function freshConnection(ca: string | undefined, secure: boolean): http.RequestOptions {
  let secureContext: SecureContext | undefined; // created once: parsing the certificates takes milliseconds
  return {
    createConnection({ host: name, port, lookup }) {
      const host = name ?? 'localhost';
      const place = { host, port: Number(port), ...(lookup !== undefined && { lookup }) };
      if (!secure) return connect(place);
      secureContext ??= createSecureContext(ca === undefined ? {} : { ca });
      const named = isIP(host) === 0 ? { servername: host } : {};
      return connectSecurely({ ...place, ...named, secureContext, ALPNProtocols: ['http/1.1'] });
    },
  };
}

/** `path` replaces the path in the address, for requests whose path changes. */
export type Requester = (timeout: Millis, signal: AbortSignal, path?: string) => Promise<HttpOutcome>;

/**
 * Returns a function that sends the request. Each call opens its own connection, as a new user would, and follows no
 * redirect. Never rejects: if Node refuses to send the request, the outcome is a `query` failure.
 */
export function httpRequester(asked: HttpRequest, lookups: () => NameLookup = nameLookup): Requester {
  const url = new URL(asked.url);
  const options: http.RequestOptions = {
    ...urlToHttpOptions(url),
    method: asked.method,
    headers: { 'user-agent': 'ripcord', ...asked.headers, connection: 'close' },
    ...freshConnection(asked.ca, url.protocol === 'https:'),
  };
  const attempt: Requester = async (timeout, signal, path) => {
    if (signal.aborted) return 'aborted';
    const names = lookups();
    const made = new HttpAttempt(asked, path === undefined ? options : { ...options, path }, names);
    const cancel = timeoutAfter(timeout, names, () => made.late(timeout));
    const abort = () => made.end('aborted');
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await made.outcome;
    } finally {
      cancel();
      signal.removeEventListener('abort', abort);
    }
  };
  return (...how) => attempt(...how).catch((error: Error) => lostBy(error, true));
}
