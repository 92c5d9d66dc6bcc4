import { ratio } from '../../core/kernel/units.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { check } from '../check.ts';
import { faultOf, sayCounted, userSchemas } from '../pieces.ts';

/** In smaller tables, dead rows and wrong query plans cost nothing. */
const [manyRows, someRows] = [10_000, 1_000];

const percent = (part: number): string => `${Math.round(part * 100)} %`;

export const deadRows = check({
  id: 'dead-rows',
  cost: 'B',
  against: 'nothing',
  mayAt: 'note',
  reads: ['pg_stat_user_tables'],
  needs: 'grant select on pg_catalog.pg_stat_user_tables to the guard’s role',
  remedy: 'vacuum (analyze) NAME',
  ask: `
    select format('%I.%I', schemaname, relname) as relation, n_dead_tup as dead, n_live_tup as live
    from pg_stat_user_tables t
    where n_dead_tup + n_live_tup > ${manyRows} and n_dead_tup > 0 and ${userSchemas('t').replaceAll('nspname', 'schemaname')}
    order by n_dead_tup desc limit 1000`,
  judge: ({ rows, limits, declared }) => {
    const faults = rows
      .map(({ relation, dead, live }) => ({
        relation: relation ?? '',
        dead: Number(dead),
        share: ratio(Number(dead) / (Number(dead) + Number(live))),
      }))
      .filter(({ share }) => share > limits.share)
      .map(({ relation, dead, share }) => {
        const what = `has ${sayWhole(dead)} dead rows, ${percent(share)} of all`;
        return faultOf(declared, { kind: 'table', relation }, what, 'note');
      });
    return { faults, saw: `no table of more than ${sayWhole(manyRows)} rows has many dead ones` };
  },
  breach: { rows: [{ relation: 'public.t', dead: '9000000', live: '0' }] },
});

/**
 * Only superusers can read the statistics themselves; the view pg_stats shows those of tables that the guard may read.
 * The server counts when it last analyzed a table but forgets that in a crash, so pg_stats decides wherever it is
 * readable. A restore brings no statistics, yet building an index still records the number of rows.
 */
export const missingStatistics = check({
  id: 'missing-statistics',
  cost: 'B',
  login: 'reading',
  against: 'nothing',
  mayAt: 'note',
  reads: ['pg_class', 'pg_namespace', 'pg_stats', 'pg_stat_user_tables'],
  needs: 'grant pg_read_all_data to the login that reads',
  remedy: 'analyze NAME',
  ask: `
    with candidates as materialized (
      select n.nspname, c.relname, c.relkind, greatest(c.reltuples, s.n_live_tup) as rows,
        has_table_privilege(c.oid, 'select') and not (c.relrowsecurity and row_security_active(c.oid)) as readable
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_user_tables s on s.relid = c.oid
      where c.relkind in ('r', 'm') and ${userSchemas('n')}
        and (c.reltuples >= ${someRows} or s.n_live_tup >= ${someRows})
        and s.last_analyze is null and s.last_autoanalyze is null
    )
    select format('%I.%I', nspname, relname) as relation, case relkind when 'm' then 'materialized view' else 'table' end
      as kind, rows::bigint, readable
    from candidates c
    where not readable
      or not exists (select from pg_stats p where p.schemaname = c.nspname and p.tablename = c.relname)
    order by c.rows desc limit 1000`,
  judge: ({ rows, declared }) => {
    const unread = rows.filter(({ readable }) => readable === 'f');
    const faults = rows
      .filter(({ readable }) => readable === 't')
      .map(({ relation, kind, rows: count }) => {
        const what = `has ${sayWhole(Number(count))} rows and no statistics`;
        return faultOf(declared, { kind: kind ?? 'table', relation: relation ?? '' }, what, 'note');
      });
    if (faults.length === 0 && unread.length > 0) {
      const which = `${sayCounted(unread.length, 'table')} such as ${unread[0]?.relation}`;
      return { unknown: `cannot tell of ${which}: grant select on them to the login that reads` };
    }
    return { faults, saw: `every table of ${sayWhole(someRows)} rows or more has statistics` };
  },
  breach: { rows: [{ relation: 'public.t', kind: 'table', rows: '5000', readable: 't' }] },
});
