import { expect, test } from 'vitest';

import type { Boundary } from '../../../src/core/evidence/boundary.ts';
import { compareWithBoundary } from '../../../src/core/evidence/compare.ts';
import type { Finding, Status } from '../../../src/core/evidence/finding.ts';
import { checkId, phaseId } from '../../../src/core/kernel/ids.ts';
import { instant, millis } from '../../../src/core/kernel/units.ts';

const finding = (status: Status, rowCount?: number): Finding => ({
  check: checkId('no-orphan'),
  status,
  at: instant(0),
  took: millis(1),
  summary: `it was ${status}`,
  ...(rowCount !== undefined && { rowCount }),
});
const schema = { 'table public.molecule': 'owner app', 'index public.molecule_pkey': 'create …' };
const boundary = (...findings: readonly Finding[]): Boundary => ({
  phase: phaseId('standardize'),
  at: instant(0),
  schema,
  findings,
  probes: [],
});

const worse = ['no-orphan is worse than at the boundary: it was breach'];
test.each([
  { was: finding('ok'), is: finding('ok'), outcome: 'same', differences: [], unseen: [] },
  { was: finding('breach', 3), is: finding('ok'), outcome: 'same', differences: [], unseen: [] },
  { was: finding('breach', 3), is: finding('breach', 3), outcome: 'same', differences: [], unseen: [] },
  { was: finding('breach', 3), is: finding('breach', 4), outcome: 'different', differences: worse, unseen: [] },
  { was: finding('breach', 3), is: finding('breach'), outcome: 'different', differences: worse, unseen: [] },
  { was: finding('ok'), is: finding('breach', 1), outcome: 'different', differences: worse, unseen: [] },
  { was: finding('unknown'), is: finding('breach', 1), outcome: 'different', differences: worse, unseen: [] },
  {
    was: finding('ok'),
    is: finding('unknown'),
    outcome: 'unknown',
    differences: [],
    unseen: ['no-orphan: it was unknown'],
  },
  {
    was: finding('error'),
    is: finding('error'),
    outcome: 'unknown',
    differences: [],
    unseen: ['no-orphan: it was error'],
  },
])('$outcome when a finding was $was.status ($was.rowCount) and is $is.status ($is.rowCount)', (row) => {
  const { outcome, differences, unseen } = row;
  const comparison = compareWithBoundary(boundary(row.was), { schema, findings: [row.is] });
  expect(comparison).toEqual({ outcome, differences, unseen });
});

test('a new breach that the boundary did not ask about is a difference', () => {
  expect(compareWithBoundary(boundary(), { schema, findings: [finding('breach', 1)] }).differences).toEqual(worse);
});

test('a check that is not asked any more leaves it unknown', () => {
  expect(compareWithBoundary(boundary(finding('ok')), { schema, findings: [] })).toEqual({
    outcome: 'unknown',
    differences: [],
    unseen: ['no-orphan was not asked'],
  });
});

test('a schema that could not be read leaves it unknown', () => {
  const { outcome, unseen } = compareWithBoundary(boundary(), { schema: undefined, findings: [] });
  expect({ outcome, unseen }).toEqual({ outcome: 'unknown', unseen: ['the schema could not be read'] });
});

test('differences of the schema are said, and outweigh what could not be looked at', () => {
  const present = { 'table public.molecule': 'owner eve', 'view public.v': 'select 1' };
  expect(compareWithBoundary(boundary(finding('ok')), { schema: present, findings: [finding('unknown')] })).toEqual({
    outcome: 'different',
    differences: ['index public.molecule_pkey is gone', 'table public.molecule is changed', 'view public.v is new'],
    unseen: ['no-orphan: it was unknown'],
  });
});

test('of many differences the first fifty are said', () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, place) => [`table public.t${place}`, '']));
  const { differences } = compareWithBoundary(boundary(), { schema: { ...schema, ...many }, findings: [] });
  expect(differences).toHaveLength(51);
  expect(differences.at(-1)).toBe('and 10 more objects of the schema');
});
