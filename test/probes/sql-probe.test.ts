import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { sqlProbe } from '../../src/probes/sql-probe.ts';
import { type HeldConnection, heldConnection } from '../../src/target/connection.ts';
import { StatementFailed, TargetRefused, TargetUnreachable } from '../../src/target/errors.ts';
import { ChangedMeanwhile } from '../../src/target/untrusted-code.ts';
import type { UsersPath, Visit } from '../../src/target/users-path.ts';
import { database } from '../support/database.ts';

const held = (url: string) =>
  heldConnection({ url, name: 'probe', readOnly: true, searchPath: ['public'], statementTimeout: seconds(5) });
const at = instant(1_800_000_000_000);
const about = { probe: probeId('count'), at };
const never = new AbortController().signal;
const singular = 'select count(*) from molecule';
const plural = 'select count(*) from molecules';

/** Reads a probe that runs `statements`. The test may change them between readings. */
function reader(
  connection: Pick<HeldConnection, 'query' | 'connect'>,
  statements: string[],
  fresh?: Pick<UsersPath, 'visit'>,
) {
  const plan = { id: 'count', every: seconds(1), timeout: seconds(1) };
  const probe = sqlProbe(plan, connection, { statements: () => statements, ...(fresh !== undefined && { fresh }) });
  return (signal = never) => probe.ask(at, signal);
}

/** The statements that pass through a connection. */
function overheard(connection: HeldConnection): HeldConnection & { readonly asked: string[] } {
  const asked: string[] = [];
  const query: HeldConnection['query'] = (text, ...rest) => {
    asked.push(text);
    return connection.query(text, ...rest);
  };
  return { ...connection, query, asked };
}

test('a reading is the time of the query; the time to connect is reported separately, and only once', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const read = reader(connection, ['select pg_sleep(0.05)']);
  const first = await read();
  expect(first).toEqual({
    state: 'answered',
    ...about,
    took: expect.any(Number),
    own: { busy: expect.any(Number), waiting: expect.any(Number) },
    parts: { connect: expect.any(Number) },
  });
  expect(first.state === 'answered' && first.took).toBeGreaterThanOrEqual(50);
  const again = await read();
  expect(again).toEqual({ state: 'answered', ...about, took: expect.any(Number), own: expect.anything() });
});

test('a statement that exceeds its timeout fails with reason `timeout`', async () => {
  await using db = await database();
  await using connection = held(db.url);
  expect(await reader(connection, ['select pg_sleep(10)'])()).toEqual({
    state: 'failed',
    ...about,
    cause: { reason: 'timeout', code: '57014', message: expect.stringContaining('wanted an answer in time') },
  });
});

test('the reading fails after the table is dropped and is answered after it is created again', async () => {
  await using db = await database();
  await db.query('create table molecule ()');
  await using connection = held(db.url);
  const read = reader(connection, [singular]);
  expect(await read()).toMatchObject({ state: 'answered' });
  await db.query('drop table molecule');
  expect(await read()).toMatchObject({ state: 'failed', cause: { reason: 'query', code: '42P01' } });
  await db.query('create table molecule (id int)');
  expect(await read()).toMatchObject({ state: 'answered' });
});

test('during a rename, the probe tries the other variant, and then tries it first', async () => {
  await using db = await database();
  await db.query('create table molecule ()');
  await using real = held(db.url);
  const connection = overheard(real);
  const read = reader(connection, [singular, plural]);
  await read();
  await db.query('alter table molecule rename to molecules');
  expect(await read()).toMatchObject({ state: 'answered' });
  expect(await read()).toMatchObject({ state: 'answered' });
  await db.query('alter table molecules rename to molecule'); // rolled back
  expect(await read()).toMatchObject({ state: 'answered' });
  expect(connection.asked).toEqual([singular, singular, plural, plural, plural, singular]);
});

test('a variant that worked is forgotten once it is no longer among the statements', async () => {
  await using db = await database();
  await db.query('create table molecules ()');
  await using real = held(db.url);
  const connection = overheard(real);
  const statements = [singular, plural];
  const read = reader(connection, statements);
  await read();
  statements.splice(1);
  expect(await read()).toMatchObject({ state: 'failed', cause: { code: '42P01' } });
  expect(connection.asked).toEqual([singular, plural, singular]);
});

test.each([
  { when: 'neither table exists', second: plural, wanted: { code: '42P01', message: /"molecule" does not exist/ } },
  {
    when: 'the other lacks a column',
    second: 'select nope from mixture',
    wanted: { code: '42P01', message: /"molecule"/ },
  },
  { when: 'the other is invalid SQL', second: 'selec', wanted: { code: '42601', message: /syntax error/ } },
  {
    when: 'the other fails for another reason',
    second: 'select 1 / 0',
    wanted: { code: '22012', message: /division/ },
  },
])('if several variants fail, the most informative failure is reported: $when', async ({ second, wanted }) => {
  await using db = await database();
  await db.query('create table mixture ()');
  await using connection = held(db.url);
  expect(await reader(connection, [singular, second])()).toMatchObject({
    state: 'failed',
    cause: { reason: 'query', code: wanted.code, message: expect.stringMatching(wanted.message) },
  });
});

test('after a failure other than "does not exist", no other variant is tried', async () => {
  await using db = await database();
  await using real = held(db.url);
  const connection = overheard(real);
  expect(await reader(connection, ['select 1 / 0', 'select 1'])()).toMatchObject({ cause: { code: '22012' } });
  expect(connection.asked).toEqual(['select 1 / 0']);
});

test('a reading is missing, not failed, if the guard lacks the permission', async () => {
  await using db = await database();
  const guard = `guard_${db.name}`;
  await db.query('create table molecule ()');
  await db.query(`create role ${guard} login`);
  await db.query(`grant select on molecule to ${guard}`);
  await using connection = held(db.urlAs(guard));
  const read = reader(connection, [plural, singular]);
  const granted = await read();
  await db.query(`revoke select on molecule from ${guard}`);
  const [revoked, known] = [await read(), await reader(connection, [singular])()];
  await db.query(`drop role ${guard}`);
  expect(granted).toMatchObject({ state: 'answered' });
  expect([revoked, known]).toEqual([
    { state: 'missing', ...about, because: expect.stringContaining('permission denied for table molecule') },
    { state: 'missing', ...about, because: expect.stringContaining('permission denied for table molecule') },
  ]);
});

test('a reading is missing if the guard’s login is refused', async () => {
  await using db = await database();
  await using connection = held(db.urlAs(`nobody_${db.name}`)); // no such role: SQLSTATE 28000
  const because = expect.stringContaining(`nobody_${db.name}`);
  expect(await reader(connection, ['select 1'])()).toEqual({ state: 'missing', ...about, because });
});

test('no statement at all is a failure', async () => {
  await using db = await database();
  await using connection = held(db.url);
  expect(await reader(connection, [])()).toMatchObject({ state: 'failed', cause: { reason: 'query' } });
});

test('after the server ended the session, a reading connects again and says so', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const read = reader(connection, ['select 1']);
  await read();
  await db.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ripcord probe'",
  );
  const readings = [await read(), await read()]; // the first fails when our side has not heard of it yet
  const connected = readings.filter((reading) => reading.state === 'answered' && reading.parts?.connect !== undefined);
  expect(connected).toHaveLength(1);
  const failed = readings.filter((reading) => reading.state === 'failed');
  expect(failed.map(({ cause }) => cause.reason)).toEqual(failed.map(() => 'connect'));
});

test('a session that ends during a query fails the reading with reason `connect`', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const read = reader(connection, ['select pg_terminate_backend(pg_backend_pid())']);
  expect(await read()).toMatchObject({ state: 'failed', cause: { reason: 'connect', code: '57P01' } });
});

test('a server that cannot be reached fails the reading with reason `connect`', async () => {
  await using connection = held('postgres://guard@127.0.0.1:1/app');
  expect(await reader(connection, ['select 1'])()).toMatchObject({
    state: 'failed',
    cause: { reason: 'connect', code: 'ECONNREFUSED' },
  });
});

test.each(['under way', 'before it starts'])('a reading aborted %s is missing', async (when) => {
  await using db = await database();
  await using connection = held(db.url);
  const read = reader(connection, ['select pg_sleep(10)']);
  await connection.connect();
  const stop = new AbortController();
  if (when === 'before it starts') stop.abort();
  const reading = read(stop.signal);
  stop.abort();
  expect(await reading).toEqual({ state: 'missing', ...about });
});

test('a reading is missing, not failed, if the meaning of a name changed during the query', async () => {
  const query = () => Promise.reject(new ChangedMeanwhile());
  const read = reader({ query, connect: () => Promise.resolve(undefined) }, ['select 1 from orders']);
  expect(await read()).toMatchObject({
    state: 'missing',
    because: expect.stringContaining('changed during the query'),
  });
});

/** New connections with the given outcomes. */
function fresh(visits: readonly Visit[]): Pick<UsersPath, 'visit'> & { readonly asked: string[] } {
  const asked: string[] = [];
  const rest = [...visits];
  const visit: UsersPath['visit'] = async (statement) => {
    asked.push(statement);
    return rest.shift() ?? { state: 'answered', connect: millis(7), took: millis(1) };
  };
  return { visit, asked };
}
const refused = (code: string) => new TargetRefused({ found: 'no', wanted: 'yes', todo: 'Ask' }, code);
const gone: Visit = {
  state: 'unreached',
  error: new TargetUnreachable({ found: 'no', wanted: 'yes', todo: 'Ask' }, 'ECONNREFUSED'),
};
const absent: Visit = {
  state: 'failed',
  error: new StatementFailed({ found: 'no', wanted: 'yes', todo: 'Ask' }, '42P01'),
};

/** One letter per reading: h for the held connection, n for a new one, f for failed, m for missing. */
async function letters(read: () => Promise<Reading>, count: number): Promise<string> {
  let all = '';
  for (let nth = 0; nth < count; nth += 1) {
    const reading = await read();
    if (reading.state === 'answered') all += reading.parts?.connect === 7 ? 'n' : 'h';
    else all += reading.state === 'failed' ? 'f' : 'm';
  }
  return all;
}

test.each<{ when: string; visits: readonly Visit[]; readings: string }>([
  { when: 'it is opened', visits: [], readings: 'hhhhhhhhhnhhhhhhhhhn' },
  { when: 'none can be opened three times', visits: [gone, gone, gone], readings: 'hhhhhhhhhfffnhhhhhhhhhn' },
  { when: 'there is no free slot', visits: [{ state: 'full' }], readings: 'hhhhhhhhhhnhhhhhhhhhn' },
  {
    when: 'none can be opened, and then there is no free slot',
    visits: [gone, { state: 'full' }],
    readings: 'hhhhhhhhhfmnhhh',
  },
  { when: 'the query itself fails', visits: [absent], readings: 'hhhhhhhhhfhhhhhhhhhn' },
  {
    when: 'the guard’s login is refused',
    visits: [{ state: 'unreached', error: refused('28P01') }],
    readings: 'hhhhhhhhhmnhhh',
  },
])('every tenth reading opens a new connection; when $when', async ({ visits, readings }) => {
  await using db = await database();
  await using connection = held(db.url);
  const read = reader(connection, ['select 1'], fresh(visits));
  expect(await letters(read, readings.length)).toBe(readings);
});

test('a new connection that cannot be opened fails the reading with reason `connect`', async () => {
  await using db = await database();
  await using connection = held(db.url);
  const read = reader(connection, ['select 1'], fresh([gone]));
  await letters(read, 9);
  expect(await read()).toMatchObject({ state: 'failed', cause: { reason: 'connect', code: 'ECONNREFUSED' } });
});

test('on a new connection, too, the probe tries the other variant during a rename', async () => {
  await using db = await database();
  await db.query('create table molecule ()');
  await using connection = held(db.url);
  const path = fresh([absent]);
  const read = reader(connection, [singular, plural], path);
  expect(await letters(read, 10)).toBe('hhhhhhhhhn');
  expect(path.asked).toEqual([singular, plural]);
});
