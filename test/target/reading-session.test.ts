import { afterAll, beforeAll, expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { database, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await database();
  await db.query(`
    create table loot (what text);
    create function changes_settings() returns text language sql as
      $$ select set_config('search_path', 'elsewhere', false) || set_config('row_security', 'off', false) $$;
    create function leaves_read_only() returns text language sql as
      $$ select set_config('default_transaction_read_only', 'off', false) $$;
    create function writes() returns int language plpgsql as $$
    begin
      perform set_config('default_transaction_read_only', 'off', false);
      perform set_config('transaction_read_only', 'off', false);
      insert into loot values ('written');
      return 1;
    end $$;
    create function tells() returns int language plpgsql as
      $$ begin perform pg_notify('loot', 'told'); return 1; end $$;
  `);
});
afterAll(() => db[Symbol.asyncDispose]());

const reading = () =>
  heldConnection({
    url: db.url,
    name: 'rows',
    readOnly: true,
    readsUserData: true,
    searchPath: ['public'],
    statementTimeout: seconds(5),
  });
const pid = async (on: ReturnType<typeof reading>) => (await on.query('select pg_backend_pid()')).rows[0]?.[0];

test.each(['changes_settings()', 'leaves_read_only()'])(
  'the settings that %s makes are discarded and affect nobody else',
  async (call) => {
    await using connection = reading();
    const question = `select current_setting('search_path'), current_setting('row_security'), current_setting('transaction_read_only')`;
    const before = (await connection.query(question)).rows;
    await connection.query(`select ${call}`);
    expect((await connection.query(question)).rows).toEqual(before);
  },
);

test('a function cannot leave the read-only transaction', async () => {
  await using connection = reading();
  await expect(connection.query('select writes()')).rejects.toMatchObject({ code: expect.stringMatching(/^25/) });
  await connection.query('select leaves_read_only()');
  await expect(connection.query('select writes()')).rejects.toMatchObject({ code: expect.stringMatching(/^25/) });
  expect((await db.query('select * from loot')).rows).toEqual([]);
});

test('a notification is not sent', async () => {
  const listener = await db.client();
  const heard: string[] = [];
  listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await listener.query('listen loot');
  await using connection = reading();
  await connection.query('select tells()');
  await listener.query(`notify loot, 'of the test'`);
  await expect.poll(() => heard).toContain('of the test');
  expect(heard).not.toContain('told');
  await listener.end();
});

test.each(['commit', 'rollback', 'set role pg_monitor', 'begin'])(
  'a statement that ends or changes the session gives no answer, and the next one gets a clean session: %s',
  async (statement) => {
    await using connection = reading();
    await connection.query('select 1');
    await connection.query(statement).catch(() => undefined);
    expect((await connection.query('select session_user = current_user, 7')).rows).toEqual([['t', '7']]);
    await expect(connection.query(`insert into loot values ('x')`)).rejects.toMatchObject({ code: '25006' });
  },
);

test('a failed query leaves the session unchanged and does not count as a rollback of the application', async () => {
  await using connection = reading();
  const first = await pid(connection);
  const rolledBack = async () =>
    Number(
      (await db.query('select xact_rollback from pg_stat_database where datname = current_database()')).rows[0]?.[
        'xact_rollback'
      ],
    );
  const left = async () => (await db.query(`select from pg_stat_activity where pid = $1`, [first])).rows.length;
  const before = await rolledBack();
  await expect(connection.query('select from nothing')).rejects.toMatchObject({ code: '42P01' });
  expect(await pid(connection)).toBe(first);
  await connection.close(); // a session reports its counters before it ends
  await expect.poll(left).toBe(0);
  expect(await rolledBack()).toBe(before);
});

test('concurrent queries are answered in order', async () => {
  await using connection = reading();
  const answers = await Promise.all([1, 2, 3, 4].map((one) => connection.query(`select ${one}`)));
  expect(answers.map(({ rows }) => rows[0]?.[0])).toEqual(['1', '2', '3', '4']);
});

test('a session that the server ends is replaced, and its lost query gets no answer', async () => {
  await using connection = reading();
  // Handled at once: it may be rejected before the poll below is over.
  const lost = connection.query('select pg_sleep(5)').catch((error: unknown) => String(error));
  await expect
    .poll(async () => {
      const { rows } = await db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ripcord rows' and query like '%pg_sleep(5)%'`,
      );
      return rows.length;
    })
    .toBe(1);
  expect(await lost).toContain('terminating connection');
  expect((await connection.query('select 2')).rows).toEqual([['2']]);
});
