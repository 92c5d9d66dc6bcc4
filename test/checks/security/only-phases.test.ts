import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readMoment } from '../../../src/checks/moment.ts';
import { othersObjects } from '../../../src/checks/others-objects.ts';
import type { Scope } from '../../../src/checks/check.ts';
import { type Declared, nothingDeclared } from '../../../src/core/evidence/declared.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import type { CatalogueId } from '../../../src/core/plan/catalogue.ts';
import type { PhasePlan } from '../../../src/core/plan/phase.ts';
import { startPostgres } from '../../../tools/postgres/server.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { everyCase } from '../../support/every-case.ts';
import { temporaryRole } from '../../target/role.ts';
import { lookingAs } from '../catalogue/harness.ts';

interface Case {
  readonly what: string;
  readonly ids: readonly CatalogueId[];
  /** Runs as the superuser before the baseline, with role names in place of the words in capitals. */
  readonly before?: string;
  /** What the phase does after its start. */
  readonly phase?: string;
  /** What others do after it. */
  readonly does?: string;
  /** What they do once the check has looked. */
  readonly then?: string;
  /** The phase's effects, applied by the time that the check looks again. */
  readonly effects?: Readonly<Record<string, unknown>>;
  readonly until?: 15;
}

const own = 'set role PHASES; create table app.own (id int, note text); reset role';
const exposures = ['reach', 'unprotected-tables'] as const;
const definer = `language sql security definer set search_path = '' as 'select 1'`;

/** Everything else is healthy: others rename what they own, or give somebody an access. */
const byOthers: readonly Case[] = [
  {
    what: 'a stranger renames its type, which is an argument of a function of the phases’ role',
    ids: ['definer-functions'],
    before: `set role STRANGER; create type side.mood as enum ('well'); grant usage on type side.mood to public;
      set role PHASES; create function app.f(m side.mood[]) returns int ${definer}; reset role`,
    does: 'set role STRANGER; alter type side.mood rename to mood2',
  },
  {
    what: 'the same, while the phase replaces the function',
    ids: ['definer-functions'],
    before: `set role STRANGER; create type side.mood as enum ('well'); grant usage on type side.mood to public;
      set role PHASES; create function app.f(m side.mood) returns int ${definer}; reset role`,
    phase: `create or replace function app.f(m side.mood) returns int language sql security definer set search_path = '' as 'select 2'`,
    does: 'set role STRANGER; alter type side.mood rename to mood2',
  },
  {
    what: 'a stranger renames its table, whose row is an argument of a function of the phases’ role',
    ids: ['definer-functions'],
    before: `set role STRANGER; create table side.t (a int); grant usage on type side.t to public;
      set role PHASES; create function app.f(m side.t) returns int ${definer}; reset role`,
    does: 'set role STRANGER; alter table side.t rename to t2',
  },
  {
    what: 'a stranger renames the schema of a type that is an argument',
    ids: ['definer-functions'],
    before: `grant create on database DATABASE to STRANGER; set role STRANGER; create type side.mood as enum ('well');
      grant usage on type side.mood to public; set role PHASES; create function app.f(m side.mood) returns int ${definer}; reset role`,
    does: 'set role STRANGER; alter schema side rename to side2',
  },
  {
    what: 'a stranger adds the watched role to a group that may read, where that role has another direct right',
    ids: exposures,
    before: `${own}; grant GROUP to STRANGER with admin option; set role PHASES; grant references on app.own to WATCHED;
      grant select on app.own to GROUP; reset role`,
    phase: 'alter table app.own add column more int',
    does: 'set role STRANGER; grant GROUP to WATCHED',
  },
  {
    what: 'a stranger does the same, and takes the membership away as soon as it was found',
    ids: exposures,
    before: `${own}; grant GROUP to STRANGER with admin option; set role PHASES; grant references on app.own to WATCHED;
      grant select on app.own to GROUP; reset role`,
    phase: 'alter table app.own add column more int',
    does: 'set role STRANGER; grant GROUP to WATCHED',
    then: 'set role STRANGER; revoke GROUP from WATCHED',
  },
  {
    what: 'a stranger opens a column in the same way',
    ids: ['sensitive-columns'],
    before: `${own}; grant GROUP to STRANGER with admin option; set role PHASES; alter table app.own add column password text;
      grant select (id) on app.own to WATCHED; grant select on app.own to GROUP; reset role`,
    phase: 'alter table app.own add column more int',
    does: 'set role STRANGER; grant GROUP to WATCHED',
  },
  {
    what: 'a stranger adds the watched role to the group that owns a table, so that policies no longer bind it',
    ids: ['reach'],
    before: `${own}; grant GROUP to PHASES; grant GROUP to STRANGER with admin option; grant all on schema app to GROUP;
      alter table app.own owner to GROUP; alter table app.own enable row level security; set role GROUP;
      grant select on app.own to WATCHED; reset role`,
    does: 'set role STRANGER; grant GROUP to WATCHED',
  },
  {
    what: 'an administrator lets the watched role read everything',
    ids: ['reach', 'unprotected-tables'],
    before: own,
    phase: 'alter table app.own add column more int',
    does: 'grant pg_read_all_data to WATCHED',
  },
  {
    what: 'an administrator lets the watched role bypass policies',
    ids: ['reach'],
    before: `${own}; set role PHASES; alter table app.own enable row level security; grant select on app.own to WATCHED; reset role`,
    phase: 'alter table app.own add column more int',
    does: 'alter role WATCHED bypassrls',
  },
  {
    what: 'an administrator opens a schema in which the phases’ role has granted a table',
    ids: exposures,
    before: `grant usage, create on schema shared to PHASES; set role PHASES; create table shared.own (id int);
      grant select on shared.own to WATCHED; reset role`,
    phase: 'alter table shared.own add column more int',
    does: 'grant usage on schema shared to WATCHED',
  },
  {
    what: 'a stranger opens an administrator’s schema with a right that it may pass on',
    ids: exposures,
    before: `grant usage, create on schema shared to PHASES; grant usage on schema shared to STRANGER with grant option;
      set role PHASES; create table shared.own (id int); grant select on shared.own to WATCHED; reset role`,
    phase: 'alter table shared.own add column more int',
    does: 'set role STRANGER; grant usage on schema shared to WATCHED',
  },
  {
    what: 'a stranger renames its schema, the usage of which the phases’ role has granted',
    ids: ['grants'],
    before: `grant create on database DATABASE to STRANGER; set role STRANGER; grant usage on schema side to PHASES with grant option;
      set role PHASES; grant usage on schema side to WATCHED; reset role`,
    does: 'set role STRANGER; alter schema side rename to side2',
  },
  {
    what: 'a stranger renames its table, which the phases’ role has granted',
    ids: ['grants'],
    before: `grant create on schema app to STRANGER; set role STRANGER; create table app.own (id int);
      grant select on app.own to PHASES with grant option; set role PHASES; grant select on app.own to WATCHED; reset role`,
    does: 'set role STRANGER; alter table app.own rename to own2',
  },
  {
    what: 'an administrator renames a group, of which the phases’ role has made the watched role a member',
    ids: ['memberships'],
    before: `grant GROUP to PHASES with admin option; set role PHASES; grant GROUP to WATCHED; reset role`,
    does: 'alter role GROUP rename to "GROUP 2"',
  },
  {
    what: 'an administrator renames a role that a policy of the phase names as declared',
    ids: ['policies'],
    before: own,
    phase: 'create policy p on app.own for select to GROUP using (true)',
    does: 'alter role GROUP rename to "GROUP 2"',
    effects: { policies: { 'app.own': { GROUP: ['select'] } } },
  },
  {
    what: 'an administrator creates a role of the name of a view that the phase drops',
    ids: ['declared-effects'],
    before:
      'set role PHASES; create view app.v as select 1 as a; reset role; alter view app.v rename to "GROUP 2"; alter view app."GROUP 2" set schema public',
    phase: 'drop view public."GROUP 2"',
    does: 'alter role GROUP rename to "GROUP 2"',
    effects: { drops: ['GROUP 2'] },
  },
  {
    what: 'a stranger renames its schema, so that what the phases’ role has in it bears the name that the phase drops',
    ids: ['declared-effects'],
    before: `grant create on schema side to PHASES; grant create on database DATABASE to STRANGER;
      set role PHASES; create table side.own (id int); reset role; create schema old authorization STRANGER; grant usage on schema old to PHASES;
      create table old.own (id int); alter table old.own owner to PHASES`,
    phase: 'drop table old.own',
    does: 'set role STRANGER; drop schema old; alter schema side rename to old',
    effects: { drops: ['old.own'] },
  },
  {
    what: 'a stranger takes away what the phase creates',
    ids: ['declared-effects'],
    before: 'set role STRANGER; create table side.base (id int); grant select on side.base to PHASES; reset role',
    phase: 'create view app.v as select id from side.base',
    does: 'set role STRANGER; drop table side.base cascade',
    effects: { creates: ['app.v'] },
  },
  {
    what: 'a stranger with the right to create roles lends its own role to the phases’ role',
    ids: ['definer-functions'],
    before:
      'alter role STRANGER createrole; grant create on schema app to STRANGER, GROUP; grant GROUP to STRANGER with admin option',
    does: `set role STRANGER; grant GROUP to PHASES; create function app.f() returns int ${definer}; grant GROUP to STRANGER;
      alter function app.f() owner to GROUP`,
  },
  {
    what: 'another member of the group that owns the table grants',
    ids: ['grants', ...exposures],
    before: `${own}; grant GROUP to STRANGER, PHASES; grant all on schema app to GROUP; alter table app.own owner to GROUP`,
    does: 'set role STRANGER; grant select on app.own to WATCHED',
  },
  {
    what: 'a member of a member of the phases’ role grants',
    ids: ['grants'],
    before: `${own}; grant PHASES to GROUP; grant GROUP to STRANGER`,
    does: 'set role STRANGER; set role PHASES; grant select on app.own to WATCHED',
  },
  {
    what: 'a role that may create roles could have made itself a member of the phases’ role',
    ids: ['grants'],
    before: `${own}; alter role STRANGER createrole`,
    does: 'set role STRANGER; grant PHASES to STRANGER; grant select on app.own to WATCHED',
    until: 15,
  },
  {
    what: 'another member of the owning group gives the watched role what the phase does not declare',
    ids: ['grants'],
    before: `${own}; grant GROUP to STRANGER, PHASES; grant all on schema app to GROUP; alter table app.own owner to GROUP`,
    phase: 'grant select on app.own to WATCHED',
    does: 'set role STRANGER; grant insert on app.own to WATCHED',
    effects: { grants: { 'app.own': { WATCHED: ['select'] } } },
  },
  {
    what: 'another member of the owning group switches row-level security off',
    ids: ['rls-off'],
    before: `${own}; grant GROUP to STRANGER, PHASES; alter table app.own enable row level security; alter table app.own owner to GROUP`,
    does: 'set role STRANGER; alter table app.own disable row level security',
  },
  {
    what: 'somebody else has done it before the phase began',
    ids: ['grants'],
    before: own,
    does: '',
  },
];

/** Nobody else can act as the phases' role. */
const byPhases: readonly Case[] = [
  {
    what: 'creates a table and grants it',
    ids: ['grants', ...exposures],
    phase: 'create table app.own (id int); grant select on app.own to WATCHED',
  },
  {
    what: 'grants a table, while another role joins a group that the watched role does not belong to',
    ids: ['grants', ...exposures],
    before: own,
    phase: 'grant select on app.own to WATCHED',
    does: 'grant GROUP to STRANGER',
  },
  {
    what: 'grants a column',
    ids: ['grants', ...exposures],
    before: own,
    phase: 'grant select (id) on app.own to WATCHED',
  },
  {
    what: 'adds a column with a secret to a table that is open',
    ids: ['sensitive-columns'],
    before: `${own}; set role PHASES; grant select on app.own to WATCHED; reset role`,
    phase: 'alter table app.own add column password text',
  },
  {
    what: 'switches row-level security off',
    ids: ['rls-off', ...exposures],
    before: `${own}; set role PHASES; alter table app.own enable row level security; grant select on app.own to WATCHED; reset role`,
    phase: 'alter table app.own disable row level security',
  },
  {
    what: 'creates a function that runs as its owner',
    ids: ['definer-functions'],
    phase: `create function app.f(a int) returns int ${definer}; revoke execute on function app.f(int) from public;
      grant execute on function app.f(int) to WATCHED`,
  },
  {
    what: 'creates a policy',
    ids: ['policies'],
    before: own,
    phase: 'create policy p on app.own using (true)',
  },
  {
    what: 'makes a role a member',
    ids: ['memberships'],
    before: 'grant GROUP to PHASES with admin option',
    phase: 'grant GROUP to WATCHED',
  },
  {
    what: 'opens its schema',
    ids: ['grants', ...exposures],
    before: `create schema shut authorization PHASES; set role PHASES; create table shut.own (id int);
      grant select on shut.own to WATCHED; reset role`,
    phase: 'grant usage on schema shut to WATCHED',
  },
  {
    what: 'grants more than it declares',
    ids: ['grants'],
    before: own,
    phase: 'grant select, insert on app.own to WATCHED',
    effects: { grants: { 'app.own': { WATCHED: ['select'] } } },
  },
  {
    what: 'creates a wider policy than it declares',
    ids: ['policies'],
    before: own,
    phase: 'create policy p on app.own to GROUP using (true)',
    effects: { policies: { 'app.own': { GROUP: ['select'] } } },
  },
  {
    what: 'leaves a table without the row-level security that it declares',
    ids: ['rls-off'],
    before: own,
    phase: 'alter table app.own add column more int',
    effects: { rls: ['app.own'] },
  },
  {
    what: 'does not drop what it declares to drop',
    ids: ['declared-effects'],
    before: own,
    phase: 'alter table app.own add column more int',
    effects: { drops: ['app.own', 'app.own.note', 'app.gone'] },
  },
];

const noEffects = {
  renames: {},
  creates: [],
  drops: [],
  writes: {},
  rls: [],
  policies: [],
  grants: [],
  indexes: [],
};

/**
 * Servers of its own: on 15, each role that may create roles could have acted as the phases' role. `npm test` tries each case
 * once.
 */
describe.each(everyCase ? ([15, 18] as const) : ([18] as const))('on PostgreSQL %i', (major) => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => void (server = await startPostgres({ major, inMemory: true })));
  afterAll(() => server[Symbol.asyncDispose]());

  /** Which kinds of evidence the fresh faults have. */
  async function evidenceFor(id: CatalogueId, one: Case, startsLate: boolean) {
    await using db = await database(server.url());
    await using stranger = await temporaryRole(db, 'login');
    await using phases = await temporaryRole(db, 'login');
    await using guard = await temporaryRole(db, 'login');
    await using group = await temporaryRole(db, '');
    await using watched = await temporaryRole(db, '');
    const words = { DATABASE: db, PHASES: phases, STRANGER: stranger, GROUP: group, WATCHED: watched };
    const named = (sql: string) =>
      Object.entries(words).reduce((text, [word, { name }]) => text.replaceAll(word, name), sql);
    const run = (sql = '') => db.query(`${named(sql)}; reset role`);
    await run(`create schema app authorization PHASES; create schema side authorization STRANGER; create schema shared;
      grant usage on schema app, side to PHASES, STRANGER, WATCHED, GROUP; grant PHASES to ${guard.name}; ${one.before ?? ''}`);
    await using connection = checksSession(db.url, { seesAllRows: true, statementTimeout: seconds(10) });
    const effects = JSON.parse(named(JSON.stringify({ ...noEffects, ...one.effects }))) as PhasePlan['effects'];
    const phase = { id: 'p', effects } as unknown as PhasePlan;
    const declared: Declared = one.effects === undefined ? nothingDeclared : { underWay: [], applied: [phase] };
    const scope: Partial<Scope> = {
      watchRoles: [watched.name],
      exposedSchemas: ['app', 'shared', 'side', ...(one.before?.includes('shut') === true ? ['shut'] : [])],
      identities: [{ id: 'reader', role: watched.name, claims: {} }],
      phases: [phase],
      phase: { role: phases.name, tags: [] },
    };
    const frozen = await (await lookingAs(connection, { id, scope }))(true);
    if (startsLate) await run('set role PHASES; grant select on app.own to WATCHED');
    const catalogs = await readMoment(connection);
    const atStart = startsLate ? await (await lookingAs(connection, { id, scope, frozen }))() : frozen;
    if (one.phase !== undefined) await run(`set role PHASES; ${one.phase}`);
    await run(one.does);
    const found = await (await lookingAs(connection, { id, scope, declared, frozen }))();
    await run(one.then);
    const told = await othersObjects(connection, phases.name, [guard.name])(found, frozen, {
      catalogs,
      finding: atStart,
      watched: [watched.name],
    });
    const evidence = told.faults
      ?.filter(({ object }) => frozen.faults?.some((known) => known.object === object) !== true)
      .map(({ seen, onlyRecommend }) => (onlyRecommend === undefined ? seen : undefined));
    await db
      .query(
        named(`do $do$ declare r name; begin
      for r in select rolname from pg_roles where rolname like 'GROUP%' loop execute format('alter role %I rename to GROUP', r); end loop; end $do$`),
      )
      .catch(() => undefined);
    await db.query(named('drop owned by STRANGER, PHASES, GROUP, WATCHED cascade'));
    return evidence;
  }

  const each = (cases: readonly Case[]) =>
    cases
      .filter(({ until }) => until === undefined || major <= until)
      .flatMap((one) => (everyCase ? one.ids : one.ids.slice(0, 1)).map((id) => ({ ...one, id })));

  test.each(each(byOthers))('$id: when $what, no phase was seen to do it', async ({ id, ...one }) => {
    const evidence = await evidenceFor(id, one, one.does === '');
    expect(evidence).not.toEqual([]);
    expect(evidence?.filter((seen) => seen !== undefined)).toEqual([]);
  });

  test.each(each(byPhases))('$id: a phase that $what was seen to do it', async ({ id, ...one }) => {
    const evidence = await evidenceFor(id, one, false);
    expect(evidence).not.toEqual([]);
    expect(evidence).not.toContain(undefined);
  });
});
