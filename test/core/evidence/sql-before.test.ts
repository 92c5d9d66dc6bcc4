import { describe, expect, test } from 'vitest';

import { allowed, type Declared, sqlBefore } from '../../../src/core/evidence/declared.ts';
import { spellings } from '../../../src/core/evidence/thing.ts';
import { applied } from '../../checks/catalogue/phases.ts';

describe('an expression with the names from before all phases', () => {
  const declared = applied({ renames: { molecule: 'molecules', 'api.Old T': 'New T' } });
  test.each([
    ['the table with its schema', '(SELECT 1 FROM public.molecules)', '(SELECT 1 FROM public.molecule)'],
    ['a column of it', '(molecules.id = 1)', '(molecule.id = 1)'],
    ['a numbered alias of it', 'public.molecules molecules_1', 'public.molecule molecule_1'],
    ['a column that is called like it', '(molecules = 1)', '(molecules = 1)'],
    ['a text that names it', `(name = 'public.molecules'::text)`, `(name = 'public.molecules'::text)`],
    ['a table of another schema', 'other.molecules', 'other.molecules'],
    ['a quoted name', 'api."New T"."a b"', 'api.Old T.a b'],
    ['a longer name', 'public.molecules_old', 'public.molecules_old'],
  ])('%s', (_, now, before) => {
    expect(sqlBefore(declared, now)).toBe(before);
  });

  test('a text with doubled quotes, and one of 50 million characters', () => {
    const texts = `(name = 'it''s public.molecules'::text)`;
    expect(sqlBefore(declared, texts)).toBe(texts);
    const long = `(name = '${'x'.repeat(5e7)}')`;
    expect(sqlBefore(declared, long) === long).toBe(true);
  });

  test('an unqualified name that can only be a table’s', () => {
    expect(sqlBefore(declared, '(molecules, integer)', true)).toBe('(molecule, integer)');
  });
});

describe('the rights that a phase declares for roles', () => {
  const mapping = applied({ grants: { molecule: { anon: ['select'] } } });
  const molecule = { kind: 'table', relation: 'public.molecule' };

  test('come from its mapping', () => {
    expect(allowed(mapping, molecule, 'grants')).toEqual({ anon: ['select'] });
  });

  test('are unknown if a later phase only names the table', () => {
    const later: Declared = {
      underWay: [],
      applied: [...mapping.applied, ...applied({ grants: ['molecule'] }).applied],
    };
    expect(allowed(later, molecule, 'grants')).toBeUndefined();
  });
});

test('an object can be named with its kind', () => {
  expect(spellings({ kind: 'function', name: 'public.f(integer)' })).toEqual(
    expect.arrayContaining(['f', 'public.f', 'function public.f(integer)', 'function f']),
  );
});
