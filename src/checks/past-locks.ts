import { sayThing } from '../core/evidence/thing.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { Asks } from './asks.ts';
import type { Cells } from './check.ts';
import { recordsInSlices } from './slices.ts';
import { refusalOf } from './refusal.ts';

/**
 * To print a definition, PostgreSQL opens the relations that it names, and so waits for an ACCESS EXCLUSIVE lock on any
 * of them. Every table owner can hold such a lock. It must not hide the definitions of all other objects.
 */

/** SQL: the relations in `param`, by oid, that block the definition of this object; null if none does. */
export const lockedBefore = (param: string, relation: string, catalogue: string, object: string): string => `(
  select string_agg(l.oid::text, ',' order by l.oid) from unnest(${param}::oid[]) l (oid)
  where l.oid = ${relation} or exists (
    select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${object}
      and d.refclassid = 'pg_class'::regclass and d.refobjid = l.oid))`;

/**
 * A session that waits for such a lock also blocks, because others queue behind it. $1: also every other relation that
 * belongs to the owners of the relations locked before ($2), because an owner may lock one table after the other.
 */
const lockedNow = `
  select l.relation::text, format('%I.%I is locked by ', n.nspname, c.relname) || string_agg(distinct case
      when l.pid is null then 'a prepared transaction'
      else concat('session ', l.pid, ' of ', coalesce(quote_ident(a.usename), 'a role that is gone')) end, ' and ')
  from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
    left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and n.nspname !~ '^pg_'
    and l.database = (select oid from pg_database where datname = current_database())
  group by l.relation, n.nspname, c.relname
  union all
  select c.oid::text, format('%I.%I belongs to %I, who locks one table after the other', n.nspname, c.relname, r.rolname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
  where $1::bool and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and c.oid <> all ($2::oid[])
    and c.relowner in (select relowner from pg_class where oid = any ($2::oid[]))`;

/** Each try skips the locks that earlier tries met. The last try skips everything that those owners could lock. */
const mostTries = 4;
const lockNotGranted = '55P03';

/** Replaces relation oids with descriptions of their locks. */
const said = (row: Cells, locks: ReadonlyMap<string, string>): Cells => ({
  ...row,
  locked: (row.locked ?? '')
    .split(',')
    .map((oid) => locks.get(oid) ?? oid)
    .join('; '),
});

/**
 * Runs a statement whose last parameter lists the relations, by oid, that it must not open, and whose column `locked`
 * says which of them kept a row's definition from being printed. It waits for locks as usual, and skips them only after
 * that.
 */
export async function askPastLocks(
  asks: Asks,
  { text, values = [] }: { readonly text: string; readonly values?: readonly unknown[] },
  options: { readonly timeout: Millis; readonly prepared: boolean },
): Promise<readonly Cells[]> {
  const locks = new Map<string, string>();
  for (let tries = 1; ; tries += 1) {
    try {
      const rows = await recordsInSlices(await asks.query(text, [...values, [...locks.keys()]], options));
      return rows.map((row) => (typeof row.locked === 'string' ? said(row, locks) : row));
    } catch (error) {
      if (refusalOf(error).code !== lockNotGranted || tries === mostTries) throw error;
      const around = [tries === mostTries - 1, [...locks.keys()]];
      const { rows } = await asks.query(lockedNow, around, { timeout: options.timeout });
      for (const [oid, why] of rows) if (!locks.has(oid ?? '')) locks.set(oid ?? '', why ?? '');
    }
  }
}

const mostSaid = 3;
const shown = (all: readonly string[]): string =>
  `${all.slice(0, mostSaid).join(', ')}${all.length > mostSaid ? ` and ${all.length - mostSaid} more` : ''}`;

/**
 * `not checked: the definition of policy p on public.t: public.t is locked by session 12 of mallory`, and what to do.
 */
export function unseenIn(rows: readonly Cells[]): { readonly unseen?: string } {
  const hidden = rows.filter(({ locked }) => typeof locked === 'string');
  if (hidden.length === 0) return {};
  const objects = hidden.map(({ kind, relation, name }) =>
    sayThing({ kind: kind ?? '', relation: relation ?? undefined, name: name ?? undefined }),
  );
  const locks = [...new Set(hidden.flatMap(({ locked }) => (locked ?? '').split('; ')))];
  return {
    unseen: `not checked: the definition of ${shown(objects)}: ${shown(locks)}; wait until that transaction is over, or end its session`,
  };
}
