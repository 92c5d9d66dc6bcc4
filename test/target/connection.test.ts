import { createServer, type AddressInfo } from 'node:net';

import { expect, inject, test } from 'vitest';

import { type Millis, millis, seconds } from '../../src/core/kernel/units.ts';
import { type HeldConnection, heldConnection } from '../../src/target/connection.ts';
import { UnusableFile } from '../../src/system/read-text.ts';
import {
  NameUnanswered,
  StatementFailed,
  StatementTimedOut,
  TargetRefused,
  TargetUnreachable,
} from '../../src/target/errors.ts';
import type { SessionOptions } from '../../src/target/session-settings.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { hangingProxy } from './hanging-proxy.ts';
import { temporaryRole } from './role.ts';
import { until } from './until.ts';

const held = (url: string, more: Partial<SessionOptions> = {}): HeldConnection =>
  heldConnection({ url, name: 'probe', readOnly: true, searchPath: ['public'], statementTimeout: seconds(5), ...more });

const ours = async (db: TestDatabase): Promise<unknown[]> => {
  const { rows } = await db.query(
    "select pid, application_name from pg_stat_activity where datname = current_database() and application_name like 'ripcord%'",
  );
  return rows;
};
const rejection = (asked: Promise<unknown>): Promise<unknown> => asked.catch((error: unknown) => error);
const pidOf = async (connection: HeldConnection): Promise<string> =>
  String((await connection.query('select pg_backend_pid()')).rows[0]?.[0]);
const end = async (db: TestDatabase, pid: string): Promise<void> => {
  await db.query('select pg_terminate_backend($1)', [pid]);
  await until(async () => (await db.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 0);
};

test('it connects at the first query, as a recognisable session', async () => {
  await using db = await database();
  await using connection = held(db.url);
  expect(connection.connectMs).toBeUndefined();
  expect(await ours(db)).toEqual([]);
  const pid = await pidOf(connection);
  expect(await ours(db)).toEqual([{ pid: Number(pid), application_name: 'ripcord probe' }]);
  expect(connection.connectMs).toBeGreaterThan(0);
});

test('cells arrive as the text that PostgreSQL prints, and null as null', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const { rows, fields, ms } = await connection.query(
    "select 1.50::numeric as a, true as b, null as c, '{1,2}'::int[] as d, '2026-01-02 03:04:05+00'::timestamptz as e, $1::text[] as f",
    [['x', 'y z']],
  );
  expect(fields).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(rows).toEqual([['1.50', 't', null, '{1,2}', '2026-01-02 03:04:05+00', '{x,"y z"}']]);
  expect(ms).toBeGreaterThan(0);
});

test('concurrent queries run one after the other, and each gets its own answer', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const numbers = Array.from({ length: 20 }, (_, index) => String(index));
  const answers = await Promise.all(numbers.map((number) => connection.query('select $1::int', [number])));
  expect(answers.map(({ rows }) => rows[0]?.[0])).toEqual(numbers);
  expect(await ours(db)).toHaveLength(1);
});

test('settings in the URL do not weaken the guard’s, and other settings are kept', async () => {
  await using db = await database();
  const url = new URL(db.url);
  url.search = new URLSearchParams({
    application_name: 'x',
    lock_timeout: '0',
    statement_timeout: '0',
    options: '-c search_path=elsewhere -c work_mem=1234kB -c statement_timeout=0 -c default_transaction_read_only=off',
  }).toString();
  await using connection = held(url.href);
  const wanted = {
    default_transaction_read_only: 'on',
    lock_timeout: '500ms',
    statement_timeout: '5s',
    idle_session_timeout: '0',
    application_name: 'ripcord probe',
    search_path: 'pg_catalog,"public",pg_temp',
    work_mem: '1234kB',
  };
  const { rows } = await connection.query('select name, current_setting(name) from unnest($1::text[]) as name', [
    Object.keys(wanted),
  ]);
  expect(Object.fromEntries(rows)).toEqual(wanted);
});

test('a read-only connection cannot write, and a writable one can', async () => {
  await using db = await database();
  await db.query('create table molecule (id int)');
  await using reader = held(db.url);
  await using writer = held(db.url, { readOnly: false });
  await expect(reader.query('delete from molecule')).rejects.toThrow('this session is read-only');
  await expect(writer.query('insert into molecule values (1) returning id')).resolves.toMatchObject({ rows: [['1']] });
});

test('a text with two statements is rejected, so that none can switch the protection off', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const refused = connection.query('set default_transaction_read_only = off; create table b ()');
  await expect(refused).rejects.toThrow(StatementFailed);
  expect((await db.query("select to_regclass('b') is null as absent")).rows).toEqual([{ absent: true }]);
});

test('the server cancels a statement at its timeout, and the session goes on', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const pid = await pidOf(connection);
  const slow = connection.query('select pg_sleep(10)', [], { timeout: millis(50) });
  await expect(slow).rejects.toThrow(StatementTimedOut);
  await expect(slow).rejects.toMatchObject({ code: '57014' });
  expect(await connection.query('show statement_timeout')).toMatchObject({ rows: [['5s']] });
  expect(await pidOf(connection)).toBe(pid);
});

test('a timeout that a rolled-back transaction reset is set again', async () => {
  await using db = await database();
  await using connection = held(db.url);
  await connection.query('begin');
  await connection.query('select 1', [], { timeout: millis(700) });
  await connection.query('rollback', [], { timeout: millis(700) });
  const { rows } = await connection.query('show statement_timeout', [], { timeout: millis(700) });
  expect(rows).toEqual([['700ms']]);
});

test('a statement waits for a lock no longer than half a second', async () => {
  await using db = await database();
  await db.query('create table molecule (id int)');
  await db.query('begin');
  await db.query('lock table molecule in access exclusive mode');
  await using connection = held(db.url);
  const blocked = connection.query('select count(*) from molecule');
  await expect(blocked).rejects.toMatchObject({ constructor: StatementTimedOut, code: '55P03' });
  await db.query('rollback');
});

test('if its session was ended while idle, the next query opens a new one', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const pid = await pidOf(connection);
  await end(db, pid);
  const next = await pidOf(connection).catch(() => pidOf(connection)); // the client may not have noticed yet
  expect(next).not.toBe(pid);
});

test('if its session is ended during a query, the query fails and the next one opens a new session', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const pid = await pidOf(connection);
  const asked = rejection(connection.query('select pg_sleep(10)'));
  await until(async () => {
    const { rowCount } = await db.query("select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", [
      pid,
    ]);
    return rowCount === 1;
  });
  await end(db, pid);
  expect(await asked).toMatchObject({ constructor: TargetUnreachable, code: '57P01' });
  expect(await pidOf(connection)).not.toBe(pid);
});

test('a lost transaction does not continue in a new session', async () => {
  await using db = await database();
  await db.query('create table molecule (id int)');
  await using connection = held(db.url, { readOnly: false });
  await connection.query('begin');
  const lost = rejection(connection.query('select pg_terminate_backend(pg_backend_pid())'));
  expect(await lost).toMatchObject({ constructor: TargetUnreachable, code: '57P01' });
  await expect(connection.query('insert into molecule values (1)')).rejects.toThrow('lost within a transaction');
  await expect(connection.query('select from molecule')).resolves.toMatchObject({ rows: [] });
});

test('a hanging network does not hang the guard: it cuts the connection a second after the timeout', async () => {
  await using db = await database();
  await using proxy = await hangingProxy(db.url);
  await using connection = held(proxy.url, { statementTimeout: seconds(1) });
  const pid = await pidOf(connection);
  proxy.hang();
  const started = performance.now();
  await expect(connection.query('select 1')).rejects.toThrow(StatementTimedOut);
  expect(performance.now() - started).toBeGreaterThan(1_950);
  await expect(connection.query('select 1')).rejects.toThrow('no session within 1 s');
  proxy.mend();
  expect(await pidOf(connection)).not.toBe(pid);
});

test('closing a connection on a hanging network gives up after a second', async () => {
  await using db = await database();
  await using proxy = await hangingProxy(db.url);
  const connection = held(proxy.url);
  await connection.connect();
  proxy.hang();
  const started = performance.now();
  await connection.close();
  expect(performance.now() - started).toBeLessThan(4_000);
});

test('an abort ends a running query with its reason, and the next query works', async () => {
  await using db = await database();
  await using connection = held(db.url);
  await connection.connect();
  const stop = new AbortController();
  const both = ['select pg_sleep(10)', 'select 2'].map((sql) => connection.query(sql, [], { signal: stop.signal }));
  stop.abort(new Error('no longer wanted'));
  await Promise.all(both.map((one) => expect(one).rejects.toThrow('no longer wanted')));
  await expect(connection.query('select 3')).resolves.toMatchObject({ rows: [['3']] });
});

test('aborting a queued query leaves the session alone', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const pid = await pidOf(connection);
  const stop = new AbortController();
  const asked = connection.query('select pg_sleep(0.1)');
  const waiting = rejection(connection.query('select 2', [], { signal: stop.signal }));
  stop.abort(new Error('no longer wanted'));
  expect(String(await waiting)).toContain('no longer wanted');
  await asked;
  expect(await pidOf(connection)).toBe(pid);
});

test('connecting returns the time it took, and undefined if there is a session', async () => {
  await using db = await database();
  await using connection = held(db.url);
  expect(await connection.connect()).toBeGreaterThan(0);
  expect(await connection.connect()).toBeUndefined();
});

test('every query and connect is charged with its wall time, even if it fails', async () => {
  await using db = await database();
  const spent: Millis[] = [];
  await using connection = held(db.url, { cost: (ms) => spent.push(ms) });
  await connection.query('select pg_sleep(0.05)');
  await connection.query('select 1 / 0').catch(() => undefined);
  expect(spent).toHaveLength(3);
  expect(spent[1]).toBeGreaterThanOrEqual(50);
  expect(Math.min(...spent)).toBeGreaterThan(0);
});

test('a closed connection leaves no session and rejects queries', async () => {
  await using db = await database();
  const connection = held(db.url);
  await connection.connect();
  await connection.close();
  await connection.close();
  await until(async () => (await ours(db)).length === 0);
  await expect(connection.query('select 1')).rejects.toThrow('connection "probe" was closed');
});

test('closing ends a connect in progress', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const connection = held(`postgres://guard@127.0.0.1:${port}/app`);
  const refused = rejection(connection.query('select 1'));
  await connection.close();
  expect(String(await refused)).toContain('was closed');
  await new Promise((resolve) => silent.close(resolve));
});

test.each([
  {
    what: 'a database that does not exist',
    url: (url: URL) => (url.pathname = '/nowhere'),
    kind: TargetRefused,
    code: '3D000',
  },
  {
    what: 'a role that does not exist',
    url: (url: URL) => (url.username = 'nobody'),
    kind: TargetRefused,
    code: '28000',
  },
  {
    what: 'a port without a listener',
    url: (url: URL) => (url.port = '1'),
    kind: TargetUnreachable,
    code: 'ECONNREFUSED',
  },
  {
    what: 'a host name without an address',
    url: (url: URL) => (url.hostname = 'nowhere.invalid'),
    kind: expect.toBeOneOf([TargetUnreachable, NameUnanswered]),
    code: expect.stringMatching(/^E/), // depends on the machine's resolver
  },
])('$what is explained, without the password', async ({ url, kind, code }) => {
  const wrong = new URL(inject('postgres'));
  wrong.password = 'open-sesame';
  url(wrong);
  await using connection = held(wrong.href);
  const refused = await rejection(connection.query('select 1'));
  expect(refused).toMatchObject({ constructor: kind, code });
  expect(String(refused)).not.toContain('open-sesame');
});

test.each([
  {
    when: 'the role has no connection left',
    attributes: 'login connection limit 0',
    kind: TargetUnreachable,
    code: '53300',
  },
  { when: 'the role may not log in', attributes: 'nologin', kind: TargetRefused, code: '28000' },
])('when $when, the refusal says so', async ({ attributes, kind, code }) => {
  await using db = await database();
  await using role = await temporaryRole(db, attributes);
  await using connection = held(db.urlAs(role.name));
  await expect(connection.query('select 1')).rejects.toMatchObject({ constructor: kind, code });
});

test.each(['sslrootcert', 'sslcert', 'sslkey'])('a %s that is no regular file is refused and not read', async (key) => {
  for (const file of ['/dev/zero', '/nowhere/ca.pem']) {
    await using connection = held(`postgres://guard@127.0.0.1:1/app?sslmode=require&${key}=${file}`);
    expect(await rejection(connection.query('select 1'))).toBeInstanceOf(UnusableFile);
  }
});

test('a missing permission is named', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await db.query('create table secret (id int)');
  await using connection = held(db.urlAs(role.name));
  await expect(connection.query('select from secret')).rejects.toThrow(
    `permission denied for table secret (42501); wanted the permission for ${role.name}`,
  );
});
