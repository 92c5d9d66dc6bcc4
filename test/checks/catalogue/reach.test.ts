import { type Case, type Ground, provable, proveAll, roleName } from './harness.ts';
import { applied, underWay } from './phases.ts';

const [anon, member] = [roleName(), roleName()];
const uid = `(current_setting('request.jwt.claims', true)::json ->> 'sub')`;
const identities = [
  { id: 'anonymous', role: anon, claims: {} },
  { id: 'Ada', role: member, claims: { sub: 'ada' } },
];

/** Lets the guard try what these roles can do. Taking that away hides the fault. */
const admit = async ({ db, guard }: Ground, statements: readonly string[]) => {
  await db.query(`grant ${anon}, ${member} to ${guard}`);
  for (const statement of statements) await db.query(statement);
};
const reachCase = ({
  setup = [],
  ...one
}: Omit<Case<'reach'>, 'id' | 'withhold' | 'setup'> & { setup?: readonly string[] }) =>
  provable({
    id: 'reach',
    roles: [anon, member],
    setup: (ground) => admit(ground, setup),
    withhold: ({ guard }) => [`revoke ${member} from ${guard}`],
    ...one,
    scope: { watchRoles: [anon, member], identities, ...one.scope },
  });

const table = [
  'create table public."Mol é" (id int, owner text)',
  `insert into public."Mol é" values (1, 'ada'), (2, 'bob'), (3, 'bob')`,
  'alter table public."Mol é" enable row level security',
  `grant select, update on public."Mol é" to ${anon}, ${member}`,
  `create policy "their own" on public."Mol é" for select to ${member} using (owner = ${uid})`,
];
const named = 'table public."Mol é"';
/** A wider reach without any change to a policy. */
const byFunction = [
  `create function mine(text) returns boolean language sql stable as $$ select $1 = ${uid} $$`,
  'create table molecule (id int, owner text)',
  `insert into molecule values (1, 'ada'), (2, 'bob')`,
  'alter table molecule enable row level security',
  `grant select on molecule to ${member}`,
  'create policy own on molecule for select using (mine(owner))',
];

proveAll([
  reachCase({
    when: 'widened by a policy, for reading and for writing',
    setup: table,
    plant: [
      `create policy open on public."Mol é" for select to ${anon} using (true)`,
      `create policy writes on public."Mol é" for update to ${member} using (true)`,
    ],
    heal: ['drop policy open on public."Mol é"', 'drop policy writes on public."Mol é"'],
    faults: [`select on ${named} as anonymous`, `update on ${named} as Ada`],
  }),
  reachCase({
    when: 'widened by switching row-level security off',
    setup: table,
    plant: ['alter table public."Mol é" disable row level security'],
    heal: ['alter table public."Mol é" enable row level security'],
    faults: ['select', 'update'].flatMap((one) => [`${one} on ${named} as anonymous`, `${one} on ${named} as Ada`]),
  }),
  reachCase({
    when: 'widened by a role attribute',
    setup: table,
    plant: [`alter role ${anon} bypassrls`],
    heal: [`alter role ${anon} nobypassrls`],
    faults: [`select on ${named} as anonymous`, `update on ${named} as anonymous`],
  }),
  reachCase({
    when: 'widened by a membership',
    setup: [...table, 'create table closed (id int)', `grant all on closed to ${member}`],
    plant: [`grant ${member} to ${anon}`],
    heal: [`revoke ${member} from ${anon}`],
    faults: ['select', 'insert', 'update', 'delete'].map((one) => `${one} on table public.closed as anonymous`),
  }),
  reachCase({
    when: 'widened by a function that a policy calls',
    setup: byFunction,
    plant: ['create or replace function mine(text) returns boolean language sql stable as $$ select true $$'],
    heal: [`create or replace function mine(text) returns boolean language sql stable as $$ select $1 = ${uid} $$`],
    faults: ['select on table public.molecule as Ada'],
  }),
  reachCase({
    when: 'widened by a view that reads with its owner’s rights',
    setup: [
      ...table,
      'create view copy as select * from public."Mol é" where owner = current_user',
      `grant select on copy to ${member}`,
    ],
    plant: ['create or replace view copy as select * from public."Mol é"'],
    heal: ['create or replace view copy as select * from public."Mol é" where owner = current_user'],
    faults: ['select on view public.copy as Ada'],
  }),
  reachCase({
    when: 'new, empty and renamed tables, and tables that a phase declares',
    setup: [...table, ...byFunction, 'create table "em pty" (id int)', `grant select on "em pty" to ${anon}`],
    plant: [
      `create policy open on public."Mol é" for all to public using (true)`,
      'alter table molecule rename to molecules',
      'drop policy own on molecules',
      'create policy own on molecules for select using (true)',
      'insert into "em pty" values (1)',
      'create table fresh (id int)',
      `grant select on fresh to ${anon}`,
    ],
    heal: ['drop table fresh', 'drop policy own on molecules', 'create policy own on molecules using (mine(owner))'],
    faults: ['select on table public.molecule as Ada', 'select on table public.fresh as anonymous'],
    declared: {
      underWay: underWay({ policies: ['Mol é'] }).underWay,
      applied: applied({ renames: { molecule: 'molecules' } }).applied,
    },
  }),
  reachCase({
    when: 'widened beyond what a phase declares for each role',
    setup: table,
    plant: [`create policy open on public."Mol é" for select to public using (true)`],
    heal: ['drop policy open on public."Mol é"'],
    faults: [`select on ${named} as anonymous`],
    declared: applied({ policies: { 'Mol é': { [member]: ['select'] } } }),
  }),
]);
