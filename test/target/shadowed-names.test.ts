import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { runCheck } from '../../src/checks/user-sql.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, seconds } from '../../src/core/kernel/units.ts';
import { sqlProbe } from '../../src/probes/sql-probe.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { type CodeRules, vetStatements, vetted } from '../../src/target/untrusted-code.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { type TestRole, temporaryRole } from './role.ts';

let now = 0;
let db: TestDatabase;
let [app, mallory, login]: TestRole[] = [];
beforeEach(async () => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  db = await database();
  [app, mallory, login] = [
    await temporaryRole(db, ''),
    await temporaryRole(db, ''),
    await temporaryRole(db, 'login bypassrls'),
  ];
  await db.query(`
    create schema side; grant create, usage on schema public, side to ${mallory.name}, ${app.name};
    grant pg_read_all_data to ${login.name};
    set role ${app.name}; create table public.orders (id int); create table public."Mol é" (id int);
    insert into public.orders select generate_series(1, 3); reset role`);
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const role of [app, mallory]) await db.query(`drop owned by ${role?.name} cascade`);
  for (const role of [app, mallory, login]) await role?.[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const as = async (role: TestRole | undefined, sql: string) =>
  void (await db.query(`set role ${role?.name}; ${sql}; reset role`));

/** A connection like the guard's for the plan's SQL, and what vets it. */
function asking(more: Partial<CodeRules> = {}, before: () => Promise<void> = () => Promise.resolve()) {
  const path = ['side', 'public'];
  const common = { url: db.urlAs(login?.name ?? ''), readOnly: true, statementTimeout: seconds(10) } as const;
  const catalogs = heldConnection({ ...common, name: 'vetting' });
  const rows = heldConnection({ ...common, name: 'plan', readsUserData: true, searchPath: more.path ?? path });
  const { vet, changes } = vetStatements(catalogs, { trusts: [], path, reader: false, ...more });
  const undo = new AsyncDisposableStack();
  undo.use(catalogs);
  const query: typeof rows.query = async (...asked) => {
    await before();
    return rows.query(...asked);
  };
  const connection = undo.use(vetted({ ...rows, query }, { vet, changes }));
  return { connection, [Symbol.asyncDispose]: () => undo.disposeAsync() };
}

const shadow = 'create table side.orders (id int)';
const count = 'select count(*) from orders';
const said = () =>
  `orders means side.orders of ${mallory?.name}, though there is public.orders of ${app?.name}; write the name with its schema`;

test('a name that someone else decides is not queried: the check is unknown, the probe is missing, and both say why', async () => {
  await using on = asking();
  const check = () =>
    runCheck({ id: 'count', expect: 'no rows', timeout: seconds(5) }, on.connection, {
      statements: [`${count} having count(*) = 0`],
      baseline: undefined,
      now: () => instant(0),
      hide: (text) => text,
    });
  const probe = sqlProbe({ id: 'count', every: seconds(1), timeout: seconds(5) }, on.connection, {
    statements: () => [count],
  });
  const ask = () => probe.ask(instant(0), new AbortController().signal);
  expect(await check()).toMatchObject({ status: 'ok' });
  expect(await ask()).toMatchObject({ state: 'answered' });
  await as(mallory, shadow);
  now += 1_000;
  expect(await check()).toMatchObject({ status: 'unknown', summary: expect.stringContaining(said()) });
  expect(await ask()).toEqual({
    state: 'missing',
    probe: probeId('count'),
    at: instant(0),
    because: expect.stringContaining(said()),
  });
  await as(mallory, 'drop table side.orders');
  now += 60_001;
  expect(await check()).toMatchObject({ status: 'ok' });
});

test.each([
  { when: 'a table', statement: count, shadowed: true },
  { when: 'a view', made: 'create view side.orders as select 1 as id', statement: count, shadowed: true },
  {
    when: 'an index with the name',
    made: 'create table side.t (id int); create index orders on side.t (id)',
    statement: count,
    shadowed: true,
  },
  { when: 'a cast to a relation', statement: "select 'orders'::regclass", shadowed: true },
  { when: 'a function that takes a relation', statement: "select pg_relation_size('Orders')", shadowed: true },
  {
    when: 'a quoted name',
    made: 'create table side."Mol é" (id int)',
    statement: 'select count(*) from "Mol é"',
    shadowed: true,
  },
  { when: 'a schema-qualified name', statement: 'select count(*) from public.orders', shadowed: false },
  { when: 'an alias with the name', statement: 'select orders.id from public.orders', shadowed: false },
  { when: 'another name', statement: 'select count(*) from "Mol é"', shadowed: false },
  { when: 'a text that contains more than the name', statement: "select 'orders of today'", shadowed: false },
])('$when, shadowed: $shadowed', async ({ made = shadow, statement, shadowed }) => {
  await using on = asking();
  await as(mallory, made);
  const answer: unknown = await on.connection.query(statement).catch((error: unknown) => error);
  if (shadowed) expect(answer).toMatchObject({ code: expect.stringMatching(/^(ambiguous-name|untrusted-code)$/) });
  else expect(answer).toMatchObject({ rows: expect.anything() });
});

test('if someone also has code, the remembered names equal those of a new lookup', async () => {
  await as(mallory, "create function public.evil() returns int language plpgsql as 'begin return 1; end'");
  await using on = asking();
  await on.connection.query(count);
  await as(mallory, shadow);
  now += 1_000;
  await expect(on.connection.query(count)).rejects.toMatchObject({ code: 'ambiguous-name', found: said() });
  await as(mallory, 'drop table side.orders');
  now += 60_001;
  await on.connection.query(count);
  await db.query(`set role ${app?.name}; create table side.orders (id int); reset role`);
  now += 60_001;
  await on.connection.query(count); // both belong to the application
  await db.query(`alter table side.orders owner to ${mallory?.name}`);
  now += 60_001;
  await expect(on.connection.query(count)).rejects.toMatchObject({ code: 'ambiguous-name' });
});

test('a trusted role may decide, and so may the owner of both relations; later schemas and schemas outside the path do not matter', async () => {
  await as(mallory, shadow);
  const asked = async (more: Partial<CodeRules>) => {
    await using on = asking(more);
    return await on.connection.query(count).then(
      () => 'answered',
      (error: { code?: string; message?: string }) => error.code ?? error.message,
    );
  };
  expect(await asked({})).toBe('ambiguous-name');
  expect(await asked({ trusts: [mallory?.name ?? ''] })).toBe('answered');
  expect(await asked({ trusts: [app?.name ?? ''], path: ['public', 'side'] })).toBe('answered');
  expect(await asked({ path: ['public'] })).toBe('answered');
  expect(await asked({ path: ['side'] })).toBe('answered');
  // Another table of theirs in a third schema does not change whose the first one is.
  await db.query(`create schema third; grant create, usage on schema third to ${mallory?.name}`);
  await as(mallory, 'create table third.orders (id int)');
  expect(await asked({ path: ['side', 'public', 'third'] })).toBe('ambiguous-name');
  await db.query(`alter table public.orders owner to ${mallory?.name}`);
  expect(await asked({})).toBe('answered');
});

test('an answer does not count if the name was taken during the query, even if it is free again', async () => {
  let during = async (): Promise<void> => undefined;
  await using on = asking({}, () => during());
  await on.connection.query(count);
  during = async () => {
    now += 1;
    await as(mallory, `${shadow}; drop table side.orders; ${shadow}`);
    now += 1;
  };
  await expect(on.connection.query(count)).rejects.toMatchObject({ code: 'ambiguous-name' });
});
