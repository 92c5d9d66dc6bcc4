/**
 * Phase 2, schema standardization: plural table names, in one transaction. Objects that are named after a table are renamed
 * too.
 */
import { escapeIdentifier } from 'pg';

import { type Database, inTransaction, type Job, runPhase } from './phase-script.ts';
import { namesNow, plurals, sequencesOf, tables } from './tables.ts';

type Direction = 'to plural' | 'to singular';

async function constraintsOf(db: Database, table: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ conname: string }>(
    'select conname from pg_constraint where conrelid = $1::regclass order by conname',
    [`public.${table}`],
  );
  return rows.map(({ conname }) => conname);
}

/**
 * The names of constraints (including the indexes of keys) and sequences start with the table's name; other indexes have
 * independent names.
 */
async function renameDependents(db: Database, table: string, from: string): Promise<void> {
  const isNamedAfter = (name: string) => name.startsWith(`${from}_`);
  const renamed = (name: string) => escapeIdentifier(`${table}${name.slice(from.length)}`);
  for (const name of (await constraintsOf(db, table)).filter(isNamedAfter)) {
    await db.query(`alter table public.${table} rename constraint ${escapeIdentifier(name)} to ${renamed(name)}`);
  }
  for (const name of (await sequencesOf(db, table)).filter(isNamedAfter)) {
    await db.query(`alter sequence public.${escapeIdentifier(name)} rename to ${renamed(name)}`);
  }
}

export async function rename(job: Job, direction: Direction): Promise<void> {
  await inTransaction(job, 'renaming', async () => {
    const names = await namesNow(job.db);
    const all = tables.map((key) => `public.${names[key]}`).join(', ');
    await job.db.query(`lock table ${all} in access exclusive mode`);
    for (const [index, key] of tables.entries()) {
      const [from, to] = direction === 'to plural' ? [key, plurals[key]] : [plurals[key], key];
      if (names[key] === from) await job.db.query(`alter table public.${from} rename to ${to}`);
      await renameDependents(job.db, to, from);
      job.progress(index + 1, tables.length + 1);
    }
  });
  job.say(`tables are named ${tables.map((key) => (direction === 'to plural' ? plurals[key] : key)).join(', ')}`);
  job.progress(1, 1);
}

if (import.meta.main) {
  await runPhase({ rollback: 'flag' }, (job, { rollback }) =>
    rename(job, rollback === true ? 'to singular' : 'to plural'),
  );
}
