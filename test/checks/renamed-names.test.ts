import { expect, inject, test } from 'vitest';

import type { Declared } from '../../src/core/evidence/declared.ts';
import type { CatalogueId } from '../../src/core/plan/catalogue.ts';
import { checksSession } from '../support/checks-session.ts';
import { database } from '../support/database.ts';
import { phaseWith } from './catalogue/declared.ts';
import { lookingAs } from './catalogue/harness.ts';

/** What a check finds new after these statements. Names that a planned rename makes one must not hide one another. */
async function found(id: CatalogueId, setup: string, does: string, renames: Readonly<Record<string, string>>) {
  await using db = await database(inject('postgres18'));
  await db.query(`create table public.molecule (id int, molecule_a int, molecules_a int); ${setup}`);
  await using asks = checksSession(db.url, { seesAllRows: true });
  const phase = phaseWith({ renames });
  let declared: Declared = { underWay: [], applied: [] };
  const scope = { phases: [phase], phaseTables: Object.entries(renames).flat() };
  const one = {
    id,
    scope,
    get declared() {
      return declared;
    },
  };
  const look = await lookingAs(asks, one);
  await look(true);
  if (does.includes('rename to')) declared = { underWay: [], applied: [phase] };
  await db.query(does);
  const { status, faults = [] } = await look();
  return [status, ...faults.map(({ object, consequence }) => `${consequence}: ${object}`).toSorted()];
}

const plural = { molecule: 'molecules' };
const renamed = 'alter table molecule rename to molecules';

test.each([
  { does: 'alter table molecule drop molecule_a', is: 'column public.molecule.molecule_a' },
  { does: 'alter table molecule drop molecules_a', is: 'column public.molecule.molecules_a' },
  { does: `${renamed}; alter table molecules drop molecule_a`, is: 'column public.molecule.molecule_a' },
  { does: 'drop index molecule_i', is: 'index public.molecule_i' },
  { does: 'drop index molecules_i', is: 'index public.molecules_i' },
  { does: 'alter table molecule drop constraint molecule_c', is: 'constraint molecule_c on public.molecule' },
  { does: 'alter table molecule drop constraint molecules_c', is: 'constraint molecules_c on public.molecule' },
])('schema-drift misses none of two parts whose names a rename makes one: $does', async ({ does, is }) => {
  const setup = `create index molecule_i on molecule (id); create index molecules_i on molecule (id);
    alter table molecule add constraint molecule_c check (id > 0), add constraint molecules_c check (id > 0)`;
  expect(await found('schema-drift', setup, does, plural)).toEqual(['breach', `sustained: ${is}`]);
});

test.each([
  { does: 'alter table molecule drop molecule_a', sibling: 'molecules_a' },
  { does: 'alter table molecule drop molecules_a', sibling: 'molecule_a' },
  { does: `${renamed}; alter table molecules drop molecule_a`, sibling: 'molecules_a' },
])('schema-drift misses no sibling of $sibling, which PostgreSQL cannot print: $does', async ({ does, sibling }) => {
  const unprintable = `alter table molecule alter ${sibling} set default ${'abs('.repeat(4_300)}1${')'.repeat(4_300)}`;
  const gone = `column public.molecule.${does.slice(does.lastIndexOf(' ') + 1)}`;
  expect(await found('schema-drift', '', `${unprintable}; ${does}`, plural)).toEqual(['breach', `sustained: ${gone}`]);
});

test.each([
  { does: renamed, finds: ['ok'] },
  { does: `${renamed}; create table molecule ()`, finds: ['ok'] },
  {
    does: `${renamed}; create table molecule (id int, molecule_a int, molecules_a int); alter table molecules drop id`,
    finds: ['breach', 'sustained: column public.molecule.id'],
  },
])('schema-drift compares the renamed table, not one that took its old name: $does', async ({ does, finds }) => {
  expect(await found('schema-drift', '', does, plural)).toEqual(finds);
});

const swap = { t: 't_old', t_new: 't' };
const swapped = 'alter table t rename to t_old; alter table t_new rename to t';
const both = 'create table t (id int, a int); create table t_new (id int, b int)';

test.each([
  { id: 'schema-drift', more: '', finds: ['ok'] },
  { id: 'schema-drift', more: 'alter table t drop b', finds: ['breach', 'sustained: column public.t_new.b'] },
  { id: 'schema-drift', more: 'alter table t_old drop a', finds: ['breach', 'sustained: column public.t.a'] },
  { id: 'primary-keys', more: '', finds: ['ok'] },
  { id: 'rls-off', more: '', finds: ['ok'] },
] as const)('where a phase swaps two tables, $id keeps them apart: $more', async ({ id, more, finds }) => {
  expect(await found(id, both, `${swapped}; ${more}`, swap)).toEqual(finds);
});
