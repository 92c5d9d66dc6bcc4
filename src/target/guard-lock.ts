import { createHash } from 'node:crypto';

import { sayTarget, type TargetIdentity } from '../core/evidence/target.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import { withDatabase } from './address.ts';
import { openSession, type SingleSession } from './single-session.ts';

/** Who holds the lock, as far as the server lets us see. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string;
  /** Absent over a Unix socket, and when this login may not see it. */
  readonly clientAddress?: string;
  /** In the server's words. Absent when this login may not see it. */
  readonly since?: string;
}

export function sayHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'another session';
  const { pid, applicationName, clientAddress, since } = holder;
  const from = clientAddress === undefined ? '' : ` from ${clientAddress}`;
  return `session ${pid} (${applicationName})${from}${since === undefined ? '' : ` since ${since}`}`;
}

/** Another guard guards this target. Two would act on it at the same time. */
export class GuardLockRefused extends RipcordError {
  readonly holder: LockHolder | undefined;
  constructor(identity: TargetIdentity, holder: LockHolder | undefined) {
    super(
      {
        found: `${sayHolder(holder)} holds the guard lock of ${sayTarget(identity)}`,
        wanted: 'to be the only guard of this target',
        todo:
          holder === undefined
            ? 'Try again'
            : `Stop the other guard; when it is gone and its session is left over: select pg_terminate_backend(${holder.pid})`,
      },
      exitCodes.refused,
    );
    this.holder = holder;
  }
}

/** Another session has the lock. */
export interface Rival {
  /** Undefined when it was gone before it could be looked at. */
  readonly holder: LockHolder | undefined;
  /** It may be our own lost session, which the server has not missed yet. */
  readonly mayBeOurs: boolean;
}

export interface GuardLock extends AsyncDisposable {
  /** Asks the server in the very session that took the lock. False once that session was lost, or does not answer. */
  held(): Promise<boolean>;
  /**
   * Takes the lock again in a new session when it is no longer held; else says who has it, which may be our own lost
   * session, until the server misses it (about half a minute). Rejects with a TargetError when there is no session.
   */
  retake(): Promise<'held' | Rival>;
}

/** 64 bits of the hash of cluster and database, as the signed number that advisory locks take. */
export const guardLockKey = ({ system, database }: TargetIdentity): string =>
  createHash('sha256').update(`ripcord guard ${system} ${database}`).digest().readBigInt64BE().toString();

/** pg_locks shows the halves of a 64-bit key apart, with objsubid 1. Advisory locks belong to one database. */
const ofKey = `l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.classid = ((($1::bigint) >> 32) & 4294967295)::oid and l.objid = (($1::bigint) & 4294967295)::oid
  and l.database = (select oid from pg_database where datname = current_database())`;

const take = async (session: SingleSession, key: string): Promise<boolean> =>
  (await session.query('select pg_try_advisory_lock($1::bigint)', [key])).rows[0]?.[0] === 't';

async function holderOf(session: SingleSession, key: string): Promise<LockHolder | undefined> {
  const { rows } = await session.query(
    `select l.pid, coalesce(a.application_name, ''), host(a.client_addr), date_trunc('second', a.backend_start)
     from pg_locks l left join pg_stat_activity a on a.pid = l.pid where ${ofKey}`,
    [key],
  );
  const [[pid, applicationName, clientAddress, since] = []] = rows;
  if (pid === undefined || pid === null) return undefined;
  return {
    pid: Number(pid),
    applicationName: applicationName ?? '',
    ...(typeof clientAddress === 'string' && { clientAddress }),
    ...(typeof since === 'string' && { since }),
  };
}

const openAtLock = (url: string): Promise<SingleSession> =>
  openSession({ url: withDatabase(url, 'postgres'), name: 'guard-lock', readOnly: true, statementTimeout: seconds(5) });

/** The guard of a target now, if there is one. Rejects with a TargetError. */
export async function guardOf(url: string, identity: TargetIdentity): Promise<LockHolder | undefined> {
  await using session = await openAtLock(url);
  return await holderOf(session, guardLockKey(identity));
}

/**
 * Takes the lock that makes this the only guard of a target: in the maintenance database of its server, which stays when
 * the target is swapped, in a read-only session held for as long as the lock. Rejects with GuardLockRefused when another
 * session has it, and with a TargetError when there is no session.
 */
export async function takeGuardLock(url: string, identity: TargetIdentity): Promise<GuardLock> {
  const key = guardLockKey(identity);
  const open = () => openAtLock(url);
  await using undo = new AsyncDisposableStack();
  let session = undo.use(await open());
  if (!(await take(session, key))) {
    const holder = await holderOf(session, key);
    // The other one may have let go in between.
    if (holder !== undefined || !(await take(session, key))) throw new GuardLockRefused(identity, holder);
  }
  undo.move();
  let ours = session.pid;

  const held = async () => {
    if (session.lost) return false;
    const mine = session.query(`select from pg_locks l where l.pid = pg_backend_pid() and ${ofKey}`, [key], {
      timeout: seconds(2), // each step of a rollback waits for this answer
    });
    return mine.then(
      ({ rows }) => rows.length === 1,
      () => false,
    );
  };
  const retakeOnce = async (): Promise<'held' | Rival> => {
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
  return {
    held,
    retake: () => (retaking ??= retakeOnce().finally(() => (retaking = undefined))),
    async [Symbol.asyncDispose]() {
      await retaking?.catch(() => undefined);
      await session.close();
    },
  };
}
