import { type Database, forIndexes, type Job, patiently, PhaseStopped } from './phase-script.ts';

export interface Index {
  readonly name: string;
  readonly table: string;
  /** As PostgreSQL writes it: `btree (mixture_id, property)`. */
  readonly using: string;
}

const definition = ({ name, table, using }: Index) => `CREATE INDEX ${name} ON public.${table} USING ${using}`;

async function lookAt(db: Database, name: string): Promise<{ valid: boolean; definition: string } | undefined> {
  const { rows } = await db.query<{ valid: boolean; definition: string }>(
    `select indisvalid and indisready as valid, pg_get_indexdef(indexrelid) as definition
     from pg_index where indexrelid = to_regclass($1)`,
    [`public.${name}`],
  );
  return rows[0];
}

/** Builds the index while others read and write. Rebuilds an index that an interrupted build left invalid. */
export async function ensureIndex(job: Job, index: Index): Promise<void> {
  const wanted = definition(index);
  await patiently(job, index.name, forIndexes, async () => {
    const found = await lookAt(job.db, index.name);
    if (found !== undefined && found.definition !== wanted) {
      throw new PhaseStopped(`found "${found.definition}", wanted "${wanted}"; rename or drop the one that is there`);
    }
    if (found?.valid === true) return;
    if (found !== undefined) await job.db.query(`drop index concurrently public.${index.name}`);
    await job.db.query(wanted.replace('CREATE INDEX', 'create index concurrently'));
  });
  job.say(`index ${index.name}: valid`);
}

export async function dropIndex(job: Job, name: string): Promise<void> {
  await patiently(job, name, forIndexes, async () => {
    await job.db.query(`drop index concurrently if exists public.${name}`);
  });
  job.say(`index ${name}: gone`);
}
