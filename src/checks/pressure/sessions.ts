import type { Declared } from '../../core/evidence/declared.ts';
import { type Millis, millis } from '../../core/kernel/units.ts';
import { type Cells, monitor } from '../check.ts';

/** SQL: whether a session is one of the guard's own. `alias` is that of pg_stat_activity. */
export const ofGuard = (alias: string): string => `${alias}.application_name ~ '^ripcord($| )'`;

/** SQL: whether a session is the phase's; `$1` are its tags, `$2` is its role. The names of the guard are its own. */
export const ofPhase = (alias: string): string =>
  `coalesce(${alias}.application_name = any($1) or (${alias}.usename = $2 and not ${ofGuard(alias)}), false)`;

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

/** A session as the object of a fault: the same one as long as it lives. */
export const sessionOf = ({ pid, role }: Cells): string => `session ${pid} (${role ?? 'its role is hidden'})`;

/** How long it must last: a phase under way may have declared a longer downtime. */
export const lastingNow = (usual: Millis, { underWay }: Declared): Millis =>
  millis(Math.max(usual, ...underWay.map(({ effects }) => effects.downtime ?? 0)));

/** A column of milliseconds; what is not known has lasted no time yet. */
export const lengthOf = (cell: string | null | undefined): Millis => millis(Number(cell ?? 0));
