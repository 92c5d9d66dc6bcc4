import { Client } from 'pg';
import { expect, test, vi } from 'vitest';

import { millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { usersPath } from '../../src/target/users-path.ts';
import { onPath, whyNot } from '../metrics/programs.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { hangingProxy } from './hanging-proxy.ts';
import { pgBouncer } from './pgbouncer.ts';

const never = new AbortController().signal;
const options = { timeout: seconds(2), signal: never };
const length = expect.any(Number);
const own = { busy: length, waiting: length };
const through = (url: string, most = 4, apart = millis(0)) => usersPath({ url, asGuard: false, most, apart });

/** Sessions of the users' path on the server, shortly after the last one may have ended. */
const left = async (db: TestDatabase): Promise<number> => {
  const count = "select count(*)::int from pg_stat_activity where application_name = 'ripcord users' and datname = $1";
  return Number((await db.query(count, [db.name])).rows[0]?.['count']);
};
const noneLeft = (db: TestDatabase) => vi.waitUntil(async () => (await left(db)) === 0, { timeout: 5_000 });

test('each query has its own connection, whose time is reported separately, and leaves none behind', async () => {
  await using db = await database();
  const path = through(db.url);
  const visit = await path.visit('select pg_sleep(0.05)', options);
  expect(visit).toEqual({ state: 'answered', connect: length, took: length, own });
  expect(visit.state === 'answered' && visit.took).toBeGreaterThanOrEqual(50);
  expect(path.open).toBe(0);
  await noneLeft(db);
});

test('an answered query does not count as a rollback on the server', async () => {
  await using db = await database();
  const rolledBack = async () =>
    (await db.query('select xact_rollback from pg_stat_database where datname = current_database()')).rows[0];
  const before = await rolledBack();
  const path = through(db.url);
  for (let count = 0; count < 10; count += 1) {
    expect(await path.visit('select 1', options)).toMatchObject({ state: 'answered' });
  }
  await noneLeft(db); // a session reports its counters before it ends
  expect(await rolledBack()).toEqual(before);
});

test('settings that a query makes stay in no session that a pooler lends on', async ({ skip }) => {
  skip(!onPath('pgbouncer'), whyNot('pgbouncer', 'pgbouncer'));
  await using db = await database();
  await using pooler = await pgBouncer(db.url, 1);
  const seen = async () => {
    const application = new Client({ connectionString: pooler.url });
    await application.connect();
    try {
      return await application.query(
        "select coalesce(current_setting('app.tenant', true), '') as tenant, current_setting('search_path') as path",
      );
    } finally {
      await application.end();
    }
  };
  const before = await seen();
  const path = through(pooler.url);
  const sets = "select set_config('app.tenant', '42', false), set_config('search_path', 'tenant_42', false)";
  expect(await path.visit(sets, options)).toMatchObject({ state: 'answered' });
  expect((await seen()).rows).toEqual(before.rows);
});

test('visits do not start in quick succession, however many probes there are', async () => {
  await using db = await database();
  const path = through(db.url, 4, minutes(10));
  expect(await path.visit('select 1', options)).toMatchObject({ state: 'answered' });
  expect(await path.visit('select 1', options)).toEqual({ state: 'full' });
});

test.each([
  { what: 'a write', sql: 'create table t ()', code: '25006' },
  { what: 'a wait beyond the timeout', sql: 'select pg_sleep(10)', code: '57014' },
  { what: 'a table that does not exist', sql: 'select * from nothing', code: '42P01' },
  { what: 'ending its own session', sql: 'select pg_terminate_backend(pg_backend_pid())', code: '57P01' },
])('$what is a failed query and leaves no connection', async ({ sql, code }) => {
  await using db = await database();
  const path = through(db.url);
  expect(await path.visit(sql, { timeout: millis(300), signal: never })).toMatchObject({
    state: 'failed',
    error: { code },
  });
  expect(path.open).toBe(0);
  await noneLeft(db);
});

test('a query waits for a lock no longer than half a second', async () => {
  await using db = await database();
  await db.query('create table t ()');
  await db.query('begin; lock table t');
  expect(await through(db.url).visit('select * from t', options)).toMatchObject({
    state: 'failed',
    error: { code: '55P03' },
  });
  await db.query('rollback');
});

test.each([
  { what: 'nobody listens', url: () => 'postgres://app@127.0.0.1:1/app', code: 'ECONNREFUSED' },
  { what: 'the login is rejected', url: (db: TestDatabase) => db.urlAs('nobody_here'), code: '28000' },
])('a visit is unreached if $what', async ({ url, code }) => {
  await using db = await database();
  const path = through(url(db));
  expect(await path.visit('select 1', options)).toMatchObject({ state: 'unreached', error: { code } });
  expect(path.open).toBe(0);
});

test('a visit is unreached if the server accepts the connection and sends nothing', async () => {
  await using db = await database();
  await using proxy = await hangingProxy(db.url);
  proxy.hang();
  const path = through(proxy.url);
  expect(await path.visit('select 1', { timeout: millis(200), signal: never })).toMatchObject({ state: 'unreached' });
  expect(path.open).toBe(0);
});

test('no more connections than agreed are open at once, even if no login succeeds', async () => {
  await using db = await database();
  await using proxy = await hangingProxy(db.url);
  proxy.hang();
  const path = through(proxy.url, 2);
  const visits = Array.from({ length: 5 }, () => path.visit('select 1', { timeout: millis(200), signal: never }));
  expect(path.open).toBe(2);
  const states = (await Promise.all(visits)).map(({ state }) => state);
  expect(states.toSorted()).toEqual(['full', 'full', 'full', 'unreached', 'unreached']);
  expect(path.open).toBe(0);
});

test('an aborted visit ends and leaves no connection', async () => {
  await using db = await database();
  const stop = new AbortController();
  const path = through(db.url);
  const visit = path.visit('select pg_sleep(10)', { timeout: seconds(20), signal: stop.signal });
  await vi.waitUntil(async () => (await left(db)) === 1, { timeout: 5_000 });
  stop.abort(new Error('enough'));
  expect(await visit).toMatchObject({ error: { message: 'enough' } });
  expect(path.open).toBe(0);
  await db.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ripcord users'");
  await noneLeft(db);
});

test('visits work through a pooler that lends sessions by transaction', async ({ skip }) => {
  skip(!onPath('pgbouncer'), whyNot('pgbouncer', 'pgbouncer'));
  await using db = await database();
  await using pooler = await pgBouncer(db.url, 1);
  const path = through(pooler.url);
  const settings = "select 1 / (current_setting('statement_timeout') = '2s')::int, pg_sleep(0.03)";
  const visits = [];
  for (let count = 0; count < 5; count += 1) visits.push(await path.visit(settings, options));
  expect(visits).toEqual(visits.map(() => ({ state: 'answered', connect: length, took: length, own })));

  // A failed query also returns the session: the pooler has opened one and still lends it.
  expect(await path.visit('select * from nothing', options)).toMatchObject({
    state: 'failed',
    error: { code: '42P01' },
  });
  const servers = await pooler.show('servers');
  expect(servers.map(({ database: name, state }) => ({ name, state }))).toEqual([{ name: db.name, state: 'idle' }]);
  const { rows } = await db.query(
    "select current_setting('statement_timeout') as ours, count(*)::int as sessions from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
    [db.name],
  );
  expect(rows).toEqual([{ ours: '0', sessions: 1 }]);
  expect((await pooler.show('clients')).filter(({ database: name }) => name === db.name)).toEqual([]);
});

test('waiting for a session of an exhausted pooler counts as connect time', async ({ skip }) => {
  skip(!onPath('pgbouncer'), whyNot('pgbouncer', 'pgbouncer'));
  await using db = await database();
  await using pooler = await pgBouncer(db.url, 1);
  const path = through(pooler.url);
  const longer = path.visit('select pg_sleep(0.4)', options);
  await vi.waitUntil(async () => (await left(db)) === 1, { timeout: 5_000 });
  const waiting = await path.visit('select 1', options);
  expect(await longer).toMatchObject({ state: 'answered' });
  expect(waiting).toMatchObject({ state: 'answered' });
  if (waiting.state === 'answered') expect(waiting.connect).toBeGreaterThan(waiting.took);

  const whole = path.visit('select pg_sleep(1)', options);
  await vi.waitUntil(async () => (await left(db)) === 1, { timeout: 5_000 });
  expect(await path.visit('select 1', { timeout: millis(100), signal: never })).toMatchObject({ state: 'unreached' });
  await whole;
});

test('a pooler that is gone, or whose server is gone, is unreached', async ({ skip }) => {
  skip(!onPath('pgbouncer'), whyNot('pgbouncer', 'pgbouncer'));
  await using db = await database();
  await using nowhere = await pgBouncer('postgres://postgres@127.0.0.1:1/app', 1);
  expect(await through(nowhere.url).visit('select 1', options)).toMatchObject({ state: 'unreached' });
  await using pooler = await pgBouncer(db.url, 1);
  const path = through(pooler.url);
  expect(await path.visit('select 1', options)).toMatchObject({ state: 'answered' });
  await pooler.stop();
  expect(await path.visit('select 1', options)).toMatchObject({ state: 'unreached', error: { code: 'ECONNREFUSED' } });
});

const kept = 'create table kept (id serial primary key, x int not null check (x > 0))';

test('statements that write run in one transaction, and nothing of it stays', async () => {
  await using db = await database();
  await db.query(kept);
  const path = through(db.url);
  const visit = await path.write(
    ['insert into kept (x) values (1)', 'notify told', 'update kept set x = x + 1', 'select pg_sleep(0.03) from kept'],
    options,
  );
  expect(visit).toEqual({ state: 'answered', connect: length, took: length, own });
  expect(visit.state === 'answered' && visit.took).toBeGreaterThanOrEqual(30);
  expect((await db.query('select x from kept')).rows).toEqual([]);
  expect(path.open).toBe(0);
  await noneLeft(db);
});

test('what is rolled back does not count as a transaction that the application rolled back', async () => {
  await using db = await database();
  await db.query(kept);
  const rolledBack = async () => {
    await db.query('select pg_stat_force_next_flush()');
    const { rows } = await db.query('select xact_rollback from pg_stat_database where datname = $1', [db.name]);
    return rows[0]?.['xact_rollback'];
  };
  const before = await rolledBack();
  expect(await through(db.url).write(['insert into kept (x) values (1)'], options)).toMatchObject({
    state: 'answered',
  });
  await noneLeft(db);
  expect(await rolledBack()).toBe(before);
});

test.each([
  { what: 'a check that refuses the row', statements: ['insert into kept (x) values (0)'], code: '23514' },
  {
    what: 'a second statement that fails',
    statements: ['insert into kept (x) values (1)', 'select 1/0'],
    code: '22012',
  },
  {
    what: 'a wait beyond the timeout',
    statements: ['insert into kept (x) values (1)', 'select pg_sleep(9)'],
    code: '57014',
  },
  {
    what: 'a procedure that commits',
    statements: ['insert into kept (x) values (1)', 'call commits()'],
    code: '2D000',
  },
  {
    what: 'a block that commits',
    statements: ['do $$ begin insert into kept (x) values (1); commit; end $$'],
    code: '2D000',
  },
  {
    what: 'a statement that commits',
    statements: ['insert into kept (x) values (1)', 'rollback', 'begin'],
    code: 'transaction-ended',
  },
  {
    what: 'a database left read-only',
    set: 'default_transaction_read_only = on',
    statements: ['insert into kept (x) values (1)'],
    code: '25006',
  },
])('$what is a failed write, and nothing of it stays', async ({ set, statements, code }) => {
  await using db = await database();
  await db.query(`${kept}; create procedure commits() language plpgsql as 'begin commit; end'`);
  if (set !== undefined) await db.query(`alter database ${db.name} set ${set}`);
  const path = through(db.url);
  const visit = await path.write(statements, { timeout: millis(500), signal: never });
  expect(visit).toMatchObject({ state: 'failed', error: { code } });
  expect((await db.query('select x from kept')).rows).toEqual([]);
  await noneLeft(db);
});

test('what a write sets in its session is gone when the next one comes, also through a pooler', async ({ skip }) => {
  skip(!onPath('pgbouncer'), whyNot('pgbouncer', 'pgbouncer'));
  await using db = await database();
  await db.query(kept);
  await using pooler = await pgBouncer(db.url, 1);
  const path = through(pooler.url);
  const sets = ['set search_path = nowhere', "select set_config('app.tenant', '42', false)", 'set role pg_monitor'];
  expect(await path.write(['insert into kept (x) values (1)', ...sets], options)).toMatchObject({ state: 'answered' });
  const same =
    "select 1 / (current_setting('search_path') <> 'nowhere' and coalesce(current_setting('app.tenant', true), '') = '' and current_user = session_user)::int";
  expect(await path.visit(same, options)).toMatchObject({ state: 'answered' });
  expect((await db.query('select x from kept')).rows).toEqual([]);
});

test('if the guard is cut off in the middle of a write, the server lets its locks go soon after the timeout', async () => {
  await using db = await database();
  await db.query(`${kept}; insert into kept (x) values (1)`);
  await using proxy = await hangingProxy(db.url);
  const path = through(proxy.url);
  const writing = path.write(['update kept set x = 2', 'select pg_sleep(0.2)', 'select 1'], {
    timeout: millis(400),
    signal: never,
  });
  await vi.waitUntil(async () => (await left(db)) === 1, { timeout: 5_000 });
  proxy.hang();
  expect(await writing).toMatchObject({ state: expect.stringMatching('failed|unreached') });
  await db.query("set lock_timeout = '8s'; update kept set x = 3; reset lock_timeout");
  expect((await db.query('select x from kept')).rows).toEqual([{ x: 3 }]);
});
