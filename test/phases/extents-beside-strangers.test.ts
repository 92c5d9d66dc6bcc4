import { describe, expect, test } from 'vitest';

import { boundaryOf, schema, start } from '../support/builders.ts';
import { extentAfter } from './extent-ground.ts';
import { sharedServers } from '../support/every-case.ts';

const nothingSeen = { extent: 'unknown', seen: 'no-difference' };

describe.each(sharedServers)('beside a stranger, on %s', (server) => {
  test.each([
    { does: 'create table side.t (id int)', ofOthers: 2 },
    {
      does: 'create index i on side.old (id); create statistics side.s on (id + 1), (id + 2) from side.old',
      ofOthers: 2,
    },
    { does: 'drop table side.old cascade', ofOthers: 35 },
    { does: 'drop function side.f()', ofOthers: 1 },
    { does: 'alter table side.old enable row level security', ofOthers: 1 },
    { does: 'drop owned by current_user', ofOthers: 37 },
  ])('"$does" by the stranger does not count for the extent of a phase', async ({ does, ofOthers }) => {
    expect(await extentAfter(server, 'stranger', does)).toEqual({ ...nothingSeen, ofOthers });
  });

  test.each([
    { as: 'phases', does: 'set role OWNER; create table app.t (id int)' },
    { as: 'phases', does: 'alter table public.patients add column name text' },
    { as: 'phases', does: 'drop table public.patients' },
  ] as const)('"$does" by the phase counts', async ({ as, does }) => {
    expect(await extentAfter(server, as, does)).toEqual({ extent: 'partly' });
  });

  test('without a role in the plan, everything counts', async () => {
    expect(await extentAfter(server, 'stranger', 'create table side.t (id int)', false)).toEqual({ extent: 'partly' });
  });
});

/** What the phases' role owns and somebody else can change. */
const entangled = `do $do$ begin execute format('grant create on database %I to STRANGER, PHASES', current_database()); end $do$;
  grant all on schema app to STRANGER, PHASES;
  set role STRANGER; grant usage, create on schema side to PHASES; create type side.mood as enum ('well');
  create table side.far (id int primary key); grant references, select on side.far to PHASES;
  create function side.tf() returns trigger language plpgsql as 'begin return null; end';
  create function side.one() returns int immutable return 1; create extension citext schema side;
  set role PHASES; create type app.pair as (a int, b side.mood); create domain app.many as int check (value >= side.one());
  create table app.t (id int references side.far, m side.mood default 'well', c side.citext);
  create table app.p (id int primary key); create table side.theirs (id int); create publication pub for table app.p, side.theirs;
  create trigger tr before insert on app.t for each row execute function side.tf();
  create view app.seen as select id as mine from side.far; alter table app.p enable row level security;
  create policy pol on app.p to STRANGER using (true); grant select, trigger on app.p to STRANGER;
  grant select (id), select on app.t to STRANGER; alter default privileges in schema app grant select on tables to STRANGER;
  reset role`;

test.each([
  'alter type side.mood rename to mood2',
  "alter type side.mood rename to mood2; create type side.mood as enum ('well')",
  "alter type side.mood rename value 'well' to 'good'",
  "drop type side.mood cascade; create type side.mood as enum ('well')",
  'drop owned by current_user cascade',
  'alter function side.tf() rename to tf2',
  'drop function side.one() cascade; create function side.one() returns int immutable return 1',
  'drop table side.far cascade',
  'alter table side.far rename column id to other',
  'alter schema side rename to side2',
  'alter schema side rename to side2; create schema side',
  'drop extension citext cascade',
  'create function side.g() returns trigger language plpgsql as $$ begin return null; end $$; create trigger theirs before insert on app.p for each row execute function side.g()',
  'create type side.more as enum (); create cast (side.more as text) with inout',
])('"%s" by the stranger does not count either, where it changes what the phases’ role owns', async (does) => {
  expect(await extentAfter('postgres18', 'stranger', does, true, entangled)).toMatchObject(nothingSeen);
});

const handedOn = (what: string) => ({
  given: `grant ${what} to STRANGER with grant option`,
  does: `grant ${what} to public`,
});
const gone = 'drop owned by current_user';

test.each([
  handedOn('select on app.t'),
  handedOn('select (id) on app.t'),
  handedOn('usage on schema app'),
  handedOn('execute on function app.f()'),
  handedOn('usage on type app.mood'),
  { given: 'create policy p on app.t to STRANGER using (true)', does: gone },
  { given: 'create policy p on app.t to STRANGER, PHASES using (true)', does: gone },
  { given: 'alter default privileges in schema app grant select on tables to STRANGER', does: gone },
])('"$does" by a stranger who owns nothing, after "$given", does not count either', async ({ given, does }) => {
  const more = `drop owned by STRANGER cascade; alter schema app owner to PHASES; set role PHASES; create table app.t (id int);
    create function app.f() returns int return 1; revoke all on function app.f() from public; create type app.mood as enum ();
    revoke all on type app.mood from public; grant usage on schema app to STRANGER; ${given}; reset role`;
  expect(await extentAfter('postgres18', 'stranger', does, true, more)).toEqual({ ...nothingSeen, ofOthers: 1 });
});

test('what a stranger may have caused contradicts that the phase never began', async () => {
  const never = { neverBegan: true } as const;
  const does = 'alter type side.mood rename to mood2';
  expect(await extentAfter('postgres18', 'stranger', does, true, entangled, never)).toMatchObject(nothingSeen);
  expect(await extentAfter('postgres18', 'stranger', 'create table side.t (id int)', true, entangled, never)).toEqual({
    extent: 'not-at-all',
    ofOthers: 2,
  });
});

test.each([
  'alter table app.t add column name text',
  'alter table app.t drop column id',
  'create table app.fresh (m side.mood, id int)',
  'alter table app.p disable row level security',
  'drop table app.p cascade',
  'create function app.f() returns int return 1',
  'alter table app.p add check (id > 0)',
  'alter table app.p add column n int; grant insert on app.p to public',
])('"%s" by the phase counts beside all that strangers could change', async (does) => {
  expect(await extentAfter('postgres18', 'phases', does, true, entangled)).toMatchObject({ extent: 'partly' });
});

test('a boundary from an older journal, which does not say what others can change, does not tell', async () => {
  const is = { boundary: boundaryOf(schema, start) };
  expect(
    await extentAfter('postgres18', 'phases', 'create table app.fresh (id int)', true, entangled, is),
  ).toMatchObject(nothingSeen);
});
