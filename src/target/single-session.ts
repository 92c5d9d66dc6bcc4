import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { Client, DatabaseError } from 'pg';

import type { Cell } from '../core/evidence/finding.ts';
import { ownTimeBetween } from '../core/evidence/own-time.ts';
import { measured, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { addressOf, sayAddress } from './address.ts';
import { bounded } from './bounded.ts';
import { TargetRefused } from './errors.ts';
import { type Circumstances, explainPgError, noAnswer, noSession } from './explain.ts';
import { LookingSocket } from './looking-socket.ts';
import { ownTime } from './own-time.ts';
import {
  requireSettings,
  sessionChanged,
  type SessionOptions,
  type SessionState,
  sessionUrl,
  settingsCount,
  settingsQuery,
} from './session-settings.ts';
import { enter, holdOn, leave, letGo, sayRenamed } from './reading.ts';
import type { Answer, Asked, QueryOptions, Value } from './query.ts';
import { identityColumns, mayNotIdentify, serverSeen } from './who-answers.ts';

const isSame = (a: readonly Cell[] | undefined, b: readonly Cell[]): boolean => JSON.stringify(a) === JSON.stringify(b);
const nameOf = (text: string): string => `ripcord ${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;

/** How much longer than the server we wait. After that, the network hangs and not the statement. */
const grace = seconds(1);
const asText = { getTypeParser: () => (value: string) => value };
/** SQLSTATEs after which the server closes the session: connection lost, shutdown or termination, an idle timeout. */
const farewell = /^(08|57P|25P0[345])/;
const elapsed = (since: number): Millis => measured(performance.now() - since);

/**
 * One session of the server. Once lost it stays lost, so that no other session can pretend to have its state (a lock,
 * an open transaction). Created by `openSession`.
 */
export class SingleSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #socket = new LookingSocket();
  readonly #client: Client;
  #pid = 0;
  /** The new session's report about itself. */
  #state: SessionState = [];
  #connectMs = millis(0);
  #lost = false;
  #epoch: number | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** The server's statement_timeout; undefined if a transaction may have changed it back. */
  #timeout: Millis | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeout = options.statementTimeout;
    this.#client = new Client({
      connectionString: sessionUrl(options),
      stream: () => this.#socket,
      types: asText,
      pipeline: options.readsUserData === true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    this.#client.on('error', () => this.#lose()); // while idle: the next query says so
    if (options.onEnd !== undefined) this.#socket.once('close', options.onEnd);
  }

  /** The pid of the server process. */
  get pid(): number {
    return this.#pid;
  }
  get connectMs(): Millis {
    return this.#connectMs;
  }
  /** How long it waited for its turn to look the server's name up. */
  readonly waited = (): Millis => this.#socket.names.waited();
  get lost(): boolean {
    return this.#lost || this.#socket.destroyed || !this.#socket.writable;
  }

  /** The expected server has changed since the session was opened. */
  get outdated(): boolean {
    return this.#epoch !== this.#options.server?.epoch;
  }

  /** Whether the session was inside a transaction of its user when it was lost. */
  get inTransaction(): boolean {
    return this.#options.readsUserData !== true && (this.#client.getTransactionStatus() ?? 'I') !== 'I';
  }

  /** Called once, by `openSession`. */
  async connect(signal?: AbortSignal): Promise<this> {
    const { url, login, statementTimeout: patience, lent = false, cost } = this.#options;
    const { names } = this.#socket;
    const late = () => noSession(url, patience, names);
    const started = performance.now();
    const spent = () => measured(elapsed(started) - names.waited());
    try {
      const work = () => bounded(this.#socket, () => this.#client.connect(), { patience, late, signal, names });
      await this.#explained(work, { during: 'connecting', lent, login }, signal);
      this.#connectMs = spent();
      if (!lent) await this.#introduce(patience, signal);
      this.#connectMs = spent();
      return this;
    } catch (error) {
      this.#socket.destroy();
      throw error;
    } finally {
      cost?.(spent());
    }
  }

  /** Reads what the session is and which server it reached, before any other query. */
  async #introduce(patience: Millis, signal?: AbortSignal): Promise<void> {
    const { server, url } = this.#options;
    this.#epoch = server?.epoch;
    const mark = server?.mark();
    const text = server === undefined ? settingsQuery : `${settingsQuery}, ${identityColumns}`;
    const address = addressOf(url);
    const { rows } = await this.#ask({ text }, patience, signal).catch((error: unknown) => {
      const isRefused = server !== undefined && error instanceof TargetRefused && error.code === '42501';
      throw isRefused ? mayNotIdentify(address.user, sayAddress(address), error) : error;
    });
    const said = rows[0] ?? [];
    this.#state = said.slice(0, settingsCount);
    requireSettings(this.#options, this.#state);
    this.#pid = Number(this.#state[0]);
    server?.require(serverSeen(said.slice(settingsCount)), sayAddress(address), mark);
  }

  /**
   * Runs one statement at a time, in the order of the calls. Rejects with a TargetError, or with the reason of an
   * abort.
   */
  query(text: string, values: readonly Value[] = [], { prepared, ...options }: QueryOptions = {}): Promise<Answer> {
    const asked = { text, values, ...(prepared === true && { name: nameOf(text) }) };
    const within = { timeout: this.#options.statementTimeout, ...options };
    const answer = this.#turn.then(() => this.#serialQueue(asked, within));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #serialQueue(asked: Asked, options: QueryOptions & { readonly timeout: Millis }): Promise<Answer> {
    const { timeout, signal } = options;
    signal?.throwIfAborted(); // aborted while queued: the session is unharmed
    const started = performance.now();
    try {
      if (this.#timeout !== timeout && this.#options.lent !== true) {
        await this.#ask({ text: `set statement_timeout = ${Math.ceil(timeout)}` }, timeout, signal);
        this.#timeout = this.#client.getTransactionStatus() === 'I' ? timeout : undefined;
      }
      if (this.#options.readsUserData !== true) return await this.#ask(asked, timeout, signal);
      return await this.#read(asked, options);
    } finally {
      this.#options.cost?.(elapsed(started));
    }
  }

  /** Sends everything at once, for a single round trip. */
  async #read(
    asked: Asked,
    { timeout, signal, holding = [] }: QueryOptions & { readonly timeout: Millis },
  ): Promise<Answer> {
    const send = (one: Asked) => this.#send(one, timeout, signal);
    const hold = holding.length === 0 ? undefined : holdOn(holding);
    const { stream } = this.#client.connection;
    stream.cork(); // a single write: writing costs more than anything else here
    const sent = Promise.allSettled([
      send(enter),
      hold && send(hold[0]),
      hold && send(hold[1]),
      this.#ask(asked, timeout, signal),
      send(leave),
      hold && send(letGo),
    ]);
    stream.uncork();
    const [begun, locked, meant, answered, ended] = await sent;
    if (begun.status === 'rejected') throw begun.reason;
    if (locked.status === 'rejected') throw locked.reason;
    if (meant.status === 'rejected') throw sayRenamed(meant.reason, holding);
    if (ended.status === 'rejected' || !isSame(ended.value.rows[0], this.#state)) this.#lose();
    if (answered.status === 'rejected') throw answered.reason;
    if (ended.status === 'rejected') throw ended.reason;
    if (this.lost) throw sessionChanged(this.#options.url, this.#state, ended.value.rows[0]);
    return answered.value;
  }

  /** Also measures the time until the last row. */
  async #ask(asked: Asked, timeout: Millis, signal?: AbortSignal): Promise<Answer> {
    const [started, before] = [performance.now(), ownTime()];
    const answer = await this.#send(asked, timeout, signal);
    return { ...answer, ms: elapsed(started), own: ownTimeBetween(before, ownTime()) };
  }

  #send(asked: Asked, timeout: Millis, signal?: AbortSignal): Promise<Pick<Answer, 'rows' | 'fields'>> {
    const patience = millis(timeout + grace);
    const late = () => noAnswer(this.#options.url, patience);
    // The extended protocol takes a single statement, so no text can smuggle in a second one. An unnamed statement is
    // never stale.
    const queryMode = asked.script === true ? undefined : 'extended';
    const statement = { ...asked, values: [...(asked.values ?? [])], rowMode: 'array' as const, queryMode };
    const work = async () => {
      if (this.lost) throw new Error('the session was lost');
      const query = () => this.#client.query<Cell[]>(statement);
      const answer = await bounded(this.#socket, query, { patience, late, signal });
      const { rows, fields } = Array.isArray(answer) ? (answer.at(-1) as typeof answer) : answer;
      return { rows, fields: fields.map(({ name }) => name) };
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

  #lose(): void {
    this.#lost = true;
    this.#socket.destroy();
  }

  /** Resolves when every query sent so far is answered. */
  readonly idle = (): Promise<unknown> => this.#turn;

  /** Ends the session politely; if that hangs, closes the socket. A running statement is cut off. */
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
export const openSession = async (options: SessionOptions, signal?: AbortSignal): Promise<SingleSession> =>
  new SingleSession(options).connect(signal);
