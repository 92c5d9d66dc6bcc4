import type { TargetIdentity } from '../core/evidence/target.ts';
import { TargetRefused } from './errors.ts';
import { quoteIdentifier } from './identifiers.ts';

/** The session that holds the guard lock: its process, and the oid of its login. */
export interface LockSession {
  readonly pid: number;
  readonly login: string;
}

/** What a session reports about the server and database that it reached. */
export interface ServerSeen extends TargetIdentity {
  /**
   * In recovery: the server shows neither the primary's sessions nor its statistics, and nothing can be rolled back on
   * it.
   */
  readonly standby: boolean;
  /** The durable WAL position in bytes. On one timeline it never goes back. Absent in recovery. */
  readonly written?: bigint;
  /** The sessions with the name of a guard-lock session: process and login. */
  readonly lockSessions: readonly LockSession[];
}

/** The name of a session that holds a guard lock, whoever's it is. Every login may see it. */
export const lockSessionName = 'guard-lock';

/**
 * These run in sessions whose search path may be the plan's or the application's, so every name and operator is
 * schema-qualified. The timeline is the one currently written; `pg_control_checkpoint` lags behind a promotion.
 */
const columns = {
  system: '(select c.system_identifier from pg_catalog.pg_control_system() c)',
  database: 'pg_catalog.current_database()',
  oid: '(select d.oid from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database())',
  role: "case when pg_catalog.pg_is_in_recovery() then 'standby' else 'primary' end",
  timeline:
    "case when pg_catalog.pg_is_in_recovery() then '' else pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) end",
  version: "pg_catalog.current_setting('server_version_num')",
  written:
    "case when pg_catalog.pg_is_in_recovery() then '' else pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_flush_lsn(), '0/0')::pg_catalog.text end",
  lockSessions: `coalesce((select pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.pid, a.usesysid), ',') from pg_catalog.pg_stat_get_activity(null) a where a.application_name operator(pg_catalog.=) 'ripcord ${lockSessionName}'), '')`,
};

/** A list of expressions for a `select`. */
export const identityColumns = Object.values(columns).join(', ');
/** The same if the login may not read the cluster identifier. */
export const identityWithoutCluster = Object.values({ ...columns, system: "''" }).join(', ');
/** Whether this login may read it. */
export const mayReadCluster = "pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')";

/** Parses the columns, whatever types the driver returns. */
export function serverSeen(cells: readonly unknown[]): ServerSeen {
  const [system, database, oid, role, timeline, version, written, sessions] = cells.map(String);
  return {
    system: system ?? '',
    database: database ?? '',
    oid: oid ?? '',
    timeline: timeline ?? '',
    serverVersion: Number(version),
    standby: role !== 'primary',
    ...(written !== undefined && written !== '' && { written: BigInt(written) }),
    lockSessions: (sessions ?? '')
      .split(',')
      .filter(Boolean)
      .map((one) => one.split(' '))
      .map(([pid, login = '']) => ({ pid: Number(pid), login })),
  };
}

/** The login may not read the cluster identifier. Without it a copy of the target could pass as the target. */
export function mayNotIdentify(user: string, place: string, cause: TargetRefused): TargetRefused {
  const role = quoteIdentifier(user);
  return new TargetRefused(
    {
      found: `${role} may not read the identifier of the cluster of ${place}`,
      wanted: 'to know for certain which database this is',
      todo: `Run, as a superuser: grant execute on function pg_control_system() to ${role}`,
    },
    cause.code,
    { cause },
  );
}
