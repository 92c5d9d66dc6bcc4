import { expect, test } from 'vitest';

import { type Boundary, notPrinted, withoutOthers } from '../../../src/core/evidence/boundary.ts';
import { compareWithBoundary } from '../../../src/core/evidence/compare.ts';
import type { Consequence, Finding, Status } from '../../../src/core/evidence/finding.ts';
import { checkId, phaseId } from '../../../src/core/kernel/ids.ts';
import { instant, millis } from '../../../src/core/kernel/units.ts';
import type { Expectation } from '../../../src/core/plan/questions.ts';
import { withRows } from '../../support/builders.ts';

const noOrphan = checkId('no-orphan');
const finding = (status: Status, ...cells: readonly string[]): Finding => ({
  check: noOrphan,
  status,
  at: instant(0),
  took: millis(1),
  summary: `it was ${status}`,
  ...(status === 'breach' && withRows(...cells)),
});
/** A finding of an older journal, which has the first rows only. */
const withoutHashes = (rowCount: number, fingerprint: string): Finding => ({
  ...finding('breach'),
  rows: Array.from({ length: 20 }, (_, index) => [`${index}`]),
  rowCount,
  fingerprint,
});
const wanted = (expects: Expectation | undefined) => new Map(expects === undefined ? [] : [[noOrphan, expects]]);
const nothing = wanted(undefined);
const schema = { 'table public.molecule': 'owner app', 'index public.molecule_pkey': 'create …' };
const boundary = (...findings: readonly Finding[]): Boundary => ({
  phase: phaseId('standardize'),
  at: instant(0),
  schema,
  findings,
  probes: [],
});

const worse = ['no-orphan is worse than at the boundary: it was breach'];
test.each<{ was: Finding; is: Finding; outcome: string; differences: readonly string[]; unseen: readonly string[] }>([
  { was: finding('ok'), is: finding('ok'), outcome: 'same', differences: [], unseen: [] },
  { was: finding('breach', '1'), is: finding('ok'), outcome: 'same', differences: [], unseen: [] },
  { was: finding('breach', '1', '2'), is: finding('breach', '2', '1'), outcome: 'same', differences: [], unseen: [] },
  { was: finding('breach', '1', '2'), is: finding('breach', '2'), outcome: 'same', differences: [], unseen: [] },
  {
    was: finding('breach', '1'),
    is: finding('breach', '1', '2'),
    outcome: 'different',
    differences: ['no-orphan is worse than at the boundary: 1 new since then: (2)'],
    unseen: [],
  },
  {
    was: finding('breach', '1'),
    is: finding('breach', '666'),
    outcome: 'different',
    differences: ['no-orphan is worse than at the boundary: 1 new since then: (666)'],
    unseen: [],
  },
  { was: finding('ok'), is: finding('breach', '1'), outcome: 'different', differences: worse, unseen: [] },
  { was: finding('unknown'), is: finding('breach', '1'), outcome: 'different', differences: worse, unseen: [] },
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
  {
    was: withoutHashes(25, 'a'),
    is: withoutHashes(25, 'b'),
    outcome: 'unknown',
    differences: [],
    unseen: [
      'no-orphan: it was breach; whether the boundary shows the same rows is unknown, because some rows have no recorded hash',
    ],
  },
])('$outcome when a finding was $was.status ($was.rows) and is $is.status ($is.rows)', (row) => {
  const { outcome, differences, unseen } = row;
  const comparison = compareWithBoundary(boundary(row.was), { schema, findings: [row.is], expects: wanted('no rows') });
  expect(comparison).toMatchObject({ outcome, differences, unseen });
});

test.each<{ when: string; was: string; is: string; expects: Expectation | undefined; outcome: string }>([
  { when: 'the number is the same', was: '1', is: '1', expects: { value: 0 }, outcome: 'same' },
  { when: 'the number is nearer', was: '9', is: '1', expects: { value: 0 }, outcome: 'same' },
  { when: 'the number is further off', was: '1', is: '5001', expects: { value: 0 }, outcome: 'different' },
  {
    when: 'the number is as far off on the other side',
    was: '90',
    is: '110',
    expects: { value: 100 },
    outcome: 'different',
  },
  { when: 'the answer is another wrong word', was: 'on', is: 'half', expects: { value: 'off' }, outcome: 'different' },
  { when: 'other rows are wrong', was: 'a', is: 'b', expects: { rows: [['c']] }, outcome: 'different' },
  {
    when: 'the answer is another than in the baseline',
    was: 'a',
    is: 'b',
    expects: 'same as baseline',
    outcome: 'different',
  },
  { when: 'the plan has forgotten what it expects', was: 'a', is: 'b', expects: undefined, outcome: 'different' },
])('a check in breach before and after is $outcome when $when', ({ was, is, expects, outcome }) => {
  const now = { schema, findings: [finding('breach', is)], expects: wanted(expects) };
  expect(compareWithBoundary(boundary(finding('breach', was)), now).outcome).toBe(outcome);
});

test('a new breach of a check that the boundary does not contain is a difference', () => {
  expect(
    compareWithBoundary(boundary(), { schema, findings: [finding('breach', '1')], expects: nothing }).differences,
  ).toEqual(worse);
});

test.each<{ consequence: Consequence; outcome: string }>([
  { consequence: 'note', outcome: 'unknown' },
  { consequence: 'veto', outcome: 'different' },
])('a check that could not see everything is $outcome with a $consequence elsewhere', ({ consequence, outcome }) => {
  const faults = [{ object: 'policy p on public.t', what: 'is new', consequence }];
  const part = { ...finding('breach'), faults, unseen: 'not looked at: table public.u' };
  const comparison = compareWithBoundary(boundary(finding('ok')), { schema, findings: [part], expects: nothing });
  expect(comparison.outcome).toBe(outcome);
  expect(comparison.unseen).toEqual(outcome === 'unknown' ? ['no-orphan: not looked at: table public.u'] : []);
});

test('a check that no longer runs makes the comparison unknown', () => {
  expect(compareWithBoundary(boundary(finding('ok')), { schema, findings: [], expects: nothing })).toMatchObject({
    outcome: 'unknown',
    differences: [],
    unseen: ['no-orphan was not asked'],
  });
});

test('a schema that could not be read makes the comparison unknown', () => {
  const { outcome, unseen } = compareWithBoundary(boundary(), { schema: undefined, findings: [], expects: nothing });
  expect({ outcome, unseen }).toEqual({ outcome: 'unknown', unseen: ['the schema could not be read'] });
});

test('differences of the schema are named, and outweigh what could not be compared', () => {
  const present = { 'table public.molecule': 'owner eve', 'view public.v': 'select 1' };
  expect(
    compareWithBoundary(boundary(finding('ok')), { schema: present, findings: [finding('unknown')], expects: nothing }),
  ).toMatchObject({
    outcome: 'different',
    differences: ['index public.molecule_pkey is gone', 'table public.molecule is changed', 'view public.v is new'],
    unseen: ['no-orphan: it was unknown'],
  });
});

test('the comparison counts only unchanged objects and well checks, and names other checks without a difference', () => {
  const seen = (object: string, consequence: 'veto' | 'sustained'): Finding => ({
    ...finding('breach'),
    check: checkId('publications'),
    summary: `${object} is not published`,
    faults: [{ object, what: 'is not published', consequence }],
  });
  const now = { ...schema, 'index public.molecule_pkey': 'another', 'view public.v': 'select 1' };
  const findings = [finding('breach', '1'), { ...finding('ok'), check: checkId('no-leak') }, seen('a', 'veto')];
  const before = boundary(finding('breach', '1'), seen('a', 'veto'));
  expect(compareWithBoundary(before, { schema: now, findings, expects: wanted('no rows') })).toMatchObject({
    objects: 1,
    well: 1,
    notWell: ['no-orphan: it was breach', 'publications: a is not published'],
  });
  const fresh = { schema, findings: [seen('b', 'sustained')], expects: nothing };
  expect(compareWithBoundary(before, fresh).notWell).toEqual([
    'publications (what is new of it is no veto): b is not published',
  ]);
  expect(compareWithBoundary(before, { schema: undefined, findings: [], expects: nothing }).objects).toBe(0);
});

test('only the first fifty differences are named', () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, place) => [`table public.t${place}`, '']));
  const { differences } = compareWithBoundary(boundary(), {
    schema: { ...schema, ...many },
    findings: [],
    expects: nothing,
  });
  expect(differences).toHaveLength(51);
  expect(differences.at(-1)).toBe('and 10 more objects of the schema');
});

test.each<{
  when: string;
  theirs: readonly string[];
  theirsNow: readonly string[];
  own: string;
  outcome: string;
  leftOut: number;
  inDoubt: boolean;
}>([
  {
    when: 'is others’',
    theirs: ['view v'],
    theirsNow: ['view v'],
    own: 'as',
    outcome: 'same',
    leftOut: 0,
    inDoubt: false,
  },
  {
    when: 'is others’',
    theirs: ['view v'],
    theirsNow: ['view v'],
    own: 'is',
    outcome: 'same',
    leftOut: 1,
    inDoubt: true,
  },
  {
    when: 'became others’',
    theirs: [],
    theirsNow: ['view v'],
    own: 'as',
    outcome: 'unknown',
    leftOut: 0,
    inDoubt: false,
  },
  { when: 'was others’', theirs: ['view v'], theirsNow: [], own: 'as', outcome: 'unknown', leftOut: 0, inDoubt: false },
  { when: 'is the phase’s', theirs: [], theirsNow: [], own: 'as', outcome: 'unknown', leftOut: 0, inDoubt: false },
  { when: 'is the phase’s', theirs: [], theirsNow: [], own: 'is', outcome: 'different', leftOut: 0, inDoubt: false },
])(
  'what was not printed and $when may have changed, beside a table that is "$own": $outcome',
  ({ theirs, theirsNow, own, outcome, leftOut, inDoubt }) => {
    const then = { schema: { 'table t': 'as', 'view v': 'a view' }, others: theirs, open: {} };
    const now = { schema: { 'table t': own, 'view v': `${notPrinted}why` }, others: theirsNow, open: {} };
    const compared = withoutOthers(then, { ...now, withoutGrants: () => '' });
    const { before, after } = compared;
    const present = { schema: after, findings: [], expects: nothing };
    expect(compareWithBoundary({ ...boundary(), schema: before }, present).outcome).toBe(outcome);
    expect(compared).toMatchObject({ leftOut, inDoubt });
  },
);
