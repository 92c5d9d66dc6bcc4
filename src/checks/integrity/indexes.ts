import { isInFlux } from '../../core/evidence/declared.ts';
import { check, everyone } from '../check.ts';
import { faultOf, userSchemas } from '../pieces.ts';

/**
 * A failed index build leaves an index that PostgreSQL writes to but never uses. A running build shows in the progress
 * view.
 */
export const invalidIndexes = check({
  id: 'invalid-indexes',
  cost: 'A',
  against: 'nothing',
  mayAt: 'veto',
  rowByRow: true,
  reads: ['pg_index', 'pg_class', 'pg_namespace', 'pg_stat_progress_create_index'],
  needs: everyone,
  remedy: 'Rebuild it: reindex index concurrently NAME; or drop it',
  // Returns the few invalid indexes and the total count, without formatting the names of thousands of valid ones.
  ask: `
    select format('%I.%I', n.nspname, c.relname) as name, format('%I.%I', tn.nspname, t.relname) as relation,
      exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid and p.datname = current_database()) as in_progress
    from (select indexrelid, indrelid from pg_index where not (indisvalid and indisready and indislive)) i
      join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_class t on t.oid = i.indrelid join pg_namespace tn on tn.oid = t.relnamespace
    where ${userSchemas('n')}
    order by name`,
  judge: ({ rows, declared }) => {
    const faults = rows
      .filter(({ in_progress: inProgress }) => inProgress === 'f')
      .map(({ name, relation }) => ({ kind: 'index', name: name ?? '', relation: relation ?? '' }))
      .filter((index) => !isInFlux(declared, index, 'existence'))
      .map((index) => faultOf(declared, index, 'is not valid, and nobody is building it', 'veto'));
    return { faults, saw: 'no index is invalid, apart from running builds' };
  },
  breach: { rows: [{ name: 'public.i', relation: 'public.t', in_progress: 'f' }] },
});
