import { describe, expect, inject, test } from 'vitest';

import { seconds } from '../../../src/core/kernel/units.ts';
import { heldConnection } from '../../../src/target/connection.ts';
import { database, type TestDatabase } from '../../support/database.ts';
import { phaseWith } from './declared.ts';
import { type Ground, lookingAs, provable, proveAll, testedServers } from './harness.ts';

const unenforced = (...statements: readonly string[]) => [
  'set session_replication_role = replica',
  ...statements,
  'set session_replication_role = origin',
];

const tables = [
  'create table public."Mol é" (id int primary key, "n, m" text unique)',
  'create table public.mixture (id int primary key, mol int constraint "to Mol" references public."Mol é")',
];

const withhold =
  (table: string) =>
  ({ guard }: Ground) => [`revoke select on ${table} from ${guard}`];

proveAll([
  provable({
    id: 'orphans',
    setup: tables,
    plant: unenforced('insert into public.mixture values (1, 7), (2, null)'),
    heal: ['delete from public.mixture where id = 1'],
    withhold: withhold('public."Mol é"'),
    faults: ['constraint "to Mol" on public.mixture'],
  }),
  provable({
    id: 'orphans',
    when: 'a self-referencing table whose rows a policy hides',
    setup: ['create table public.node (id int primary key, "Parent" int references public.node)'],
    plant: unenforced('insert into public.node values (1, 1), (2, 3)'),
    heal: ['delete from public.node where id = 2'],
    withhold: ({ guard }) => ['alter table public.node enable row level security', `alter role ${guard} nobypassrls`],
    faults: ['constraint "node_Parent_fkey" on public.node'],
  }),
  provable({
    id: 'orphans',
    when: 'keys with several columns, MATCH SIMPLE and MATCH FULL',
    setup: [
      'create table public.pair (a int, b text collate "C", primary key (a, b))',
      `create table public.simple (a int, b text, constraint k foreign key (a, b) references public.pair)`,
      `create table public.whole (x text collate "POSIX", y int,
         constraint k foreign key (y, x) references public.pair (a, b) match full)`,
      `insert into public.pair values (1, 'x')`,
    ],
    plant: unenforced(
      `insert into public.simple values (1, 'x'), (2, null), (null, null), (1, 'y')`,
      `insert into public.whole values ('x', 1), (null, null), (null, 1)`,
    ),
    heal: ['delete from public.simple', 'delete from public.whole'],
    withhold: withhold('public.pair'),
    faults: ['constraint k on public.simple', 'constraint k on public.whole'],
  }),
  provable({
    id: 'orphans',
    when: 'partitioned tables, reported under the parent’s name',
    setup: [
      'create table public.day (id int primary key) partition by range (id)',
      'create table public.day_1 partition of public.day for values from (1) to (9)',
      'create table public.reading (day int references public.day) partition by range (day)',
      'create table public.reading_1 partition of public.reading for values from (1) to (9)',
    ],
    plant: unenforced('insert into public.reading values (3)'),
    heal: ['delete from public.reading'],
    withhold: withhold('public.reading'),
    faults: ['constraint reading_day_fkey on public.reading'],
  }),
  provable({
    id: 'orphans',
    when: 'a renamed table, reported under its former name',
    setup: ['create table public."order" (id int primary key)', 'create table public.item (o int references "order")'],
    plant: [
      'alter table public."order" rename to orders',
      'alter table public.item rename to "Items"',
      ...unenforced('insert into public."Items" values (1)'),
    ],
    heal: ['delete from public."Items"'],
    withhold: withhold('public.orders'),
    faults: ['constraint item_o_fkey on public.item'],
    declared: { underWay: [], applied: [phaseWith({ renames: { order: 'orders', item: 'Items' } })] },
  }),
  provable({
    id: 'orphans',
    when: 'although another key cannot be read',
    setup: [
      ...tables,
      'create table public.hidden (id int primary key references public."Mol é")',
      'create table public.seen (id int references public."Mol é")',
    ],
    plant: async ({ db, guard }) => {
      await db.query(`revoke select on public.hidden from ${guard}`);
      for (const statement of unenforced('insert into public.seen values (1)')) await db.query(statement);
    },
    heal: async ({ db, guard }) => {
      await db.query('delete from public.seen');
      await db.query(`grant select on public.hidden to ${guard}`);
    },
    withhold: withhold('public.hidden'),
    faults: ['constraint seen_id_fkey on public.seen'],
  }),
  provable({
    id: 'orphans',
    when: 'tables that a phase in progress writes are no fault',
    setup: [...tables, 'create table public.tag (id int references public."Mol é")'],
    plant: unenforced('insert into public.mixture values (1, 7)', 'insert into public.tag values (7)'),
    heal: ['delete from public.tag'],
    withhold: withhold('public.tag'),
    faults: ['constraint tag_id_fkey on public.tag'],
    declared: { underWay: [phaseWith({ writes: { mixture: { rows: 'any', columns: [] } } })], applied: [] },
  }),
]);

describe.each(testedServers)('orphans on %s', (server) => {
  const looking = (db: TestDatabase) =>
    heldConnection({ url: db.url, name: 'c', readOnly: true, seesAllRows: true, statementTimeout: seconds(10) });
  const perform = async (db: TestDatabase, statements: readonly string[]) => {
    for (const statement of statements) await db.query(statement);
  };

  test('more orphans than in the baseline are a breach of their own', async () => {
    await using db = await database(inject(server));
    await perform(db, [...tables, ...unenforced('insert into public.mixture values (1, 7)')]);
    await using connection = looking(db);
    const look = await lookingAs(connection, { id: 'orphans' });
    const before = await look(true);
    await perform(db, unenforced('insert into public.mixture values (2, 8), (3, 9)'));
    const { faults } = await look();
    expect(before.faults).toMatchObject([{ object: 'constraint "to Mol" on public.mixture' }]);
    expect(faults?.map(({ object, what }) => `${object} ${what}`)).toEqual([
      'constraint "to Mol" on public.mixture does not hold: 3 rows refer to missing rows of public."Mol é"',
      'more orphans of constraint "to Mol" on public.mixture are 2 beside the 1 of the baseline',
    ]);
  });

  test('a table that someone else has locked makes the result unknown', async () => {
    await using db = await database(inject(server));
    await perform(db, tables);
    await using connection = looking(db);
    const look = await lookingAs(connection, { id: 'orphans' });
    const other = await db.client();
    await other.query('begin; lock table public.mixture');
    expect(await look()).toMatchObject({ status: 'unknown', summary: expect.stringContaining('55P03') });
    await other.query('rollback');
    expect(await look()).toMatchObject({ status: 'ok' });
    await other.end();
  });
});

test('a period that is not covered is an orphan', async () => {
  await using db = await database(inject('postgres18'));
  for (const statement of [
    'create extension btree_gist',
    'create table room (id int, open daterange, primary key (id, open without overlaps))',
    `create table booking (id int, at daterange,
       constraint k foreign key (id, period at) references room (id, period open))`,
    `insert into room values (1, '[2026-01-01,2026-02-01)'), (1, '[2026-02-01,2026-03-01)')`,
    `insert into booking values (1, '[2026-01-20,2026-02-10)')`,
  ]) {
    await db.query(statement);
  }
  await using connection = heldConnection({
    url: db.url,
    name: 'c',
    readOnly: true,
    seesAllRows: true,
    statementTimeout: seconds(10),
  });
  const look = await lookingAs(connection, { id: 'orphans' });
  expect(await look()).toMatchObject({ status: 'ok' });
  for (const statement of unenforced(`insert into booking values (1, '[2026-02-20,2026-03-10)')`))
    await db.query(statement);
  expect((await look()).faults).toMatchObject([{ object: 'constraint k on public.booking' }]);
});
