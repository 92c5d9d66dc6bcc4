import { expect, test } from 'vitest';

import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { phaseWith } from './declared.ts';
import { type Ground, lookingAs, provable, proveAll } from './harness.ts';

const flush = 'select pg_stat_force_next_flush()';
const filled = (name: string, rows = 5_000) => [
  `create table public.${name} (id int, n int default 0)`,
  `insert into public.${name} select generate_series(1, ${rows})`,
];
/** Without it, a table of the catalog that the check reads cannot be read. */
const withhold = ({ guard }: Ground) => [
  `revoke select on pg_catalog.pg_class from public`,
  `revoke select on pg_catalog.pg_class from ${guard}`,
];
const refill = 'insert into public.t select generate_series(1, 5000)';

proveAll([
  provable({
    id: 'mass-changes',
    when: 'a table is emptied',
    setup: [...filled('t'), ...filled('small', 100), flush],
    plant: ['truncate public.t', 'truncate public.small', flush],
    heal: [refill, flush],
    withhold,
    faults: ['table public.t'],
  }),
  provable({
    id: 'mass-changes',
    when: 'most rows are deleted, or some, or all are updated',
    setup: [...filled('t'), ...filled('few'), ...filled(`"all"`), flush],
    plant: [
      'delete from public.t where id > 1000',
      'delete from public.few where id > 4000',
      'update public.all set n = 1',
      flush,
    ].map((one) => one.replace('public.all', 'public."all"')),
    heal: [refill, refill.replace('public.t', 'public.few'), 'drop table public."all"', flush],
    withhold,
    faults: ['table public.few', 'table public.t', 'updates of table public."all"'],
  }),
  provable({
    id: 'mass-changes',
    when: 'rows that are deleted and inserted again, reset counters, and what a phase declares are no fault',
    setup: [...filled('t'), ...filled('again'), ...filled('old'), ...filled('shrunk'), flush],
    plant: [
      'delete from public.again',
      'insert into public.again select generate_series(1, 5000)',
      'analyze public.again, public.old, public.shrunk, public.t',
      'select pg_stat_reset()',
      'alter table public.old rename to renamed',
      'delete from public.shrunk',
      'delete from public.t',
      'analyze public.t',
      flush,
    ],
    heal: [refill, flush, 'analyze public.t'],
    withhold,
    faults: ['table public.t'],
    declared: {
      underWay: [],
      applied: [phaseWith({ renames: { old: 'renamed' }, writes: { shrunk: { rows: 'shrink', columns: [] } } })],
    },
  }),
  provable({
    id: 'mass-changes',
    when: 'a queue that was emptied before is worth a note, beside a table that was not',
    setup: [
      ...filled('queue'),
      'truncate public.queue',
      'insert into public.queue select generate_series(1, 5000)',
      ...filled('t'),
      flush,
    ],
    plant: ['truncate public.queue', 'truncate public.t', flush],
    heal: [refill, refill.replace('public.t', 'public.queue'), flush],
    withhold,
    faults: ['table public.queue', 'table public.t'],
  }),
]);

test('only what was never replaced before is a breach', async () => {
  await using db = await database();
  for (const statement of [
    ...filled('queue'),
    'truncate queue',
    'insert into queue select generate_series(1, 5000)',
    ...filled('t'),
    flush,
  ])
    await db.query(statement);
  await using connection = checksSession(db.url);
  const look = await lookingAs(connection, { id: 'mass-changes' });
  await look(true);
  await db.query('truncate queue, t');
  await db.query(flush);
  const told = (await look()).faults?.map(({ object, what, consequence }) => `${consequence}: ${object} ${what}`);
  expect(told?.toSorted()).toEqual([
    'note: table public.queue has no rows where it had about 5,000; its rows have been replaced before',
    'veto: table public.t has no rows where it had about 5,000',
  ]);
});

test.each([
  { what: 'truncate t', says: 'has no rows where it had about 5,000' },
  { what: 'delete from t where id > 1000', says: 'has 1,000 rows where it had about 5,000' },
  { what: 'delete from t where id > 4900', says: undefined },
  { what: 'insert into t select generate_series(1, 5000)', says: undefined },
])(
  'a table without statistics, such as one of a copied database, is counted for the baseline: $what',
  async ({ what, says }) => {
    await using db = await database();
    for (const statement of [...filled('t'), flush, 'select pg_stat_reset()']) await db.query(statement);
    await using connection = checksSession(db.url);
    const look = await lookingAs(connection, { id: 'mass-changes' });
    expect((await look(true)).summary).toBe('the estimated rows of 1 table, none with a tenth less');
    await db.query(what);
    await db.query(flush);
    expect((await look()).faults?.map((fault) => fault.what)).toEqual(says === undefined ? [] : [says]);
  },
);
