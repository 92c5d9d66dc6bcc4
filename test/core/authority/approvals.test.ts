import { describe, expect, test } from 'vitest';

import { isEnough, missingApprovals, needsOf } from '../../../src/core/authority/approvals.ts';
import type { Principal } from '../../../src/core/authority/roles.ts';
import { aPlan, dana, lena, omar, pipeline, priya, ravi } from '../../support/builders.ts';

const restoring = (approvals?: number) =>
  aPlan({
    environments: {
      staging: {
        target: { url: 'postgres://guard@127.0.0.1/app' },
        restore: {
          method: 'in-place',
          steps: [{ id: 'verify', verify: 'all' }],
          ...(approvals !== undefined && { approvals }),
        },
      },
    },
  });
const given = (people: readonly Principal[]) => people.map(({ id: by, role }) => ({ by, role }));
const second = { ...dana, id: 'dora' as typeof dana.id };
const withDora = (plan = restoring()) => ({
  ...plan,
  principals: [...plan.principals, { ...plan.principals[0]!, id: 'dora' }],
});

test.each([
  { when: 'a phase is rolled back', kind: 'phase-rollback', right: 'approve-phase-rollback', people: 1 },
  { when: 'everything is unwound', kind: 'unwind', right: 'approve-phase-rollback', people: 1 },
  { when: 'a person must act', kind: 'person', right: 'approve-phase-rollback', people: 1 },
  { when: 'it is restored', kind: 'restore', right: 'approve-restore', people: 2 },
  { when: 'the plan wants one', kind: 'restore', right: 'approve-restore', people: 1, plan: restoring(1) },
  { when: 'the plan has no restore', kind: 'restore', right: 'approve-restore', people: 2, plan: aPlan() },
])('when $when it takes $people with the right $right', ({ kind, right, people, plan = restoring() }) => {
  expect(needsOf(plan, 'staging', kind)).toEqual({ right, people });
});

describe.each([
  { kind: 'phase-rollback', approvals: 1 },
  { kind: 'restore', approvals: 1 },
  { kind: 'restore', approvals: 2 },
  { kind: 'restore', approvals: 3 },
])('a $kind for which the plan wants $approvals', ({ kind, approvals }) => {
  const plan = withDora(restoring(approvals));
  const needs = needsOf(plan, 'staging', kind);
  test.each<{ readonly people: readonly Principal[]; readonly decides: boolean; readonly counted: number }>([
    { people: [], decides: false, counted: 0 },
    { people: [dana], decides: true, counted: 1 },
    { people: [omar], decides: true, counted: 1 },
    { people: [dana, dana], decides: true, counted: 1 },
    { people: [dana, second], decides: true, counted: 2 },
    { people: [dana, omar], decides: true, counted: 2 },
    { people: [priya], decides: false, counted: 0 },
    { people: [priya, priya], decides: false, counted: 0 },
    { people: [lena], decides: false, counted: 1 },
    { people: [lena, lena], decides: false, counted: 1 },
    { people: [priya, lena], decides: true, counted: 2 },
    { people: [lena, priya], decides: true, counted: 2 },
    { people: [priya, dana], decides: true, counted: 1 },
    { people: [lena, dana], decides: true, counted: 2 },
    { people: [priya, lena, omar], decides: true, counted: 3 },
    { people: [ravi, pipeline], decides: false, counted: 0 },
    { people: [dana, ravi, pipeline], decides: true, counted: 1 },
  ])('by $people: $decides, and $counted count', ({ people, decides, counted }) => {
    expect(isEnough(plan, needs, given(people))).toBe(decides && counted >= needs.people);
  });
});

test.each([
  { when: 'is not in the plan any more', principals: aPlan().principals.filter(({ id }) => id !== 'omar') },
  {
    when: 'has another role now',
    principals: aPlan().principals.map((one) => (one.id === 'omar' ? { ...one, role: 'release_engineer' } : one)),
  },
])('the approval of somebody who $when counts no more', ({ principals }) => {
  const plan = { ...restoring(), principals };
  expect(isEnough(plan, needsOf(plan, 'staging', 'restore'), given([dana, omar]))).toBe(false);
  expect(isEnough(plan, needsOf(plan, 'staging', 'phase-rollback'), given([omar]))).toBe(false);
});

test('a role of the plan’s own restores only where it has the right', () => {
  const auditor = { id: 'ana', role: 'auditor' };
  const of = (...rights: readonly string[]) => {
    const [template] = aPlan().principals;
    return aPlan({
      roles: { auditor: { rights } },
      principals: [...aPlan().principals.slice(0, 2), { ...template, ...auditor }],
    });
  };
  const answer = (plan: ReturnType<typeof aPlan>) =>
    isEnough(plan, needsOf(plan, 'staging', 'restore'), [...given([dana]), { by: 'ana', role: 'auditor' }]);
  expect([answer(of('approve-phase-rollback')), answer(of('approve-restore'))]).toEqual([false, true]);
});

describe('missing approvals, and who can give them', () => {
  const plan = restoring();
  test.each([
    { kind: 'phase-rollback', people: [], missing: { approvals: 1, from: ['dana', 'omar'] } },
    { kind: 'phase-rollback', people: [priya], missing: { approvals: 1, from: ['dana', 'omar', 'lena'] } },
    { kind: 'phase-rollback', people: [lena], missing: { approvals: 1, from: ['dana', 'omar', 'priya'] } },
    { kind: 'phase-rollback', people: [dana], missing: { approvals: 0, from: [] } },
    { kind: 'restore', people: [], missing: { approvals: 2, from: ['dana', 'omar', 'priya', 'lena'] } },
    { kind: 'restore', people: [dana], missing: { approvals: 1, from: ['omar', 'lena'] } },
    { kind: 'restore', people: [priya], missing: { approvals: 1, from: ['lena'] } },
    { kind: 'restore', people: [lena], missing: { approvals: 1, from: ['dana', 'omar', 'priya'] } },
    { kind: 'restore', people: [priya, dana], missing: { approvals: 1, from: ['omar', 'lena'] } },
    { kind: 'restore', people: [priya, lena], missing: { approvals: 0, from: [] } },
  ])('a $kind with approvals of $people', ({ kind, people, missing }) => {
    expect(missingApprovals(plan, needsOf(plan, 'staging', kind), given(people))).toEqual(missing);
  });

  test('a plan without enough people yields no number of missing approvals', () => {
    const alone = { ...restoring(3), principals: plan.principals.slice(0, 2) };
    const needs = needsOf(alone, 'staging', 'restore');
    expect(missingApprovals(alone, needs, given([dana]))).toEqual({ approvals: 3, from: [] });
  });
});
