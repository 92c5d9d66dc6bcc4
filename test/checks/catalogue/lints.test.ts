import { describe, expect, inject, test } from 'vitest';

import { freshFaults } from '../../../src/core/evidence/finding.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { temporaryRole } from '../../target/role.ts';
import { type Case, hide, lookingAs, provable, proveAll, roleName, testedServers } from './harness.ts';
import { applied, underWay } from './phases.ts';

const [anon, member] = [roleName(), roleName()];
type Lints =
  | 'unprotected-tables'
  | 'idle-policies'
  | 'policies-on-user-metadata'
  | 'always-true-policies'
  | 'sensitive-columns'
  | 'exposed-auth-users'
  | 'exposed-queues'
  | 'copies-without-policies'
  | 'definer-functions'
  | 'definer-views';
const lintCase = ({ hidden = 'pg_class', ...one }: Omit<Case<Lints>, 'withhold'> & { hidden?: string }) =>
  provable({ roles: [anon, member], scope: { watchRoles: [anon] }, withhold: hide(hidden), ...one }) as Case;

const tables = [
  'create schema hidden',
  'create table public."Mol é" (id int, "apiKey" text, note text)',
  'create table molecule (id int, password_hash text) partition by list (id)',
  'create table part partition of molecule for values in (1)',
  'alter table public."Mol é" enable row level security',
  'alter table molecule enable row level security',
  'alter table part enable row level security',
  `grant select on all tables in schema public to ${anon}`,
];
const enable = ['public."Mol é"', 'molecule', 'part'].map((one) => `alter table ${one} enable row level security`);

/** What a superuser owns is a fault, and a graver one beside it. */
const alsoAsSuperuser = (object: string): readonly string[] =>
  object.startsWith('search_path') ? [object] : [object, `${object} with the rights of a superuser`];

const users = [
  'create schema auth',
  'create table auth.users (id int, email text)',
  'create view auth.mine as select id, email from auth.users',
];

const definer = (name: string, returns = 'int', rest = "set search_path = ''") =>
  `create function ${name}() returns ${returns} language ${returns === 'trigger' ? 'plpgsql' : 'sql'}
   security definer ${rest} as $$ ${returns === 'trigger' ? 'begin return new; end' : 'select 1'} $$`;

proveAll([
  lintCase({
    id: 'unprotected-tables',
    setup: tables,
    plant: [
      'alter table part disable row level security',
      'create table "fre sh" (id int)',
      `grant delete on "fre sh" to ${member}`,
      `grant ${member} to ${anon}`,
      'create table hidden.t (id int)',
      'grant all on hidden.t to public',
      'create table closed (id int)',
    ],
    heal: ['drop table "fre sh"', ...enable],
    faults: ['table public.part', 'table public."fre sh"'],
  }),
  lintCase({
    id: 'unprotected-tables',
    when: 'on renamed tables; a table of a running phase is no fault',
    setup: tables,
    plant: [
      'alter table molecule rename to molecules',
      'alter table molecules disable row level security',
      'create table fresh as select 1 as id',
      'grant select on fresh to public',
    ],
    heal: ['alter table molecules enable row level security'],
    faults: ['table public.molecule'],
    declared: {
      applied: applied({ renames: { molecule: 'molecules' } }).applied,
      underWay: underWay({ creates: ['fresh'] }).underWay,
    },
  }),
  lintCase({
    id: 'idle-policies',
    setup: [...tables, 'create policy p on part using (true)'],
    plant: ['alter table part disable row level security'],
    heal: enable,
    faults: ['table public.part'],
    hidden: 'pg_policy',
  }),
  lintCase({
    id: 'policies-on-user-metadata',
    setup: [
      ...tables,
      `create policy app on molecule using ((current_setting('jwt')::json -> 'app_metadata' ->> 'role') = 'a')`,
    ],
    plant: [
      `create policy "us er" on molecule for insert with check ((current_setting('jwt')::json -> 'user_metadata' ->> 'role') = 'a')`,
    ],
    heal: ['drop policy "us er" on molecule'],
    faults: ['policy "us er" on public.molecule'],
    hidden: 'pg_policy',
  }),
  lintCase({
    id: 'always-true-policies',
    setup: [
      ...tables,
      `create policy reads on molecule for select to ${anon} using (true)`,
      `create policy others on molecule for all to ${member} using (true)`,
      `create policy few on molecule for all to ${anon} using (id = 1 or password_hash = 'true OR')`,
    ],
    plant: [
      `create policy "lite ral" on molecule for all to ${anon} using (true)`,
      `create policy numbers on molecule for update to public using (1 = 1)`,
      `create policy arm on molecule for delete to ${anon} using (id = 3 or (2 > 1 and not false))`,
      `create policy itself on molecule for insert to ${anon} with check (id = id)`,
      `create policy narrow on molecule for update to ${anon} using (true) with check (id = 1)`,
    ],
    heal: ['"lite ral"', 'numbers', 'arm', 'itself'].map((one) => `drop policy ${one} on molecule`),
    faults: ['"lite ral"', 'numbers', 'arm', 'itself'].map((one) => `policy ${one} on public.molecule`),
    hidden: 'pg_policy',
  }),
  lintCase({
    id: 'always-true-policies',
    when: 'next to policies that a phase declares for the role and the command',
    setup: tables,
    plant: [
      `create policy inserts on molecule for insert to ${anon} with check (true)`,
      `create policy updates on molecule for update to ${anon} using (true)`,
      `create policy listed on part for update to ${anon} using (true)`,
    ],
    heal: ['drop policy updates on molecule', 'drop policy listed on part'],
    faults: ['policy updates on public.molecule', 'policy listed on public.part'],
    hidden: 'pg_policy',
    declared: {
      underWay: [],
      applied: [
        ...applied({ policies: { molecule: { [anon]: ['insert'] } } }).applied,
        ...applied({ policies: ['part'] }).applied,
      ],
    },
  }),
  lintCase({
    id: 'sensitive-columns',
    setup: tables,
    plant: enable.map((one) => one.replace('enable', 'disable')),
    heal: enable,
    faults: [
      'column public."Mol é"."apiKey"',
      'column public.molecule.password_hash',
      'column public.part.password_hash',
    ],
    hidden: 'pg_attribute',
  }),
  lintCase({
    id: 'exposed-auth-users',
    setup: users,
    plant: [
      'create view public."V é" as select email from auth.mine',
      `grant select on public."V é" to ${anon}`,
      'create materialized view public.m as select id from auth.users',
      'grant select (id) on public.m to public',
      'create view public.closed as select 1 from auth.users',
    ],
    heal: ['drop view public."V é"', 'drop materialized view public.m'],
    faults: ['view public."V é"', 'materialised view public.m'],
    hidden: 'pg_rewrite',
  }),
  lintCase({
    id: 'exposed-queues',
    setup: ['create schema pgmq', 'create table pgmq."q_jo bs" (id int)', `grant select on pgmq."q_jo bs" to ${anon}`],
    plant: [`grant usage on schema pgmq to ${anon}`],
    heal: ['alter table pgmq."q_jo bs" enable row level security'],
    faults: ['table pgmq."q_jo bs"'],
  }),
  lintCase({
    id: 'exposed-queues',
    when: 'opened by the schema that an API offers',
    setup: ['create schema pgmq', 'create schema pgmq_public'],
    plant: ['create table pgmq.q_jobs (id int)', 'create table pgmq.meta (id int)'],
    heal: ['drop table pgmq.q_jobs'],
    faults: ['table pgmq.q_jobs'],
    scope: { watchRoles: [anon], exposedSchemas: ['pgmq_public'] },
  }),
  lintCase({
    id: 'copies-without-policies',
    setup: [...tables, 'create foreign data wrapper nowhere', 'create server nowhere foreign data wrapper nowhere'],
    plant: [
      'create materialized view public."M é" as select * from molecule',
      `grant select on public."M é" to ${anon}`,
      'create foreign table far (id int) server nowhere',
      'grant select on far to public',
      'create materialized view said as select * from molecule',
      `grant select on said to ${anon}`,
      'create materialized view closed as select 1',
    ],
    heal: ['drop materialized view public."M é"', 'drop foreign table far'],
    faults: ['materialised view public."M é"', 'foreign table public.far'],
    declared: applied({ grants: { said: { [anon]: ['select'] } } }),
  }),
  lintCase({
    id: 'definer-functions',
    setup: [
      'alter default privileges revoke execute on functions from public',
      definer('quiet'),
      `create function plain() returns int language sql as $$ select 1 $$`,
    ],
    plant: [
      definer('"lo ud"'),
      `grant execute on function "lo ud" to ${anon}`,
      definer('loose', 'int', ''),
      definer('everybodys'),
      'grant execute on function everybodys to public',
      definer('fires', 'trigger'),
      'grant execute on function fires to public',
      definer('declared'),
      `grant execute on function declared to ${anon}`,
    ],
    heal: ['drop function "lo ud"', 'drop function loose', 'revoke execute on function everybodys from public'],
    faults: [
      `function public."lo ud"() for ${anon}`,
      'search_path of function public.loose()',
      'function public.everybodys() for PUBLIC',
      `function public.everybodys() for ${anon}`,
    ].flatMap(alsoAsSuperuser),
    hidden: 'pg_proc',
    declared: applied({ grants: { 'function declared': { [anon]: ['execute'] } } }),
  }),
  lintCase({
    id: 'definer-views',
    setup: [
      ...tables,
      'create view public."V é" with (security_invoker = on) as select * from molecule',
      `grant select on public."V é" to ${anon}`,
    ],
    plant: [
      'alter view public."V é" reset (security_invoker)',
      'create view closed as select * from molecule',
      'alter table molecule rename to molecules',
      'create view molecule as select * from molecules',
      `grant select on molecule to ${anon}`,
    ],
    heal: ['alter view public."V é" set (security_invoker = yes)', 'drop view molecule'],
    faults: ['view public."V é"', 'view public.molecule'].flatMap(alsoAsSuperuser),
    declared: applied({ renames: { molecule: 'molecules' }, grants: { molecule: { [anon]: ['select'] } } }),
  }),
]);

describe.each(testedServers)(
  'what is known and gets worse is new, and what gets better stays known, on %s',
  (server) => {
    test.each([
      { what: 'alter role OWNER superuser', object: 'view public.v with the rights of a superuser' },
      {
        what: 'alter role OWNER bypassrls',
        object: 'view public.v with the rights of a role that row level security does not hold',
      },
      { what: 'alter view v owner to current_user', object: 'view public.v with the rights of a superuser' },
      { what: 'alter view high owner to OWNER', object: undefined },
    ])('$what', async ({ what, object }) => {
      await using db = await database(inject(server));
      await using owner = await temporaryRole(db, '');
      await using reader = await temporaryRole(db, '');
      await db.query(`create table t (id int); alter table t owner to ${owner.name}; create view v as select * from t;
      create view high as select 1; alter view v owner to ${owner.name}; grant select on v, high to ${reader.name}`);
      await using connection = checksSession(db.url);
      const look = await lookingAs(connection, { id: 'definer-views', scope: { watchRoles: [reader.name] } });
      const before = await look(true);
      expect(freshFaults(await look(), before)).toEqual([]);
      await db.query(what.replace('OWNER', owner.name));
      expect(freshFaults(await look(), before).map((one) => one.object)).toEqual(object === undefined ? [] : [object]);
      await db.query('drop view v, high; drop table t');
    });

    test('a function goes to a superuser, and another away from one', async () => {
      await using db = await database(inject(server));
      await using owner = await temporaryRole(db, '');
      await using reader = await temporaryRole(db, '');
      await db.query('alter default privileges revoke execute on functions from public');
      for (const name of ['theirs', 'given']) await db.query(definer(name));
      await db.query(
        `alter function theirs owner to ${owner.name}; grant execute on function theirs, given to ${reader.name}`,
      );
      await using connection = checksSession(db.url);
      const look = await lookingAs(connection, { id: 'definer-functions', scope: { watchRoles: [reader.name] } });
      const before = await look(true);
      await db.query(`alter function theirs owner to current_user; alter function given owner to ${owner.name}`);
      expect(freshFaults(await look(), before).map((one) => one.object)).toEqual([
        `function public.theirs() for ${reader.name} with the rights of a superuser`,
      ]);
      await db.query('drop function theirs, given');
    });
  },
);
