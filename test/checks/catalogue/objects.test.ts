import { phaseWith } from './declared.ts';
import { hide, provable, proveAll, roleName } from './harness.ts';

const owner = roleName();

interface Drift {
  readonly when: string;
  readonly setup: readonly string[];
  readonly plant: readonly string[];
  readonly heal: readonly string[];
  readonly faults: readonly string[];
}

const drifts = (one: Drift) => provable({ id: 'schema-drift', withhold: hide('pg_cast'), ...one });

const orders = 'create table public."Or ders" (id int primary key, v text)';
const same = `create function public.same(text, text) returns bool language sql immutable as 'select $1 = $2'`;
const any = `create function public.any(text, text) returns bool language sql immutable as 'select true'`;
const operator = (by: string): string =>
  `create operator public.=== (leftarg = text, rightarg = text, function = public.${by})`;
const total = (initial: string): string =>
  `aggregate public.total(int) (sfunc = int4pl, stype = int, initcond = '${initial}')`;
const mood = `create type public.mood as enum ('calm', 'cross')`;
const cast = (context: string): string =>
  `create cast (text as public.mood) with function public.moody(text) as ${context}`;
const moody = `create function public.moody(text) returns public.mood language sql as $$ select 'calm'::public.mood $$`;
const orderable = (by: string): string => `create operator class public.loud for type text using btree
  as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 public.${by}(text, text)`;
const comparing = (name: string, by: string): string =>
  `create function public.${name}(text, text) returns int language sql immutable as 'select ${by}'`;

const declaring = phaseWith({
  creates: [
    'rule re mark on Or ders',
    'operator public.===',
    'operator class public.loud using btree',
    'operator family loud using btree',
    'cast text as public.mood',
    'collation public.C',
    `setting TimeZone of role ${owner}`,
    'foreign data wrapper no where',
  ],
});

proveAll([
  drifts({
    when: 'changes to aggregates and operators',
    setup: [`create ${total('0')}`, same, any, operator('same')],
    plant: [`create or replace ${total('7')}`, 'drop operator public.=== (text, text)', operator('any')],
    heal: [`create or replace ${total('0')}`, 'drop operator public.=== (text, text)', operator('same')],
    faults: ['function public.total(integer)', 'operator public.===(text, text)'],
  }),
  drifts({
    when: 'changes to operator classes and families',
    setup: [comparing('up', '1'), comparing('down', '2'), orderable('up')],
    plant: ['drop operator family public.loud using btree', orderable('down')],
    heal: ['drop operator family public.loud using btree', orderable('up')],
    faults: ['operator family public.loud using btree'],
  }),
  drifts({
    when: 'changes to casts',
    setup: [mood, moody],
    plant: [cast('implicit')],
    heal: ['drop cast (text as public.mood)'],
    faults: ['cast text as public.mood'],
  }),
  drifts({
    when: 'changes to text search',
    setup: [
      'create text search configuration public.plain (copy = english)',
      'create text search dictionary public.words (template = simple)',
    ],
    plant: [
      'alter text search configuration public.plain drop mapping for asciiword',
      'alter text search dictionary public.words (accept = false)',
    ],
    heal: [
      'alter text search configuration public.plain add mapping for asciiword with english_stem',
      'alter text search dictionary public.words (accept)',
    ],
    faults: ['text search configuration public.plain', 'text search dictionary public.words'],
  }),
  drifts({
    when: 'changes to types and collations',
    setup: [
      'create type public.span as range (subtype = int)',
      'create domain public.share as text default 1 constraint c check (value > $$0$$)',
      'create type public.pair as (a text)',
      'create collation public.c (locale = $$C$$)',
    ],
    plant: [
      'drop type public.span',
      'create type public.span as range (subtype = text)',
      'alter domain public.share drop constraint c',
      'alter type public.pair alter attribute a type text collate "C"',
      'drop collation public.c',
      'create collation public.c (locale = $$POSIX$$)',
    ],
    heal: [
      'drop type public.span',
      'create type public.span as range (subtype = int)',
      'alter domain public.share add constraint c check (value > $$0$$)',
      'alter type public.pair alter attribute a type text',
      'drop collation public.c',
      'create collation public.c (locale = $$C$$)',
    ],
    faults: ['type public.span', 'type public.share', 'type public.pair', 'collation public.c'],
  }),
  provable({
    id: 'declared-effects',
    when: 'changes to kinds that belong to no table',
    roles: [owner],
    setup: [
      orders,
      'create rule "re mark" as on delete to public."Or ders" do also nothing',
      same,
      operator('same'),
      comparing('up', '1'),
      orderable('up'),
      mood,
      moody,
      cast('implicit'),
      `create collation public."C" (locale = 'C')`,
      `alter role ${owner} set timezone = 'UTC'`,
      'create foreign data wrapper "no where"',
    ],
    plant: [
      'drop rule "re mark" on public."Or ders"',
      'drop operator public.=== (text, text)',
      'drop operator family public.loud using btree',
      'drop cast (text as public.mood)',
      'drop collation public."C"',
      `alter role ${owner} reset all`,
      'drop foreign data wrapper "no where"',
    ],
    heal: [
      'create rule "re mark" as on delete to public."Or ders" do also nothing',
      operator('same'),
      orderable('up'),
      cast('implicit'),
      `create collation public."C" (locale = 'C')`,
      `alter role ${owner} set timezone = 'UTC'`,
      'create foreign data wrapper "no where"',
    ],
    withhold: hide('pg_rewrite'),
    faults: declaring.effects.creates.map(
      (name) => `effect ${name.replace('public.===', '===').replace('public.loud', 'loud').replace('public.C', 'C')}`,
    ),
    scope: { phases: [declaring] },
    declared: { underWay: [], applied: [declaring] },
  }),
]);
