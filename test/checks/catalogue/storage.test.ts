import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { checks } from '../../../src/checks/catalogue.ts';
import type { Check } from '../../../src/checks/check.ts';
import { notApplicable, readServer } from '../../../src/checks/server.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { heldConnection } from '../../../src/target/connection.ts';
import { database } from '../../support/database.ts';
import { phaseWith } from './declared.ts';
import { type Ground, hide, provable, proveAll } from './harness.ts';

/** Overwrites a page on disk and makes the server read it from there. */
async function damage({ db }: Ground): Promise<void> {
  await db.query('create extension pg_buffercache');
  await db.query('create table damaged as select n from generate_series(1, 100) n');
  await db.query('checkpoint');
  const { rows } = await db.query(
    `select current_setting('data_directory') as root, pg_relation_filepath('damaged') as path`,
  );
  const [{ root, path } = {}] = rows;
  await using file = await open(join(String(root), String(path)), 'r+');
  await file.write(Buffer.alloc(64, 7), 0, 64, 4_096);
  await file.sync();
  await db.query(`select pg_buffercache_evict_relation('damaged')`);
  await expect(db.query('select * from damaged')).rejects.toThrow('invalid page');
  await db.query('select pg_stat_force_next_flush()');
}

/** Reversing the sort order makes every index that was built with it inconsistent. */
const order = (sign: '' | '-') =>
  `create or replace function public.my_order(a int, b int) returns int immutable strict language sql
     as $$ select ${sign}pg_catalog.btint4cmp(a, b) $$`;

const indexed = [
  'create schema tools',
  'create extension amcheck schema tools',
  order(''),
  `create operator class public.my_ints for type int using btree as
     operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 public.my_order(int, int)`,
  'create table public."Mol é" (n int primary key)',
  'create table public.day (n int) partition by range (n)',
  'create table public.day_1 partition of public.day for values from (0) to (1000)',
  'create table public.elsewhere (n int)',
  'create index "My é" on public."Mol é" (n public.my_ints)',
  'create index of_day on public.day_1 (n public.my_ints)',
  'create index of_elsewhere on public.elsewhere (n public.my_ints)',
  ...['"Mol é"', 'day', 'elsewhere'].map((name) => `insert into public.${name} select generate_series(1, 900)`),
];

const withGrant = async ({ db, guard }: Ground) => {
  for (const statement of indexed) await db.query(statement);
  await db.query(`grant usage on schema tools to ${guard}`);
  await db.query(`grant execute on function tools.bt_index_check(regclass, boolean) to ${guard}`);
};

proveAll([
  provable({
    id: 'page-checksums',
    plant: damage,
    heal: ['drop table damaged', 'select pg_stat_reset()'],
    withhold: hide('pg_stat_database'),
    faults: ['this database'],
  }),
  provable({
    id: 'collation-versions',
    setup: [
      `create collation public."Deutsch" (provider = icu, locale = 'de')`,
      `create collation public.unused (provider = icu, locale = 'sv')`,
      'create table public.t (a text collate "Deutsch")',
      'create index on public.t (a)',
    ],
    plant: [`update pg_collation set collversion = '1.2' where collname in ('Deutsch', 'unused')`],
    heal: ['alter collation public."Deutsch" refresh version'],
    withhold: hide('pg_collation'),
    faults: ['collation public."Deutsch"'],
  }),
  provable({
    id: 'amcheck',
    setup: withGrant,
    plant: [order('-')],
    heal: [order('')],
    withhold: ({ guard }) => [`revoke execute on function tools.bt_index_check(regclass, boolean) from ${guard}`],
    faults: ['index public."My é"', 'index public.of_day'],
    scope: { staticTables: ['public.Mol é'], phaseTables: ['public.day'] },
  }),
  provable({
    id: 'amcheck',
    when: 'a table listed in the plan; an index that a phase is building is no fault',
    setup: withGrant,
    plant: [order('-')],
    heal: [order('')],
    withhold: ({ guard }) => [`revoke usage on schema tools from ${guard}`],
    faults: ['index public.of_elsewhere'],
    scope: { staticTables: ['public.Mol é'] },
    limits: { tables: ['elsewhere'] },
    declared: { underWay: [phaseWith({ indexes: ['My é'] })], applied: [] },
  }),
]);

test('page-checksums does not apply if page checksums are off', async () => {
  await using db = await database();
  const options = { url: db.url, name: 'c', readOnly: true, statementTimeout: seconds(5) };
  await using connection = heldConnection(options);
  const server = await readServer(connection);
  expect(notApplicable(checks['page-checksums'] as Check, server)).toBe(
    'page checksums are switched off, so damage of a page would not be noticed',
  );
  expect(notApplicable(checks['page-checksums'] as Check, { ...server, checksums: true })).toBeUndefined();
});
