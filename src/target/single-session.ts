import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

import { Client, DatabaseError } from 'pg';

import type { Cell } from '../core/evidence/finding.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { measured, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { addressOf, sayAddress } from './address.ts';
import { bounded } from './bounded.ts';
import { StatementTimedOut } from './errors.ts';
import { type Circumstances, explainPgError } from './explain.ts';
import { requireSettings, type SessionOptions, sessionUrl, settingsQuery } from './session-settings.ts';

export type Value = string | number | bigint | boolean | null | readonly string[];
export interface QueryOptions {
  /** Instead of the session's statement timeout, for this query. */
  readonly timeout?: Millis;
  /** Aborting cuts the session; the server ends the statement at its timeout at the latest. */
  readonly signal?: AbortSignal | undefined;
  /** Asked again and again in this session: the server parses it once, and after a few times no longer plans it anew. */
  readonly prepared?: boolean;
}
export interface Answer {
  readonly rows: Cell[][];
  readonly fields: string[];
  /** From sending the statement to its last row. */
  readonly ms: Millis;
}

/** A statement, with the name under which the session keeps it, if it shall. */
interface Asked {
  readonly text: string;
  readonly name?: string;
}
const nameOf = (text: string): string => `ripcord ${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;

/** How much longer than the server we wait: after that the network, not the statement, is what hangs. */
const grace = seconds(1);
const asText = { getTypeParser: () => (value: string) => value };
/** SQLSTATEs after which the server closes the session: connection lost, shutdown or termination, an idle timeout. */
const farewell = /^(08|57P|25P0[345])/;
const elapsed = (since: number): Millis => measured(performance.now() - since);

/**
 * One session of the server. Once lost it stays lost, so that what belongs to it (a lock, an open transaction) is never
 * faked by another. Made by `openSession`.
 */
export class SingleSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #socket = new Socket();
  readonly #client: Client;
  #pid = 0;
  #connectMs = millis(0);
  #lost = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** The server's statement_timeout; undefined when a transaction may have changed it back. */
  #timeout: Millis | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeout = options.statementTimeout;
    this.#client = new Client({
      connectionString: sessionUrl(options),
      stream: () => this.#socket,
      types: asText,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.#client.on('error', () => this.#lose()); // while idle: the next query says so
  }

  /** Of the server's process. */
  get pid(): number {
    return this.#pid;
  }
  get connectMs(): Millis {
    return this.#connectMs;
  }
  get lost(): boolean {
    return this.#lost || this.#socket.destroyed || !this.#socket.writable;
  }

  /** Was in one, when it is lost. */
  get inTransaction(): boolean {
    return (this.#client.getTransactionStatus() ?? 'I') !== 'I';
  }

  /** Called once, by `openSession`. */
  async connect(signal?: AbortSignal): Promise<this> {
    const { url, login, statementTimeout: patience, lent = false, cost } = this.#options;
    const late = () => explainPgError(new Error(`no session within ${sayDuration(patience)}`), url);
    const started = performance.now();
    try {
      const work = () => bounded(this.#socket, () => this.#client.connect(), { patience, late, signal });
      await this.#explained(work, { during: 'connecting', lent, login }, signal);
      this.#connectMs = elapsed(started);
      if (lent) return this;
      const { rows } = await this.#ask({ text: settingsQuery }, [], patience, signal);
      const [pid, lock, readOnly] = rows[0] ?? [];
      requireSettings(this.#options, lock, readOnly);
      this.#pid = Number(pid);
      this.#connectMs = elapsed(started);
      return this;
    } catch (error) {
      this.#socket.destroy();
      throw error;
    } finally {
      cost?.(elapsed(started));
    }
  }

  /** One statement at a time, in the order of the calls. Rejects with a TargetError, or with the reason of an abort. */
  query(
    text: string,
    values: readonly Value[] = [],
    { timeout, signal, prepared }: QueryOptions = {},
  ): Promise<Answer> {
    const asked = prepared === true ? { text, name: nameOf(text) } : { text };
    const answer = this.#turn.then(() =>
      this.#inTurn(asked, values, timeout ?? this.#options.statementTimeout, signal),
    );
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #inTurn(asked: Asked, values: readonly Value[], timeout: Millis, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted(); // while it waited: the session is none the worse
    const started = performance.now();
    try {
      if (this.#timeout !== timeout && this.#options.lent !== true) {
        await this.#ask({ text: `set statement_timeout = ${Math.ceil(timeout)}` }, [], timeout, signal);
        this.#timeout = this.#client.getTransactionStatus() === 'I' ? timeout : undefined;
      }
      return await this.#ask(asked, values, timeout, signal);
    } finally {
      this.#options.cost?.(elapsed(started));
    }
  }

  #ask(asked: Asked, values: readonly Value[], timeout: Millis, signal?: AbortSignal): Promise<Answer> {
    const patience = millis(timeout + grace);
    const late = () => this.#noAnswer(patience);
    // The extended protocol takes one statement only: no text can smuggle in a second one. Without a name it is never stale.
    const statement = { ...asked, values: [...values], rowMode: 'array' as const, queryMode: 'extended' };
    const work = async () => {
      if (this.lost) throw new Error('the session was lost');
      const started = performance.now();
      const send = () => this.#client.query<Cell[]>(statement);
      const { rows, fields } = await bounded(this.#socket, send, { patience, late, signal });
      return { rows, fields: fields.map(({ name }) => name), ms: elapsed(started) };
    };
    const { readOnly, login } = this.#options;
    return this.#explained(work, { during: 'asking', readOnly, login }, signal);
  }

  async #explained<T>(work: () => Promise<T>, circumstances: Circumstances, signal?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseError) || farewell.test(error.code ?? '')) this.#lose();
      if (signal?.aborted === true) throw signal.reason;
      throw explainPgError(error, this.#options.url, circumstances);
    }
  }

  #noAnswer(patience: Millis): Error {
    return new StatementTimedOut({
      found: `${sayAddress(addressOf(this.#options.url))}: nothing came back within ${sayDuration(patience)}`,
      wanted: 'an answer, or at least the server’s refusal, by then',
      todo: 'Look at the network between; the connection was cut and the next question makes a new one',
    });
  }

  #lose(): void {
    this.#lost = true;
    this.#socket.destroy();
  }

  /** Says goodbye; when that hangs, hangs up. A statement under way is cut off. */
  async close(): Promise<void> {
    const hangUp = setTimeout(() => this.#socket.destroy(), grace);
    this.#lost = true;
    await this.#client.end().finally(() => clearTimeout(hangUp));
    this.#lose(); // a client that never connected has nothing to end, but may have a socket
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Connects at once. Rejects with TargetUnreachable or TargetRefused, or with the reason of an abort. */
export const openSession = (options: SessionOptions, signal?: AbortSignal): Promise<SingleSession> =>
  new SingleSession(options).connect(signal);
