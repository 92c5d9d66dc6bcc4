import { Client } from 'pg';
import { describe, expect, inject, test } from 'vitest';

import { statementBaseline } from '../../src/core/evidence/statement-index.ts';
import { between, plainMean, type StatementInterval, type StatementLook } from '../../src/core/evidence/statements.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, seconds } from '../../src/core/kernel/units.ts';
import { type StatementReader, statementReader, type WhichStatements } from '../../src/probes/statement-look.ts';
import { statementsProbe } from '../../src/probes/statements-probe.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import { checksSession } from '../support/checks-session.ts';
import { temporaryRole } from '../target/role.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { sharedServers } from '../support/every-case.ts';

const options = { timeout: seconds(5), signal: new AbortController().signal };
const held = (url: string) => checksSession(url);

/** The application: a separate role, whose statements the shared server counts. */
async function application(db: TestDatabase) {
  const role = `app_${db.name}`;
  await db.query('create extension if not exists pg_stat_statements');
  await db.query(`create role ${role} login superuser`);
  const client = new Client({ connectionString: db.urlAs(role) });
  await client.connect();
  return {
    role,
    run: (sql: string) => client.query(sql),
    async [Symbol.asyncDispose]() {
      await client.end();
      await db.query(`drop owned by ${role} cascade`);
      await db.query(`drop role ${role}`);
    },
  };
}

const reader = (asks: Parameters<typeof statementReader>[0], which: Partial<WhichStatements> = {}) =>
  statementReader(asks, { notOf: [], ...which });

/** The statements that ran during `work`. */
async function ran(of: StatementReader, work: () => Promise<unknown>): Promise<StatementInterval> {
  const before = await of.look(options);
  await work();
  const interval = between(before, await of.look(options), of.statementOf);
  if ('because' in interval) throw new Error(interval.because);
  return interval;
}
const calls = ({ ran: all }: StatementInterval): readonly number[] =>
  [...all.values()].map((one) => one.calls).toSorted((a, b) => a - b);

test('the application’s statements are counted by their text, and the guard’s own are not counted', async () => {
  await using db = await database();
  await using app = await application(db);
  await using connection = held(db.url);
  const looks = reader(connection);
  const interval = await ran(looks, async () => {
    await app.run('select 1, 2 from pg_class limit 1');
    await app.run('select 3, 4 from pg_class limit 1');
    await app.run('select pg_sleep(0.05)');
    await connection.query('select 5, 6, 7');
  });
  expect(calls(interval)).toEqual([1, 2]);
  expect(plainMean(interval)).toBeGreaterThan(50 / 3);
});

test('a statement keeps its hash when its table is recreated, and with other spaces and comments', async () => {
  await using db = await database();
  await using app = await application(db);
  await using connection = held(db.url);
  await app.run('create table molecule (id int)');
  const looks = reader(connection, { like: '%molecule%' });
  const first = await ran(looks, () => app.run('select id from molecule where id = 1 /* trace=1 */'));
  await app.run('drop table molecule');
  await app.run('create table molecule (id int)');
  const second = await ran(looks, () => app.run('select id   from molecule\n where id = 2 /* trace=2 */'));
  expect([...first.ran.keys()]).toHaveLength(1);
  expect([...second.ran.keys()]).toEqual([...first.ran.keys()]);
});

test('statements of other databases, other roles and other texts are not counted', async () => {
  await using db = await database();
  await using other = await database();
  await using app = await application(db);
  await using elsewhere = await application(other);
  await using connection = held(db.url);
  const work = async () => {
    await app.run('select 1 as one');
    await app.run('select 2, 3');
    await elsewhere.run('select 1 as one');
  };
  expect(calls(await ran(reader(connection), work))).toEqual([1, 1]);
  expect(calls(await ran(reader(connection, { like: '%as one' }), work))).toEqual([1]);
  expect(calls(await ran(reader(connection, { of: [app.role] }), work))).toEqual([1, 1]);
  expect(calls(await ran(reader(connection, { of: ['nobody'] }), work))).toEqual([]);
  expect(calls(await ran(reader(connection, { notOf: [app.role] }), work))).toEqual([]);
});

/** The application as an ordinary role, and a stranger who runs the same text on their own table. */
async function withStranger(server: string) {
  await using undo = new AsyncDisposableStack();
  const db = undo.use(await database(server));
  await db.query('create extension if not exists pg_stat_statements');
  const roles = [];
  for (const schema of ['shop', 'aside']) {
    const { name } = undo.use(await temporaryRole(db, 'login'));
    await db.query(`create schema ${schema} authorization ${name}; set role ${name}; set search_path to ${schema};
      create table orders (id int); reset role; reset search_path`);
    const client = new Client({ connectionString: db.urlAs(name) });
    await client.connect();
    undo.defer(() => client.end());
    await client.query(`set search_path to ${schema}`);
    roles.push({ name, run: (sql: string) => client.query(sql) });
  }
  const [app, mallory] = roles as [(typeof roles)[0], (typeof roles)[0]];
  undo.defer(() => db.query(`drop owned by ${app.name}, ${mallory.name} cascade`).then(() => undefined));
  const opened = undo.move();
  return { db, app, mallory, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

describe.each(sharedServers)('%s: the same text of a stranger', (server) => {
  const text = 'select count(*) from orders where id > 1';
  const slowly = async (role: { run: (sql: string) => Promise<unknown> }) => {
    await role.run('drop table orders; create view orders as select 2 as id from pg_sleep(0.2)');
    await role.run(text);
  };
  const known = ['of', 'trusts', 'users'] as const;

  test.each(known)('is not counted if the plan names the application by %s', async (by) => {
    await using on = await withStranger(inject(server));
    await using connection = held(on.db.url);
    const looks = reader(connection, { [by]: [on.app.name], like: '%from orders%' });
    const interval = await ran(looks, async () => {
      await on.app.run(text);
      await slowly(on.mallory);
      await on.mallory.run(`/* ${text} */ select count(*) from aside.orders where id > 1`); // PostgreSQL 18 gives it the same query id
      await on.app.run(text);
    });
    expect(calls(interval)).toEqual([2]);
    expect(plainMean(interval)).toBeLessThan(150);
  });

  test('is not counted if the plan does not say whose statements count: none count, and the roles are named', async () => {
    await using on = await withStranger(inject(server));
    await using connection = held(on.db.url);
    const probe = statementsProbe(
      { id: 'app', every: seconds(10), timeout: seconds(5) },
      {
        reader: reader(connection, { notOf: ['postgres'] }),
        mix: () => undefined,
        marker: () => undefined,
        onInterval: () => undefined,
      },
    );
    const ask = () => probe.ask(instant(0), options.signal);
    await ask();
    await on.app.run(text);
    const because = `only statements of ${on.app.name} ran, which do not count`;
    expect(await ask()).toMatchObject({ state: 'missing', because: expect.stringContaining(because) });
    await slowly(on.mallory);
    expect(await ask()).toMatchObject({ state: 'missing', because: expect.stringContaining(on.mallory.name) });
    const quiet = await ask();
    expect(quiet).toMatchObject({ state: 'missing' });
    expect(quiet).not.toHaveProperty('because');
  });

  test('does not change the hash of the application’s statement', async () => {
    await using on = await withStranger(inject(server));
    await using connection = held(on.db.url);
    const named = async (looks: StatementReader) => [...(await ran(looks, () => on.app.run(text))).ran.keys()];
    const before = await named(reader(connection, { of: [on.app.name], like: '%from orders%' }));
    await on.mallory.run('select count(*) from aside.orders where id > 1'); // its text sorts first
    expect(await named(reader(connection, { of: [on.app.name], like: '%from orders%' }))).toEqual(before);
  });
});

test('a statement that waits for a table lock is not seen, so it cannot clear a doubt', async () => {
  await using db = await database();
  await using app = await application(db);
  await using connection = held(db.url);
  await app.run('create table molecule (id int)');
  const looks = reader(connection, { like: 'select % from molecule%' });
  await db.query('begin; lock table molecule in access exclusive mode');
  let waiting: Promise<unknown> = Promise.resolve();
  const stalled = await ran(looks, async () => {
    waiting = app.run('select id from molecule');
    await db.query('select pg_sleep(0.3)');
  });
  expect(calls(stalled)).toEqual([]);
  const ended = await ran(looks, async () => {
    await db.query('rollback');
    await waiting;
  });
  expect(plainMean(ended)).toBeLessThan(100); // although the client waited 300 ms
});

test('a statement whose statistics were reset individually is reported as lost', async () => {
  await using db = await database();
  await using app = await application(db);
  await using connection = held(db.url);
  const looks = reader(connection);
  await app.run('select 1, 2');
  const interval = await ran(looks, async () => {
    await app.run('select 3, 4, 5');
    const number =
      "(select queryid from pg_stat_statements where query = 'select $1, $2' and dbid = (select oid from pg_database where datname = current_database()))";
    await db.query(`select pg_stat_statements_reset(0, 0, ${number})`);
  });
  expect(calls(interval)).toEqual([1]);
  expect([...interval.lost]).toHaveLength(1);
});

test('the error says what to do if the extension is missing or the login cannot see other roles’ statements', async () => {
  await using db = await database();
  await using connection = held(db.url);
  await expect(reader(connection).look(options)).rejects.toThrow('create extension pg_stat_statements');
  await using app = await application(db);
  const guard = `guard_${db.name}`;
  await db.query(`create role ${guard} login`);
  await using blind = held(db.urlAs(guard));
  const looks = reader(blind);
  await expect(looks.look(options)).rejects.toThrow(`grant pg_read_all_stats to "${guard}"`);
  await db.query(`grant pg_read_all_stats to ${guard}`);
  expect(calls(await ran(looks, () => app.run('select 1, 2, 3')))).toEqual([1]); // after the grant, statements are seen at once
  await db.query(`drop role ${guard}`);
});

test('an extension in another schema is found', async () => {
  await using db = await database();
  await db.query('create schema "Exten""sions"; create extension pg_stat_statements schema "Exten""sions"');
  await using app = await application(db);
  await using connection = held(db.url);
  expect(calls(await ran(reader(connection), () => app.run('select 1, 2, 3')))).toEqual([1]);
});

test('a function of the same name that does not belong to the extension is not called', async () => {
  await using db = await database();
  await db.query('create extension pg_stat_statements');
  await using connection = held(db.url);
  const looking = reader(connection);
  await looking.look(options);
  await db.query(`
    alter extension pg_stat_statements drop function pg_stat_statements(boolean);
    alter function pg_stat_statements(boolean) rename to moved;
    create function pg_stat_statements(showtext boolean) returns setof pg_stat_statements language plpgsql as
      $$ begin raise 'called'; end $$`);
  await expect(looking.look(options)).rejects.toThrow('does not belong to the extension');
});

test('an extension whose schema another role owns is not used unless the plan trusts that role', async () => {
  await using db = await database();
  await using owner = await temporaryRole(db, 'login');
  await db.query(
    `create schema extensions authorization ${owner.name}; create extension pg_stat_statements schema extensions`,
  );
  await using connection = held(db.url);
  await expect(reader(connection).look(options)).rejects.toThrow(`${owner.name} could replace pg_stat_statements`);
  const trusting = statementReader(connection, { notOf: [], trusts: [owner.name] });
  await trusting.look(options);
  await db.query('drop extension pg_stat_statements');
});

test('an outdated extension is reported', async () => {
  await using db = await database();
  await db.query("create extension pg_stat_statements version '1.8'");
  await using connection = held(db.url);
  await expect(reader(connection).look(options)).rejects.toThrow('is at 1.8, wanted 1.9');
});

test('a server that does not load the extension is reported', async () => {
  await using server = await startPostgres({ inMemory: true });
  await using connection = held(server.url());
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  await client.query('create extension pg_stat_statements');
  await client.end();
  await expect(reader(connection).look(options)).rejects.toThrow('shared_preload_libraries');
});

test('evicted statements and a reset are not mistaken for an improvement', async () => {
  const settings = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.max': '100' };
  await using server = await startPostgres({ settings, inMemory: true });
  await using connection = held(server.url());
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  await client.query('create extension pg_stat_statements');
  await client.query('create role app superuser');
  await client.query('set session authorization app');
  const looks = reader(connection);
  const columns = (count: number) => Array.from({ length: count }, (_, place) => place).join(', ');
  await client.query(`select ${columns(300)}`);
  const evicted = await ran(looks, async () => {
    for (let count = 1; count <= 150; count += 1)
      await client.query(`select ${columns(count)}; select ${columns(count)}`);
  });
  expect(evicted.lost.size).toBeGreaterThan(0);
  expect(evicted.ran.size).toBeGreaterThan(20);

  const before: StatementLook = await looks.look(options);
  await client.query('select pg_stat_statements_reset()');
  const after = await looks.look(options);
  await client.end();
  expect(between(before, after, looks.statementOf)).toEqual({ because: expect.stringContaining('reset') });
});

test('readings that compare with the baseline’s mix do not change when only the mix changes', async () => {
  await using db = await database();
  await using app = await application(db);
  await using connection = held(db.url);
  await app.run("create function pause(double precision) returns void language sql as 'select pg_sleep($1)'");
  const [short, long] = ['select pause(0.002)', 'select 1, pause(0.02)'];
  const work = async (shorts: number, longs: number, factor = 1) => {
    for (let count = 0; count < shorts; count += 1) await app.run(short.replace('0.002', String(0.002 * factor)));
    for (let count = 0; count < longs; count += 1) await app.run(long.replace('0.02', String(0.02 * factor)));
  };
  const looks = reader(connection, { like: 'select %pause(%' });
  const intervals = [];
  for (let count = 0; count < 5; count += 1) intervals.push(await ran(looks, () => work(9, 1)));
  const { statements: mix, p50 = 0 } = statementBaseline(probeId('app'), intervals, 20);
  const { ask } = statementsProbe(
    { id: 'app', every: seconds(10), timeout: seconds(5) },
    { reader: looks, mix: () => mix, marker: () => undefined, onInterval: () => undefined },
  );
  const reading = async (...load: Parameters<typeof work>) => {
    await work(...load);
    return ask(instant(0), options.signal);
  };
  expect(await reading(0, 0)).toMatchObject({ state: 'missing' });
  const other = await reading(2, 8); // five times the unweighted mean
  const slower = await reading(2, 8, 3);
  const took = [other, slower].map((one) => (one.state === 'answered' ? one.took / p50 : Number.NaN));
  expect(took[0]).toBeLessThan(2); // 1, plus noise of the machine
  expect(took[1]).toBeGreaterThan(2);
});
