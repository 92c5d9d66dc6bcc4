import type { Past } from './past.ts';

/**
 * A definition waits for an ACCESS EXCLUSIVE lock on any relation that it names, and every table owner can hold such a
 * lock. A session that waits for such a lock also blocks, because others queue behind it. $1: also every other relation
 * that belongs to the owners of the relations locked before ($2), because an owner may lock one table after the other.
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
const todo = 'wait until that transaction is over, or end its session';

/** The statement waits for locks as usual, and skips them only after that. */
export function pastLocks(): Past {
  let tries = 0;
  return async (asks, { code }, { locks }, timeout) => {
    if (code !== lockNotGranted) return false;
    tries += 1;
    if (tries === mostTries) return false;
    const { rows } = await asks.query(lockedNow, [tries === mostTries - 1, [...locks.keys()]], { timeout });
    for (const [oid, why] of rows) if (!locks.has(oid ?? '')) locks.set(oid ?? '', { why: why ?? '', todo });
    return true;
  };
}
