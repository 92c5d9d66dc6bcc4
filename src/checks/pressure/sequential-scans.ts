import { nameBefore } from '../../core/evidence/declared.ts';
import { instant } from '../../core/kernel/units.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { type Cells, check } from '../check.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';
import { before, countedSince, epoch, isOver, kept, minutesSince, sayBefore, tooYoung } from './counting.ts';

/** Below this many rows, to read all of them is cheap. */
const fewRows = 100_000;

const countsOf = ({ scans, rows }: Cells): Cells => ({ scans: scans ?? '0', rows: rows ?? '0' });

/**
 * A plan that has lost its index reads whole tables. Rows are what counts: a scan of a small table is the right plan.
 * Tables that were not scanned are left out of what is kept: for them the baseline’s rate is nothing.
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
    'analyze NAME, and compare the plans with explain, those of the plan’s own checks and probes too, since the server does not tell whose scans it counts; look for an index that is gone',
  ask: `
    select t.relid as oid, case when t.relid is not null then format('%I.%I', t.schemaname, t.relname) end as relation, t.seq_scan as scans, t.seq_tup_read as rows, ${epoch}
    from pg_stat_database d left join pg_stat_user_tables t
      on t.seq_tup_read > 0 and ${userSchemas('t').replaceAll('nspname', 'schemaname')}
    where d.datname = current_database()`,
  judge: (look) => {
    const { rows, earlier, declared, baseline } = look;
    if (earlier === undefined || earlier.rows[0]?.epoch !== rows[0]?.epoch) return tooYoung;
    // By its number: a table that a phase renames goes on counting.
    const earlierBy = new Map(earlier.rows.map((row) => [row.oid, row]));
    const scanned = rows.flatMap((row) => {
      const relation = row.relation ?? '';
      if (row.oid === null) return [];
      const was = earlierBy.get(row.oid ?? null) ?? { scans: '0', rows: '0' };
      const counted = countedSince(countsOf(was), countsOf(row), minutesSince(look));
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
        const what = `was read from end to end, by the application or by the plan’s own questions: ${sayWhole(counted.more('rows'))} rows in ${scans}${sayBefore(known, ' rows')}`;
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
