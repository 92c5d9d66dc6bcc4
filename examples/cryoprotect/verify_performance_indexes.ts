/** Phase 5, performance optimization: three indexes, built concurrently and then verified; `--remove` drops them. */
import { dropIndex, ensureIndex, type Index } from './indexes.ts';
import { type Job, PhaseStopped, runPhase } from './phase-script.ts';
import { type Names, namesNow } from './tables.ts';

const performanceIndexes = ({ prediction, molecule, mixture }: Names): readonly Index[] => [
  { name: 'idx_predictions_mixture_property', table: prediction, using: 'btree (mixture_id, property)' },
  { name: 'idx_molecule_name_trgm', table: molecule, using: 'gin (name extensions.gin_trgm_ops)' },
  { name: 'idx_mixture_name_trgm', table: mixture, using: 'gin (name extensions.gin_trgm_ops)' },
];

async function verifyIndexes({ db, say }: Job, indexes: readonly Index[]): Promise<void> {
  const { rows } = await db.query<{ relname: string }>(
    `select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and i.indisvalid and i.indisready and i.indislive`,
    [indexes.map(({ name }) => name)],
  );
  const missing = indexes.filter(({ name }) => !rows.some(({ relname }) => relname === name));
  if (missing.length > 0) {
    throw new PhaseStopped(`${missing.map(({ name }) => name).join(', ')}: missing or not valid; run this again`);
  }
  say(`verified: ${rows.length} of ${indexes.length} indexes are there and valid`);
}

export async function addPerformanceIndexes(job: Job): Promise<void> {
  const indexes = performanceIndexes(await namesNow(job.db));
  for (const [done, index] of indexes.entries()) {
    job.progress(done, indexes.length);
    await ensureIndex(job, index);
  }
  await verifyIndexes(job, indexes);
  job.progress(1, 1);
}

export async function removePerformanceIndexes(job: Job): Promise<void> {
  const indexes = performanceIndexes(await namesNow(job.db));
  for (const [done, { name }] of indexes.entries()) {
    await dropIndex(job, name);
    job.progress(done + 1, indexes.length);
  }
}

if (import.meta.main) {
  await runPhase({ remove: 'flag' }, (job, { remove }) =>
    remove === true ? removePerformanceIndexes(job) : addPerformanceIndexes(job),
  );
}
