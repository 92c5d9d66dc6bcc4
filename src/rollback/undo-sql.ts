import { performance } from 'node:perf_hooks';

import pRetry from 'p-retry';
import { Client, DatabaseError } from 'pg';

import { count } from '../core/kernel/count.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { clause, sentence } from '../core/kernel/sentence.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import { mayDoPart } from '../core/plan/step-rules.ts';
import { isUnanswered } from '../system/name-lookup.ts';
import { addressOf, parseUrl, requireTlsFiles, sayAddress } from '../target/address.ts';
import { bounded } from '../target/bounded.ts';
import { NameUnknown, StatementFailed, StatementTimedOut, WrongServer } from '../target/errors.ts';
import type { RequiredServer } from '../target/expected-server.ts';
import { explainPgError, noName } from '../target/explain.ts';
import type { Login } from '../target/logins.ts';
import { LookingSocket } from '../target/looking-socket.ts';
import { searchPathOf } from '../target/session-settings.ts';
import { identityColumns, serverSeen } from '../target/who-answers.ts';
import type { Outcome } from './parts.ts';
import { asApproved } from './questions.ts';

/** The login for undo statements. */
export interface UndoSql extends Login {
  /** One statement that cannot run in a transaction. It is never retried, because it may have been done in part. */
  readonly alone?: boolean;
  /** The search path, as for the plan's other SQL; the default is the login's own. */
  readonly searchPath?: readonly string[];
  /** The server that the statement must run on. */
  readonly server?: RequiredServer;
}

/** Errors after which the same statement may succeed, with the number of tries. Any other error is final. */
const mostTries: Readonly<Record<string, number>> = {
  '55P03': 8, // the lock was not free within lock_timeout: let the sessions behind us go first
  '40P01': 4, // chosen as the victim of a deadlock
  '40001': 4, // serialisation failure
};
const lockTimeout = seconds(2);
/** How long to wait beyond the step's timeout. After that, the network is at fault, not the statement. */
const grace = seconds(2);
const connectPatience = seconds(30);
/** Parameters in the url that would override ours. A session with another name would not be found after a crash. */
const overridden = ['application_name', 'fallback_application_name', 'statement_timeout', 'query_timeout'];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** The cause in the plan's terms. A cancelled statement and a missing answer both count as a timeout. */
function causeOf(error: unknown): string | undefined {
  const code = codeOf(error);
  if (error instanceof StatementTimedOut || code === '57014') return 'timeout';
  if (code === 'ECONNREFUSED') return 'connection-refused';
  return /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function withoutOverridden(url: string): string {
  const parsed = parseUrl(url);
  requireTlsFiles(parsed);
  for (const parameter of overridden) parsed.searchParams.delete(parameter);
  return parsed.href;
}

const silence = (url: string, tag: string, waited: Millis): Error =>
  new StatementTimedOut({
    found: `${sayAddress(addressOf(url))}: nothing came back within ${sayDuration(waited)}, so session ${tag} may still be at work`,
    wanted: 'an answer or a cancellation by then',
    todo: 'Look for it in pg_stat_activity, and check the network in between',
  });

const leftOpen =
  'The SQL left a transaction open, so the server rolled it back: a commit is missing. Do by hand what is missing and say --done.';

interface Done {
  /** The number of rows of all its statements. */
  readonly rows: number;
  /** It began a transaction and did not end it, so the server rolls it back at the end of the session. */
  readonly open: boolean;
}

/** Prepares the session in a single query, because the network may be slow. Throws WrongServer. */
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
  const socket = new LookingSocket();
  const { names } = socket;
  const client = new Client({
    connectionString: withoutOverridden(url),
    application_name: tag,
    statement_timeout: timeout,
    keepAlive: true,
    stream: () => socket,
  });
  client.on('error', () => undefined); // a lost session already rejects the query
  const within = <T>(limit: Millis, work: () => Promise<T>): Promise<T> =>
    bounded(socket, work, { patience: limit, late: () => silence(url, tag, limit) });
  const short = millis(Math.min(timeout, connectPatience));
  try {
    await bounded(socket, () => client.connect(), {
      patience: short,
      late: () => noName(url, names) ?? silence(url, tag, short),
      names,
    });
    await within(short, () => settle(client, undo));
    // The extended protocol allows one statement only, and adds no transaction around it.
    const asked = alone ? { text: sql, values: [], queryMode: 'extended' } : { text: sql };
    const results = [await within(millis(timeout + grace), () => client.query(asked))].flat(); // one result per statement
    const rows = results.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
    return { rows, open: client.getTransactionStatus() !== 'I' };
  } finally {
    await within(grace, () => client.end()).catch(() => undefined);
    socket.destroy(); // a client that never connected cannot be ended, but has a socket
  }
}

/** One statement, or several that the server runs in one implicit transaction: all or nothing is done. */
const isWhole = (sql: string, { alone }: UndoSql): boolean => alone !== true && !mayDoPart(sql);

/** After an error from the server, everything is rolled back. After a lost session, that is unknown. */
const isTakenBack = (error: unknown): boolean =>
  error instanceof DatabaseError && !/^(08|57P|40003)/.test(error.code ?? '');

/** How often the SQL was tried, since when, and whether a try failed to get a lock. */
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

/** False if the name, the login, the database, the connection limit or the wrong server prevented a session. */
const isSent = (error: unknown): boolean =>
  !(error instanceof WrongServer || error instanceof NameUnknown || isUnanswered(error)) &&
  !/^(28|3D000|53300)/.test(codeOf(error));

function sayNothingDone(error: unknown, sql: string, undo: UndoSql): string {
  if (!isSent(error)) return ' Nothing was done: no session could run it.';
  return isWhole(sql, undo) && isTakenBack(error)
    ? ' Nothing was done: the server rolled the whole transaction back.'
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
 * Runs an undo statement in its own session, with a lock timeout. It retries a limited number of times, but only if nothing
 * can have been done: a single statement, or several that the server runs in one implicit transaction.
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
