import type { PhasePlan } from '../../../src/core/plan/phase.ts';
import { hide, provable, proveAll } from './harness.ts';

const lockdown = { id: 'lockdown', effects: { renames: {}, rls: ['molecule'], creates: [], drops: [] } };
const declared = { underWay: [], applied: [lockdown as unknown as PhasePlan] };

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
    when: 'no longer forced on its owner',
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
    when: 'which an applied phase declares to be on',
    setup: ['create table public.molecule (id int)', 'alter table public.molecule enable row level security'],
    plant: ['alter table public.molecule disable row level security'],
    heal: ['alter table public.molecule enable row level security'],
    withhold: hide('pg_class'),
    faults: ['table public.molecule'],
    declared,
  }),
]);
