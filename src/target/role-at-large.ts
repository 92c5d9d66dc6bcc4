import { count } from '../core/kernel/count.ts';
import { actsAs } from './acts-as.ts';
import type { HeldConnection } from './connection.ts';
import { TargetError } from './errors.ts';
import { ofGuard } from './sessions.ts';

type Asked = Pick<HeldConnection, 'query'>;

/** The phases' role, and where it works. */
export interface PhasesRole {
  readonly role: string;
  readonly database: string;
  readonly applicationNames: readonly string[];
}

/** What the phases' role does on the server beside its sessions in the phases' database. One phrase each. */
export interface RoleAtLarge {
  /** What goes on writing in the phases' database, or could without being found. */
  readonly left: readonly string[];
  /** What may be the phases' or not, and is left alone. */
  readonly beside: readonly string[];
}

async function sessionsElsewhere(connection: Asked, of: PhasesRole): Promise<readonly string[]> {
  const { rows } = await connection.query(
    `select datname, count(*) from pg_stat_activity a
     where usename = $1 and datname <> $2 and not coalesce(application_name = any($3), false)
       and backend_type is distinct from 'parallel worker' and not ${ofGuard('a')}
     group by datname order by datname`,
    [of.role, of.database, of.applicationNames],
  );
  return rows.map(
    ([database, sessions]) => `${count(Number(sessions), 'session')} of ${of.role} in database ${database}`,
  );
}

/** A subscription writes rows for its owner, and the server restarts its process as long as it is enabled. */
async function subscriptions(connection: Asked, { role, database }: PhasesRole): Promise<RoleAtLarge> {
  const asked = connection.query(
    `select s.subname, o.rolname, d.datname, o.rolname = $1 and d.datname = $2
     from pg_subscription s join pg_roles o on o.oid = s.subowner join pg_database d on d.oid = s.subdbid
     where s.subenabled and o.oid in ${actsAs('$1')} order by d.datname, s.subname`,
    [role, database],
  );
  const found = await asked.catch((error: unknown) => {
    if (error instanceof TargetError && error.code === '42501') return undefined;
    throw error;
  });
  if (found === undefined) return { left: [], beside: ['subscriptions, which the guard’s login may not see'] };
  const said = found.rows.map(([name, owner, where, own]) => ({
    own: own === 't',
    text: `enabled subscription ${name} of ${owner}${where === database ? '' : ` in database ${where}`}`,
  }));
  const of = (own: boolean) => said.filter((one) => one.own === own).map(({ text }) => text);
  return { left: of(true), beside: of(false) };
}

/**
 * A role that was renamed keeps its sessions under another name, where nobody can tell them from those of others. Sessions
 * of the role in other databases may serve another purpose, so only those with a phase's name are ended.
 */
export async function roleAtLarge(connection: Asked, of: PhasesRole): Promise<RoleAtLarge> {
  const { rows } = await connection.query('select from pg_roles where rolname = $1', [of.role]);
  if (rows.length === 0) {
    const left = `perhaps sessions of ${of.role}, a role that the server no longer has: rename it back, or create it again`;
    return { left: [left], beside: [] };
  }
  const { left, beside } = await subscriptions(connection, of);
  return { left, beside: [...(await sessionsElsewhere(connection, of)), ...beside] };
}
