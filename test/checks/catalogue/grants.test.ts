import { type Case, hide, provable, proveAll, roleName } from './harness.ts';
import { applied, underWay } from './phases.ts';

const [anon, readers] = [roleName(), roleName()];
const watched = { roles: [anon, readers], scope: { watchRoles: [anon] }, withhold: hide('pg_class') };
const table = ['create table public."Mol é" (id serial, "Sé cret" text)', 'create table public.molecule (id int)'];
const grantsCase = (one: Omit<Case<'grants'>, 'id' | 'withhold'>) => provable({ id: 'grants', ...watched, ...one });

const renamed = { renames: { molecule: 'molecules' } };

proveAll([
  grantsCase({
    setup: table,
    plant: [`grant select, insert on public."Mol é" to ${anon}`],
    heal: [`revoke all on public."Mol é" from ${anon}`],
    faults: [`grant select on table public."Mol é" to ${anon}`, `grant insert on table public."Mol é" to ${anon}`],
  }),
  grantsCase({
    when: 'a grant to PUBLIC on objects other than tables',
    setup: [
      ...table,
      'create schema inner_one',
      'create function inner_one.f(int) returns int language sql as $$ select 1 $$',
      'revoke all on function inner_one.f(int) from public',
    ],
    plant: [
      'grant usage on schema inner_one to public',
      'grant select ("Sé cret") on public."Mol é" to public',
      'grant execute on function inner_one.f(int) to public',
      'grant usage on sequence public."Mol é_id_seq" to public',
      "do $$ begin execute format('grant create on database %I to public', current_database()); end $$",
    ],
    heal: [
      'revoke all on schema inner_one from public',
      'revoke select ("Sé cret") on public."Mol é" from public',
      'revoke all on function inner_one.f(int) from public',
      'revoke all on sequence public."Mol é_id_seq" from public',
      "do $$ begin execute format('revoke create on database %I from public', current_database()); end $$",
    ],
    faults: [
      'grant usage on schema inner_one to PUBLIC',
      'grant select on column public."Mol é"."Sé cret" to PUBLIC',
      'grant execute on function inner_one.f(integer) to PUBLIC',
      'grant usage on sequence public."Mol é_id_seq" to PUBLIC',
      'grant create on database to PUBLIC',
    ],
  }),
  grantsCase({
    when: 'grants on kinds with few objects',
    setup: [
      `create type public.mood as enum ('calm')`,
      'revoke usage on type public.mood from public',
      `create type public.state as enum ('solid')`,
      'create foreign data wrapper nowhere',
      'create server far foreign data wrapper nowhere',
      'revoke usage on language plpgsql from public',
      `select lo_from_bytea(4711, 'secret')`,
    ],
    plant: [
      `grant usage on type public.mood to public`,
      `grant usage on type public.state to ${anon}`,
      `create type public.fresh as enum ('new')`,
      `grant usage on foreign data wrapper nowhere to ${anon}`,
      `grant usage on foreign server far to ${anon}`,
      `grant usage on language plpgsql to ${anon}`,
      `grant select on large object 4711 to public`,
      `grant execute on function pg_catalog.pg_ls_dir(text) to ${anon}`,
      `grant select on pg_catalog.pg_authid to ${anon}`,
      `grant select (rolpassword) on pg_catalog.pg_authid to public`,
      `grant create on schema information_schema to ${anon}`,
    ],
    heal: [
      'revoke usage on type public.mood from public',
      `revoke all on type public.state from ${anon}`,
      `revoke all on foreign data wrapper nowhere from ${anon}`,
      `revoke all on foreign server far from ${anon}`,
      `revoke all on language plpgsql from ${anon}`,
      'revoke all on large object 4711 from public',
      `revoke all on function pg_catalog.pg_ls_dir(text) from ${anon}`,
      `revoke all on pg_catalog.pg_authid from ${anon}`,
      'revoke all (rolpassword) on pg_catalog.pg_authid from public',
      `revoke all on schema information_schema from ${anon}`,
    ],
    faults: [
      'grant usage on type public.mood to PUBLIC',
      `grant usage on type public.state to ${anon}`,
      `grant usage on foreign data wrapper nowhere to ${anon}`,
      `grant usage on foreign server far to ${anon}`,
      `grant usage on language plpgsql to ${anon}`,
      'grant select on large objects of postgres to PUBLIC',
      `grant execute on function pg_catalog.pg_ls_dir(text) to ${anon}`,
      `grant select on table pg_catalog.pg_authid to ${anon}`,
      'grant select on column pg_catalog.pg_authid.rolpassword to PUBLIC',
      `grant create on schema information_schema to ${anon}`,
    ],
  }),
  grantsCase({
    when: 'a grant that may be passed on',
    setup: [...table, `grant select on molecule to ${anon}`],
    plant: [`grant select on molecule to ${anon} with grant option`],
    heal: [`revoke grant option for select on molecule from ${anon}`],
    faults: [`grant select on table public.molecule to ${anon}`],
  }),
  grantsCase({
    when: 'a grant to a role that a watched role belongs to',
    setup: [...table, `grant ${readers} to ${anon}`],
    plant: [`grant select on molecule to ${readers}`],
    heal: [`revoke select on molecule from ${readers}`],
    faults: [`grant select on table public.molecule to ${readers}`],
  }),
  grantsCase({
    when: 'a grant on a new table; a new function open to everybody is no fault',
    setup: [`alter default privileges grant select on tables to ${anon}`],
    plant: ['create table fresh (id int)', 'create function g() returns int language sql as $$ select 1 $$'],
    heal: ['drop table fresh'],
    faults: [`grant select on table public.fresh to ${anon}`],
  }),
  grantsCase({
    when: 'a watched role becomes the owner',
    setup: table,
    plant: [
      `alter sequence public."Mol é_id_seq" owned by none`,
      `alter sequence public."Mol é_id_seq" owner to ${anon}`,
    ],
    heal: ['alter sequence public."Mol é_id_seq" owner to current_user'],
    faults: ['select', 'update', 'usage'].map((one) => `grant ${one} on sequence public."Mol é_id_seq" to ${anon}`),
  }),
  grantsCase({
    when: 'only the new grant on a renamed table',
    setup: [
      ...table,
      `grant select on molecule to ${anon}`,
      'create function public.label(molecule) returns text language sql as $$ select 1 $$',
      'revoke all on function label from public',
      `grant execute on function label to ${anon}`,
    ],
    plant: ['alter table molecule rename to molecules', `grant update on molecules to ${anon}`],
    heal: [`revoke update on molecules from ${anon}`],
    faults: [`grant update on table public.molecule to ${anon}`],
    declared: applied(renamed),
  }),
  grantsCase({
    when: 'an undeclared grant next to declared ones',
    setup: table,
    plant: [
      `grant select, insert on molecule to ${anon}`,
      `grant select on public."Mol é" to ${anon}`,
      `grant create, usage on schema public to ${anon}`,
    ],
    heal: [`revoke insert on molecule from ${anon}`],
    faults: [`grant insert on table public.molecule to ${anon}`],
    declared: {
      underWay: underWay({ grants: ['schema public'] }).underWay,
      applied: [
        ...applied({ grants: ['Mol é'] }).applied,
        ...applied({ grants: { molecule: { [anon]: ['select'] } } }).applied,
      ],
    },
  }),
  grantsCase({
    when: 'a group role gets more than a phase declares for the watched role',
    setup: [...table, `grant ${readers} to ${anon}`],
    plant: [`grant select, insert on molecule to ${readers}`, `grant select on molecule to ${anon}`],
    heal: [`revoke insert on molecule from ${readers}`],
    faults: [`grant insert on table public.molecule to ${readers}`],
    declared: applied({ grants: { molecule: { [anon]: ['select'] } } }),
  }),
  grantsCase({
    when: 'a grant beyond the declaration, and a declared grant that is missing',
    setup: [...table, `grant select on molecule to ${anon}`],
    plant: [`revoke select on molecule from ${anon}`, `grant delete on molecule to ${anon}`],
    heal: [
      `revoke delete on molecule from ${anon}`,
      `grant select on molecule to ${readers}`,
      `grant ${readers} to ${anon}`,
    ],
    faults: [`grant delete on table public.molecule to ${anon}`, `grant select on table public.molecule to ${anon}`],
    declared: applied({ grants: { molecule: { [anon]: ['select'] } } }),
    scope: { watchRoles: [anon], phaseTables: ['public.molecule'] },
  }),
]);
