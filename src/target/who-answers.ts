import type { TargetIdentity } from '../core/evidence/target.ts';
import { TargetRefused } from './errors.ts';
import { quoteIdentifier } from './identifiers.ts';

/** Of which session it is that has the guard's lock: its process, and the number of its login. */
export interface LockSession {
  readonly pid: number;
  readonly login: string;
}

/** What a session says of the server and the database that it reached. */
export interface ServerSeen extends TargetIdentity {
  /** In recovery: it shows neither the primary's sessions nor its statistics, and nothing can be undone on it. */
  readonly standby: boolean;
  /** Up to where its log (WAL) is durable, in bytes: on one timeline it never goes back. Absent in recovery. */
  readonly written?: bigint;
  /** The sessions that call themselves as the one does that has a guard's lock: process and login. */
  readonly lockSessions: readonly LockSession[];
}

/** How the session calls itself that has a guard's lock, whoever's it is: everybody may see that. */
export const lockSessionName = 'guard-lock';

/**
 * Asked in sessions whose path may be the plan's or the application's, so every name and operator says its schema. The
 * timeline is the one that is written to now; what `pg_control_checkpoint` shows lags behind a promotion.
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
/** The same where the login may not read the cluster's identifier. */
export const identityWithoutCluster = Object.values({ ...columns, system: "''" }).join(', ');
/** Whether this login may. */
export const mayReadCluster = "pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')";

/** What the columns say, whatever the driver makes of their types. */
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

/** The login may not read the cluster's identifier: without it a copy of the target could be taken for the target. */
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
