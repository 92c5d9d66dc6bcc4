import { describe, expect, inject, test } from 'vitest';

import { othersObjects } from '../../src/checks/others-objects.ts';
import type { CatalogueId } from '../../src/core/plan/catalogue.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { checksSession } from '../support/checks-session.ts';
import { database } from '../support/database.ts';
import { temporaryRole } from '../target/role.ts';
import { lookingAs } from './catalogue/harness.ts';
import { sharedServers } from '../support/every-case.ts';

/** What a stranger drops with cascade, and what the phases' role loses as a result. */
const cases: readonly {
  readonly id?: CatalogueId;
  /** Runs as the stranger, in its own schema `side`; `ours` then runs as the phases' role. */
  readonly theirs: string;
  readonly ours: string;
  readonly drops: string;
  readonly object: string;
}[] = [
  {
    theirs: `create type side.mood as enum ('well')`,
    ours: 'create table app.own (id int, mood side.mood)',
    drops: 'type side.mood',
    object: 'column app.own.mood',
  },
  {
    theirs: 'create domain side.few as int',
    ours: 'create table app.own (id int, few side.few[])',
    drops: 'domain side.few',
    object: 'column app.own.few',
  },
  {
    theirs: 'create sequence side.numbers; grant usage on sequence side.numbers to PHASES',
    ours: `create table app.own (id int default nextval('side.numbers'))`,
    drops: 'sequence side.numbers',
    object: 'column app.own.id',
  },
  {
    theirs: `create function side.f(a int) returns int immutable language sql as 'select a'`,
    ours: 'create table app.own (id int, twice int generated always as (side.f(id)) stored)',
    drops: 'function side.f(int)',
    object: 'column app.own.twice',
  },
  {
    theirs: `create function side.f(a int) returns int immutable language sql as 'select a'`,
    ours: 'create table app.own (id int, check (side.f(id) > 0))',
    drops: 'function side.f(int)',
    object: 'constraint own_id_check on app.own',
  },
  {
    theirs: 'create table side.parent (id int primary key); grant references on side.parent to PHASES',
    ours: 'create table app.own (id int references side.parent)',
    drops: 'table side.parent',
    object: 'constraint own_id_fkey on app.own',
  },
  {
    theirs: `create function side.f(a int) returns int immutable language sql as 'select a'`,
    ours: 'create table app.own (id int); create index by_f on app.own (side.f(id))',
    drops: 'function side.f(int)',
    object: 'index app.by_f',
  },
  {
    theirs: `create function side.f() returns trigger language plpgsql as 'begin return new; end'`,
    ours: 'create table app.own (id int); create trigger t before insert on app.own for each row execute function side.f()',
    drops: 'function side.f()',
    object: 'trigger t on app.own',
  },
  {
    theirs: 'create table side.base (id int); grant select on side.base to PHASES',
    ours: 'create view app.seen as select id from side.base',
    drops: 'table side.base',
    object: 'view app.seen',
  },
  {
    theirs: 'create table side.base (id int); grant select on side.base to PHASES',
    ours: 'create view app.seen as select id from side.base; create view app.above as select id from app.seen',
    drops: 'table side.base',
    object: 'view app.above',
  },
  {
    theirs: `create type side.mood as enum ('well')`,
    ours: `create function app.of(a side.mood) returns int language sql as 'select 1'`,
    drops: 'type side.mood',
    object: 'function app.of(side.mood)',
  },
  {
    theirs: `create type side.mood as enum ('well')`,
    ours: `create function app.of(a side.mood) returns int immutable language sql as 'select 1';
      create table app.own (id int, check (app.of('well') > id))`,
    drops: 'type side.mood',
    object: 'constraint own_id_check on app.own',
  },
  {
    theirs: 'grant create on schema side to PHASES',
    ours: 'create table side.own (id int)',
    drops: 'schema side',
    object: 'table side.own',
  },
  {
    theirs: `create type side.mood as enum ('well')`,
    ours: 'create type app.pair as (a int, b side.mood)',
    drops: 'type side.mood',
    object: 'type app.pair',
  },
  {
    id: 'policies',
    theirs: `create function side.f() returns boolean language sql as 'select true'`,
    ours: 'create table app.own (id int); alter table app.own enable row level security; create policy p on app.own using (side.f())',
    drops: 'function side.f()',
    object: 'policy p on app.own',
  },
  {
    id: 'policies',
    theirs: `create type side.mood as enum ('well')`,
    ours: `create table app.own (id int, mood side.mood); alter table app.own enable row level security;
      create policy p on app.own using (mood = 'well')`,
    drops: 'type side.mood',
    object: 'policy p on app.own',
  },
];

describe.each(sharedServers)('on %s', (server) => {
  test.each(cases)('when a stranger drops $drops, the loss of $object is not blamed on a phase', async (one) => {
    await using db = await database(inject(server));
    await using stranger = await temporaryRole(db, 'login');
    await using phases = await temporaryRole(db, 'login');
    const as = (role: string, sql: string) =>
      db.query(`set role ${role}; ${sql.replaceAll('PHASES', phases.name)}; reset role`);
    await db.query(`create schema side authorization ${stranger.name}; create schema app authorization ${phases.name};
      grant usage on schema side to ${phases.name}`);
    await as(stranger.name, one.theirs);
    await as(phases.name, one.ours);
    await using connection = checksSession(db.url, { seesAllRows: true, statementTimeout: seconds(10) });
    const look = await lookingAs(connection, { id: one.id ?? 'schema-drift' });
    await look(true);
    const { object } = one;
    await as(stranger.name, `drop ${one.drops} cascade`);
    const marked = await othersObjects(connection, phases.name)(await look());
    const found = marked.faults?.find((fault) => fault.object === object);
    expect(found).toMatchObject({
      onlyRecommend: `${object} depends on an object of ${stranger.name}, and the phases’ role ${phases.name} cannot act as that owner; dropping that object with cascade drops this one too`,
    });
    await db.query(`drop owned by ${stranger.name}, ${phases.name} cascade`);
  });

  test('the loss of an object that depends on nobody else’s objects counts as the phases’ doing', async () => {
    await using db = await database(inject(server));
    await using stranger = await temporaryRole(db, 'login');
    await using phases = await temporaryRole(db, 'login');
    const as = (role: string, sql: string) => db.query(`set role ${role}; ${sql}; reset role`);
    await db.query(`create schema side authorization ${stranger.name}; create schema app authorization ${phases.name};
      grant usage on schema side to ${phases.name}; grant create on schema public to ${phases.name}`);
    await as(stranger.name, `create type side.mood as enum ('well')`);
    await as(
      phases.name,
      `create table app.own (id int, name text, mood side.mood, check (id > 0)); create table public.other (id int);
      create index by_name on app.own (name)`,
    );
    await using connection = checksSession(db.url, { seesAllRows: true, statementTimeout: seconds(10) });
    const look = await lookingAs(connection, { id: 'schema-drift' });
    await look(true);
    await as(phases.name, 'drop index app.by_name; alter table app.own drop column id; drop table public.other');
    const { faults } = await othersObjects(connection, phases.name)(await look());
    expect(faults?.map(({ object, onlyRecommend }) => [object, onlyRecommend])).toEqual([
      ['column app.own.id', undefined],
      ['constraint own_id_check on app.own', undefined],
      ['index app.by_name', undefined],
      ['table public.other', undefined],
    ]);
    await db.query(`drop owned by ${stranger.name}, ${phases.name} cascade`);
  });
});
