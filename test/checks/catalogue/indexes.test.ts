import { expect } from 'vitest';

import { type Ground, hide, provable, proveAll } from './harness.ts';

/** Building a unique index over duplicate rows fails and leaves the index behind. */
async function failToBuild({ db }: Ground): Promise<void> {
  await db.query('insert into public."Mol é" values (1, 1), (2, 1)');
  const building = db.query('create unique index concurrently failed on public."Mol é" (n)');
  await expect(building).rejects.toMatchObject({ code: '23505' });
  await db.query('select 1'); // the answer comes only after the failed build is cleaned up
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
