import { afterEach, beforeEach, expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { type TestRole, temporaryRole } from './role.ts';
import { until } from './until.ts';

let db: TestDatabase;
let mallory: TestRole;
let login: TestRole;
beforeEach(async () => {
  db = await database();
  mallory = await temporaryRole(db, 'login');
  login = await temporaryRole(db, 'login bypassrls');
  await db.query(`grant create on schema public to ${mallory.name}; grant pg_read_all_data to ${login.name}`);
  await db.query(`set role ${mallory.name}; create table "a b" (id int); create table other (id int);
    insert into "a b" select generate_series(1, 9); reset role`);
});
afterEach(async () => {
  await db.query(`drop owned by ${mallory.name} cascade`);
  for (const role of [mallory, login]) await role[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const reading = () =>
  heldConnection({
    url: db.urlAs(login.name),
    name: 'rows',
    readOnly: true,
    readsUserData: true,
    statementTimeout: seconds(10),
  });
const named = async (name: string) => ({
  oid: String((await db.query('select $1::regclass::oid as oid', [name])).rows[0]?.['oid']),
  name,
});
const counting = 'select count(*) from public."a b"';

test('a relation is read while its name means the vetted relation', async () => {
  await using rows = reading();
  const holding = [await named('public."a b"'), await named('public.other')];
  for (let times = 0; times < 2; times += 1)
    expect((await rows.query(counting, [], { holding })).rows).toEqual([['9']]);
  const prepared = await rows.query('select count(*) from pg_prepared_statements');
  expect(prepared.rows).toEqual([['0']]);
});

test('a relation is not read once its name means another, and the next query works', async () => {
  await using rows = reading();
  const holding = [await named('public."a b"')];
  await db.query('alter table "a b" rename to away; create table "a b" (id int)');
  await expect(rows.query(counting, [], { holding })).rejects.toMatchObject({
    code: 'changed-meanwhile',
    found: 'public."a b": a name now means a different relation than a moment ago',
  });
  await expect(rows.query(counting, [], { holding: [{ oid: '1', name: 'public.nowhere' }] })).rejects.toMatchObject({
    code: '42P01',
  });
  expect((await rows.query(counting, [], { holding: [await named('public."a b"')] })).rows).toEqual([['0']]);
});

test('a view that takes the name while the guard waits for the owner’s lock does not run', async () => {
  await using rows = reading();
  const holding = [await named('public."a b"')];
  await rows.query('select 1');
  const owner = await db.client();
  await owner.query(`set role ${mallory.name}`);
  await owner.query(`create function public.planted() returns int language plpgsql as
    'begin perform pg_try_advisory_lock(666); return 1; end'`); // kept until the session ends, despite rollbacks
  let answer: unknown;
  for (
    let tries = 0;
    tries < 5 && !(answer instanceof Error && 'found' in answer && /another/.test(String(answer)));
    tries += 1
  ) {
    await owner.query('begin; lock table public."a b" in access exclusive mode');
    const asked = rows.query(counting, [], { holding }).catch((error: unknown) => error);
    const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and usename = $1`;
    await until(async () => (await db.query(waiting, [login.name])).rowCount === 1);
    await owner.query(
      'alter table public."a b" rename to away; create view public."a b" as select public.planted() as id',
    );
    await owner.query('commit');
    answer = await asked;
    await owner.query('drop view public."a b"; alter table public.away rename to "a b"');
  }
  expect(answer).toMatchObject({ code: 'changed-meanwhile' });
  expect(
    (
      await db.query(`select from pg_locks where locktype = 'advisory' and objid = 666
    and database = (select oid from pg_database where datname = current_database())`)
    ).rowCount,
  ).toBe(0);
  expect((await rows.query(counting, [], { holding })).rows).toEqual([['9']]);
  await owner.end();
});
