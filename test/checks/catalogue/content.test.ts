import { describe, expect, inject, test } from 'vitest';

import { type Declared, namesNow } from '../../../src/core/evidence/declared.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import type { CatalogueId } from '../../../src/core/plan/catalogue.ts';
import { heldConnection, type HeldConnection } from '../../../src/target/connection.ts';
import { database, type TestDatabase } from '../../support/database.ts';
import { phaseWith } from './declared.ts';
import { type Ground, lookingAs, provable, proveAll, testedServers } from './harness.ts';

const tables = [
  'create table public."Mol é" (id int primary key, name text, doc json, at point, tags text[], size float8)',
  `insert into public."Mol é" select n, 'm' || n, '{}', point(n, 0.1), array['a', null], n / 3.0 from generate_series(1, 9) n`,
];
const withhold = ({ guard }: Ground) => [`revoke select on all tables in schema public from ${guard}`];
const scope = { staticTables: ['public.Mol é'] };

proveAll([
  provable({
    id: 'content',
    setup: tables,
    plant: [`update public."Mol é" set doc = '{"a": 1}' where id = 3`],
    heal: [`update public."Mol é" set doc = '{}' where id = 3`],
    withhold,
    faults: ['table public."Mol é"'],
    scope,
  }),
  provable({
    id: 'content',
    when: 'values swap rows in a partitioned table',
    setup: [
      'create table public.day (id int, n numeric) partition by range (id)',
      'create table public.day_1 partition of public.day for values from (1) to (5)',
      'create table public.day_2 partition of public.day for values from (5) to (9)',
      'insert into public.day values (1, 10), (6, 60)',
    ],
    plant: ['update public.day set n = 70 - n'],
    heal: ['update public.day set n = 70 - n'],
    withhold: ({ guard }) => [`revoke select on public.day_2 from ${guard}`],
    faults: ['table public.day'],
    scope: { staticTables: ['public.day'] },
  }),
  provable({
    id: 'content',
    when: 'null replaces an empty value',
    setup: ['create table public.t (a text, b text)', `insert into public.t values ('', null)`],
    plant: [`update public.t set a = null, b = ''`],
    heal: [`update public.t set a = '', b = null`],
    withhold,
    faults: ['table public.t'],
    scope: { staticTables: ['public.t'] },
  }),
  provable({
    id: 'content',
    when: 'a table name contains a quotation mark',
    setup: ['create table public."we""ird" (a int)', 'insert into public."we""ird" values (1)'],
    plant: ['update public."we""ird" set a = 2'],
    heal: ['update public."we""ird" set a = 1'],
    withhold,
    faults: ['table public."we""ird"'],
    scope: { staticTables: ['public.we"ird'] },
  }),
  provable({
    id: 'content',
    when: 'the table is a foreign table on another database’s view',
    setup: [
      'create extension postgres_fdw',
      'create table public.far (a int, at timestamptz)',
      `insert into public.far values (1, '2026-01-01 00:00Z')`,
      `do $$ begin execute format('create server other foreign data wrapper postgres_fdw options (host %L, port %L, dbname %L)',
        '127.0.0.1', current_setting('port'), current_database()); end $$`,
      `do $$ begin execute format('create user mapping for public server other options (user %L, password_required %L)',
        current_user, 'false'); end $$`,
      `create foreign table public.near (a int, at timestamptz) server other options (table_name 'far')`,
    ],
    plant: ['update public.far set a = 2'],
    heal: ['update public.far set a = 1'],
    withhold,
    faults: ['table public.near'],
    scope: { staticTables: ['public.near'] },
  }),
  provable({
    id: 'row-counts',
    setup: tables,
    plant: ['delete from public."Mol é" where id = 9'],
    heal: [`insert into public."Mol é" (id) values (9)`],
    withhold,
    faults: ['table public."Mol é"'],
    scope,
  }),
  provable({
    id: 'row-counts',
    when: 'tables that a phase names no longer exist',
    setup: [...tables, 'create table public.mixture (id int)'],
    plant: ['alter table public.mixture rename to elsewhere'],
    heal: ['alter table public.elsewhere rename to mixture'],
    withhold,
    faults: ['table public.mixture'],
    scope: { ...scope, phaseTables: ['public.mixture', 'public.mixtures'] },
  }),
]);

const connect = (db: TestDatabase): HeldConnection =>
  heldConnection({ url: db.url, name: 'c', readOnly: true, seesAllRows: true, statementTimeout: seconds(10) });

/** The finding after these statements, where the run went from no applied phase to this state of the phases. */
async function after(
  db: TestDatabase,
  { id, live = false }: { readonly id: CatalogueId; readonly live?: boolean },
  statements: readonly string[],
  declared: Declared,
) {
  await using connection = connect(db);
  const now: { underWay: Declared['underWay']; applied: Declared['applied'] } = { underWay: [], applied: [] };
  const tables: string[] = ['public.t'];
  const scope = {
    phases: [...declared.applied, ...declared.underWay],
    [live ? 'phaseTables' : 'staticTables']: tables,
  };
  const look = await lookingAs(connection, { id, scope, declared: now });
  const before = await look(true);
  expect(before).toMatchObject({ status: 'ok' });
  for (const statement of statements) await db.query(statement);
  Object.assign(now, declared);
  tables.splice(0, 1, ...namesNow(declared, 't'));
  const { status, summary, faults } = await look();
  return { status, summary, faults: faults?.map(({ object, consequence }) => `${consequence}: ${object}`) };
}

const rows = (direction: 'grow' | 'shrink' | 'any' | 'same', columns: readonly string[] = []) =>
  phaseWith({ writes: { t: { rows: direction, columns: [...columns] } } });
const grow = `insert into t select n, 'n' from generate_series(100, 105) n`;
const shrink = 'delete from t where id < 3';
const veto = ['veto: table public.t'];

describe.each(testedServers)('on %s', (server) => {
  const made = async () => {
    const db = await database(inject(server));
    await db.query(`create table t (id int primary key, name text, size int)`);
    await db.query(`insert into t select n, 'm' || n from generate_series(1, 9) n`);
    return db;
  };

  test.each([
    { when: 'a static table grows as declared', phase: rows('grow'), act: grow, faults: [] },
    { when: 'a static table shrinks though declared to grow', phase: rows('grow'), act: shrink, faults: veto },
    { when: 'a static table grows though declared to shrink', phase: rows('shrink'), act: grow, faults: veto },
    { when: 'a static table declared to change in any way shrinks', phase: rows('any'), act: shrink, faults: [] },
    {
      when: 'a static table grows though declared to keep its number of rows',
      phase: rows('same', ['name']),
      act: grow,
      faults: veto,
    },
    { when: 'a table with writers grows', live: true, phase: rows('same', ['name']), act: grow, faults: [] },
    {
      when: 'a table with writers shrinks',
      live: true,
      phase: rows('same'),
      act: shrink,
      faults: ['note: table public.t'],
    },
    { when: 'a table with writers shrinks as declared', live: true, phase: rows('shrink'), act: shrink, faults: [] },
    { when: 'a static table is dropped', phase: phaseWith({}), act: 'drop table t', faults: veto },
    {
      when: 'a static table is dropped as declared',
      phase: phaseWith({ drops: ['t'] }),
      act: 'drop table t',
      faults: [],
    },
  ])('row-counts: $when, once the phase is applied', async ({ phase, act, faults, live = false }) => {
    await using db = await made();
    const said = await after(db, { id: 'row-counts', live }, [act], { underWay: [], applied: [phase] });
    expect(said).toMatchObject({ faults });
  });

  test.each([
    {
      when: 'a column is rewritten as declared',
      phase: rows('same', ['name']),
      act: `update t set name = 'x'`,
      faults: [],
    },
    { when: 'another column is rewritten', phase: rows('same', ['name']), act: 'update t set size = 1', faults: veto },
    { when: 'rows are added as declared', phase: rows('grow'), act: grow, faults: [] },
    {
      when: 'a column is added as declared, and another is rewritten',
      phase: phaseWith({ creates: ['t.extra'] }),
      act: `alter table t add extra int default 7; update t set name = 'x' where id = 3`,
      faults: veto,
    },
    {
      when: 'a column is added as declared',
      phase: phaseWith({ creates: ['t.extra'] }),
      act: 'alter table t add extra int default 7',
      faults: [],
    },
    {
      when: 'a column is added without a declaration',
      phase: phaseWith({}),
      act: 'alter table t add extra int',
      faults: [],
    },
    {
      when: 'a column is dropped without a declaration',
      phase: phaseWith({}),
      act: 'alter table t drop size',
      faults: veto,
    },
    {
      when: 'a column is dropped as declared',
      phase: phaseWith({ drops: ['public.t.size'] }),
      act: 'alter table t drop size',
      faults: [],
    },
    {
      when: 'the table is renamed, and a row changes',
      phase: phaseWith({ renames: { t: 'order' } }),
      act: 'alter table t rename to "order"; update "order" set size = 1 where id = 3',
      faults: veto,
    },
    {
      when: 'the table is renamed',
      phase: phaseWith({ renames: { t: 'order' } }),
      act: 'alter table t rename to "order"',
      faults: [],
    },
    {
      when: 'the table is renamed, and a column declared under the new name is rewritten',
      phase: phaseWith({ renames: { t: 'order' }, writes: { order: { rows: 'same', columns: ['name'] } } }),
      act: `alter table t rename to "order"; update "order" set name = 'x'`,
      faults: [],
    },
    { when: 'the table is dropped', phase: phaseWith({}), act: 'drop table t', faults: veto },
  ])('content: $when, once the phase is applied', async ({ phase, act, faults }) => {
    await using db = await made();
    const said = await after(db, { id: 'content' }, act.split('; '), { underWay: [], applied: [phase] });
    expect(said).toMatchObject({ faults });
  });

  test('content: a half-rewritten column is no fault while its phase is in progress', async () => {
    await using db = await made();
    const declared = { underWay: [rows('same', ['name'])], applied: [] };
    const statements = [`update t set name = 'x' where id < 4`];
    const said = await after(db, { id: 'content' }, statements, declared);
    expect(said).toMatchObject({ status: 'ok' });
  });

  test('content: the sum does not depend on the order of rows or on display settings', async () => {
    await using db = await made();
    await db.query('alter table t add at timestamptz[], add p point');
    await db.query(`update t set at = array[timestamptz '2026-01-01 00:00Z'], p = point(0.1, id / 3.0)`);
    const statements = [
      'update t set name = name',
      'vacuum full t',
      `alter database ${db.name} set timezone = 'Asia/Tokyo'`,
      `alter database ${db.name} set extra_float_digits = -3`,
    ];
    const nothing = { underWay: [], applied: [] };
    expect(await after(db, { id: 'content' }, statements, nothing)).toMatchObject({
      status: 'ok',
    });
    await using connection = connect(db);
    const look = await lookingAs(connection, { id: 'content', scope: { staticTables: ['public.t'] } });
    const frozen = await look(true);
    await using again = heldConnection({ ...optionsOf(db), url: `${db.url}?options=-c%20datestyle%3DGerman` });
    const other = await lookingAs(again, { id: 'content', scope: { staticTables: ['public.t'] }, frozen });
    expect((await other(true)).seen).toEqual(frozen.seen);
  });

  test('content: values that swap rows change the sum, however many there are', async () => {
    await using db = await database(inject(server));
    const names = Array.from({ length: 30 }, (_, place) => `public.pay_${place}`);
    for (const [place, name] of names.entries()) {
      await db.query(`create table ${name} (id int primary key, pay int)`);
      await db.query(`insert into ${name} select n + ${place * 20}, n * 1000 from generate_series(1, 20) n`);
    }
    await using connection = connect(db);
    const look = await lookingAs(connection, { id: 'content', scope: { staticTables: names } });
    await look(true);
    for (const [place, name] of names.entries()) {
      const turned = `select pay from ${name} o where o.id = case when p.id = ${(place + 1) * 20} then ${place * 20 + 1} else p.id + 1 end`;
      await db.query(
        place % 2 === 0 ? `update ${name} set pay = 21000 - pay` : `update ${name} p set pay = (${turned})`,
      );
    }
    expect((await look()).faults?.map(({ object }) => object).toSorted()).toEqual(
      names.map((name) => `table ${name}`).toSorted(),
    );
  });

  test('content: a static table that never existed is unknown, not ok', async () => {
    await using db = await made();
    await using connection = connect(db);
    const look = await lookingAs(connection, { id: 'content', scope: { staticTables: ['public.mol'] } });
    expect(await look(true)).toMatchObject({ status: 'unknown', summary: expect.stringContaining('public.mol') });
  });
});

const optionsOf = ({ url }: TestDatabase) => ({
  url,
  name: 'c',
  readOnly: true,
  seesAllRows: true,
  statementTimeout: seconds(10),
});

test.each([
  { when: 'misspelt', table: 'public.mol', said: 'unknown' },
  { when: 'still to be created by a phase', table: 'public.later', said: 'ok' },
])('row-counts: a table in the plan that is $when is $said', async ({ table, said }) => {
  await using db = await database();
  await using connection = connect(db);
  const phases = [phaseWith({ creates: ['later'] })];
  const look = await lookingAs(connection, { id: 'row-counts', scope: { phases }, limits: { tables: [table] } });
  await look(true);
  expect(await look()).toMatchObject({ status: said });
});
