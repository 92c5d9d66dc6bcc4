import { describe, expect, inject, test } from 'vitest';

import type { Declared } from '../../../src/core/evidence/declared.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import type { PhasePlan } from '../../../src/core/plan/phase.ts';
import { heldConnection } from '../../../src/target/connection.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { phaseWith } from './declared.ts';
import { hide, lookingAs, provable, proveAll, testedServers } from './harness.ts';

const schema = [
  'create table public."Mol é" ("Id" int primary key, name text not null, n int default 1 check (n > 0))',
  'create index "by name" on public."Mol é" (name)',
  'create view public.named as select "Id", name from public."Mol é"',
  `create function public.f(a int, b text) returns int language sql as 'select 1'`,
  'create trigger t before insert on public."Mol é" for each row execute function public.g()',
  `create type public.mood as enum ('calm', 'cross')`,
];
schema.splice(4, 0, `create function public.g() returns trigger language plpgsql as 'begin return new; end'`);

const drifts = (when: string, plant: readonly string[], heal: readonly string[], faults: readonly string[]) =>
  provable({ id: 'schema-drift', when, setup: schema, plant, heal, withhold: hide('pg_attribute'), faults });

const declaredSchema = phaseWith({
  renames: { 'Mol é': 'mols' },
  creates: ['public.added', 'mols.extra'],
  drops: ['named'],
  indexes: ['by name', 'by n'],
});
const effects = [
  'alter table public."Mol é" rename to mols',
  'create table public.added ()',
  'alter table public.mols add extra int',
  'drop view public.named',
  'create index "by n" on public.mols (n)',
];

proveAll([
  drifts(
    'in columns',
    [
      'alter table public."Mol é" alter name drop not null, alter n type bigint',
      'alter table public."Mol é" add "New é" int',
    ],
    ['alter table public."Mol é" drop "New é", alter n type int', 'alter table public."Mol é" alter name set not null'],
    ['column public."Mol é".n', 'column public."Mol é".name', 'column public."Mol é"."New é"'],
  ),
  provable({
    id: 'schema-drift',
    when: 'the owner of an extension makes an object part of it',
    setup: [
      ...schema,
      'create extension hstore',
      `update pg_extension set extowner = 'pg_monitor'::regrole where extname = 'hstore'`, // as of a trusted one that an ordinary role made
    ],
    plant: [
      'alter extension hstore add function public.f(int, text)',
      `create or replace function public.f(a int, b text) returns int language sql as 'select 2'`,
    ],
    heal: [`create or replace function public.f(a int, b text) returns int language sql as 'select 1'`],
    withhold: hide('pg_attribute'),
    faults: ['function public.f(integer, text)'],
  }),
  drifts(
    'in what guards and serves a table',
    [
      'alter table public."Mol é" drop constraint "Mol é_n_check"',
      'drop trigger t on public."Mol é"',
      'drop index public."by name"',
    ],
    [
      'alter table public."Mol é" add check (n > 0)',
      'create trigger t before insert on public."Mol é" for each row execute function public.g()',
      'create index "by name" on public."Mol é" (name)',
    ],
    ['constraint "Mol é_n_check" on public."Mol é"', 'trigger t on public."Mol é"', 'index public."by name"'],
  ),
  drifts(
    'in views, functions and types',
    [
      'create or replace view public.named as select "Id", lower(name) as name from public."Mol é"',
      `create or replace function public.f(a int, b text) returns int language sql as 'select 2'`,
      `alter type public.mood add value 'sad'`,
    ],
    [
      'drop view public.named',
      'create view public.named as select "Id", name from public."Mol é"',
      `create or replace function public.f(a int, b text) returns int language sql as 'select 1'`,
      'drop type public.mood',
      `create type public.mood as enum ('calm', 'cross')`,
    ],
    ['view public.named', 'function public.f(integer, text)', 'type public.mood'],
  ),
  drifts(
    'where a whole table is gone',
    ['drop table public."Mol é" cascade'],
    [schema[0] ?? '', schema[1] ?? '', schema[2] ?? '', schema[5] ?? ''],
    ['table public."Mol é"', 'view public.named'],
  ),
  provable({
    id: 'declared-effects',
    setup: [...schema, ...effects],
    plant: [
      'drop table public.added',
      'alter table public.mols drop extra',
      'alter table public.mols rename to "Mol é"',
      'create view public.named as select 1 as one',
    ],
    heal: [
      'create table public.added ()',
      'alter table public."Mol é" add extra int',
      'alter table public."Mol é" rename to mols',
      'drop view public.named',
    ],
    withhold: hide('pg_proc'),
    faults: ['effect Mol é', 'effect added', 'effect mols', 'effect mols.extra', 'effect named'],
    scope: { phases: [declaredSchema] },
    declared: { underWay: [], applied: [declaredSchema] },
  }),
]);

const withKinds = phaseWith({
  creates: [
    'function f_new',
    'function public.f_new()',
    'table mood_table',
    'view mood_view',
    'materialised view mood_copy',
    'type kind',
    'column Mol é.extra',
    'foreign server far',
    'event trigger every',
    'role postgres',
    'untrusted language c',
  ],
  drops: ['trigger t on Mol é', 'index by name', 'table f'],
});

/** One column is new, one is renamed, and one has another type. */
const ofColumns = phaseWith({
  creates: ['Mol é.region', 'column public.Mol é.label', 'Mol é.n'],
  drops: ['Mol é.name', 'named'],
  indexes: ['by name'],
});
const columnChanges = [
  'drop view named',
  'alter table "Mol é" add region text, alter n type bigint',
  'alter table "Mol é" rename name to label',
];

type Change = { readonly phases: readonly PhasePlan[]; readonly applied?: boolean; readonly act: readonly string[] };

/** The faults in this state of the run, compared with a baseline frozen before any phase. */
async function after(server: string, id: 'schema-drift' | 'declared-effects', { phases, applied = true, act }: Change) {
  await using db = await database(server);
  for (const statement of schema) await db.query(statement);
  const options = { url: db.url, name: 'c', readOnly: true, seesAllRows: true, statementTimeout: seconds(10) };
  await using connection = heldConnection(options);
  const now: { underWay: Declared['underWay']; applied: Declared['applied'] } = { underWay: [], applied: [] };
  const look = await lookingAs(connection, { id, declared: now, scope: { phases } });
  await look(true);
  for (const statement of act) await db.query(statement);
  Object.assign(now, applied ? { applied: phases } : { underWay: phases });
  const { status, faults } = await look();
  expect(['ok', 'breach']).toContain(status);
  return faults?.map(({ object, consequence }) => `${consequence}: ${object}`);
}

const renaming = phaseWith({ renames: { 'Mol é': 'user' } });
const rename = 'alter table public."Mol é" rename to "user"';

describe.each(testedServers)('on %s', (name) => {
  const server = inject(name);

  test.each<Change & { readonly when: string; readonly faults: readonly string[] }>([
    { when: 'a table is renamed as declared', phases: [renaming], act: [rename], faults: [] },
    {
      when: 'a table is renamed as declared, and a view of it is recreated',
      phases: [renaming],
      act: [rename, 'drop view named', 'create view named as select "Id", name from "user"'],
      faults: [],
    },
    {
      when: 'a table is renamed as declared, and its parts change',
      phases: [renaming],
      act: [
        rename,
        'alter table "user" drop n',
        'create or replace view named as select "Id", name || 1 as name from "user"',
      ],
      faults: [
        'sustained: column public."Mol é".n',
        'sustained: constraint "Mol é_n_check" on public."Mol é"',
        'sustained: view public.named',
      ],
    },
    {
      when: 'a table is renamed without a declaration',
      phases: [],
      act: [rename],
      faults: ['note: table public."user"', 'sustained: table public."Mol é"', 'sustained: view public.named'],
    },
    { when: 'everything changes as declared', phases: [declaredSchema], act: effects, faults: [] },
    {
      when: 'the declared changes are in progress',
      phases: [declaredSchema],
      applied: false,
      act: effects.slice(0, 3),
      faults: [],
    },
    { when: 'columns are changed as declared', phases: [ofColumns], act: columnChanges, faults: [] },
    {
      when: 'columns change without a declaration',
      phases: [],
      act: columnChanges,
      faults: [
        'note: column public."Mol é".label',
        'note: column public."Mol é".region',
        'sustained: column public."Mol é".n',
        'sustained: column public."Mol é".name',
        'sustained: index public."by name"',
        'sustained: view public.named',
      ],
    },
    {
      when: 'new objects appear',
      phases: [],
      act: ['create table extra (id int primary key)', 'create index on "Mol é" (n)'],
      faults: ['note: index public."Mol é_n_idx"', 'note: table public.extra'],
    },
    {
      when: 'only aspects of other checks change: grants, policies, validity',
      phases: [],
      act: [
        'grant select on "Mol é" to public',
        'alter table "Mol é" enable row level security',
        'create policy p on "Mol é"',
        'alter table "Mol é" disable trigger t',
      ],
      faults: [],
    },
  ])('schema-drift: $when', async ({ faults, ...change }) => {
    expect((await after(server, 'schema-drift', change))?.toSorted()).toEqual(faults);
  });

  test.each<Change & { readonly when: string; readonly faults: readonly string[] }>([
    { when: 'every effect has happened', phases: [declaredSchema], act: effects, faults: [] },
    { when: 'the declared column changes have happened', phases: [ofColumns], act: columnChanges, faults: [] },
    {
      when: 'the declared column changes are missing',
      phases: [ofColumns],
      act: [],
      faults: [
        'sustained: effect Mol é.name',
        'sustained: effect named',
        'sustained: effect Mol é.region',
        'sustained: effect column Mol é.label',
      ],
    },
    {
      when: 'nothing has happened, except that an old index is gone that the phase may drop',
      phases: [declaredSchema],
      act: ['drop index "by name"'],
      faults: [
        'sustained: effect Mol é',
        'sustained: effect named',
        'sustained: effect mols',
        'sustained: effect added',
        'sustained: effect mols.extra',
        'sustained: effect by n',
      ],
    },
    {
      when: 'the phase is in progress and nothing has happened yet',
      phases: [declaredSchema],
      applied: false,
      act: [],
      faults: [],
    },
    {
      when: 'a view takes the old name, and a later phase drops it',
      phases: [
        phaseWith({ renames: { 'Mol é': 'mols' }, creates: ['Mol é', 'f(integer, text)', 't on mols'] }),
        phaseWith({ drops: ['public.Mol é', 'public.f'] }, 'two'),
      ],
      act: ['alter table "Mol é" rename to mols', 'drop function f'],
      faults: ['sustained: effect f(integer, text)'],
    },
    {
      when: 'effects are named with their kind, and have happened',
      phases: [withKinds],
      act: [
        'create function f_new() returns int language sql as $$ select 1 $$',
        'create function noticed() returns event_trigger language plpgsql as $$ begin end $$',
        'create table mood_table ()',
        'create view mood_view as select 1 as one',
        'create materialized view mood_copy as select 1 as one',
        'create type kind as enum ()',
        'alter table "Mol é" add extra int',
        'create foreign data wrapper wires',
        'create server far foreign data wrapper wires',
        'create event trigger every on ddl_command_end execute function noticed()',
        'drop trigger t on "Mol é"',
        'drop index "by name"',
      ],
      faults: [],
    },
    {
      when: 'effects are named with their kind, and have not happened',
      phases: [withKinds],
      act: ['create table f_new ()', 'create type mood_table as enum ()'],
      faults: [
        'sustained: effect trigger t on Mol é',
        'sustained: effect index by name',
        'sustained: effect function f_new',
        'sustained: effect function f_new()',
        'sustained: effect table mood_table',
        'sustained: effect view mood_view',
        'sustained: effect materialised view mood_copy',
        'sustained: effect type kind',
        'sustained: effect column Mol é.extra',
        'sustained: effect foreign server far',
        'sustained: effect event trigger every',
      ],
    },
  ])('declared-effects: $when', async ({ faults, ...change }) => {
    expect(await after(server, 'declared-effects', change)).toEqual(faults);
  });
});

test.each([
  {
    change: 'alter sequence filled_id_seq owned by none',
    says: 'note: column public.filled.id no longer owns the sequence that fills it, and no phase declares it',
  },
  {
    change: 'alter sequence filled_id_seq increment 2',
    says: 'sustained: column public.filled.id has another definition of the sequence that fills it, and no phase declares it',
  },
])('a change of a column’s sequence is told as what it is: $change', async ({ change, says }) => {
  await using db = await database();
  await db.query('create table filled (id serial)');
  await using connection = checksSession(db.url);
  const look = await lookingAs(connection, { id: 'schema-drift' });
  await look(true);
  await db.query(change);
  const told = (await look()).faults?.map(({ object, what, consequence }) => `${consequence}: ${object} ${what}`);
  expect(told).toContain(says);
  expect(told?.filter((one) => one.includes('is gone'))).toEqual([]);
});
