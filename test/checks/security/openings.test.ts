import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readMoment } from '../../../src/checks/moment.ts';
import { othersObjects } from '../../../src/checks/others-objects.ts';
import { doubtOf } from '../../../src/core/evidence/finding.ts';
import type { CatalogueId } from '../../../src/core/plan/catalogue.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { startPostgres } from '../../../tools/postgres/server.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { temporaryRole } from '../../target/role.ts';
import { lookingAs } from '../catalogue/harness.ts';
import { testedMajors } from '../../support/every-case.ts';

/** A grant by the phases' role has no effect until someone adds the rest. */
const cases: readonly {
  readonly when: string;
  /** Runs as the superuser, with role names in place of `PHASES`, `STRANGER`, `GROUP` and `WATCHED`. */
  readonly before: string;
  readonly does: string;
  readonly seen: boolean;
}[] = [
  {
    when: 'a stranger opens its schema, in which the phases’ role has granted a table',
    before: `grant create on schema side to PHASES; set role PHASES; create table side.own (id int);
      create function side.f() returns int language sql security definer set search_path = '' as 'select 1';
      revoke execute on function side.f() from public;
      grant select on side.own to WATCHED; grant execute on function side.f() to WATCHED; reset role`,
    does: 'set role STRANGER; grant usage on schema side to WATCHED',
    seen: false,
  },
  {
    when: 'a stranger adds a member to a group to which the phases’ role has granted a table',
    before: `grant create on schema public to PHASES; grant GROUP to STRANGER with admin option;
      set role PHASES; create table public.own (id int);
      create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
      revoke execute on function public.f() from public;
      grant select on public.own to GROUP; grant execute on function public.f() to GROUP; reset role`,
    does: 'set role STRANGER; grant GROUP to WATCHED',
    seen: false,
  },
  {
    when: 'a stranger adds a group, to which the phases’ role has granted a table, to a group of the watched role',
    before: `grant create on schema public to PHASES; grant GROUP to STRANGER with admin option; grant HELD to WATCHED;
      set role PHASES; create table public.own (id int);
      create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
      revoke execute on function public.f() from public;
      grant select on public.own to GROUP; grant execute on function public.f() to GROUP; reset role`,
    does: 'set role STRANGER; grant GROUP to HELD',
    seen: false,
  },
  {
    when: 'a stranger adds the watched role to a group that may use the schema',
    before: `grant GROUP to STRANGER with admin option; grant usage on schema app to GROUP; set role PHASES; create table app.own (id int);
      create function app.f() returns int language sql security definer set search_path = '' as 'select 1';
      revoke execute on function app.f() from public;
      grant select on app.own to WATCHED; grant execute on function app.f() to WATCHED; reset role`,
    does: 'set role STRANGER; grant GROUP to WATCHED',
    seen: false,
  },
  {
    when: 'the phases’ role grants its table in a schema of the database owner',
    before: `grant create on schema public to PHASES; set role PHASES; create table public.own (id int);
      create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
      revoke execute on function public.f() from public; reset role`,
    does: 'set role PHASES; grant select on public.own to WATCHED; grant execute on function public.f() to WATCHED',
    seen: true,
  },
  {
    when: 'the phases’ role grants its table to a group',
    before: `grant create on schema public to PHASES; grant GROUP to WATCHED; set role PHASES; create table public.own (id int);
      create function public.f() returns int language sql security definer set search_path = '' as 'select 1';
      revoke execute on function public.f() from public; reset role`,
    does: 'set role PHASES; grant select on public.own to GROUP; grant execute on function public.f() to GROUP',
    seen: false,
  },
];
const ids: readonly CatalogueId[] = ['reach', 'unprotected-tables', 'definer-functions'];

/** Servers of its own: on 15, each role that may create roles could have acted as the phases' role. */
describe.each(testedMajors)('on PostgreSQL %i', (major) => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => void (server = await startPostgres({ major, inMemory: true })));
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(cases.flatMap((one) => ids.map((id) => ({ ...one, id }))))(
    '$id, when $when: the phase was seen to do it: $seen',
    async ({ id, before, does, seen }) => {
      await using db = await database(server.url());
      await using stranger = await temporaryRole(db, 'login');
      await using phases = await temporaryRole(db, 'login');
      await using group = await temporaryRole(db, '');
      await using held = await temporaryRole(db, '');
      await using watched = await temporaryRole(db, '');
      const roles = { PHASES: phases, STRANGER: stranger, GROUP: group, HELD: held, WATCHED: watched };
      const named = (sql: string) =>
        Object.entries(roles).reduce((text, [word, role]) => text.replaceAll(word, role.name), sql);
      await db.query(
        named(
          `create schema app authorization PHASES; create schema side authorization STRANGER; grant usage on schema side to PHASES; ${before}`,
        ),
      );
      await using connection = checksSession(db.url, { seesAllRows: true, statementTimeout: seconds(10) });
      const identities = [{ id: watched.name, role: watched.name, claims: {} }];
      const scope = { watchRoles: [watched.name], exposedSchemas: ['public', 'side', 'app'], identities };
      const look = await lookingAs(connection, { id, scope });
      const finding = await look(true);
      const atStart = { finding, catalogs: await readMoment(connection), watched: [watched.name] };
      await db.query(named(`${does}; reset role`));
      const { faults = [] } = await othersObjects(connection, phases.name)(await look(), finding, atStart);
      const veto = faults.filter(({ object, consequence }) => consequence === 'veto' && /own|f\(\)/.test(object));
      expect(veto.map((fault) => doubtOf(fault) === undefined)).toEqual([seen]);
      await db.query(named('drop owned by STRANGER, PHASES, GROUP, HELD, WATCHED cascade'));
    },
  );
});
