import { hide, provable, proveAll, roleName } from './harness.ts';
import { applied, underWay } from './phases.ts';

const owner = roleName();

proveAll([
  provable({
    id: 'rls-off',
    setup: ['create table public.molecule (id int)', 'alter table public.molecule enable row level security'],
    plant: ['alter table public.molecule disable row level security'],
    heal: ['alter table public.molecule enable row level security'],
    withhold: hide('pg_class'),
    faults: ['table public.molecule'],
  }),
  provable({
    id: 'rls-off',
    when: 'no longer forced on the owner',
    setup: [
      'create table public."Mol é" (id int)',
      'alter table public."Mol é" enable row level security, force row level security',
    ],
    plant: ['alter table public."Mol é" no force row level security'],
    heal: ['alter table public."Mol é" force row level security'],
    withhold: hide('pg_roles'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'rls-off',
    when: 'off although an applied phase declares it on',
    setup: ['create table public.molecule (id int)', 'alter table public.molecule enable row level security'],
    plant: ['alter table public.molecule disable row level security'],
    heal: ['alter table public.molecule enable row level security'],
    withhold: hide('pg_class'),
    faults: ['table public.molecule'],
    declared: applied({ rls: ['molecule'] }),
  }),
  provable({
    id: 'rls-off',
    when: 'the owner may log in; a table of a running phase is no fault',
    roles: [owner],
    setup: [
      'create table public."Mol é" (id int) partition by list (id)',
      'create table part partition of public."Mol é" default',
      'alter table part enable row level security',
    ],
    plant: [
      `alter role ${owner} login`,
      `alter table public."Mol é" owner to ${owner}`,
      'alter table part disable row level security',
    ],
    heal: ['alter table public."Mol é" owner to current_user'],
    withhold: hide('pg_roles'),
    faults: ['table public."Mol é"'],
    declared: underWay({ rls: ['part'] }),
  }),
  provable({
    id: 'rls-off',
    when: 'switched off on a renamed table',
    setup: ['create table public.molecule (id int)', 'alter table public.molecule enable row level security'],
    plant: ['alter table molecule rename to molecules', 'alter table molecules disable row level security'],
    heal: ['alter table molecules enable row level security'],
    withhold: hide('pg_class'),
    faults: ['table public.molecule'],
    declared: applied({ renames: { molecule: 'molecules' } }),
  }),
]);
