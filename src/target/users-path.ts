import { performance } from 'node:perf_hooks';

import { noOwnTime, type OwnTime, ownTimeSum } from '../core/evidence/own-time.ts';
import type { TargetIdentity } from '../core/evidence/target.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { measured, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { addressOf, sayAddress } from './address.ts';
import type { RequiredServer } from './expected-server.ts';
import { TransactionEnded } from './errors.ts';
import { explainPgError } from './explain.ts';
import type { Answer } from './query.ts';
import { lockTimeout, type SessionOptions } from './session-settings.ts';
import { openSession, type SingleSession } from './single-session.ts';
import { ChangedMeanwhile, type Vetting } from './untrusted-code.ts';
import { identityColumns, identityWithoutCluster, mayReadCluster, serverSeen } from './who-answers.ts';

/** The result of one query on a new connection. */
export type Visit =
  /** `connect`: from the address to a session that accepts the query, either lent by a pooler or the server's own. */
  | { readonly state: 'answered'; readonly connect: Millis; readonly took: Millis; readonly own?: OwnTime }
  /** No session, or none that accepts a query. */
  | { readonly state: 'unreached'; readonly error: unknown }
  | { readonly state: 'failed'; readonly error: unknown }
  /** No attempt was made: the maximum number of visits is in progress, or the last one started too recently. */
  | { readonly state: 'full' };

export interface VisitOptions {
  /** For opening a session, and again for the statement. */
  readonly timeout: Millis;
  readonly signal: AbortSignal;
}

/** The path that users take to the database: a new connection for each query, through whatever stands in between. */
export interface UsersPath {
  /** Whether the guard's own login is used. A refusal is then the guard's problem and not the users'. */
  readonly asGuard: boolean;
  /** Runs one statement in a read-only transaction of its own that leaves no trace. Never rejects, and leaves nothing open. */
  visit(statement: string, options: VisitOptions): Promise<Visit>;
  /**
   * Runs statements that write, one after the other, in a transaction that is always rolled back. Never rejects, and leaves
   * nothing open. The application's login only.
   */
  write(statements: readonly string[], options: VisitOptions): Promise<Visit>;
  /** The number of open connections. */
  readonly open: number;
}

export interface UsersPathParts {
  readonly url: string;
  readonly asGuard: boolean;
  /** How the guard's own login queries without running untrusted code; left out if the application's login is used. */
  readonly own?: {
    readonly session: SessionOptions;
    readonly vetting: Vetting;
  };
  /** The most connections open at once. */
  readonly most: number;
  /** The shortest time between the starts of two visits: with many probes, a server would spend its time forking. */
  readonly apart: Millis;
  readonly cost?: (spent: Millis) => void;
  /** The server that each visit must reach. */
  readonly server?: RequiredServer & { readonly expected: TargetIdentity | undefined };
  /**
   * Called at each visit: whether this login may read the cluster identifier. If not, a copy of the target may answer
   * unnoticed.
   */
  readonly onCluster?: (isRead: boolean) => void;
}

/** If the guard is cut off in the middle, the server ends the transaction, and with it its locks, this long after the timeout. */
const idleGrace = seconds(1);
const settings = `select ${mayReadCluster}, pg_catalog.set_config('statement_timeout', $1, true),
  pg_catalog.set_config('lock_timeout', $2, true), pg_catalog.set_config('idle_in_transaction_session_timeout', $3, true)`;

/** Throws WrongServer. For a login that may not read the cluster identifier, only the rest is compared. */
async function requireServer(
  session: SingleSession,
  { server, url, onCluster }: UsersPathParts,
  mayRead: boolean,
  options: VisitOptions,
): Promise<void> {
  if (server === undefined) return;
  const mark = server.mark();
  const { rows } = await session.query(`select ${mayRead ? identityColumns : identityWithoutCluster}`, [], options);
  const seen = serverSeen(rows[0] ?? []);
  onCluster?.(mayRead);
  const at = sayAddress(addressOf(url));
  server.require(mayRead ? seen : { ...seen, system: server.expected?.system ?? '' }, at, mark);
}

/** What a visit does. `writes`: in the transaction that the application would get, so that it meets the same refusals. */
interface Work {
  readonly statements: readonly string[];
  readonly writes: boolean;
}

/** Once the transaction has begun, a server and not only a pooler has accepted the query. */
async function enter(
  session: SingleSession,
  parts: UsersPathParts,
  { writes }: Work,
  rest: Millis,
  options: VisitOptions,
): Promise<void> {
  const { url } = parts;
  const { timeout } = options;
  const late = AbortSignal.timeout(Math.max(1, Math.ceil(rest)));
  const signal = AbortSignal.any([options.signal, late]);
  try {
    await session.query(writes ? 'begin' : 'begin transaction read only', [], { timeout, signal });
    const limits = [timeout, writes ? timeout : lockTimeout, timeout + idleGrace].map((one) => String(Math.ceil(one)));
    const { rows } = await session.query(settings, limits, { timeout, signal });
    await requireServer(session, parts, rows[0]?.[0] === 't', { timeout, signal });
    await session.query('savepoint question', [], { timeout, signal });
  } catch (error) {
    if (error !== late.reason) throw error;
    throw explainPgError(new Error(`no session for the query within ${sayDuration(timeout)}`), url);
  }
}

/**
 * A pooler discards the server's session if its client leaves inside a transaction. The savepoint discards what the
 * query set in a session that the application gets next. Rolling back the whole transaction would count as a rollback
 * of the application.
 */
async function leave(session: SingleSession): Promise<void> {
  for (const statement of ['rollback to savepoint question', 'commit']) {
    if (!session.lost && session.inTransaction) await session.query(statement).catch(() => undefined);
  }
  await session.close().catch(() => undefined);
}

/** The time of the statements together. They share the timeout. */
async function writeAll(
  statements: readonly string[],
  session: SingleSession,
  { timeout, signal }: VisitOptions,
): Promise<Pick<Answer, 'ms' | 'own'>> {
  let [ms, own] = [millis(0), noOwnTime];
  for (const statement of statements) {
    const answer = await session.query(statement, [], { timeout: millis(Math.max(1, timeout - ms)), signal });
    if (!session.inTransaction) throw new TransactionEnded(statement);
    ms = measured(ms + answer.ms);
    own = ownTimeSum(own, answer.own ?? noOwnTime);
  }
  return { ms, own };
}

async function visitOnce(parts: UsersPathParts, work: Work, options: VisitOptions): Promise<Visit> {
  const { url, own, cost } = parts;
  const { timeout, signal } = options;
  const started = performance.now();
  const [statement = ''] = work.statements;
  const lent = {
    url,
    login: 'users_url',
    name: 'users',
    readOnly: !work.writes,
    lent: true,
    statementTimeout: timeout,
  } as const;
  const about: SessionOptions = own === undefined ? lent : { ...own.session, statementTimeout: timeout };
  let session: SingleSession | undefined;
  const passed = () => measured(performance.now() - started - (session?.waited() ?? 0));
  let connect: Millis | undefined;
  const changes = own?.vetting.changes();
  try {
    session = await openSession({ ...about, ...(cost !== undefined && { cost }) }, signal);
    if (own === undefined) await enter(session, parts, work, millis(timeout - passed()), options);
    connect = passed();
    const { ms: took, own: spent } = work.writes
      ? await writeAll(work.statements, session, options)
      : await session.query(statement, [], { timeout, signal });
    await own?.vetting.vet(statement, performance.now());
    if (own?.vetting.changes() !== changes) throw new ChangedMeanwhile();
    return { state: 'answered', connect, took, ...(spent !== undefined && { own: spent }) };
  } catch (error) {
    return { state: connect === undefined ? 'unreached' : 'failed', error };
  } finally {
    if (session !== undefined) await leave(session);
  }
}

export function usersPath(parts: UsersPathParts): UsersPath {
  let open = 0;
  let nextAt = 0;
  const run = async (work: Work, options: VisitOptions): Promise<Visit> => {
    const now = performance.now();
    if (open >= parts.most || now < nextAt) return { state: 'full' };
    nextAt = now + parts.apart;
    open += 1;
    try {
      for (const statement of work.statements) await parts.own?.vetting.vet(statement);
      return await visitOnce(parts, work, options);
    } catch (error) {
      return { state: 'failed', error };
    } finally {
      open -= 1;
    }
  };
  return {
    asGuard: parts.asGuard,
    visit: (statement, options) => run({ statements: [statement], writes: false }, options),
    write: (statements, options) => run({ statements, writes: true }, options),
    get open() {
      return open;
    },
  };
}
