import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Asks } from '../../src/checks/asks.ts';
import { type Question, runCheck } from '../../src/checks/user-sql.ts';
import type { Finding } from '../../src/core/evidence/finding.ts';
import { isKnown } from '../../src/core/evidence/known.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { type HeldConnection } from '../../src/target/connection.ts';
import { checksSession } from '../support/checks-session.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { until } from './until.ts';

let db: TestDatabase;
let connection: HeldConnection;
const connect = (url: string) => checksSession(url, { searchPath: ['public'] });

beforeAll(async () => {
  db = await database();
  connection = connect(db.url);
  await db.query('create table molecule (id int primary key, name text)');
  await db.query("insert into molecule values (1, 'water'), (2, 'glycerol')");
  await db.query('create table locked (id int)');
});
afterAll(async () => {
  await connection.close();
  await db[Symbol.asyncDispose]();
});

const plan: Question = { id: 'one', expect: 'no rows', timeout: seconds(5) };
const look = (
  statements: readonly [string, ...string[]],
  {
    asks = connection,
    hide = (text) => text,
    ...more
  }: Partial<Question> & { asks?: Asks; baseline?: Finding; hide?: (text: string) => string } = {},
): Promise<Finding> =>
  runCheck({ ...plan, ...more }, asks, { statements, baseline: more.baseline, now: () => instant(Date.now()), hide });

test.each<{ statements: readonly [string, ...string[]]; expect?: Question['expect']; status: string; says: string }>([
  { statements: ['select 1 where false'], status: 'ok', says: 'no rows, as wanted' },
  {
    statements: ['select id, name from molecule order by id'],
    status: 'breach',
    says: '2 rows, wanted none: (1, water)',
  },
  { statements: ['select count(*) from molecule ; ;\n'], expect: { value: 2 }, status: 'ok', says: '2, as wanted' },
  { statements: ['select true, null::int'], expect: { rows: [[true, null]] }, status: 'ok', says: '1 row' },
  { statements: ['select 1 -- why not'], expect: { value: 1 }, status: 'ok', says: '1, as wanted' },
  { statements: ['select 1; -- done'], expect: { value: 1 }, status: 'ok', says: '1, as wanted' },
  { statements: ['show server_encoding'], expect: { value: 'UTF8' }, status: 'ok', says: 'UTF8' },
  { statements: ['table molecule'], expect: 'some rows', status: 'ok', says: '2 rows' },
  { statements: ['values (1, 1)'], expect: { rows: [[1, 1]] }, status: 'ok', says: '1 row' },
  { statements: ['select 1 as a, 2 as a'], expect: { rows: [[1, 2]] }, status: 'ok', says: '1 row' },
  {
    statements: ['with answer as (select 5) select * from answer'],
    expect: { value: 5 },
    status: 'ok',
    says: '5, as wanted',
  },
  { statements: ['select from molecule'], status: 'breach', says: '2 rows, wanted none' },
  { statements: ['select 1 from gone', 'select 1 where false'], status: 'ok', says: 'no rows' },
  { statements: ['select gone from molecule', 'select id from molecule'], status: 'breach', says: '2 rows' },
  { statements: ['select gone(1)', 'select 1 where false'], status: 'ok', says: 'no rows' },
  {
    statements: ['select 1 from gone', 'select 1 from gone_too'],
    status: 'error',
    says: 'no statement of it fits the schema: relation "gone" does not exist (42P01)',
  },
  { statements: ['select 1 from gone', 'select where'], status: 'error', says: 'syntax error at' },
  { statements: ['select 1 1', 'select 1 where false'], status: 'error', says: 'syntax error at or near "1" (42601)' },
  { statements: ['selec 1'], status: 'error', says: 'does not begin with select' },
  { statements: ['select 1; select 2'], status: 'error', says: '42601' },
  { statements: ['select 1 / 0'], status: 'error', says: 'division by zero (22012)' },
  { statements: ['delete from molecule'], status: 'error', says: 'does not begin with select' },
  { statements: ['set search_path = app'], status: 'error', says: 'does not begin with select' },
  { statements: ['-- select 1'], status: 'error', says: 'does not begin with select' },
  { statements: ['do $$ begin end $$'], status: 'error', says: 'does not begin with select' },
  { statements: ['-- why\n/* because */ (select 1 where false)'], status: 'ok', says: 'no rows' },
  { statements: ['explain select 1'], expect: 'some rows', status: 'ok', says: '1 row' },
  {
    statements: ['with gone as (delete from molecule returning 1) select * from gone'],
    status: 'error',
    says: '25006',
  },
  { statements: ['select from molecule where false'], status: 'ok', says: 'no rows' },
  {
    statements: ['select id from molecule'],
    expect: { value: 1 },
    status: 'error',
    says: 'it gives 2 rows of 1 column',
  },
])('$status for $statements', async ({ statements, expect: wanted = 'no rows', status, says }) => {
  const finding = await look(statements, { expect: wanted });
  expect(finding).toMatchObject({ check: 'one', status, summary: expect.stringContaining(says) });
});

test('the evidence is the first twenty rows, the number of rows and a hash of all of them', async () => {
  const finding = await look(['select generate_series(1, 1000)']);
  expect(finding.rows).toHaveLength(20);
  expect(finding.rowCount).toBe(1_000);
  expect(finding.fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
  const other = await look(['select generate_series(1, 999) union all select 1001']);
  expect(other.rows).toEqual(finding.rows);
  expect(other.fingerprint).not.toBe(finding.fingerprint);
});

test('a new row among many is named first, even if the baseline has more rows than are shown', async () => {
  const frozen = await look(["select 'known-' || g from generate_series(1, 25) g"]);
  expect(frozen.rowHashes).toHaveLength(25);
  const statement = "select 'known-' || g from generate_series(2, 25) g union all select 'everybody'";
  const now = await look([statement], { baseline: frozen });
  expect(now).toMatchObject({
    status: 'breach',
    summary: '25 rows, wanted none; 1 not in the baseline: (everybody)',
    rowCount: 25,
  });
  expect(now.rows?.[0]).toEqual(['everybody']);
  expect(isKnown(frozen, now, 'no rows')).toBe('no');
  const fewer = await look(["select 'known-' || g from generate_series(2, 25) g"], { baseline: frozen });
  expect(isKnown(frozen, fewer, 'no rows')).toBe('yes');
});

test('row hashes are kept only if the shown rows are incomplete, and never for more rows than were requested', async () => {
  expect(await look(['select generate_series(1, 20)'])).not.toHaveProperty('rowHashes');
  expect((await look(["select repeat('x', 1000)"])).rowHashes).toHaveLength(1);
  expect(await look(['select generate_series(1, 10001)'])).not.toHaveProperty('rowHashes');
  expect(await look(['select generate_series(1, 30)'], { expect: 'some rows' })).not.toHaveProperty('rowHashes');
});

test('"same as baseline" compares with the frozen answer, and is unknown without a baseline', async () => {
  const statement = 'select id, name from molecule';
  const frozen = await look([statement], { expect: 'same as baseline' });
  expect(frozen).toMatchObject({ status: 'unknown', rowCount: 2 });
  const again = { expect: 'same as baseline', baseline: frozen } as const;
  expect(await look([`${statement} order by 1 desc`], again)).toMatchObject({ status: 'ok' });
  expect(await look([`${statement} where id = 1`], again)).toMatchObject({
    status: 'breach',
    summary: '1 row, wanted the baseline’s 2: missing (2, glycerol)',
  });
});

test.each([
  { expect: 'no rows', status: 'breach', says: 'more than 10,000 rows, wanted none' },
  { expect: 'some rows', status: 'ok', says: 'more than 10,000 rows' },
  { expect: 'same as baseline', status: 'error', says: 'let the statement count, sum or hash them' },
] as const)('of a million rows 10,001 are fetched: $status if the plan expects $expect', async (row) => {
  const lengths: number[] = [];
  const asks: Asks = {
    async query(...asked) {
      const answer = await connection.query(asked[0], [], asked[2]);
      lengths.push(answer.rows.length);
      return answer;
    },
  };
  const finding = await look(['select generate_series(1, 1000000)'], { asks, expect: row.expect });
  expect(finding).toMatchObject({ status: row.status, summary: expect.stringContaining(row.says) });
  expect(finding).not.toHaveProperty('rowCount');
  expect(finding).not.toHaveProperty('fingerprint');
  expect(lengths).toEqual([10_001]);
});

test('unknown if there is no answer in time', async () => {
  const finding = await look(['select pg_sleep(60)'], { timeout: millis(30) });
  expect(finding).toMatchObject({ status: 'unknown' });
  expect(finding.summary).toBe('could not look: canceling statement due to statement timeout (57014), limit 30 ms');
  expect(finding).not.toHaveProperty('rows');
  expect(finding.took).toBeGreaterThanOrEqual(29);
});

test('unknown if someone holds a lock on the table', async () => {
  const other = await db.client();
  try {
    await other.query('begin');
    await other.query('lock table locked in access exclusive mode');
    expect(await look(['select * from locked'])).toMatchObject({
      status: 'unknown',
      summary: 'could not look: canceling statement due to lock timeout (55P03)',
    });
  } finally {
    await other.end();
  }
});

test('unknown if a permission is missing', async () => {
  const role = `reader_of_${db.name}`;
  await db.query(`create role ${role} login`);
  const asks = connect(db.urlAs(role));
  try {
    expect(await look(['select * from molecule'], { asks })).toMatchObject({
      status: 'unknown',
      summary: 'could not look: permission denied for table molecule (42501)',
    });
  } finally {
    await asks.close();
    await db.query(`drop role ${role}`);
  }
});

test('unknown if the session is ended during the check, and ok again in the next run', async () => {
  const looking = look(['select pg_sleep(60)'], { timeout: seconds(20) });
  const sleeping =
    "from pg_stat_activity where datname = $1 and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()";
  await until(async () => (await db.query(`select 1 ${sleeping} and state = 'active'`, [db.name])).rows.length === 1);
  await db.query(`select pg_terminate_backend(pid) ${sleeping}`, [db.name]);
  expect(await looking).toMatchObject({
    status: 'unknown',
    summary: 'could not look: terminating connection due to administrator command (57P01)',
  });
  expect(await look(['select 1 where false'])).toMatchObject({ status: 'ok' });
});

test('unknown if the server does not answer at all', async () => {
  const asks = connect('postgres://nobody@127.0.0.1:1/nowhere');
  const finding = await look(['select 1'], { asks });
  await asks.close();
  expect(finding).toMatchObject({ status: 'unknown', summary: expect.stringContaining('ECONNREFUSED') });
});

test('a check that should find nothing is planned for all rows, not for finding the first ones soon', async () => {
  let capped = '';
  const asks: Asks = {
    query(text, values = [], options = {}) {
      capped = text;
      return connection.query(text, values.map(String), options);
    },
  };
  await look(['select count(*) from molecule'], { asks });
  const { rows } = await db.query(`explain ${capped}`);
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('CTE Scan on answer');
});

test('a kept answer and its fingerprint contain no secrets, though the expected value may be one', async () => {
  const hide = (text: string) => text.replaceAll('hunter-22', '[secret]');
  const wanted = await look([`select 'hunter-22'`], { expect: { value: 'hunter-22' }, hide });
  expect(wanted).toMatchObject({ status: 'ok', rows: [['[secret]']] });
  const hidden = await look([`select '[secret]'`], { expect: { value: '[secret]' } });
  expect(wanted.fingerprint).toBe(hidden.fingerprint);
  const same = await look([`select 'hunter-22'`], { expect: 'same as baseline', baseline: hidden, hide });
  expect(same).toMatchObject({ status: 'ok', summary: '1 row, as in the baseline' });
  const other = await look([`select 'hunter-23'`], { expect: 'same as baseline', baseline: hidden, hide });
  expect(other.status).toBe('breach');
  const rows = (last: string) => `select 'row ' || g from generate_series(1, 30) g union all select '${last}'`;
  const [secret, shown] = [await look([rows('hunter-22')], { hide }), await look([rows('[secret]')])];
  expect(secret.rowHashes).toHaveLength(31);
  expect(secret.rowHashes).toEqual(shown.rowHashes);
});
