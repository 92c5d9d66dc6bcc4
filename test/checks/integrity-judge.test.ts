import { expect, test } from 'vitest';

import { referenceOf, withApplied } from '../../src/checks/integrity/reference.ts';
import { checks } from '../../src/checks/catalogue.ts';
import type { Check, CheckInput } from '../../src/checks/check.ts';
import { cannotFail } from '../../src/checks/self-test.ts';
import { nameBefore, namesNow, nothingDeclared } from '../../src/core/evidence/declared.ts';
import { cataloguePlan } from '../../src/core/plan/catalogue.ts';
import { phaseWith } from './catalogue/declared.ts';

test('every judge for integrity and the schema calls its own example a breach', () => {
  const ids = [
    'unvalidated-constraints',
    'disabled-triggers',
    'enforcement-settings',
    'orphans',
    'sequences',
    'row-counts',
    'content',
    'mass-changes',
    'page-checksums',
    'collation-versions',
    'amcheck',
    'schema-drift',
    'declared-effects',
    'publications',
    'primary-keys',
    'replica-identity',
    'closed-tables',
    'lost-access',
  ] as const;
  expect(cannotFail({ checks: [], catalogue: cataloguePlan.parse({}) }, ids)).toEqual([]);
});

test.each([
  { id: 'unvalidated-constraints', row: { name: 'k', relation: 'a.t', enforced: 't', looked_at: '9' } },
  {
    id: 'disabled-triggers',
    row: { kind: 'trigger', name: 'k', relation: 'a.t', on_table: 'a.t', state: 'D', looked_at: '9' },
  },
] as const)('$id: the result is unknown if there are more rows than the check reads', ({ id, row }) => {
  const judged = (count: number) => {
    const rows = Array.from({ length: count }, (_, place) => ({ ...row, name: `k${place}` }));
    return (checks[id] as Check).judge({ rows, declared: nothingDeclared } as unknown as CheckInput);
  };
  expect(judged(10_000)).toMatchObject({ faults: expect.arrayContaining([expect.anything()]) });
  expect(judged(10_001)).toEqual({
    unknown: expect.stringMatching(/more than 10,000, .* k0 on a\.t; the check did not read the rest/),
  });
});

const [one, two] = [phaseWith({}, 'one'), phaseWith({}, 'two')];
const baseline = withApplied({ underWay: [], applied: [] }, { 'table public.t': '1' });
const boundary = withApplied({ underWay: [], applied: [one] }, { 'table public.t': '2' });

test.each([
  { when: 'the baseline, before any phase', boundary: undefined, applied: [], seen: baseline, since: [] },
  {
    when: 'the baseline, with the phases applied since',
    boundary: undefined,
    applied: [one],
    seen: baseline,
    since: ['one'],
  },
  { when: 'the boundary, with its own phase', boundary, applied: [one, two], seen: boundary, since: ['two'] },
  { when: 'the boundary, after its phase was rolled back', boundary, applied: [one], seen: boundary, since: [] },
  {
    when: 'the baseline, after a phase before the boundary was rolled back',
    boundary,
    applied: [],
    seen: baseline,
    since: [],
  },
])('rows are compared with $when', ({ boundary: at, applied, seen, since }) => {
  const reference = referenceOf({ baseline, boundary: at, declared: { underWay: [], applied } });
  expect(reference).toMatchObject({ seen, since: since.map((id) => ({ id })) });
});

test.each([
  { from: 'user', to: 'users', now: 'public.users', before: 'public."user"' },
  { from: 'Mol é', to: 'mols', now: 'public.mols', before: 'public."Mol é"' },
  { from: 'lab.mol', to: 'Mols', now: 'lab."Mols"', before: 'lab.mol' },
  { from: 'a', to: 'b', now: 'public."Untouched"', before: 'public."Untouched"' },
])('PostgreSQL’s name $now was $before before the rename', ({ from, to, now, before }) => {
  const declared = { underWay: [], applied: [phaseWith({ renames: { [from]: to } })] };
  expect(nameBefore(declared, now)).toBe(before);
});

test('a table that is renamed and renamed back has two names', () => {
  const there = phaseWith({ renames: { a: 'b' } });
  const back = phaseWith({ renames: { b: 'a' } }, 'two');
  expect(namesNow({ underWay: [], applied: [there, back] }, 'a')).toEqual(['public.a', 'public.b']);
});
