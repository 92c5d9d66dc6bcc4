import { phaseWith } from './declared.ts';
import { hide, provable, proveAll, roleName } from './harness.ts';

const owner = roleName();

interface Drift {
  readonly when: string;
  readonly setup: readonly string[];
  readonly plant: readonly string[];
  readonly heal: readonly string[];
  readonly faults: readonly string[];
  readonly declares?: readonly string[];
}

const drifts = ({ declares = [], ...one }: Drift) =>
  provable({
    id: 'schema-drift',
    roles: [owner],
    withhold: hide('pg_rewrite'),
    declared: { underWay: [], applied: [phaseWith({ creates: [...declares] })] },
    ...one,
  });

const orders = 'create table public."Or ders" (id int primary key, v text)';
const mood = `create type public.mood as enum ('calm', 'cross')`;

proveAll([
  drifts({
    when: 'rules swallow writes, and a phase declares another rule',
    setup: [orders, 'create rule "ke ep" as on delete to public."Or ders" do also nothing'],
    plant: [
      'create rule swallow as on insert to public."Or ders" do instead nothing',
      'alter table public."Or ders" disable rule "ke ep"',
      'create rule said as on update to public."Or ders" do also nothing',
    ],
    heal: ['drop rule swallow on public."Or ders"', 'alter table public."Or ders" enable rule "ke ep"'],
    faults: ['rule "ke ep" on public."Or ders"', 'rule swallow on public."Or ders"'],
    declares: ['rule said on Or ders'],
  }),
  drifts({
    when: 'rules are changed or dropped',
    setup: [
      orders,
      'create rule r as on delete to public."Or ders" do also nothing',
      'create rule s as on update to public."Or ders" do also nothing',
    ],
    plant: [
      'create or replace rule r as on delete to public."Or ders" do instead nothing',
      'drop rule s on public."Or ders"',
    ],
    heal: [
      'create or replace rule r as on delete to public."Or ders" do also nothing',
      'create rule s as on update to public."Or ders" do also nothing',
    ],
    faults: ['rule r on public."Or ders"', 'rule s on public."Or ders"'],
  }),
  drifts({
    when: 'triggers swallow writes or no longer always fire',
    setup: [
      orders,
      `create function public.g() returns trigger language plpgsql as 'begin return null; end'`,
      'create trigger always before delete on public."Or ders" for each row execute function public.g()',
      'alter table public."Or ders" enable always trigger always',
    ],
    plant: [
      'create trigger swallow before insert on public."Or ders" for each row execute function public.g()',
      'alter table public."Or ders" enable trigger always',
    ],
    heal: ['drop trigger swallow on public."Or ders"', 'alter table public."Or ders" enable always trigger always'],
    faults: ['trigger swallow on public."Or ders"', 'trigger always on public."Or ders"'],
  }),
  drifts({
    when: 'owners change, one of them as declared',
    setup: [
      orders,
      'create view public.v as select 1 as one',
      'create view public.said as select 1 as one',
      mood,
      'create schema lab',
      'create sequence public.batch',
      `create function public.f() returns text language sql security definer set search_path = '' as 'select 1'`,
    ],
    plant: [
      `grant create on schema public to ${owner}`,
      `alter table public."Or ders" owner to ${owner}`,
      `alter view public.v owner to ${owner}`,
      `alter view public.said owner to ${owner}`,
      `alter type public.mood owner to ${owner}`,
      `alter schema lab owner to ${owner}`,
      `alter sequence public.batch owner to ${owner}`,
      `alter function public.f() owner to ${owner}`,
    ],
    heal: [`reassign owned by ${owner} to postgres`],
    faults: [
      'table public."Or ders"',
      'view public.v',
      'type public.mood',
      'schema lab',
      'sequence public.batch',
      'function public.f()',
    ],
    declares: ['view said'],
  }),
  drifts({
    when: 'the way a function runs changes',
    setup: ['a', 'b', 'c', 'd', 'e'].map(
      (name) => `create function public.${name}() returns int language sql stable as 'select 1'`,
    ),
    plant: [
      'alter function public.a() security definer',
      'alter function public.b() leakproof',
      'alter function public.c() parallel safe',
      `alter function public.d() set search_path = ''`,
      'alter function public.e() volatile',
    ],
    heal: [
      'alter function public.a() security invoker',
      'alter function public.b() not leakproof',
      'alter function public.c() parallel unsafe',
      'alter function public.d() reset all',
      'alter function public.e() stable',
    ],
    faults: ['a', 'b', 'c', 'd', 'e'].map((name) => `function public.${name}()`),
  }),
  drifts({
    when: 'view options change',
    setup: ['create table public.t (id int)', 'create view public.v as select * from t with cascaded check option'],
    plant: ['alter view public.v reset (check_option)'],
    heal: ['alter view public.v set (check_option = cascaded)'],
    faults: ['view public.v'],
  }),
  drifts({
    when: 'a table shows other rows',
    setup: [
      'create table public.t (id int)',
      'create table public.u () inherits (public.t)',
      'create foreign data wrapper nowhere',
      'create server far foreign data wrapper nowhere',
      `create foreign table public.there (id int options (name 'id')) server far options (name 'here')`,
      `create foreign table public.here (id int options (name 'id')) server far`,
    ],
    plant: [
      'alter table public.u no inherit public.t',
      `alter foreign table public.there options (set name 'there')`,
      `alter foreign table public.here alter id options (set name 'other')`,
    ],
    heal: [
      'alter table public.u inherit public.t',
      `alter foreign table public.there options (set name 'here')`,
      `alter foreign table public.here alter id options (set name 'id')`,
    ],
    faults: ['table public.u', 'table public.there', 'column public.here.id'],
  }),
  drifts({
    when: 'sequences give other numbers',
    setup: [
      'create table public.t (id serial, n int generated by default as identity, o int generated always as identity)',
      'create sequence public.batch',
    ],
    plant: [
      'alter sequence public.t_id_seq increment -1',
      'alter sequence public.t_n_seq cycle',
      'alter table public.t alter o type bigint',
      'alter sequence public.batch increment 2',
    ],
    heal: [
      'alter sequence public.t_id_seq increment 1',
      'alter sequence public.t_n_seq no cycle',
      'alter sequence public.batch increment 1',
    ],
    faults: ['column public.t.id', 'column public.t.n', 'sequence public.batch'],
    declares: ['t.o'],
  }),
]);
