import { describe, expect, inject, test } from 'vitest';

import type { CatalogueId } from '../../../src/core/plan/catalogue.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { temporaryRole } from '../../target/role.ts';
import { lookingAs } from '../catalogue/harness.ts';
import { sharedServers } from '../../support/every-case.ts';

/** What a stranger does with its own objects, the check that sees it, and the object it reports. */
const cases: readonly {
  readonly id: CatalogueId;
  readonly before?: string;
  readonly does: string;
  readonly object: string;
}[] = [
  {
    id: 'definer-functions',
    does: `create function public.f(a int) returns int language sql security definer as 'select 1'`,
    object: 'function public.f(a integer) for PUBLIC',
  },
  {
    id: 'grants',
    before: 'create table own (id int)',
    does: 'grant select on own to public',
    object: 'grant select on table public.own to PUBLIC',
  },
  {
    id: 'grants',
    before: `create type mood as enum ('well'); revoke usage on type mood from public`,
    does: 'grant usage on type mood to public',
    object: 'grant usage on type public.mood to PUBLIC',
  },
  {
    id: 'default-privileges',
    does: 'alter default privileges in schema public grant select on tables to public',
    object: 'default privileges of STRANGER in schema public on tables to PUBLIC',
  },
  {
    id: 'schema-drift',
    before: `create function f() returns int language sql as 'select 1'`,
    does: `create or replace function f() returns int language sql as 'select 2'`,
    object: 'function public.f()',
  },
  {
    id: 'schema-drift',
    before: `create function f() returns int language sql as 'select 1'`,
    does: 'drop function f()',
    object: 'function public.f()',
  },
  { id: 'schema-drift', before: 'create table own (id int)', does: 'drop table own', object: 'table public.own' },
  {
    id: 'schema-drift',
    before: 'create table own (id int, name text)',
    does: 'alter table own drop column name',
    object: 'column public.own.name',
  },
  {
    id: 'schema-drift',
    before: `create type mood as enum ('well')`,
    does: `alter type mood add value 'ill'`,
    object: 'type public.mood',
  },
];

describe.each(sharedServers)('on %s', (server) => {
  test.each(cases)(
    '$id: for $does, the check names the only role that can have done it',
    async ({ id, before, does, object }) => {
      await using db = await database(inject(server));
      await using stranger = await temporaryRole(db, 'login');
      await db.query(`grant create on schema public to ${stranger.name}`);
      const as = (sql: string) => db.query(`set role ${stranger.name}; ${sql}; reset role`);
      await using connection = checksSession(db.url, { seesAllRows: true, statementTimeout: seconds(10) });
      if (before !== undefined) await as(before);
      const look = await lookingAs(connection, { id });
      await look(true);
      await as(does);
      const { faults } = await look();
      const found = faults?.find((one) => one.object === object.replace('STRANGER', stranger.name));
      expect(found?.by).toEqual([stranger.name]);
      await db.query(`drop owned by ${stranger.name}`);
    },
  );

  test('memberships: the check names who granted it', async () => {
    await using db = await database(inject(server));
    await using stranger = await temporaryRole(db, 'login');
    await using group = await temporaryRole(db, '');
    await using member = await temporaryRole(db, '');
    await db.query(`grant ${group.name} to ${stranger.name} with admin option`);
    await using connection = checksSession(db.url, { statementTimeout: seconds(10) });
    const look = await lookingAs(connection, { id: 'memberships', only: group.name });
    await look(true);
    await db.query(`set role ${stranger.name}; grant ${group.name} to ${member.name}; reset role`);
    expect((await look()).faults?.map(({ by }) => by)).toEqual([[stranger.name]]);
    await db.query(`revoke ${group.name} from ${member.name} granted by ${stranger.name}`);
  });
});
