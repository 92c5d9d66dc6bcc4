import type { Declared } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { type Millis, millis } from '../../core/kernel/units.ts';
import { ofGuard } from '../../target/sessions.ts';
import { actsAs } from '../../target/acts-as.ts';
import { type Cells, monitor } from '../check.ts';
import { userSchemas } from '../pieces.ts';

export { ofGuard };

/**
 * SQL: whether a session is the phase's; `$1` are its tags, `$2` is its role. The guard's session names are reserved.
 * Anyone can read a phase's tag and give a session that name. So if the role is known, a session whose login is
 * unrelated to the role is a stranger's.
 */
export const ofPhase = (alias: string): string => `coalesce(
  ${alias}.application_name = any($1) and not exists (
    select from pg_roles p where p.rolname = $2 and not p.rolsuper and not pg_has_role(${alias}.usesysid, p.oid, 'member')
      and ${alias}.usesysid not in ${actsAs('$2')})
  or (${alias}.usename = $2 and not ${ofGuard(alias)}), false)`;

/**
 * SQL: the role of session `a` has some right on relation `c`; on the table, if `c` is an index. Roles without rights can
 * still lock a table, with `prepare`, and wait for it or its index, by asking for the size. They are not applications of
 * the table.
 */
export const mayUse = (a: string, c: string): string => {
  const table = `coalesce((select i.indrelid from pg_index i where i.indexrelid = ${c}.oid), ${c}.oid)`;
  return `case when ${c}.relkind in ('r', 'p', 'v', 'm', 'f', 'i', 'I') then coalesce(
    has_any_column_privilege(${a}.usesysid, ${table}, 'select, insert, update, references')
    or has_table_privilege(${a}.usesysid, ${table}, 'delete, truncate, trigger'), true)
  else ${c}.relkind = 'S' end`;
};

/**
 * SQL: lock `l`, for which session `a` waits, is one that a session meets by using what another session changes. Anyone
 * can wait for an advisory lock, such as one that a migration holds while it runs. Anyone can also wait for a transaction
 * to end: for every one by building an index on a table of their own, and for one that creates an object by creating one of
 * the same name. So a wait for a transaction counts only if both sessions use a table that the waiting role may use.
 */
export const waitsInNeed = (l: string, a: string): string => `case
  when ${l}.locktype in ('advisory', 'virtualxid', 'userlock') then false
  when ${l}.locktype = 'transactionid' then exists (
    select from pg_locks own join pg_class used on used.oid = own.relation and used.relkind in ('r', 'p', 'm')
      join pg_namespace home on home.oid = used.relnamespace and ${userSchemas('home')}
      join pg_locks theirs on theirs.relation = own.relation and theirs.database = own.database and theirs.granted
      join pg_locks awaited on awaited.pid = theirs.pid and awaited.transactionid = ${l}.transactionid and awaited.granted
    where own.pid = ${l}.pid and own.granted and own.locktype = 'relation' and ${mayUse(a, 'used')})
  else not exists (select from pg_class waited where waited.oid = ${l}.relation and not ${mayUse(a, 'waited')}) end`;

/** Values for `$1` and `$2`. */
export const phaseValues = ({ tags, role }: { readonly tags: readonly string[]; readonly role: string | undefined }) =>
  [tags, role ?? null] as const;

/**
 * SQL: the rows of `query`, or one row of nulls if it has none. Each row says whether this login can see other roles'
 * sessions. The server hides the state, times and waits of a session from other logins, so the session looks idle.
 */
export const withSight = (query: string): string => `
  select pg_has_role('pg_read_all_stats', 'usage') as sees, found.*
  from (values (1)) as always left join (${query}) as found on true`;

/** The rows that `withSight` found, if the login can see enough to trust them. */
export const sighted = (rows: readonly Cells[], column: string): readonly Cells[] | undefined =>
  rows[0]?.sees === 't' ? rows.filter((row) => row[column] !== null) : undefined;

export const hidden = { unknown: `the state of other sessions is hidden from this login; ${monitor}` } as const;

/** `the phase’s own session 7 (app)`, `session 7 (app)`. The server numbers a prepared transaction 0. */
export function sayHolder({ pid, role, of_phase: isPhases }: Cells): string {
  if (pid === null || pid === '0') return 'a prepared transaction';
  return `${isPhases === 't' ? 'the phase’s own session' : 'session'} ${pid} (${role ?? 'its role is hidden'})`;
}

/** Whether a session of a phase brings it about: for what others do, nothing is undone without asking. */
export const doneBy = ({ pid, of_phase: isPhases }: Cells): Pick<Fault, 'seen' | 'onlyRecommend'> =>
  isPhases === 't'
    ? { seen: 'session' }
    : { onlyRecommend: `session ${pid ?? ''} that holds the lock is none of a phase’s` };

/** A session as the object of a fault. It stays the same for the session's lifetime. */
export const sessionOf = ({ pid, role }: Cells): string => `session ${pid} (${role ?? 'its role is hidden'})`;

/** How long the fault must last. A phase in progress may have declared a longer downtime. */
export const lastingNow = (usual: Millis, { underWay }: Declared): Millis =>
  millis(Math.max(usual, ...underWay.map(({ effects }) => effects.downtime ?? 0)));

/** A column of milliseconds. An unknown duration counts as zero. */
export const lengthOf = (cell: string | null | undefined): Millis => millis(Number(cell ?? 0));
