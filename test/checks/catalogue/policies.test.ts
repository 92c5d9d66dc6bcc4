import { type Case, hide, provable, proveAll, roleName } from './harness.ts';
import { applied, underWay } from './phases.ts';

const anon = roleName();
const policiesCase = (one: Omit<Case<'policies'>, 'id' | 'withhold'>) =>
  provable({ id: 'policies', roles: [anon], withhold: hide('pg_policy'), ...one });

const table = [
  'create table public."Mol é" (id int, owner text)',
  'create table molecule (id int, molecules text)',
  `create policy "their own" on public."Mol é" for select to ${anon} using (owner = current_user)`,
  'create policy strict on molecule as restrictive for all to public using (id > 0)',
];

/** Expressions that name the table itself, with and without an alias, in another table's policy and in its own. */
const naming = [
  'create policy nested on public."Mol é" using (exists (select from molecule where molecule.id = "Mol é".id))',
  "create policy own on molecule using (exists (select from molecule m where m.id < molecule.id and m.molecules = 'molecule'))",
  'create policy twice on molecule using (id in (select id from molecule))',
];

proveAll([
  policiesCase({
    when: 'policies are new, changed or gone',
    setup: table,
    plant: [
      `create policy open on molecule for select to ${anon} using (true)`,
      'alter policy "their own" on public."Mol é" using (true)',
      'drop policy strict on molecule',
    ],
    heal: [
      'drop policy open on molecule',
      'alter policy "their own" on public."Mol é" using (owner = current_user)',
      'create policy strict on molecule as restrictive for all to public using (id > 0)',
    ],
    faults: [
      'policy open on public.molecule',
      'policy "their own" on public."Mol é"',
      'policy strict on public.molecule',
    ],
  }),
  policiesCase({
    when: 'the roles of a policy change',
    setup: table,
    plant: ['alter policy "their own" on public."Mol é" to public'],
    heal: [`alter policy "their own" on public."Mol é" to ${anon}`],
    faults: ['policy "their own" on public."Mol é"'],
  }),
  policiesCase({
    when: 'only the check of new rows changes',
    setup: [...table, 'create policy checks on molecule for insert with check (id > 0)'],
    plant: ['alter policy checks on molecule with check (true)'],
    heal: ['alter policy checks on molecule with check (id > 0)'],
    faults: ['policy checks on public.molecule'],
  }),
  policiesCase({
    when: 'a policy that only names a renamed table is no fault',
    setup: [...table, ...naming],
    plant: ['alter table molecule rename to molecules', 'alter policy strict on molecules using (id > 1)'],
    heal: ['alter policy strict on molecules using (id > 0)'],
    faults: ['policy strict on public.molecule'],
    declared: applied({ renames: { molecule: 'molecules' } }),
    scope: { phaseTables: ['public.molecule', 'public.molecules'] },
  }),
  policiesCase({
    when: 'declared policies, and policies that went with their table, are no fault',
    setup: table,
    plant: [
      'alter policy "their own" on public."Mol é" using (true)',
      'drop table molecule',
      'create table fresh (id int)',
      'create policy p on fresh using (true)',
    ],
    heal: ['drop table fresh'],
    faults: ['policy p on public.fresh'],
    declared: applied({ policies: ['Mol é'], drops: ['molecule'], creates: ['fresh'] }),
  }),
  policiesCase({
    when: 'a policy wider than a phase declares; one of a running phase is no fault',
    setup: table,
    plant: [
      `create policy reads on molecule for select to ${anon} using (true)`,
      `create policy writes on molecule for all to ${anon} using (true)`,
      'alter policy "their own" on public."Mol é" using (true)',
    ],
    heal: ['drop policy writes on molecule'],
    faults: ['policy writes on public.molecule'],
    declared: {
      applied: applied({ policies: { molecule: { [anon]: ['select', 'insert'] } } }).applied,
      underWay: underWay({ policies: ['Mol é'] }).underWay,
    },
  }),
]);
