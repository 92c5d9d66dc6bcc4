import { describe, expect, test } from 'vitest';

import {
  allowed,
  type Declared,
  isDeclared,
  isInFlux,
  isUnsettled,
  nameBefore,
  namesNow,
  nothingDeclared,
  thingBefore,
  withoutExcuses,
} from '../../../src/core/evidence/declared.ts';
import { sayThing, spellings, type Thing } from '../../../src/core/evidence/thing.ts';
import { type Effects, effects, type PhasePlan } from '../../../src/core/plan/phase.ts';

const phase = (declared: Parameters<typeof effects.parse>[0]): PhasePlan =>
  ({ id: 'phase', effects: effects.parse(declared) satisfies Effects }) as unknown as PhasePlan;
const applied = (...all: Parameters<typeof phase>[0][]): Declared => ({ underWay: [], applied: all.map(phase) });
const table = (relation: string): Thing => ({ kind: 'table', relation });

test.each<{ thing: Thing; said: string; spelled: readonly string[] }>([
  { thing: table('public.molecule'), said: 'table public.molecule', spelled: ['public.molecule', 'molecule'] },
  { thing: table('api."Mol é"'), said: 'table api."Mol é"', spelled: ['api.Mol é'] },
  {
    thing: { kind: 'column', relation: 'public.molecule', name: 'name' },
    said: 'column public.molecule.name',
    spelled: ['public.molecule.name', 'molecule.name'],
  },
  {
    thing: { kind: 'policy', relation: 'api.t', name: 'p' },
    said: 'policy p on api.t',
    spelled: ['p', 'p on api.t'],
  },
  {
    thing: { kind: 'function', name: 'public.f(integer)' },
    said: 'function public.f(integer)',
    spelled: ['public.f(integer)', 'f(integer)', 'public.f', 'f'],
  },
  { thing: { kind: 'index', relation: 'public.t', name: 'public.i' }, said: 'index public.i', spelled: ['i'] },
  { thing: { kind: 'role', name: 'anon' }, said: 'role anon', spelled: ['anon'] },
])('$said may be named $spelled', ({ thing, said, spelled }) => {
  expect(sayThing(thing)).toBe(said);
  expect(spellings(thing)).toEqual(expect.arrayContaining([...spelled]));
});

describe('a renamed table keeps the identity of its old name', () => {
  const renamed = applied(
    { renames: { molecule: 'molecules' } },
    { renames: { molecules: 'compounds', 'api.a': 'b' } },
  );
  test.each([
    { now: 'public.molecules', before: 'public.molecule' },
    { now: 'public.compounds', before: 'public.molecule' },
    { now: 'api.b', before: 'api.a' },
    { now: 'api.molecules', before: 'api.molecules' },
    { now: 'public.other', before: 'public.other' },
  ])('$now was $before', ({ now, before }) => {
    expect(nameBefore(renamed, now)).toBe(before);
  });
  test.each([
    { now: 'public.t_old', before: 'public.t', names: ['public.t', 'public.t_old'] },
    { now: 'public.t', before: 'public.t_new', names: ['public.t_new', 'public.t'] },
  ])('where one phase swaps two tables, $now was $before', ({ now, before, names }) => {
    const swapped = applied({ renames: { t: 't_old', t_new: 't' } });
    expect(nameBefore(swapped, now)).toBe(before);
    expect(namesNow(swapped, before)).toEqual(names);
  });
  test.each(['public.a', 'public.b'])('a table that was renamed and renamed back, now %s, was a', (now) => {
    expect(nameBefore(applied({ renames: { a: 'b' } }, { renames: { b: 'a' } }), now)).toBe('public.a');
  });
  test('a table keeps its identity if the phases are not listed in the order in which they ran', () => {
    const [first, second] = applied({ renames: { a: 'b' } }, { renames: { b: 'c' } }).applied;
    const declared = { underWay: [], applied: second === undefined ? [] : [second], left: first ? [first] : [] };
    expect(nameBefore(declared, 'public.c')).toBe('public.a');
    expect(namesNow(declared, 'a')).toEqual(['public.a', 'public.b', 'public.c']);
  });
  test('a table can be found under each of its names', () => {
    expect(namesNow(renamed, 'molecule')).toEqual(['public.molecule', 'public.molecules', 'public.compounds']);
    expect(namesNow(nothingDeclared, 'molecule')).toEqual(['public.molecule']);
  });
  test.each([
    {
      thing: { kind: 'constraint', relation: 'public.molecules', name: 'molecules_pkey' },
      was: 'constraint molecule_pkey on public.molecule',
    },
    {
      thing: { kind: 'index', relation: 'public.compounds', name: 'public.compounds_pkey' },
      was: 'index public.molecule_pkey',
    },
    { thing: { kind: 'index', relation: 'public.molecules', name: 'public.by_name' }, was: 'index public.by_name' },
    { thing: { kind: 'index', relation: 'public.other', name: 'public.molecules_x' }, was: 'index public.molecules_x' },
  ])('$thing was $was', ({ thing, was }) => {
    expect(sayThing(thingBefore(renamed, thing))).toBe(was);
  });
  test('objects of a renamed table keep their identity too', () => {
    const policy = { kind: 'policy', relation: 'public.compounds', name: 'p' };
    expect(sayThing(thingBefore(renamed, policy))).toBe('policy p on public.molecule');
  });
});

describe('what a phase declares', () => {
  test.each<{
    declared: Parameters<typeof phase>[0];
    thing: Thing;
    aspect: Parameters<typeof isDeclared>[2];
    is: boolean;
  }>([
    { declared: { rls: ['molecule'] }, thing: table('public.molecule'), aspect: 'rls', is: true },
    { declared: { rls: ['molecule'] }, thing: table('api.molecule'), aspect: 'rls', is: false },
    { declared: { rls: ['molecule'] }, thing: table('public.molecule'), aspect: 'grants', is: false },
    { declared: { grants: { molecule: {} } }, thing: table('public.molecule'), aspect: 'grants', is: true },
    { declared: { creates: ['t'] }, thing: table('public.t'), aspect: 'existence', is: true },
    {
      declared: { creates: ['t'] },
      thing: { kind: 'column', relation: 'public.t', name: 'id' },
      aspect: 'existence',
      is: true, // a new table brings its columns along
    },
    { declared: { creates: ['t'] }, thing: table('public.t'), aspect: 'grants', is: false }, // but grants access to nobody
    {
      declared: { drops: ['t.old'] },
      thing: { kind: 'column', relation: 'public.t', name: 'old' },
      aspect: 'existence',
      is: true,
    },
    {
      declared: { drops: ['t.old'] },
      thing: { kind: 'column', relation: 'public.t', name: 'new' },
      aspect: 'existence',
      is: false,
    },
    {
      declared: { indexes: ['i'] },
      thing: { kind: 'index', relation: 'public.t', name: 'public.i' },
      aspect: 'existence',
      is: true,
    },
    { declared: { writes: { t: { rows: 'grow' } } }, thing: table('public.t'), aspect: 'rows', is: true },
    { declared: { writes: { t: { columns: ['a'] } } }, thing: table('public.t'), aspect: 'rows', is: false },
    { declared: { writes: { t: { columns: ['a'] } } }, thing: table('public.t'), aspect: 'content', is: true },
  ])('$declared: $aspect of $thing is declared: $is', ({ declared, thing, aspect, is }) => {
    expect(isDeclared(applied(declared), thing, aspect)).toBe(is);
    const underWay: Declared = { underWay: [phase(declared)], applied: [] };
    expect([isInFlux(underWay, thing, aspect), isDeclared(underWay, thing, aspect)]).toEqual([is, false]);
  });

  test.each<{ aspect: Parameters<typeof isDeclared>[2] }>([
    { aspect: 'rls' },
    { aspect: 'policies' },
    { aspect: 'grants' },
    { aspect: 'existence' },
  ])('a phase that failed excuses no $aspect, and may have made or renamed what it declares', ({ aspect }) => {
    const said = { creates: ['t'], rls: ['t'], policies: ['t'], grants: ['t'], renames: { old: 'new' } };
    const failed: Declared = { underWay: [], applied: [], left: [phase(said)] };
    const thing = table('public.t');
    expect([isInFlux(failed, thing, aspect), isDeclared(failed, thing, aspect)]).toEqual([false, false]);
    expect([isUnsettled(failed, thing, 'existence'), nameBefore(failed, 'public.new')]).toEqual([true, 'public.old']);
  });

  test('without excuses nothing is in flux or unsettled, and names still map to the original ones', () => {
    const said = { creates: ['t'], renames: { old: 'new' } };
    const all = withoutExcuses({ underWay: [phase(said)], applied: [], left: [phase(said)] });
    const excused = [isInFlux(all, table('public.t'), 'existence'), isUnsettled(all, table('public.t'), 'existence')];
    expect([excused, nameBefore(all, 'public.new')]).toEqual([[false, false], 'public.old']);
  });

  test('the last phase that lists a role’s rights counts, under any name of the table', () => {
    const first = { grants: { molecule: { anon: ['select' as const] } } };
    const renamed = applied(first, { renames: { molecule: 'molecules' } });
    expect(allowed(renamed, table('public.molecules'), 'grants')).toEqual({ anon: ['select'] });
    expect(allowed(renamed, table('public.molecules'), 'policies')).toBeUndefined();
    const listed = applied(first, { grants: ['molecule'] }); // which lists no roles
    expect(allowed(listed, table('public.molecule'), 'grants')).toBeUndefined();
  });
});
