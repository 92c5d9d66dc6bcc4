import { type Instant, instant } from '../core/kernel/units.ts';
import type { HeldConnection } from './connection.ts';
import { TargetError, TargetRefused } from './errors.ts';
import { quoteIdentifier } from './identifiers.ts';

/** Whose sessions count as a phase's: those of its role, and those that call themselves by one of the names. */
export interface PhaseSessions {
  readonly database: string;
  readonly role?: string;
  readonly applicationNames: readonly string[];
  /**
   * By the server's clock, in milliseconds: what bears a name, began later and has nothing to do with the role is a stranger's.
   * To be given only where nobody is left who could have begun a session of the phases since.
   */
  readonly strangersSince?: number;
}

/** A session of the server. State and query start are absent when the login may not see them. */
export interface Session {
  readonly pid: number;
  readonly role: string;
  readonly applicationName: string;
  readonly state?: string;
  readonly queryStart?: Instant;
  /** It bears a phase's name, and cannot be the phase's: a stranger's, who took the name. */
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
 * SQL: whether a session is one of the guard's own. `alias` is that of pg_stat_activity. Anybody can give a session the
 * guard's name, so it counts only with one of the guard's logins, which each of its sessions is told at its start.
 */
export const ofGuard = (alias: string): string => `
  (${alias}.application_name ~ '^ripcord($| )' and ${alias}.usename = any (string_to_array(
    coalesce(nullif(current_setting('ripcord.logins', true), ''), session_user), '|')::name[]))`;

/**
 * The names `ripcord` and `ripcord …` are the guard's own, so a session of it is a phase's only when it was
 * named explicitly. A login without pg_read_all_stats sees names and roles of others, but neither type nor state.
 */
const isOfPhase = `
  datname = $1 and pid <> pg_backend_pid()
    and coalesce(backend_type, 'client backend') in ('client backend', 'walsender')
    and (application_name = any($3) or (usename = $2 and not ${ofGuard('a')}))`;

/**
 * Whose login may act as the phases' role, or the other way round, may be the phase's; so may be what began before, or does
 * not show when it began, or whose role is gone.
 */
const isStrangers = `
  coalesce(a.usename <> $2 and extract(epoch from a.backend_start) * 1000 > $4::float8
    and a.backend_type = 'client backend' and p.oid is not null
    and not pg_has_role(a.usesysid, p.oid, 'member') and not pg_has_role(p.oid, a.usesysid, 'member'), false)`;

const ofPhase = `
  select pid, coalesce(usename, ''), coalesce(application_name, ''), state, extract(epoch from query_start) * 1000,
    ${isStrangers}
  from pg_stat_activity a left join pg_roles p on p.rolname = $2
  where ${isOfPhase}
  order by pid`;

export async function phaseSessions(connection: Asked, of: PhaseSessions): Promise<readonly Session[]> {
  const values = [of.database, of.role ?? null, of.applicationNames, of.strangersSince ?? null];
  const { rows } = await connection.query(ofPhase, values);
  return rows.map(([pid, role, applicationName, state, queryStart, stranger]) => ({
    pid: Number(pid),
    role: role ?? '',
    applicationName: applicationName ?? '',
    ...(typeof state === 'string' && { state }),
    ...(typeof queryStart === 'string' && { queryStart: instant(Number(queryStart)) }),
    ...(stranger === 't' && { stranger: true as const }),
  }));
}

/**
 * Tells the server to end each of them, and returns those that it found; whether they are gone is for `phaseSessions` to
 * say. One that may not be ended does not spare the others; rejects with TargetRefused, naming the grant, in the end.
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
 * Cancels the statement with which this session of the phase waits for the lock of a table. Whose it is and that it waits
 * is asked by the statement that cancels, so that no other is hit that was given the same pid meanwhile, nor the phase's
 * next statement. False when there is no such session any more; rejects with TargetRefused, naming the grant.
 */
export async function cancelPhaseStatement(connection: Asked, of: PhaseSessions, pid: number): Promise<boolean> {
  const waits = `exists (select from pg_locks l where l.pid = a.pid and not l.granted and l.locktype = 'relation')`;
  const statement = `
    with found as materialized (select pid from pg_stat_activity a where pid = $4 and ${isOfPhase} and ${waits})
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

/** What the server's clock says, in milliseconds, as the beginnings of its sessions are told. */
export async function serverTime(connection: Asked): Promise<number> {
  const { rows } = await connection.query('select extract(epoch from clock_timestamp()) * 1000');
  return Number(rows[0]?.[0] ?? Number.NaN);
}

/** How many sessions of others are at work in this database now; undefined where the login may not see their state. */
export async function sessionsAtWork(connection: Asked): Promise<number | undefined> {
  const { rows } = await connection.query(`
    select count(*) filter (where state = 'active'), count(*) filter (where state is null)
    from pg_stat_activity a
    where datname = current_database() and pid <> pg_backend_pid()
      and not ${ofGuard('a')} and coalesce(backend_type, 'client backend') = 'client backend'`);
  const [[active, hidden] = []] = rows;
  return hidden === '0' ? Number(active) : undefined;
}

/** Prepared transactions of the role, in any database: they hold locks, and no session can be ended to free them. */
export async function preparedTransactions(connection: Asked, role: string): Promise<readonly PreparedTransaction[]> {
  const { rows } = await connection.query(
    'select gid, database, extract(epoch from prepared) * 1000 from pg_prepared_xacts where owner = $1 order by prepared',
    [role],
  );
  return rows.map(([gid, database, prepared]) => ({
    gid: gid ?? '',
    database: database ?? '',
    prepared: instant(Number(prepared)),
  }));
}
