import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { environment } from '../../src/core/plan/environment.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { excessOf, type LoginKind } from '../../src/target/login-excess.ts';
import { type LoginFacts, lookAtLogin } from '../../src/target/login-facts.ts';
import { lookAtLogins, missingSchemas } from '../../src/target/permissions.ts';
import { asksOfItself } from '../../src/target/session-kinds.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { testedMajors } from '../support/every-case.ts';

/** `LOGIN` is the login and `OTHER` another role, with names that no other test uses. */
interface Case {
  readonly kind: LoginKind;
  readonly given: readonly string[];
  /** The statements that take the right away; empty if the login is as it should be. */
  readonly take: readonly string[];
  readonly since?: 18;
}

const needs: Readonly<Record<LoginKind, readonly string[]>> = {
  watching: ['grant pg_monitor, pg_signal_backend to LOGIN'],
  reading: ['grant pg_read_all_data to LOGIN', 'alter role LOGIN bypassrls'],
  trying: ['grant WATCHED to LOGIN'],
};

const everybody: readonly LoginKind[] = ['watching', 'reading', 'trying'];
const forAll = (given: readonly string[], take: readonly string[]): readonly Case[] =>
  everybody.map((kind) => ({ kind, given, take }));

const cases: readonly Case[] = [
  ...forAll([], []),
  ...forAll(['alter role LOGIN createrole'], ['alter role "LOGIN" nocreaterole']),
  ...forAll(['alter role LOGIN createdb replication'], ['alter role "LOGIN" nocreatedb noreplication']),
  ...forAll(['grant pg_write_all_data to LOGIN'], ['revoke pg_write_all_data from "LOGIN"']),
  ...forAll(['grant pg_execute_server_program to LOGIN'], ['revoke pg_execute_server_program from "LOGIN"']),
  ...forAll(['grant pg_read_server_files to LOGIN'], ['revoke pg_read_server_files from "LOGIN"']),
  ...forAll(['grant pg_write_server_files to LOGIN'], ['revoke pg_write_server_files from "LOGIN"']),
  ...forAll(['grant pg_checkpoint to LOGIN'], ['revoke pg_checkpoint from "LOGIN"']),
  ...forAll(['grant OTHER to LOGIN'], ['revoke "OTHER" from "LOGIN"']),
  ...forAll(['alter role LOGIN noinherit', 'grant OTHER to LOGIN'], ['revoke "OTHER" from "LOGIN"']),
  ...forAll(['grant insert, update on t to LOGIN'], ['revoke insert, update on public.t from "LOGIN"']),
  ...forAll(['grant update (id) on t to LOGIN'], ['revoke update (id) on public.t from "LOGIN"']),
  ...forAll(['grant create on schema public to LOGIN'], ['revoke create on schema public from "LOGIN"']),
  ...forAll(['grant create on database DATABASE to LOGIN'], ['revoke create on database DATABASE from "LOGIN"']),
  ...forAll(['grant usage on sequence s to LOGIN'], ['revoke usage on sequence public.s from "LOGIN"']),
  ...forAll(
    [
      'create or replace function f() returns int language sql as $$ select 1 $$',
      'grant execute on function f() to LOGIN',
    ],
    ['revoke execute on function public.f() from "LOGIN"'],
  ),
  ...forAll(
    ['grant execute on function pg_catalog.pg_read_file(text) to LOGIN'],
    ['revoke execute on function pg_catalog.pg_read_file(pg_catalog.text) from "LOGIN"'],
  ),
  ...forAll(['grant execute on function pg_catalog.pg_control_system() to LOGIN'], []),
  ...forAll(
    ['create extension if not exists amcheck', 'grant execute on function bt_index_check(regclass) to LOGIN'],
    [],
  ),
  ...forAll(
    ['create extension if not exists dblink', 'grant execute on function dblink_connect_u(text) to LOGIN'],
    ['revoke execute on function public.dblink_connect_u(pg_catalog.text) from "LOGIN"'],
  ),
  ...forAll(
    ['create extension if not exists postgres_fdw', 'grant usage on foreign data wrapper postgres_fdw to LOGIN'],
    ['revoke usage on foreign data wrapper postgres_fdw from "LOGIN"'],
  ),
  ...forAll(
    [
      'create extension if not exists postgres_fdw',
      'create server if not exists far foreign data wrapper postgres_fdw',
      'create user mapping for LOGIN server far',
    ],
    ['drop user mapping for LOGIN server far'],
  ),
  ...forAll(
    ['alter default privileges in schema public grant insert on tables to LOGIN'],
    ['alter default privileges for role postgres in schema public revoke insert on tables from "LOGIN"'],
  ),
  ...forAll(['alter table t owner to LOGIN'], ['reassign owned by "LOGIN" to "postgres" (it owns table public.t)']),
  // Rights that one kind of login may have and another may not.
  { kind: 'reading', given: ['grant pg_signal_backend to LOGIN'], take: ['revoke pg_signal_backend from "LOGIN"'] },
  { kind: 'reading', given: ['grant pg_monitor to LOGIN'], take: ['revoke pg_monitor from "LOGIN"'] },
  { kind: 'reading', given: ['grant select on t to LOGIN', 'grant select (id) on t to LOGIN'], take: [] },
  { kind: 'watching', given: ['grant pg_read_all_data to LOGIN'], take: ['revoke pg_read_all_data from "LOGIN"'] },
  { kind: 'watching', given: ['alter role LOGIN bypassrls'], take: ['alter role "LOGIN" nobypassrls'] },
  { kind: 'watching', given: ['grant select on t to LOGIN'], take: ['revoke select on public.t from "LOGIN"'] },
  {
    kind: 'watching',
    given: ['grant select (id) on t to LOGIN'],
    take: ['revoke select (id) on public.t from "LOGIN"'],
  },
  { kind: 'trying', given: ['grant pg_read_all_data to LOGIN'], take: ['revoke pg_read_all_data from "LOGIN"'] },
  { kind: 'trying', given: ['alter role LOGIN bypassrls'], take: ['alter role "LOGIN" nobypassrls'] },
  { kind: 'trying', given: ['grant select on t to LOGIN'], take: ['revoke select on public.t from "LOGIN"'] },
  { kind: 'trying', given: ['alter role WATCHED superuser'], take: ['revoke "WATCHED" from "LOGIN"'] },
  // From 16 on, a membership says what it allows.
  { kind: 'reading', since: 18, given: ['grant OTHER to LOGIN with inherit false, set false'], take: [] },
  {
    kind: 'reading',
    since: 18,
    given: ['grant OTHER to LOGIN with inherit false, set false, admin true'],
    take: ['revoke "OTHER" from "LOGIN"'],
  },
  {
    kind: 'reading',
    since: 18,
    given: ['grant OTHER to WATCHED with admin option', 'grant OTHER to LOGIN granted by WATCHED'],
    take: ['revoke "OTHER" from "LOGIN" granted by "WATCHED"'],
  },
  { kind: 'reading', since: 18, given: ['grant pg_maintain to LOGIN'], take: ['revoke pg_maintain from "LOGIN"'] },
  { kind: 'reading', since: 18, given: ['grant pg_use_reserved_connections to LOGIN'], take: [] },
];

interface Ground extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly login: string;
  readonly watched: string;
  /** Fills in the names of these roles. */
  fill(statement: string): string;
}

/** Roles of their own, in a database that the cases share. */
async function ground(db: TestDatabase): Promise<Ground> {
  const some = randomBytes(6).toString('hex');
  const [login, other, watched] = [`login_${some}`, `other_${some}`, `watched_${some}`];
  await db.query(`create role ${login} login; create role ${other}; create role ${watched}`);
  const names: Readonly<Record<string, string>> = { LOGIN: login, OTHER: other, WATCHED: watched, DATABASE: db.name };
  return {
    db,
    login,
    watched,
    fill: (statement) => statement.replaceAll(/LOGIN|OTHER|WATCHED|DATABASE/g, (name) => names[name] ?? name),
    async [Symbol.asyncDispose]() {
      await db.query(`drop owned by ${login}, ${other}, ${watched} cascade`);
      await db.query(`drop role ${login}, ${other}, ${watched}`);
    },
  };
}

async function excess({ db, login, watched }: Ground, kind: LoginKind): Promise<readonly string[]> {
  await using connection = heldConnection(asksOfItself({ url: db.urlAs(login), login: 'url' }));
  return excessOf(await lookAtLogin(connection), { kind, watched: [watched] });
}

const facts: LoginFacts = {
  role: 'guard',
  version: 180_000,
  isSuper: false,
  attributes: [],
  has: [],
  memberships: [{ role: 'pg_monitor', member: 'guard', isSuper: false }],
  grants: [],
  owns: [],
  bootstrap: 'postgres',
};

test('a built-in role may have been granted more than its default rights', () => {
  const more = { role: 'pg_read_all_data', member: 'pg_monitor', isSuper: false, by: 'dba' };
  const given = { ...facts, memberships: [...facts.memberships, more] };
  expect(excessOf(facts, { kind: 'watching' })).toEqual([]);
  expect(excessOf(given, { kind: 'watching' })).toEqual(['revoke pg_read_all_data from pg_monitor granted by "dba"']);
});

describe.each(testedMajors)('on PostgreSQL %i', (major) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await database(inject(major === 15 ? 'postgres' : 'postgres18'));
    await db.query('create table t (id int); create sequence s');
  });
  afterAll(() => db[Symbol.asyncDispose]());

  test.each(cases.filter(({ since }) => since === undefined || since === major))(
    'a $kind login with $given is told $take, and running that takes the right away',
    async ({ kind, given, take }) => {
      await using on = await ground(db);
      for (const statement of [...needs[kind], ...given]) await on.db.query(on.fill(statement));
      const found = await excess(on, kind);
      expect(found).toEqual(take.map(on.fill));
      for (const statement of found) await on.db.query(statement.replace(/ \(it owns .*/, ''));
      expect(await excess(on, kind)).toEqual([]);
    },
  );

  test('separated logins are judged by their purposes, a single login by none, and any superuser is rejected', async () => {
    await using on = await ground(db);
    const [guard, reader] = [on.db.urlAs(on.login), on.db.urlAs(on.watched)];
    await on.db.query(
      on.fill('alter role WATCHED login; grant pg_monitor, pg_signal_backend, pg_read_all_data to LOGIN'),
    );
    const looked = async (target: object) => {
      const parsed = environment.parse({ target }).target;
      await using control = heldConnection(asksOfItself({ url: parsed.url, login: 'url' }));
      return await lookAtLogins(control, parsed, []);
    };
    expect(await looked({ url: guard })).toEqual({ excess: [], missing: [] });
    expect(await looked({ url: guard, read_url: reader })).toEqual({
      excess: [
        `"${on.login}", the login of url, may do more than watch, and end sessions; as a superuser, run: revoke pg_read_all_data from "${on.login}"`,
      ],
      missing: [
        `the login of read_url does not see every table: grant pg_read_all_data to "${on.watched}"`,
        `row level security would hide rows from the login of read_url: alter role "${on.watched}" bypassrls`,
      ],
    });
    const superuser = (key: string) => expect.stringMatching(`^"postgres", the login of ${key}, is a superuser: `);
    await on.db.query(on.fill('revoke pg_read_all_data from LOGIN'));
    expect((await looked({ url: on.db.url })).excess).toEqual([superuser('url')]);
    expect((await looked({ url: on.db.url, allow_superuser: true })).excess).toEqual([]);
    expect((await looked({ url: guard, read_url: on.db.url })).excess).toEqual([superuser('read_url')]);
    expect((await looked({ url: guard, reach_url: on.db.url })).excess).toEqual([superuser('reach_url')]);
    expect((await looked({ url: guard, read_url: on.db.url, allow_superuser: true })).excess).toEqual([]);
  });

  test('a reader with grants table by table costs little, and a long list is cut', async () => {
    await using on = await ground(db);
    await db.query(
      on.fill(`do $$ begin for i in 1..60 loop
        execute format('create table many_%s (id int)', i); execute format('grant select on many_%s to LOGIN', i);
      end loop; end $$`),
    );
    await using connection = heldConnection(asksOfItself({ url: db.urlAs(on.login), login: 'url' }));
    expect((await lookAtLogin(connection, ['SELECT'])).grants).toEqual([]);
    expect((await lookAtLogin(connection)).grants).toHaveLength(50);
    const target = environment.parse({ target: { url: db.urlAs(on.login), read_url: db.urlAs(on.watched) } }).target;
    await db.query(on.fill('alter role WATCHED login'));
    const { excess: found } = await lookAtLogins(connection, target, []);
    expect(found[0]?.match(/revoke select/g)).toHaveLength(10);
    expect(found[0]).toMatch(/, then check again: there are more$/);
  });

  test('a missing schema of the path is reported by its position', async () => {
    await using on = await ground(db);
    await using control = heldConnection(asksOfItself({ url: on.db.url, login: 'url' }));
    expect(await missingSchemas(control, ['public', 'later', 'pg_catalog', 'Public'])).toEqual([1, 3]);
    expect(await missingSchemas(control, ['public'])).toEqual([]);
  });
});
