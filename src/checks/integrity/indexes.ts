import { isInFlux } from '../../core/evidence/declared.ts';
import { check, everyone } from '../check.ts';
import { faultOf, sayCounted, userSchemas } from '../pieces.ts';

/** An index build that failed leaves an index that is written to and never used. One under way shows in the progress view. */
export const invalidIndexes = check({
  id: 'invalid-indexes',
  cost: 'A',
  against: 'nothing',
  mayAt: 'veto',
  reads: ['pg_index', 'pg_class', 'pg_namespace', 'pg_stat_progress_create_index'],
  needs: everyone,
  remedy: 'Build it again: reindex index concurrently NAME; or drop it',
  ask: `
    select format('%I.%I', n.nspname, c.relname) as name, format('%I.%I', tn.nspname, t.relname) as relation,
      i.indisvalid and i.indisready and i.indislive as well,
      exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid) as in_progress,
      count(*) over () as looked_at
    from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class t on t.oid = i.indrelid join pg_namespace tn on tn.oid = t.relnamespace
    where ${userSchemas('n')}
    order by well, name limit 1000`,
  judge: ({ rows, declared }) => {
    const faults = rows
      .filter(({ well, in_progress: inProgress }) => well === 'f' && inProgress === 'f')
      .map(({ name, relation }) => ({ kind: 'index', name: name ?? '', relation: relation ?? '' }))
      .filter((index) => !isInFlux(declared, index, 'existence'))
      .map((index) => faultOf(declared, index, 'is not valid, and nobody is building it', 'veto'));
    return { faults, saw: `${sayCounted(Number(rows[0]?.looked_at ?? 0), 'index', 'indexes')}, none of them invalid` };
  },
  breach: { rows: [{ name: 'public.i', relation: 'public.t', well: 'f', in_progress: 'f', looked_at: '1' }] },
});
