import { nameBefore } from '../../core/evidence/declared.ts';
import { instant } from '../../core/kernel/units.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { type Cells, check } from '../check.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';
import { before, countedSince, epoch, isOver, kept, minutesSince, sayBefore, tooYoung } from './counting.ts';

/** Below this many rows, reading the whole table is cheap. */
const fewRows = 100_000;

const countsOf = ({ scans, rows }: Cells): Cells => ({ scans: scans ?? '0', rows: rows ?? '0' });

/**
 * A query plan that has lost its index reads whole tables. The check counts rows, because scanning a small table is the
 * right plan. Tables that were not scanned are not kept: their baseline rate is zero.
 */
export const sequentialScans = check({
  id: 'sequential-scans',
  cost: 'B',
  against: 'baseline',
  counts: true,
  mayAt: 'note',
  reads: ['pg_stat_user_tables', 'pg_stat_database'],
  needs: 'grant select on pg_catalog.pg_stat_user_tables to the guard’s role',
  remedy:
    'analyze NAME, look for a missing index, and compare query plans with explain. Include the plan’s own checks and probes: the server does not say whose scans it counts',
  ask: `
    select t.relid as oid, case when t.relid is not null then format('%I.%I', t.schemaname, t.relname) end as relation, t.seq_scan as scans, t.seq_tup_read as rows, ${epoch}
    from pg_stat_database d left join pg_stat_user_tables t
      on t.seq_tup_read > 0 and ${userSchemas('t').replaceAll('nspname', 'schemaname')}
    where d.datname = current_database()`,
  judge: (input) => {
    const { rows, earlier, declared, baseline } = input;
    if (earlier === undefined || earlier.rows[0]?.epoch !== rows[0]?.epoch) return tooYoung;
    // Matched by oid, so that a renamed table keeps its counts.
    const earlierBy = new Map(earlier.rows.map((row) => [row.oid, row]));
    const scanned = rows.flatMap((row) => {
      const relation = row.relation ?? '';
      if (row.oid === null) return [];
      const was = earlierBy.get(row.oid ?? null) ?? { scans: '0', rows: '0' };
      const counted = countedSince(countsOf(was), countsOf(row), minutesSince(input));
      return counted === undefined || counted.more('rows') === 0 ? [] : [{ relation, counted }];
    });
    const seen = Object.fromEntries(
      scanned.map(({ relation, counted }) => [
        `table ${nameBefore(declared, relation)}`,
        kept(counted.perMinute('rows')),
      ]),
    );
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = scanned
      .filter(({ relation, counted }) => {
        const known = before(baseline, `table ${nameBefore(declared, relation)}`);
        return counted.more('rows') > fewRows && isOver(counted.perMinute('rows'), 5, known);
      })
      .map(({ relation, counted }) => {
        const known = before(baseline, `table ${nameBefore(declared, relation)}`);
        const scans = sayCounted(counted.more('scans'), 'scan');
        const what = `was read from end to end, by the application or by the plan’s own queries: ${sayWhole(counted.more('rows'))} rows in ${scans}${sayBefore(known, ' rows')}`;
        return faultOf(declared, { kind: 'table', relation }, what, 'note');
      });
    return {
      faults,
      seen,
      saw: `${sayCounted(scanned.length, 'table')} read from end to end, none much more than before`,
    };
  },
  breach: {
    baseline: {},
    earlier: { at: instant(0), rows: [{ oid: '1', relation: 'public.t', scans: '0', rows: '0', epoch: 'e' }] },
    rows: [{ oid: '1', relation: 'public.t', scans: '9', rows: '900000000', epoch: 'e' }],
  },
});
