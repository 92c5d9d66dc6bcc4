import type { Declared } from '../../core/evidence/declared.ts';
import { type Millis, millis } from '../../core/kernel/units.ts';
import { ofGuard } from '../../target/sessions.ts';
import { actsAs } from '../acts-as.ts';
import { type Cells, monitor } from '../check.ts';

export { ofGuard };

/**
 * SQL: whether a session is the phase's; `$1` are its tags, `$2` is its role. The names of the guard are its own. Everybody may
 * call a session by a phase's tag, which everybody can read: where the role is known, one whose login has nothing to do with it
 * is a stranger's.
 */
export const ofPhase = (alias: string): string => `coalesce(
  ${alias}.application_name = any($1) and not exists (
    select from pg_roles p where p.rolname = $2 and not p.rolsuper and not pg_has_role(${alias}.usesysid, p.oid, 'member')
      and ${alias}.usesysid not in ${actsAs('$2')})
  or (${alias}.usename = $2 and not ${ofGuard(alias)}), false)`;

/**
 * SQL: a lock that nobody comes upon by merely using what somebody else changes. Anybody can wait for an advisory lock, such as a
 * migration holds while it runs, and for the end of every transaction there is, by building an index on a table of their own.
 */
export const waitedForAtWill = (alias: string): string => `${alias}.locktype in ('advisory', 'virtualxid', 'userlock')`;

/**
 * SQL: the role of session `a` may do anything at all with relation `c`, or that has no list of who may. Others can lock a table
 * all the same, by `prepare`, and wait for it, by asking for its size: they are no application of it.
 */
export const mayUse = (a: string, c: string): string => `(${c}.relkind not in ('r', 'p', 'v', 'm', 'f') or coalesce(
  has_any_column_privilege(${a}.usesysid, ${c}.oid, 'select, insert, update, references')
  or has_table_privilege(${a}.usesysid, ${c}.oid, 'delete, truncate, trigger'), true))`;

/** Values for `$1` and `$2`. */
export const phaseValues = ({ tags, role }: { readonly tags: readonly string[]; readonly role: string | undefined }) =>
  [tags, role ?? null] as const;

/**
 * SQL: the rows of `query`, or one row of nulls where it has none; each says whether this login sees what others do. The
 * server hides from other logins the state, times and waits of a session, as if there were none.
 */
export const withSight = (query: string): string => `
  select pg_has_role('pg_read_all_stats', 'usage') as sees, found.*
  from (values (1)) as always left join (${query}) as found on true`;

/** The rows that `withSight` found, where the login sees enough to be believed. */
export const sighted = (rows: readonly Cells[], column: string): readonly Cells[] | undefined =>
  rows[0]?.sees === 't' ? rows.filter((row) => row[column] !== null) : undefined;

export const hidden = { unknown: `the state of other sessions is hidden from this login; ${monitor}` } as const;

/** `the phase’s own session 7 (app)`, `session 7 (app)`; the server numbers a prepared transaction 0. */
export function sayHolder({ pid, role, of_phase: isPhases }: Cells): string {
  if (pid === null || pid === '0') return 'a prepared transaction';
  return `${isPhases === 't' ? 'the phase’s own session' : 'session'} ${pid} (${role ?? 'its role is hidden'})`;
}

/** What a session of nobody's phase brings about is not undone without asking. */
export const notThePhases = ({ pid, of_phase: isPhases }: Cells): { readonly onlyRecommend?: string } =>
  isPhases === 't' ? {} : { onlyRecommend: `session ${pid ?? ''} that holds the lock is none of a phase’s` };

/** A session as the object of a fault: the same one as long as it lives. */
export const sessionOf = ({ pid, role }: Cells): string => `session ${pid} (${role ?? 'its role is hidden'})`;

/** How long it must last: a phase under way may have declared a longer downtime. */
export const lastingNow = (usual: Millis, { underWay }: Declared): Millis =>
  millis(Math.max(usual, ...underWay.map(({ effects }) => effects.downtime ?? 0)));

/** A column of milliseconds; what is not known has lasted no time yet. */
export const lengthOf = (cell: string | null | undefined): Millis => millis(Number(cell ?? 0));
