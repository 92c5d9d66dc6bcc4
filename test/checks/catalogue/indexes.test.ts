import { expect } from 'vitest';

import { type Ground, hide, provable, proveAll } from './harness.ts';

/** A unique index over rows that are not unique fails to be built, and stays behind. */
async function failToBuild({ db }: Ground): Promise<void> {
  await db.query('insert into public."Mol é" values (1, 1), (2, 1)');
  const building = db.query('create unique index concurrently failed on public."Mol é" (n)');
  await expect(building).rejects.toMatchObject({ code: '23505' });
  await db.query('select 1'); // answered only once the failed build is cleared away
}

proveAll([
  provable({
    id: 'invalid-indexes',
    setup: ['create table public."Mol é" (id int primary key, n int)'],
    plant: failToBuild,
    heal: ['drop index public.failed'],
    withhold: hide('pg_index'),
    faults: ['index public.failed'],
  }),
]);
