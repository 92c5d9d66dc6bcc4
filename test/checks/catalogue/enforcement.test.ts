import { expect, test } from 'vitest';

import { freshFaults } from '../../../src/core/evidence/finding.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { everyCase } from '../../support/every-case.ts';
import { phaseWith } from './declared.ts';
import { type Ground, hide, lookingAs, provable, proveAll, roleName } from './harness.ts';

const app = roleName();
const tables = [
  'create table public."Mol é" (id int primary key, n int)',
  'create table public.mixture (id int primary key, mol int constraint "to Mol" references public."Mol é")',
];
proveAll([
  provable({
    id: 'unvalidated-constraints',
    setup: tables,
    plant: ['alter table public."Mol é" add constraint "n > 0" check (n > 0) not valid'],
    heal: ['alter table public."Mol é" validate constraint "n > 0"'],
    withhold: hide('pg_constraint'),
    faults: ['constraint "n > 0" on public."Mol é"'],
  }),
  provable({
    id: 'unvalidated-constraints',
    when: 'a foreign key that an applied phase declares',
    setup: tables.map((statement) => statement.replace(/constraint "to Mol".*/, ')')),
    plant: ['alter table public.mixture add constraint k foreign key (mol) references public."Mol é" not valid'],
    heal: ['alter table public.mixture validate constraint k'],
    withhold: hide('pg_namespace'),
    faults: ['constraint k on public.mixture'],
    declared: { underWay: [], applied: [phaseWith({ creates: ['k'] })] },
  }),
  provable({
    id: 'unvalidated-constraints',
    when: 'a constraint that a phase in progress declares is no fault',
    setup: tables,
    plant: [
      'alter table public."Mol é" add constraint declared check (n > 0) not valid',
      'create domain public.positive int',
      'alter domain public.positive add constraint undeclared check (value > 0) not valid',
    ],
    heal: ['drop domain public.positive'],
    withhold: hide('pg_constraint'),
    faults: ['constraint undeclared on public.positive'],
    declared: { underWay: [phaseWith({ creates: ['declared'] })], applied: [] },
  }),
  provable({
    id: 'disabled-triggers',
    setup: [
      ...tables,
      'create function public.f() returns trigger language plpgsql as $$ begin return new; end $$',
      'create trigger "On Change" before update on public."Mol é" for each row execute function public.f()',
    ],
    plant: ['alter table public."Mol é" disable trigger "On Change"'],
    heal: ['alter table public."Mol é" enable trigger "On Change"'],
    withhold: hide('pg_trigger'),
    faults: ['trigger "On Change" on public."Mol é"'],
  }),
  provable({
    id: 'disabled-triggers',
    when: 'a foreign key’s trigger on the referenced table',
    setup: tables,
    plant: ['alter table public."Mol é" disable trigger all'],
    heal: ['alter table public."Mol é" enable trigger all'],
    withhold: hide('pg_constraint'),
    faults: ['constraint "to Mol" on public.mixture towards public."Mol é"'],
  }),
  provable({
    id: 'disabled-triggers',
    when: 'the topmost partition with a disabled trigger is named',
    setup: [
      'create table public.readings (id int) partition by range (id)',
      'create table public.readings_1 partition of public.readings for values from (1) to (9)',
      'create function public.f() returns trigger language plpgsql as $$ begin return new; end $$',
      'create trigger t after insert on public.readings for each row execute function public.f()',
    ],
    plant: ['alter table public.readings enable replica trigger t'],
    heal: ['alter table public.readings enable trigger t'],
    withhold: hide('pg_trigger'),
    faults: ['trigger t on public.readings'],
  }),
  provable({
    id: 'disabled-triggers',
    when: 'a table that a phase in progress writes is no fault',
    setup: [...tables, 'create table public.tag (id int references public."Mol é")'],
    plant: ['alter table public.mixture disable trigger all', 'alter table public.tag disable trigger all'],
    heal: ['alter table public.tag enable trigger all'],
    withhold: hide('pg_trigger'),
    faults: ['constraint tag_id_fkey on public.tag'],
    declared: { underWay: [phaseWith({ writes: { mixture: { rows: 'any', columns: [] } } })], applied: [] },
  }),
  provable({
    id: 'enforcement-settings',
    plant: ({ db }: Ground) =>
      db.query(`alter database ${db.name} set session_replication_role = replica`).then(() => undefined),
    heal: ({ db }: Ground) =>
      db.query(`alter database ${db.name} reset session_replication_role`).then(() => undefined),
    withhold: hide('pg_db_role_setting'),
    faults: ['setting session_replication_role of everybody in this database'],
  }),
  provable({
    id: 'enforcement-settings',
    when: 'settings that affect any session; declared settings and those that only cost time are no fault',
    roles: [app],
    setup: [`alter role ${app} set timezone = 'UTC'`],
    plant: [
      `alter role ${app} set role = 'pg_read_all_data'`,
      `alter role ${app} set default_transaction_read_only = on`,
      `alter role ${app} set request.jwt.claim.role = 'service_role'`,
      `alter role ${app} set lo_compat_privileges = on`,
      `alter role ${app} reset timezone`,
    ],
    heal: [`alter role ${app} reset all`, `alter role ${app} set timezone = 'UTC'`],
    withhold: hide('pg_db_role_setting'),
    faults: ['role', 'request.jwt.claim.role', 'lo_compat_privileges', 'TimeZone'].map(
      (name) => `setting ${name} of role ${app}`,
    ),
    scope: { watchRoles: [app] },
    only: app,
    declared: {
      underWay: [],
      applied: [phaseWith({ creates: [`setting default_transaction_read_only of role ${app}`] })],
    },
  }),
]);

test.runIf(everyCase).each(['unvalidated-constraints', 'disabled-triggers'] as const)(
  '%s: a thousand known faults hide no new one',
  async (id) => {
    await using db = await database();
    for (const statement of [
      'create schema a; create table a.t (i int); create table public.orders (id int)',
      `create function a.f() returns trigger language plpgsql as 'begin return new; end'`,
      `do $$ begin for n in 1..1000 loop
         execute format('alter table a.t add constraint c%s check (i > %s) not valid', n, n);
         execute format('create trigger t%s before insert on a.t for each row execute function a.f()', n);
       end loop; end $$`,
      'create trigger later before insert on public.orders for each row execute function a.f()',
      'alter table a.t disable trigger user',
    ])
      await db.query(statement);
    await using connection = checksSession(db.url, { statementTimeout: seconds(10) });
    const look = await lookingAs(connection, { id });
    const before = await look(true);
    await db.query('alter table public.orders disable trigger user, add constraint later check (id > 0) not valid');
    expect(freshFaults(await look(), before).map(({ object }) => object)).toEqual([
      `${id === 'disabled-triggers' ? 'trigger' : 'constraint'} later on public.orders`,
    ]);
  },
);
