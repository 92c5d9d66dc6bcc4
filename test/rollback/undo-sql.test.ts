import { afterEach, expect, test } from 'vitest';

import { millis } from '../../src/core/kernel/units.ts';
import { runUndoSql } from '../../src/rollback/undo-sql.ts';
import { loginToUndo } from '../../src/target/logins.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { hangingProxy } from '../target/hanging-proxy.ts';
import { temporaryRole } from '../target/role.ts';

let db: TestDatabase;
afterEach(() => db[Symbol.asyncDispose]());

const loginOf = ({ url }: { readonly url: string }) => ({ url, login: 'rollback_url' }) as const;
const tag = 'ripcord-step-0123456789abcdef01234567';

test('if the network fails during the statement, a person is asked soon after the step’s timeout', async () => {
  db = await database();
  await using proxy = await hangingProxy(db.url);
  const undoing = runUndoSql('select pg_sleep(0.5)', tag, millis(700), loginOf(proxy));
  await expect.poll(async () => (await sessions()).length).toBe(1);
  proxy.hang();
  const outcome = await undoing;
  expect(outcome).toMatchObject({ ended: 'badly' });
  expect('question' in outcome && outcome.question).toMatch(/nothing came back.* may still be at work/);
}, 10_000);

test('if the server accepts connections but never answers, a person is asked', async () => {
  db = await database();
  await using proxy = await hangingProxy(db.url);
  proxy.hang();
  const outcome = await runUndoSql('select 1', tag, millis(200), loginOf(proxy));
  expect(outcome).toMatchObject({ ended: 'badly' });
}, 5_000);

test('the session has the step’s tag regardless of the url, so that a restarted guard can find it', async () => {
  db = await database();
  const undoing = runUndoSql(
    'select pg_sleep(0.4)',
    tag,
    millis(5_000),
    loginOf({ url: `${db.url}?application_name=liquibase&statement_timeout=100` }),
  );
  await expect.poll(sessions).toEqual([tag]);
  expect(await undoing).toMatchObject({ ended: 'well' });
});

test('names without a schema use the plan’s search path, regardless of the login’s or the database’s settings', async () => {
  db = await database();
  await db.query(`create schema lab; create table lab.undone (i int); create table public.undone (j int)`);
  await db.query(`alter database ${db.name} set search_path = public`);
  const undo = { ...loginOf(db), searchPath: ['lab'] };
  expect(await runUndoSql('insert into undone (i) values (1)', tag, millis(5_000), undo)).toMatchObject({
    ended: 'well',
  });
  expect((await db.query('select i from lab.undone')).rows).toEqual([{ i: 1 }]);
});

test.each([
  { text: 'insert into undone values (1)', tries: 2 },
  { text: 'begin; insert into undone values (1); commit; select fail_once()', tries: 1 },
  { text: 'insert into undone values (1); call fail_once_in_procedure()', tries: 1 },
])(
  '$text is tried $tries times after a serialisation failure: a partial effect is never repeated',
  async ({ text, tries }) => {
    db = await database();
    await db.query('create table undone (i int)');
    await db.query('create sequence tries');
    await db.query(`create function fail_once() returns void language plpgsql as $$
    begin if nextval('tries') = 1 then raise exception 'lost' using errcode = '40001'; end if; end $$`);
    await db.query('create procedure fail_once_in_procedure() language sql as $$ select fail_once() $$');
    await db.query(`create function racing() returns trigger language plpgsql as $$
    begin perform fail_once(); return new; end $$`);
    if (tries > 1) await db.query('create trigger race before insert on undone for each row execute function racing()');
    const outcome = await runUndoSql(text, tag, millis(5_000), loginOf(db));
    expect(outcome.ended).toBe(tries > 1 ? 'well' : 'badly');
    const { rows } = await db.query('select last_value::int as tries from tries');
    expect(rows).toEqual([{ tries }]);
  },
);

test('a long transaction in the way makes the statement fail at its timeout without effect, and other sessions are not blocked', async () => {
  db = await database();
  await db.query('create table undone (i int)');
  const other = await db.client();
  await other.query('begin; lock table undone');
  const outcome = await runUndoSql('alter table undone add j int', tag, millis(400), loginOf(db));
  expect(outcome).toMatchObject({ ended: 'badly', cause: 'timeout', question: expect.stringContaining('timeout') });
  await other.query('commit');
  await other.end();
  expect(await runUndoSql('alter table undone add j int', tag, millis(5_000), loginOf(db))).toMatchObject({
    ended: 'well',
  });
});

test.each([
  { text: 'insert into undone values (1)', outcome: { ended: 'well', output: '1 row' }, rows: 1 },
  {
    text: 'insert into undone values (1); insert into undone values (2), (3)',
    outcome: { ended: 'well', output: '3 rows' },
    rows: 3,
  },
  {
    text: 'begin; insert into undone values (1); commit',
    outcome: { ended: 'well', output: '1 row' },
    rows: 1,
  },
  {
    text: 'begin; insert into undone values (1)',
    outcome: { ended: 'badly', question: expect.stringContaining('left a transaction open') },
    rows: 0,
  },
])('$text ends $outcome.ended, and leaves $rows rows', async ({ text, outcome, rows }) => {
  db = await database();
  await db.query('create table undone (i int)');
  expect(await runUndoSql(text, tag, millis(5_000), loginOf(db))).toMatchObject(outcome);
  expect((await db.query('select from undone')).rowCount).toBe(rows);
});

test.each([
  { target: { url: 'guard', rollback_url: 'owner' }, says: 'give another login in the target rollback_url' },
  { target: { url: 'owner' }, says: 'give another login in the target url (rollback_url is left out)' },
])('the question about a missing permission names the key of the login: $says', async ({ target, says }) => {
  db = await database();
  await db.query('create table undone (i int)');
  await using role = await temporaryRole(db, 'login');
  const urls = Object.fromEntries(
    Object.entries(target).map(([key, who]) => [key, who === 'owner' ? db.urlAs(role.name) : db.url]),
  ) as typeof target;
  const outcome = await runUndoSql('drop table undone', tag, millis(5_000), loginToUndo(urls));
  expect(outcome).toMatchObject({ cause: '42501', question: expect.stringContaining(`${role.name}, or ${says}`) });
});

const nothingDone = 'Nothing was done: the server rolled the whole transaction back.';
const byHand =
  'Do by hand what is missing, and say --done. Or end this rollback (ripcord abort), correct the statement in the plan';

test.each([
  { text: 'insert into undone values (1); select from nothing', alone: false, says: nothingDone },
  { text: 'select from nothing', alone: true, says: '' },
  { text: 'insert into undone values (1); commit; select from nothing', alone: false, says: '' },
])(
  'the question about $text, alone: $alone, does not suggest to correct it during the rollback, and says "$says"',
  async ({ text, alone, says }) => {
    db = await database();
    await db.query('create table undone (i int)');
    const outcome = await runUndoSql(text, tag, millis(5_000), { ...loginOf(db), alone });
    const question = 'question' in outcome ? outcome.question : '';
    expect(outcome).toMatchObject({ ended: 'badly', cause: '42P01' });
    expect(question).toContain(byHand);
    expect(question).not.toContain('Correct the statement, or the objects that it names');
    expect(question.includes('Nothing was done')).toBe(says !== '');
    expect(question).toContain(says);
  },
);

test('SQL that commits table by table is not retried, and the question does not claim that nothing was done', async () => {
  db = await database();
  await db.query('create table undone (i int primary key); create table held (i int primary key)');
  const holder = await db.client();
  await holder.query('begin; lock table held in access exclusive mode');
  const outcome = await runUndoSql('reindex schema public', tag, millis(10_000), loginOf(db));
  await holder.end();
  const question = 'question' in outcome ? outcome.question : '';
  expect(outcome).toMatchObject({ ended: 'badly', cause: '55P03' });
  expect(question).not.toMatch(/Nothing was done|It was tried/);
});

test('after a refused login, the question says that no session ran the statement', async () => {
  db = await database();
  const nowhere = { ...loginOf(db), url: db.url.replace(/[^/]+$/, 'nowhere') };
  const outcome = await runUndoSql('select 1', tag, millis(5_000), nowhere);
  expect(outcome).toMatchObject({ question: expect.stringContaining('Nothing was done: no session could run it.') });
});

test('after a lost session, the question does not claim that nothing was done', async () => {
  db = await database();
  const text = 'select pg_terminate_backend(pg_backend_pid())';
  const outcome = await runUndoSql(text, tag, millis(5_000), loginOf(db));
  expect(outcome).toMatchObject({ ended: 'badly', question: expect.not.stringContaining('Nothing was done') });
});

test('after retries because of a lock, the question says how often and for how long', async () => {
  db = await database();
  await db.query('create sequence tries');
  await db.query(`create function lock_once() returns void language plpgsql as $$
    begin if nextval('tries') = 1 then raise exception 'not free' using errcode = '55P03'; end if; perform gone(); end $$`);
  const outcome = await runUndoSql('select lock_once()', tag, millis(5_000), loginOf(db));
  expect(outcome).toMatchObject({ ended: 'badly', cause: '42883' });
  expect('question' in outcome && outcome.question).toMatch(
    /transaction back\. It was tried 2 times within [\d.]+ m?s, waiting up to 2 s for its locks each time\. If you can change the database/,
  );
});

test('a statement that cannot run in a transaction is sent alone', async () => {
  db = await database();
  await db.query('create table undone (i int)');
  const alone = { ...loginOf(db), alone: true };
  const index = 'create index concurrently undone_i on undone (i)';
  expect(await runUndoSql(index, tag, millis(5_000), alone)).toMatchObject({ ended: 'well' });
  const two = await runUndoSql('select 1; select 2', tag, millis(5_000), alone);
  expect(two).toMatchObject({ ended: 'badly', cause: '42601' });
});

const sessions = async (): Promise<readonly unknown[]> => {
  const { rows } = await db.query(
    "select application_name from pg_stat_activity where datname = $1 and query like '%pg_sleep(0.%' and pid <> pg_backend_pid() and state = 'active'",
    [db.name],
  );
  return rows.map(({ application_name: name }) => name);
};
