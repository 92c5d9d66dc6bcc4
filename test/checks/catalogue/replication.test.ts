import { phaseWith } from './declared.ts';
import { hide, provable, proveAll } from './harness.ts';

const table = 'create table public."Mol é" (id int primary key, code int not null unique)';
const renamed = { underWay: [], applied: [phaseWith({ renames: { 'Mol é': 'mols' } })] };

proveAll([
  provable({
    id: 'primary-keys',
    setup: [table],
    plant: ['alter table public."Mol é" drop constraint "Mol é_pkey"'],
    heal: ['alter table public."Mol é" add primary key (id)'],
    withhold: hide('pg_index'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'primary-keys',
    when: 'a renamed table',
    setup: [table],
    plant: ['alter table public."Mol é" rename to mols', 'alter table public.mols drop constraint "Mol é_pkey"'],
    heal: ['alter table public.mols add primary key (id)'],
    withhold: hide('pg_class'),
    faults: ['table public."Mol é"'],
    declared: renamed,
  }),
  provable({
    id: 'replica-identity',
    setup: [table],
    plant: ['alter table public."Mol é" replica identity using index "Mol é_code_key"'],
    heal: ['alter table public."Mol é" replica identity default'],
    withhold: hide('pg_index'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'replica-identity',
    when: 'a new published table without a replica identity',
    setup: [table, 'create publication p for table public."Mol é"'],
    plant: ['create table public.log (n int)', 'alter publication p add table public.log'],
    heal: ['alter table public.log replica identity full'],
    withhold: hide('pg_publication_rel'),
    faults: ['table public.log'],
  }),
  provable({
    id: 'publications',
    setup: [
      table,
      'create table public.mixture (id int)',
      'create publication "P é" for table public."Mol é", public.mixture',
    ],
    plant: ['alter publication "P é" drop table public."Mol é"'],
    heal: ['alter publication "P é" add table public."Mol é"'],
    withhold: hide('pg_publication_tables'),
    faults: ['publication "P é" on public."Mol é"'],
  }),
  provable({
    id: 'publications',
    when: 'publications publish less, or are gone',
    setup: [table, 'create publication p for table public."Mol é"', 'create publication q for table public."Mol é"'],
    plant: [`alter publication p set (publish = 'insert')`, 'drop publication q'],
    heal: [
      `alter publication p set (publish = 'insert, update, delete, truncate')`,
      'create publication q for table public."Mol é"',
    ],
    withhold: hide('pg_publication'),
    faults: ['publication p', 'publication q', 'publication q on public."Mol é"'],
  }),
  provable({
    id: 'publications',
    when: 'tables that are renamed or dropped as declared are no fault',
    setup: [
      table,
      'create table public.old ()',
      'create table public.lost ()',
      'create publication p for table public."Mol é", public.old, public.lost',
    ],
    plant: [
      'alter table public."Mol é" rename to mols',
      'drop table public.old',
      'alter publication p drop table public.lost',
    ],
    heal: ['alter publication p add table public.lost'],
    withhold: hide('pg_publication'),
    faults: ['publication p on public.lost'],
    declared: { underWay: [], applied: [phaseWith({ renames: { 'Mol é': 'mols' }, drops: ['old'] })] },
  }),
  provable({
    id: 'closed-tables',
    setup: [table, 'grant select on public."Mol é" to public', 'create table public.own ()'],
    plant: [
      'alter table public."Mol é" enable row level security',
      'create policy w on public."Mol é" for insert with check (true)',
      'alter table public.own enable row level security',
    ],
    heal: ['create policy r on public."Mol é" for select using (true)'],
    withhold: hide('pg_policy'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'closed-tables',
    when: 'declared closed tables and new tables are no fault',
    setup: [table, 'create table public.shut ()', 'grant select on public."Mol é", public.shut to public'],
    plant: [
      'alter table public."Mol é" enable row level security',
      'alter table public.shut enable row level security',
      'create table public.fresh ()',
      'alter table public.fresh enable row level security',
      'grant select on public.fresh to public',
    ],
    heal: ['alter table public."Mol é" disable row level security', 'drop table public.fresh'],
    withhold: hide('pg_policy'),
    faults: ['table public."Mol é"', 'table public.fresh'],
    declared: { underWay: [], applied: [phaseWith({ rls: ['Mol é', 'shut'], policies: { shut: {} } })] },
  }),
]);
