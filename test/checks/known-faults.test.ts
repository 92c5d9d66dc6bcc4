import { expect, test } from 'vitest';

import { checks } from '../../src/checks/catalogue.ts';
import type { Cells, Check } from '../../src/checks/check.ts';
import { exampleOf } from '../../src/checks/self-test.ts';
import type { Consequence, Fault, Finding } from '../../src/core/evidence/finding.ts';
import { freshFaults } from '../../src/core/evidence/finding.ts';
import { type CatalogueId, cataloguePlan } from '../../src/core/plan/catalogue.ts';

const limits = cataloguePlan.parse({});
const found = (faults: readonly Fault[]): Finding => ({ faults }) as unknown as Finding;

function judged(id: CatalogueId, rows: readonly Cells[]): Finding {
  const check = checks[id] as Check;
  const answer = check.judge({ ...exampleOf(check, limits[id] as never), rows });
  return found('faults' in answer ? answer.faults : []);
}

const key = { kind: 'constraint', name: 'k', relation: 'public.child', state: 'D', looked_at: '9' };
const ofChild = { ...key, on_table: 'public.child' };
const ofParent = { ...key, on_table: 'public.parent' };
const unchecked = { name: 'k', relation: 'public.t', enforced: 't', looked_at: '9' };
const unenforced = { ...unchecked, enforced: 'f' };

test.each<{ what: string; id: CatalogueId; known: readonly Cells[]; now: readonly Cells[]; fresh: readonly string[] }>([
  {
    what: 'a known fault of the referencing side does not hide one of the referenced side',
    id: 'disabled-triggers',
    known: [ofChild],
    now: [ofChild, ofParent],
    fresh: ['constraint k on public.child towards public.parent'],
  },
  {
    what: 'a known fault of the referenced side does not hide one of the referencing side',
    id: 'disabled-triggers',
    known: [ofParent],
    now: [ofChild, ofParent],
    fresh: ['constraint k on public.child'],
  },
  {
    what: 'both sides are known',
    id: 'disabled-triggers',
    known: [ofChild, ofParent],
    now: [ofChild, ofParent],
    fresh: [],
  },
  {
    what: 'a constraint known as unvalidated does not hide that it is no longer enforced',
    id: 'unvalidated-constraints',
    known: [unchecked],
    now: [unenforced],
    fresh: ['enforcement of constraint k on public.t'],
  },
])('$id: $what', ({ id, known, now, fresh }) => {
  expect(freshFaults(judged(id, now), judged(id, known)).map(({ object }) => object)).toEqual(fresh);
});

test.each<{ was: Consequence; is: Consequence; fresh: boolean }>([
  { was: 'veto', is: 'veto', fresh: false },
  { was: 'veto', is: 'note', fresh: false },
  { was: 'note', is: 'veto', fresh: true },
  { was: 'hold', is: 'sustained', fresh: true },
])('a known $was fault that is now a $is is fresh: $fresh', ({ was, is, fresh }) => {
  const fault = (consequence: Consequence) => found([{ object: 'role app', what: '', consequence }]);
  expect(freshFaults(fault(is), fault(was)).length > 0).toBe(fresh);
});
