import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

import pRetry from 'p-retry';
import { Client, DatabaseError } from 'pg';

import { count } from '../core/kernel/count.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { clause, sentence } from '../core/kernel/sentence.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import { mayDoPart } from '../core/plan/step-rules.ts';
import { addressOf, parseUrl, sayAddress } from '../target/address.ts';
import { bounded } from '../target/bounded.ts';
import { StatementFailed, StatementTimedOut, WrongServer } from '../target/errors.ts';
import type { RequiredServer } from '../target/expected-server.ts';
import { explainPgError } from '../target/explain.ts';
import type { Login } from '../target/logins.ts';
import { searchPathOf } from '../target/session-settings.ts';
import { identityColumns, serverSeen } from '../target/who-answers.ts';
import type { Outcome } from './parts.ts';
import { asApproved } from './questions.ts';

/** The login that may undo. */
export interface UndoSql extends Login {
  /** The text is one statement that no transaction may be around: never tried again, as it may be done in part. */
  readonly alone?: boolean;
  /** Where names without a schema are looked up, as in the rest of the plan's SQL; the login's own path when left out. */
  readonly searchPath?: readonly string[];
  /** Which server the statement is meant for. */
  readonly server?: RequiredServer;
}

/** Errors after which the same statement may succeed. Any other is final. */
const mostTries: Readonly<Record<string, number>> = {
  '55P03': 8, // the lock was not free within lock_timeout: let the queue behind us go first
  '40P01': 4, // chosen as the victim of a deadlock
  '40001': 4, // lost a serialisation race
};
const lockTimeout = seconds(2);
/** How much longer than the step may take we wait: after that the network, not the statement, is what hangs. */
const grace = seconds(2);
const connectPatience = seconds(30);
/** Of the url; they would win over ours, and a session under another name is not found after a crash. */
const overridden = ['application_name', 'fallback_application_name', 'statement_timeout', 'query_timeout'];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** In the plan's words. What the server cancelled, and what it did not answer, both took too long. */
function causeOf(error: unknown): string | undefined {
  const code = codeOf(error);
  if (error instanceof StatementTimedOut || code === '57014') return 'timeout';
  if (code === 'ECONNREFUSED') return 'connection-refused';
  return /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function withoutOverridden(url: string): string {
  const parsed = parseUrl(url);
  for (const parameter of overridden) parsed.searchParams.delete(parameter);
  return parsed.href;
}

const silence = (url: string, tag: string, waited: Millis): Error =>
  new StatementTimedOut({
    found: `${sayAddress(addressOf(url))}: nothing came back within ${sayDuration(waited)}, so session ${tag} may still be at work`,
    wanted: 'an answer or an error from the server by then',
    todo: 'Look for it in pg_stat_activity, and at the network between',
  });

const leftOpen =
  'The text left a transaction open, and the server has taken back what was done in it: a commit is missing. Do by hand what is missing and say --done.';

interface Done {
  /** Of all its statements. */
  readonly rows: number;
  /** It began a transaction and did not end it: the server takes that back with the session. */
  readonly open: boolean;
}

/** In one question, since the way to the server may be long. Throws WrongServer. */
async function settle(client: Client, { url, server, searchPath }: UndoSql): Promise<void> {
  const path = searchPath === undefined ? '' : `; set search_path = ${searchPathOf(searchPath)}`;
  const who = server === undefined ? '' : `; select ${identityColumns}`;
  const mark = server?.mark();
  const answers = await client.query({ text: `set lock_timeout = ${lockTimeout}${path}${who}`, rowMode: 'array' });
  const rows = [answers].flat().at(-1)?.rows ?? [];
  server?.require(serverSeen((rows[0] ?? []) as readonly unknown[]), sayAddress(addressOf(url)), mark);
}

async function once(sql: string, tag: string, timeout: Millis, undo: UndoSql): Promise<Done> {
  const { url, alone = false } = undo;
  const socket = new Socket();
  const client = new Client({
    connectionString: withoutOverridden(url),
    application_name: tag,
    statement_timeout: timeout,
    keepAlive: true,
    stream: () => socket,
  });
  client.on('error', () => undefined); // a lost session rejects the query; there is nobody else to tell
  const within = <T>(limit: Millis, work: () => Promise<T>): Promise<T> =>
    bounded(socket, work, { patience: limit, late: () => silence(url, tag, limit) });
  const short = millis(Math.min(timeout, connectPatience));
  try {
    await within(short, () => client.connect());
    await within(short, () => settle(client, undo));
    // The extended protocol takes one statement only, and puts no transaction around it.
    const asked = alone ? { text: sql, values: [], queryMode: 'extended' } : { text: sql };
    const results = [await within(millis(timeout + grace), () => client.query(asked))].flat(); // several for several statements
    const rows = results.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
    return { rows, open: client.getTransactionStatus() !== 'I' };
  } finally {
    await within(grace, () => client.end()).catch(() => undefined);
    socket.destroy(); // a client that never connected has nothing to end, but has a socket
  }
}

/** One statement, or several in the one transaction that the server makes of them: all of it is done, or nothing. */
const isWhole = (sql: string, { alone }: UndoSql): boolean => alone !== true && !mayDoPart(sql);

/** What the server itself refused it has taken back; of a session that ended nobody knows. */
const isTakenBack = (error: unknown): boolean =>
  error instanceof DatabaseError && !/^(08|57P|40003)/.test(error.code ?? '');

/** How often a text was tried, since when, and whether a lock was ever not free. */
interface Tries {
  readonly times: number;
  readonly since: number;
  readonly locked: boolean;
}

function sayTries({ times, since, locked }: Tries): string {
  const each = locked ? `, waiting up to ${sayDuration(lockTimeout)} for its locks each time` : '';
  const spent = sayDuration(millis(performance.now() - since));
  return times === 1 ? '' : ` It was tried ${times} times within ${spent}${each}.`;
}

/** Refused before a session took the statement: the login, the database, the number of connections, or the server. */
const isSent = (error: unknown): boolean => !(error instanceof WrongServer) && !/^(28|3D000|53300)/.test(codeOf(error));

function sayNothingDone(error: unknown, sql: string, undo: UndoSql): string {
  if (!isSent(error)) return ' Nothing of it was done: no session took it.';
  return isWhole(sql, undo) && isTakenBack(error)
    ? ' Nothing of it was done: the server took the whole transaction back.'
    : '';
}

function questionOf(error: unknown, sql: string, undo: UndoSql, tries: Tries): string {
  const explained = explainPgError(error, undo.url, { during: 'asking', login: undo.login });
  const { found, wanted, todo } = explained;
  const taken = sayNothingDone(error, sql, undo);
  const next =
    explained instanceof StatementFailed
      ? `If you can change the database so that it runs, do so and say --again. ${asApproved('correct the statement')}`
      : `${sentence(todo)} Look at the database, then say whether the step is done or must run again.`;
  return `The statement failed: ${clause(found)}; wanted ${clause(wanted)}.${taken}${sayTries(tries)} ${next}`;
}

/**
 * Runs an undo statement in its own session, with a lock timeout. It is tried again, a bounded number of times, where
 * nothing of it can have been done: one statement, or several in the one transaction that the server makes of them.
 */
export async function runUndoSql(sql: string, tag: string, timeout: Millis, undo: UndoSql): Promise<Outcome> {
  const tried = new Map<string, number>();
  const since = performance.now();
  let times = 0;
  const next = () => {
    times += 1;
    return once(sql, tag, timeout, undo);
  };
  try {
    const { rows, open } = await pRetry(next, {
      retries: 10,
      minTimeout: 100,
      maxTimeout: 5_000,
      shouldRetry: ({ error }) => {
        if (!isWhole(sql, undo)) return false;
        const code = codeOf(error);
        const tries = (tried.get(code) ?? 0) + 1;
        tried.set(code, tries);
        return tries < (mostTries[code] ?? 0);
      },
    });
    return open ? { ended: 'badly', question: leftOpen, output: '' } : { ended: 'well', output: count(rows, 'row') };
  } catch (error) {
    const cause = causeOf(error);
    const question = questionOf(error, sql, undo, { times, since, locked: tried.has('55P03') });
    return { ended: 'badly', question, output: '', ...(cause !== undefined && { cause }) };
  }
}
