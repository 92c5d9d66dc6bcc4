import { type Instant, instant } from '../core/kernel/units.ts';
import { actsAs } from './acts-as.ts';
import type { HeldConnection } from './connection.ts';
import { TargetError, TargetRefused } from './errors.ts';
import { quoteIdentifier } from './identifiers.ts';

/** Which sessions belong to a phase: those of its role in its database, and those with one of its names in any database. */
export interface PhaseSessions {
  readonly database: string;
  readonly role?: string;
  readonly applicationNames: readonly string[];
  /**
   * By the server's clock, in milliseconds. A session with a phase's name that began later and is unrelated to the role
   * belongs to a stranger. Set it only if nobody is left who could have started a session of the phases since.
   */
  readonly strangersSince?: number;
}

/** A session of the server. State and query start are absent if the login may not see them. */
export interface Session {
  readonly pid: number;
  readonly role: string;
  readonly applicationName: string;
  readonly state?: string;
  readonly queryStart?: Instant;
  /** The database, if it is another than the phase's. */
  readonly elsewhere?: string;
  /** What a process of the server does for the role without a client, such as applying a subscription. */
  readonly background?: string;
  /** The session has a phase's name but cannot be the phase's: a stranger took the name. */
  readonly stranger?: true;
}

/** A transaction that outlived its session and still holds its locks. */
export interface PreparedTransaction {
  readonly gid: string;
  readonly database: string;
  readonly prepared: Instant;
}

type Asked = Pick<HeldConnection, 'query'>;

/**
 * SQL: whether a session is one of the guard's own. `alias` is that of pg_stat_activity. Anyone can use the guard's
 * session name, so it counts only with one of the guard's logins, which each of its sessions receives at its start.
 */
export const ofGuard = (alias: string): string => `
  (${alias}.application_name ~ '^ripcord($| )' and ${alias}.usename = any (string_to_array(
    coalesce(nullif(current_setting('ripcord.logins', true), ''), session_user), '|')::name[]))`;

/**
 * The names `ripcord` and `ripcord …` are reserved for the guard, so such a session is a phase's only if it was named
 * explicitly. A login without pg_read_all_stats sees the names and roles of others, but neither type nor state. A process of
 * the server counts if it works as the role, such as one that applies a subscription; not as a superuser, as which
 * extensions run their own, and not a parallel worker, which ends with its session.
 */
const isOfPhase = `
  pid <> pg_backend_pid() and case
    when coalesce(backend_type, 'client backend') in ('client backend', 'walsender')
      then application_name = any($3) or (datname = $1 and usename = $2 and not ${ofGuard('a')})
    else datname = $1 and usename = $2 and backend_type <> 'parallel worker'
      and not (select rolsuper from pg_roles where rolname = $2) end`;

/**
 * A session may be the phase's if its login can act as the phases' role, or the other way round, unless a stranger granted
 * that. It may also be the phase's if it began earlier, hides when it began, or has a role that no longer exists.
 */
const isStrangers = `
  coalesce(a.usename <> $2 and extract(epoch from a.backend_start) * 1000 > $4::float8
    and a.backend_type = 'client backend' and p.oid is not null
    and not p.rolsuper and not pg_has_role(a.usesysid, p.oid, 'member') and a.usesysid not in ${actsAs('$2')}, false)`;

const ofPhase = `
  select pid, coalesce(usename, ''), coalesce(application_name, ''), state, extract(epoch from query_start) * 1000,
    ${isStrangers}, nullif(datname, $1), case when backend_type not in ('client backend', 'walsender') then backend_type end
  from pg_stat_activity a left join pg_roles p on p.rolname = $2
  where ${isOfPhase}
  order by pid`;

export async function phaseSessions(connection: Asked, of: PhaseSessions): Promise<readonly Session[]> {
  const values = [of.database, of.role ?? null, of.applicationNames, of.strangersSince ?? null];
  const { rows } = await connection.query(ofPhase, values);
  return rows.map(([pid, role, applicationName, state, queryStart, stranger, elsewhere, background]) => ({
    pid: Number(pid),
    role: role ?? '',
    applicationName: applicationName ?? '',
    ...(typeof state === 'string' && { state }),
    ...(typeof queryStart === 'string' && { queryStart: instant(Number(queryStart)) }),
    ...(typeof elsewhere === 'string' && { elsewhere }),
    ...(typeof background === 'string' && { background }),
    ...(stranger === 't' && { stranger: true as const }),
  }));
}

/**
 * Tells the server to end each of these sessions and returns the ones it found; `phaseSessions` shows whether they are
 * gone. If one may not be ended, the others still are; afterwards it rejects with TargetRefused and names the grant.
 */
export async function endSessions(connection: Asked, of: PhaseSessions): Promise<readonly Session[]> {
  const found = await phaseSessions(connection, of);
  const refused: { session: Session; error: TargetError }[] = [];
  for (const session of found) {
    try {
      await connection.query('select pg_terminate_backend($1::int)', [session.pid]);
    } catch (error) {
      if (!(error instanceof TargetError) || error.code !== '42501') throw error;
      refused.push({ session, error });
    }
  }
  if (refused.length > 0) throw await missingGrant(connection, refused);
  return found;
}

/**
 * Cancels the statement with which this session of the phase waits for a table lock. The cancelling statement itself
 * checks whose session it is and that it waits, so it hits neither another session with the same pid nor the phase's
 * next statement. False if there is no such session any more; rejects with TargetRefused and names the grant.
 */
export async function cancelPhaseStatement(connection: Asked, of: PhaseSessions, pid: number): Promise<boolean> {
  const waits = `exists (select from pg_locks l where l.pid = a.pid and not l.granted and l.locktype = 'relation')`;
  const statement = `
    with found as materialized (select pid from pg_stat_activity a where pid = $4 and datname = $1 and ${isOfPhase} and ${waits})
    select pg_cancel_backend(pid) from found`;
  try {
    const values = [of.database, of.role ?? null, of.applicationNames, pid];
    return (await connection.query(statement, values)).rows[0]?.[0] === 't';
  } catch (error) {
    if (!(error instanceof TargetError) || error.code !== '42501') throw error;
    const [session] = (await phaseSessions(connection, of)).filter((one) => one.pid === pid);
    throw session === undefined ? error : await missingGrant(connection, [{ session, error }]);
  }
}

async function missingGrant(
  connection: Asked,
  refused: readonly { session: Session; error: TargetError }[],
): Promise<TargetRefused> {
  const roles = [...new Set(refused.map(({ session }) => session.role))];
  const { rows } = await connection.query(
    "select current_user, exists (select from pg_roles where rolsuper and rolname = any($1)), pg_has_role('pg_signal_backend', 'usage')",
    [roles],
  );
  const [[user, superuser, signals] = []] = rows;
  const guard = quoteIdentifier(user ?? 'postgres');
  const todo =
    superuser === 't'
      ? 'Give the phases a login that is no superuser: only a superuser may end the sessions of one'
      : `Run, as a superuser: grant pg_signal_backend to ${guard}`;
  return new TargetRefused(
    {
      found: `${guard} may not end ${refused.length} session(s) of ${roles.join(', ')}${signals === 't' ? ', though it has pg_signal_backend' : ''}`,
      wanted: 'the permission to stop the work of a phase',
      todo,
    },
    '42501',
    { cause: refused[0]?.error },
  );
}

/** The server's clock, in milliseconds, comparable with the start times of its sessions. */
export async function serverTime(connection: Asked): Promise<number> {
  const { rows } = await connection.query('select extract(epoch from clock_timestamp()) * 1000');
  return Number(rows[0]?.[0] ?? Number.NaN);
}

/** The number of active sessions of others in this database; undefined if the login may not see their state. */
export async function sessionsAtWork(connection: Asked): Promise<number | undefined> {
  const { rows } = await connection.query(`
    select count(*) filter (where state = 'active'), count(*) filter (where state is null)
    from pg_stat_activity a
    where datname = current_database() and pid <> pg_backend_pid()
      and not ${ofGuard('a')} and coalesce(backend_type, 'client backend') = 'client backend'`);
  const [[active, hidden] = []] = rows;
  return hidden === '0' ? Number(active) : undefined;
}

/** Which prepared transactions may be the phases'. */
export interface PhasePrepared {
  readonly database: string;
  readonly role?: string | undefined;
  /** The phases began no earlier, by the server's clock. Absent if nobody's but the role's count. */
  readonly since?: Instant | undefined;
}

/**
 * Prepared transactions that may be the phases'. They hold locks, and there is no session to end. A phase may have set
 * another role before, so those of every role that the phases' role can act as count, in any database. If there is no such
 * role, or it can act as everybody, all that were prepared in this database since the phases began may be theirs.
 */
export async function preparedTransactions(
  connection: Asked,
  { database, role, since }: PhasePrepared,
): Promise<readonly PreparedTransaction[]> {
  const { rows } = await connection.query(
    `select x.gid, x.database, extract(epoch from x.prepared) * 1000
     from pg_prepared_xacts x left join pg_roles o on o.rolname = x.owner left join pg_roles p on p.rolname = $1
     where x.owner = $1 or (p.oid is not null and o.oid is null) or o.oid in ${actsAs('$1')}
       or (coalesce(p.rolsuper, true) and x.database = $2 and extract(epoch from x.prepared) * 1000 >= $3::float8)
     order by x.prepared`,
    [role ?? null, database, since ?? null],
  );
  return rows.map(([gid, named, prepared]) => ({
    gid: gid ?? '',
    database: named ?? '',
    prepared: instant(Number(prepared)),
  }));
}
