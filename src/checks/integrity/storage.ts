import type { Fault } from '../../core/evidence/finding.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { check, everyone } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';

const failures = 'failures';
const since = 'since';

/**
 * PostgreSQL counts damaged pages per database, and once for shared objects. After a reset the count starts at zero, so
 * any damage counted after it is new.
 */
export const pageChecksums = check({
  id: 'page-checksums',
  cost: 'A',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_stat_database', 'pg_database'],
  needs: everyone,
  pointless: ({ checksums }) =>
    checksums ? undefined : 'page checksums are switched off, so damage of a page would not be noticed',
  remedy: 'Stop writing, save what is readable, find the faulty disk or memory, and restore from a tested backup',
  ask: `
    select sum(checksum_failures)::text as failures, string_agg(coalesce(stats_reset::text, ''), ', ' order by datid)
      as since, max(checksum_last_failure)::text as last
    from pg_stat_database
    where datid in (0, (select oid from pg_database where datname = current_database()))`,
  judge: ({ rows: [row], baseline }) => {
    if (row === undefined || row.failures === null)
      return { unknown: 'PostgreSQL does not say how many damaged pages it has found' };
    const seen = { [failures]: row.failures ?? '0', [since]: row.since ?? '' };
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const before = baseline[since] === seen[since] ? Number(baseline[failures] ?? 0) : 0;
    const found = Number(row.failures) - before;
    const what = `has ${sayCounted(found, 'more damaged page')}, the latest found at ${row.last}`;
    const faults: readonly Fault[] = found > 0 ? [{ object: 'this database', what, consequence: 'veto' }] : [];
    return { faults, seen, saw: 'no damaged page was found since the baseline' };
  },
  breach: {
    baseline: { [failures]: '0', [since]: '' },
    rows: [{ failures: '1', since: '', last: '2026-01-01 00:00:00+00' }],
  },
});

/** Only collations in use: the database's, and those that indexes are built with. */
export const collationVersions = check({
  id: 'collation-versions',
  cost: 'B',
  against: 'nothing',
  mayAt: 'hold',
  since: 15,
  reads: ['pg_database', 'pg_collation', 'pg_index', 'pg_namespace'],
  needs: everyone,
  remedy:
    'Reindex every index that uses it, then: alter collation NAME refresh version (for the default: alter database)',
  ask: `
    select 'collation ' || format('%I.%I', n.nspname, c.collname) as name, c.collversion as built,
      pg_collation_actual_version(c.oid) as actual
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace
    where c.collversion is not null and c.oid in (select unnest(i.indcollation) from pg_index i)
    union all
    select 'collation of this database', datcollversion, pg_database_collation_actual_version(oid)
    from pg_database where datname = current_database()`,
  judge: ({ rows }) => ({
    faults: rows
      .filter(({ built, actual }) => built !== null && actual !== null && built !== actual)
      .map(({ name, built, actual }) => ({
        object: name ?? '',
        what: `was version ${built} when indexes were built with it, and is ${actual} now: their order is suspect`,
        consequence: 'hold',
      })),
    saw: `${sayWhole(rows.length)} collations in use, of the versions that indexes were built with`,
  }),
  breach: { rows: [{ name: 'collation of this database', built: '2.28', actual: '2.36' }] },
});
