import { createHash } from 'node:crypto';

import { sayTarget, type TargetIdentity } from '../core/evidence/target.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { type Millis, seconds } from '../core/kernel/units.ts';
import { withDatabase } from './address.ts';
import type { RequiredServer } from './expected-server.ts';
import { openSession, type SingleSession } from './single-session.ts';
import { type LockSession, lockSessionName } from './who-answers.ts';

/** The session that holds the lock, as far as the server shows it. */
export interface LockHolder {
  readonly pid: number;
  readonly login: string;
  readonly applicationName: string;
  /** Absent over a Unix socket, and if this login may not see it. */
  readonly clientAddress?: string;
  /** In the server's words. Absent if this login may not see it. */
  readonly since?: string;
}

const guardsName = `ripcord ${lockSessionName}`;

/** `session 812 (psql, login bob) from 10.0.0.5 since 2026-11-22 02:14:07+00`, and a note if it is not a guard. */
export function sayHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'a session that ended before the guard could identify it';
  const { pid, login, applicationName, clientAddress, since } = holder;
  const from = clientAddress === undefined ? '' : ` from ${clientAddress}`;
  const other = applicationName === guardsName ? '' : ', which is not Ripcord';
  return `session ${pid} (${applicationName || 'no name'}, login ${login})${from}${since === undefined ? '' : ` since ${since}`}${other}`;
}

function toMakeRoom(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'Try again';
  const end = `select pg_terminate_backend(${holder.pid})`;
  return holder.applicationName === guardsName
    ? `Stop the other guard; if its session remains: ${end}`
    : `Find out who runs that session; to end it: ${end}`;
}

/** Another guard already guards this target. Two guards would act on it at the same time. */
export class GuardLockRefused extends RipcordError {
  readonly holder: LockHolder | undefined;
  constructor(identity: TargetIdentity, holder: LockHolder | undefined) {
    super(
      {
        found: `Another session holds the guard lock of ${sayTarget(identity)}: ${sayHolder(holder)}`,
        wanted: 'to be the only guard of this target',
        todo: toMakeRoom(holder),
      },
      exitCodes.refused,
    );
    this.holder = holder;
  }
}

/** Another session holds the lock. */
export interface Rival {
  /** Undefined if the session was gone before it could be examined. */
  readonly holder: LockHolder | undefined;
  /** Whether it may be our own lost session, which the server has not noticed yet. */
  readonly mayBeOurs: boolean;
}

export interface GuardLock extends AsyncDisposable {
  /** What is known without a query: the session ended, or belongs to a server that a failover left behind. */
  readonly lost: boolean;
  /** The session that holds the lock; undefined once it is lost. */
  readonly heldBy: LockSession | undefined;
  /** Called as soon as the session that holds the lock ends. */
  onLost(listener: () => void): void;
  /**
   * Asks the server, in the session that took the lock, whether it is still held. False once that session is lost or
   * does not answer in time.
   */
  held(patience?: Millis): Promise<boolean>;
  /**
   * Takes the lock again in a new session if it is no longer held. Otherwise returns the holder, which may be our own
   * lost session until the server notices the loss (about half a minute). Rejects with a TargetError if there is no
   * session.
   */
  retake(): Promise<'held' | Rival>;
  /** Releases the lock for good, so that the process that is now the guard can take it. */
  release(): Promise<void>;
}

/** 64 bits of the hash of cluster and database, as the signed number that advisory locks take. */
export const guardLockKey = ({ system, database }: Pick<TargetIdentity, 'system' | 'database'>): string =>
  createHash('sha256').update(`ripcord guard ${system} ${database}`).digest().readBigInt64BE().toString();

/** pg_locks shows the halves of a 64-bit key separately, with objsubid 1. An advisory lock belongs to one database. */
const ofKey = `l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.classid = ((($1::bigint) >> 32) & 4294967295)::oid and l.objid = (($1::bigint) & 4294967295)::oid
  and l.database = (select oid from pg_database where datname = current_database())`;

const take = async (session: SingleSession, key: string): Promise<boolean> =>
  (await session.query('select pg_try_advisory_lock($1::bigint)', [key])).rows[0]?.[0] === 't';

async function holderOf(session: SingleSession, key: string): Promise<LockHolder | undefined> {
  const { rows } = await session.query(
    `select l.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), host(a.client_addr),
            date_trunc('second', a.backend_start)
     from pg_locks l left join pg_stat_activity a on a.pid = l.pid where ${ofKey}`,
    [key],
  );
  const [[pid, login, applicationName, clientAddress, since] = []] = rows;
  if (pid === undefined || pid === null) return undefined;
  return {
    pid: Number(pid),
    login: login ?? '',
    applicationName: applicationName ?? '',
    ...(typeof clientAddress === 'string' && { clientAddress }),
    ...(typeof since === 'string' && { since }),
  };
}

/** Options for taking the lock. */
export interface LockOptions {
  /** The cluster to take the lock in. A lock in another cluster would protect nothing. */
  readonly server?: RequiredServer;
  /** Ends the wait for the first session. */
  readonly signal?: AbortSignal | undefined;
}

const openAtLock = (url: string, { server, signal }: LockOptions = {}, onEnd?: () => void): Promise<SingleSession> =>
  openSession(
    {
      url: withDatabase(url, 'postgres'),
      name: lockSessionName,
      readOnly: true,
      statementTimeout: seconds(5),
      ...(server !== undefined && { server }),
      ...(onEnd !== undefined && { onEnd }),
    },
    signal,
  );

/** The current guard of a target, if there is one. Rejects with a TargetError. */
export async function guardOf(url: string, identity: TargetIdentity): Promise<LockHolder | undefined> {
  await using session = await openAtLock(url);
  return await holderOf(session, guardLockKey(identity));
}

/** Each step of a rollback waits for this answer. */
const usualPatience = seconds(2);

async function isHeld(session: SingleSession, key: string, timeout: Millis = usualPatience): Promise<boolean> {
  if (session.lost || session.outdated) return false;
  const mine = session.query(`select from pg_locks l where l.pid = pg_backend_pid() and ${ofKey}`, [key], { timeout });
  return mine.then(
    ({ rows }) => rows.length === 1,
    () => false,
  );
}

/**
 * Takes the lock that makes this process the only guard of a target. The lock is in the server's maintenance database,
 * which stays when the target database is swapped, in a read-only session that lasts as long as the lock. Rejects with
 * GuardLockRefused if another session holds it, and with a TargetError if there is no session.
 */
export async function takeGuardLock(
  url: string,
  identity: TargetIdentity,
  { signal, ...options }: LockOptions = {},
): Promise<GuardLock> {
  const key = guardLockKey(identity);
  let lost: (() => void) | undefined;
  const open = (until?: AbortSignal) => openAtLock(url, { ...options, signal: until }, () => lost?.());
  await using undo = new AsyncDisposableStack();
  let session = undo.use(await open(signal));
  if (!(await take(session, key))) {
    const holder = await holderOf(session, key);
    // The other session may have released the lock in between.
    if (holder !== undefined || !(await take(session, key))) throw new GuardLockRefused(identity, holder);
  }
  const [[login] = []] = (await session.query('select oid from pg_roles where rolname = session_user')).rows;
  undo.move();
  let ours = session.pid;

  const held = (timeout?: Millis) => isHeld(session, key, timeout);
  let isReleased = false;
  const retakeOnce = async (): Promise<'held' | Rival> => {
    if (isReleased) return { holder: undefined, mayBeOurs: false };
    if (await held()) return 'held';
    await session.close();
    session = await open();
    if (!(await take(session, key))) {
      const holder = await holderOf(session, key);
      return { holder, mayBeOurs: holder === undefined || holder.pid === ours };
    }
    ours = session.pid;
    return 'held';
  };
  let retaking: Promise<'held' | Rival> | undefined;
  const release = async () => {
    isReleased = true;
    lost = undefined;
    await retaking?.catch(() => undefined);
    await session.close();
  };
  return {
    get lost() {
      return session.lost || session.outdated;
    },
    get heldBy() {
      return session.lost || session.outdated ? undefined : { pid: session.pid, login: login ?? '' };
    },
    onLost(listener) {
      lost = listener;
    },
    held,
    retake: () => (retaking ??= retakeOnce().finally(() => (retaking = undefined))),
    release,
    [Symbol.asyncDispose]: release,
  };
}
