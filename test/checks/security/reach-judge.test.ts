import { expect, test } from 'vitest';

import type { Cells, CheckInput } from '../../../src/checks/check.ts';
import { reach } from '../../../src/checks/security/reach.ts';
import { nothingDeclared } from '../../../src/core/evidence/declared.ts';
import { instant } from '../../../src/core/kernel/units.ts';
import { applied, underWay } from '../catalogue/phases.ts';

const row: Cells = {
  kind: 'table',
  relation: 'public.t',
  identity: 'ada',
  role: 'anon',
  sees: 'some',
  rows: '3',
  guarded: 't',
  insert: 'denied',
  update: 'denied',
  delete: 'denied',
  rests: 'same',
};

const look = (was: string, now: Cells, more: Partial<CheckInput<'reach'>> = {}): CheckInput<'reach'> => ({
  at: instant(0),
  rows: [{ ...row, ...now }],
  baseline: { 'table public.t as ada': was },
  boundary: undefined,
  earlier: undefined,
  declared: nothingDeclared,
  limits: { tables: [] },
  scope: {
    server: {
      version: 180_000,
      extensions: new Map(),
      roles: new Set(['anon']),
      schemas: new Set(['public']),
      isReplica: false,
      checksums: true,
    },
    watchRoles: ['anon'],
    exposedSchemas: ['public'],
    staticTables: [],
    phase: { role: undefined, tags: [] },
  },
  ...more,
});

/** The most severe consequence, `well` or `unknown`. */
function judged(was: string, now: Cells, more?: Partial<CheckInput<'reach'>>): string {
  const answer = reach.judge(look(was, now, more));
  return 'unknown' in answer ? 'unknown' : (answer.faults[0]?.consequence ?? 'well');
}

const none = 'none, denied, denied, denied; same';
test.each([
  { when: 'a reader sees new rows of its own', was: none, now: {}, is: 'note' },
  {
    when: 'the same happens in a table to which nobody writes',
    was: none,
    now: {},
    more: { scope: { ...look('', {}).scope, staticTables: ['t'] } },
    is: 'veto',
  },
  { when: 'the rules about rows have changed as well', was: none, now: { rests: 'other' }, is: 'veto' },
  { when: 'all of several rows become visible at once', was: none, now: { sees: 'all' }, is: 'veto' },
  { when: 'the only row is now the reader’s own', was: none, now: { sees: 'all', rows: '1' }, is: 'note' },
  {
    when: 'the rows of others were deleted',
    was: 'some, denied, denied, denied; same',
    now: { sees: 'all' },
    is: 'note',
  },
  { when: 'the table was empty', was: 'empty, denied, denied, denied; same', now: { sees: 'all' }, is: 'well' },
  {
    when: 'the table was empty, and the rules have changed',
    was: 'empty, denied, denied, denied; old',
    now: { sees: 'all' },
    is: 'veto',
  },
  { when: 'reading was denied before', was: 'denied, denied, denied, denied; same', now: {}, is: 'veto' },
  {
    when: 'no policy is involved',
    was: 'some, denied, denied, denied; same',
    now: { sees: 'all', guarded: 'f' },
    is: 'veto',
  },
  {
    when: 'a policy now allows writing',
    was: 'some, denied, denied, denied; same',
    now: { update: 'by policy' },
    is: 'veto',
  },
  { when: 'fewer rows are visible', was: 'all, denied, denied, denied; same', now: { rests: 'other' }, is: 'well' },
  { when: 'no row is visible', was: 'all, denied, denied, denied; same', now: { sees: 'denied' }, is: 'note' },
  {
    when: 'no row is visible because a phase has closed the table',
    was: 'all, open, denied, denied; same',
    now: { sees: 'none', rests: 'other' },
    more: { declared: applied({ rls: ['t'] }) },
    is: 'well',
  },
  {
    when: 'a phase declares this access for the role',
    was: none,
    now: { rests: 'other' },
    more: { declared: applied({ grants: { t: { anon: ['select'] } } }) },
    is: 'well',
  },
  {
    when: 'a phase declares less access for the role',
    was: none,
    now: { rests: 'other' },
    more: { declared: applied({ grants: { t: { anon: ['insert'] } }, rls: ['t'] }) },
    is: 'veto',
  },
  {
    when: 'a phase that declares it is in progress',
    was: none,
    now: { rests: 'other' },
    more: { declared: underWay({ rls: ['t'] }) },
    is: 'well',
  },
  { when: 'the table was not tried', was: none, now: { sees: null, untried: 'no lock' }, is: 'unknown' },
  {
    when: 'a table that the plan names is gone',
    was: none,
    now: { sees: 'none' },
    more: { limits: { tables: ['u'] } },
    is: 'unknown',
  },
  {
    when: 'a table that the plan names is renamed',
    was: none,
    now: { sees: 'none' },
    more: { limits: { tables: ['u'] }, declared: applied({ renames: { u: 't' } }) },
    is: 'well',
  },
])('a reader’s access is judged $is when $when', ({ was, now, more, is }) => {
  expect(judged(was, now, more)).toBe(is);
});

const failed = 'fails, denied, denied, denied; same';
const some = 'some, denied, denied, denied; same';
test.each([
  { when: 'it failed at the baseline too', was: failed, now: { sees: 'fails' }, is: 'well' },
  { when: 'the table was empty', was: 'empty, denied, denied, denied; same', now: { sees: 'fails' }, is: 'well' },
  { when: 'the rules have changed', was: failed, now: { sees: 'fails', rests: 'other' }, is: 'unknown' },
  { when: 'it showed some rows', was: some, now: { sees: 'fails' }, is: 'unknown' },
  { when: 'it showed no rows', was: none, now: { sees: 'fails' }, is: 'unknown' },
  {
    when: 'the table was empty and the rules have changed',
    was: 'empty, denied, denied, denied; old',
    now: { sees: 'fails' },
    is: 'unknown',
  },
  {
    when: 'reading was denied',
    was: 'denied, denied, denied, denied; same',
    now: { sees: 'fails', rests: 'other' },
    is: 'unknown',
  },
  {
    when: 'a phase declares that the reader may read the table',
    was: some,
    now: { sees: 'fails', rests: 'other' },
    more: { declared: applied({ policies: { t: { anon: ['select'] } } }) },
    is: 'well',
  },
  {
    when: 'a phase that declares its policies is in progress',
    was: some,
    now: { sees: 'fails', rests: 'other' },
    more: { declared: underWay({ policies: { t: { anon: ['insert'] } } }) },
    is: 'well',
  },
  { when: 'it now allows writing', was: failed, now: { sees: 'fails', update: 'by policy' }, is: 'veto' },
])('a reader whose reading fails is judged $is when $when', ({ was, now, more, is }) => {
  expect(judged(was, now, more)).toBe(is);
});

test.each([
  { sees: 'all', is: 'unknown' },
  { sees: 'some', is: 'unknown' },
  { sees: 'none', is: 'well' },
  { sees: 'denied', is: 'well' },
  { sees: 'empty', is: 'well' },
])('a reader whose reading failed at the baseline and who now sees $sees is judged $is', ({ sees, is }) => {
  expect(judged(failed, { sees })).toBe(is);
});

test('a reading that fails is unknown with its table, its identity and the server’s words, and hides no breach beside it', () => {
  const failing = { ...row, sees: 'fails', error: 'division by zero (22012)' };
  const alone = reach.judge({ ...look(some, {}), rows: [failing] });
  expect(alone).toMatchObject({
    unknown:
      'what table public.t as ada shows is unknown: reading it showed some rows at the baseline, and now the server says: division by zero (22012)',
    seen: { 'table public.t as ada': 'fails, denied, denied, denied; same' },
  });
  const open = { ...row, relation: 'public.u', sees: 'all', guarded: 'f' };
  const baseline = { 'table public.t as ada': some, 'table public.u as ada': none };
  expect(reach.judge({ ...look(some, {}), baseline, rows: [failing, open] })).toMatchObject({
    faults: [{ object: 'select on table public.u as ada', consequence: 'veto' }],
    unseen: expect.stringContaining('division by zero'),
  });
});

test('a watched role that the server lacks makes the result unknown', () => {
  expect(judged(none, { sees: 'none' }, { scope: { ...look('', {}).scope, watchRoles: ['absent'] } })).toBe('unknown');
});

test.each([
  {
    was: '3 rows, denied, denied, denied; old',
    rows: '50',
    status: 'veto',
    what: 'shows 50 rows, where it showed 3 rows',
  },
  {
    was: '3 rows, denied, denied, denied; old',
    rows: '1001',
    status: 'veto',
    what: 'shows more than 1000 rows, where it showed 3 rows',
  },
  { was: '3 rows, denied, denied, denied; old', rows: '2', status: 'well', what: '' },
  { was: '3 rows, denied, denied, denied; new', rows: '50', status: 'well', what: '' },
  {
    was: 'none, denied, denied, denied; new',
    rows: '50',
    status: 'note',
    what: 'shows 50 rows, where it showed no rows',
  },
  { was: 'all, denied, denied, denied; old', rows: '50', status: 'well', what: '' },
])('a view that showed "$was" and now shows $rows rows: $status', ({ was, rows, status, what }) => {
  const now = { kind: 'view', relation: 'public.v', rows, rests: 'new' };
  const judged = reach.judge(look('', now, { baseline: { 'view public.v as ada': was } }));
  const [fault] = 'faults' in judged ? judged.faults : [];
  expect({ status: fault?.consequence ?? 'well', what: fault?.what ?? '' }).toEqual({ status, what });
});

test('the fault names its table, so that the owner can be looked up', () => {
  const answer = reach.judge(look('denied, denied, denied, denied; same', { sees: 'all', insert: 'allowed' }));
  const faults = 'faults' in answer ? answer.faults : [];
  expect(faults.map(({ relation }) => relation)).toEqual(faults.map(() => 'public.t'));
  expect(faults).not.toHaveLength(0);
});
