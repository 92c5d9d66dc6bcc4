import { expect, inject, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { cancelPhaseStatement } from '../../src/target/sessions.ts';
import { crowd, untilSo, untilWaiting } from '../checks/catalogue/sessions.ts';
import { database } from '../support/database.ts';
import { temporaryRole } from './role.ts';

const tag = 'ripcord-phase-7';
const held = (url: string) => heldConnection({ url, name: 'control', readOnly: true, statementTimeout: seconds(5) });

/** One session reads the table, and the other waits to alter it. */
async function waiting(db: Awaited<ReturnType<typeof database>>, name: string) {
  const all = await crowd(db, 2);
  await all.client(0).query('begin; select * from molecule');
  await all.client(1).query(`set application_name = '${name}'`);
  const said = all
    .client(1)
    .query('alter table molecule add column n int')
    .catch((error: unknown) => (error as { code?: string }).code);
  await untilWaiting(db, all.pids, 1);
  return { all, said, pid: all.pid(1) };
}

test.each(['postgres', 'postgres18'] as const)('the phase’s waiting statement is cancelled, on %s', async (server) => {
  await using db = await database(inject(server));
  await db.query('create table molecule (id int)');
  const { all, said, pid } = await waiting(db, tag);
  await using _all = all;
  await using connection = held(db.url);
  const of = { database: db.name, applicationNames: [tag] };
  expect(await cancelPhaseStatement(connection, of, pid)).toBe(true);
  expect(await said).toBe('57014');
  expect(await cancelPhaseStatement(connection, of, pid), 'it waits no more').toBe(false);
});

test.each([
  { whose: 'somebody else, though the pid is the same', name: 'payroll', database: undefined },
  { whose: 'the guard', name: 'ripcord checks', database: undefined },
  { whose: 'a phase on another database', name: tag, database: 'postgres' },
])('a statement of $whose is never cancelled', async ({ name, database: elsewhere }) => {
  await using db = await database();
  await db.query('create table molecule (id int)');
  const { all, pid } = await waiting(db, name);
  await using _all = all;
  await using connection = held(db.url);
  const of = { database: elsewhere ?? db.name, applicationNames: [tag], role: 'postgres_of_nobody' };
  expect(await cancelPhaseStatement(connection, of, pid)).toBe(false);
  await untilSo(db, `select state = 'active' from pg_stat_activity where pid = $1`, [pid]);
});

test('a running statement of the phase is never cancelled', async () => {
  await using db = await database();
  await using all = await crowd(db, 1);
  await all.client(0).query(`set application_name = '${tag}'`);
  all.start(0, 'select pg_sleep(60)');
  await untilSo(db, `select state = 'active' from pg_stat_activity where pid = $1`, [all.pid(0)]);
  await using connection = held(db.url);
  const of = { database: db.name, applicationNames: [tag] };
  expect(await cancelPhaseStatement(connection, of, all.pid(0))).toBe(false);
});

test('without the grant, the guard learns which grant it needs', async () => {
  await using db = await database();
  await using owner = await temporaryRole(db, 'login');
  await using guard = await temporaryRole(db, 'login');
  await db.query(`create table molecule (id int); alter table molecule owner to ${owner.name}`);
  const { all, pid } = await waiting(db, tag);
  await using _all = all;
  await using connection = held(db.urlAs(guard.name));
  const of = { database: db.name, applicationNames: [tag] };
  await expect(cancelPhaseStatement(connection, of, pid)).rejects.toThrow(/may not end 1 session\(s\) of postgres/);
});
