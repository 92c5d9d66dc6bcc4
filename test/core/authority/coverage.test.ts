import { describe, expect, test } from 'vitest';

import { coverage, type CoverageRequest } from '../../../src/core/authority/pre-approval.ts';
import {
  type ActivePreApproval,
  type Authority,
  evolveAuthority,
  noAuthority,
} from '../../../src/core/authority/state.ts';
import { hash, preApprovalId } from '../../../src/core/kernel/ids.ts';
import {
  aPlan,
  at,
  atNight,
  dana,
  planHash,
  recommendation,
  schema,
  security,
  relations,
} from '../../support/builders.ts';

const request: CoverageRequest = {
  criteria: ['integrity'],
  phases: [schema, security],
  environment: 'staging',
  procedure: 'phase-rollback',
  planHash,
  changedSince: (then) =>
    then.filter(({ hash: held }) => held !== hash('sha256:1')).map(({ file }) => `${file} is another`),
};
const active: ActivePreApproval = { id: atNight, by: dana.id, until: at(100), usesLeft: 1, planHash };
const allowed: Authority = { waivers: [], armed: { by: dana.id, until: at(100) }, preApprovals: [active] };
const covers = (authority: Authority, more: Partial<CoverageRequest> = {}, second = 50, plan = aPlan()) =>
  coverage(plan, authority, { ...request, ...more }, at(second));

test('an armed run with an active pre-approval that covers everything may act', () => {
  expect(covers(allowed)).toEqual({ covered: true, by: atNight });
});

describe('each condition that is missing is named', () => {
  const { armed: _, ...unarmed } = allowed;
  const withActive = (more: Partial<ActivePreApproval>): Authority => ({
    ...allowed,
    preApprovals: [{ ...active, ...more }],
  });
  test.each([
    { when: 'it was never armed', authority: unarmed, missing: ['the run is not armed'] },
    {
      when: 'the arming ends at this moment',
      authority: { ...allowed, armed: { by: dana.id, until: at(50) } },
      missing: ['the run is not armed'],
    },
    {
      when: 'it is not activated',
      authority: { ...allowed, preApprovals: [] },
      missing: ['pre-approval at-night: it is not activated'],
    },
    {
      when: 'it expires at this moment',
      authority: withActive({ until: at(50) }),
      missing: ['pre-approval at-night: it has expired'],
    },
    {
      when: 'it is used up',
      authority: withActive({ usesLeft: 0 }),
      missing: ['pre-approval at-night: it is used up'],
    },
    {
      when: 'the plan has changed',
      authority: withActive({ planHash: hash('sha256:other') }),
      missing: ['pre-approval at-night: it was given for another plan'],
    },
    {
      when: 'a script has changed',
      authority: withActive({
        scripts: ['1', '2'].map((held) => ({ file: `${held}.ts`, hash: hash(`sha256:${held}`) })),
      }),
      missing: ['pre-approval at-night: 2.ts is another'],
    },
    {
      when: 'a criterion is not covered',
      more: { criteria: ['integrity', 'security'] as const },
      missing: ['pre-approval at-night: it does not cover the criterion security'],
    },
    {
      when: 'a phase is not covered',
      more: { phases: [relations, schema] },
      missing: ['pre-approval at-night: it does not cover the phase relationship-remediation'],
    },
    {
      when: 'the environment is not covered',
      more: { environment: 'production' },
      missing: ['pre-approval at-night: it does not cover production'],
    },
    {
      when: 'the procedure is another',
      more: { procedure: 'restore' },
      missing: ['pre-approval at-night: it allows a phase-rollback, not a restore'],
    },
    {
      when: 'everything would be unwound',
      more: { procedure: 'unwind' },
      missing: ['pre-approval at-night: it allows a phase-rollback, not an unwind'],
    },
    {
      when: 'several are missing',
      authority: { ...unarmed, preApprovals: [{ ...active, usesLeft: 0, until: at(1) }] },
      more: { environment: 'production' },
      missing: [
        'the run is not armed',
        'pre-approval at-night: it has expired, it is used up, it does not cover production',
      ],
    },
    {
      when: 'it is not activated and would not cover it',
      authority: { ...allowed, preApprovals: [] },
      more: { phases: [relations] },
      missing: ['pre-approval at-night: it is not activated, it does not cover the phase relationship-remediation'],
    },
  ])('$when', ({ authority = allowed, more, missing }) => {
    expect(covers(authority, more)).toEqual({ covered: false, missing });
  });

  test('a plan that proposes none', () => {
    expect(covers(allowed, {}, 50, aPlan({ pre_approvals: [] }))).toEqual({
      covered: false,
      missing: ['the plan proposes no pre-approval'],
    });
  });

  test('two pre-approvals that each cover half do not cover the whole', () => {
    const [half] = aPlan().pre_approvals;
    const plan = aPlan({
      pre_approvals: [
        { ...half, id: 'one', phases: [security], for: '1h' },
        { ...half, id: 'two', phases: [schema], for: '1h' },
      ],
    });
    const both = { ...allowed, preApprovals: ['one', 'two'].map((id) => ({ ...active, id: preApprovalId(id) })) };
    expect(covers(both, {}, 50, plan)).toMatchObject({ covered: false });
    expect(covers(both, { phases: [schema] }, 50, plan)).toEqual({ covered: true, by: 'two' });
  });
});

describe('the authority is the fold of its events', () => {
  const activated = {
    type: 'pre-approval-activated',
    v: 1,
    at: at(0),
    preApproval: atNight,
    by: dana.id,
    until: at(100),
    uses: 2,
    planHash,
  } as const;
  const used = {
    type: 'pre-approval-used',
    v: 1,
    at: at(1),
    preApproval: atNight,
    recommendation: recommendation(1),
  } as const;
  const armed = { type: 'run-armed', v: 1, at: at(0), by: dana.id, until: at(9) } as const;
  test.each([
    { when: 'a use', events: [activated, used], left: [1] },
    { when: 'two uses', events: [activated, used, used], left: [0] },
    { when: 'a new activation', events: [activated, used, used, activated], left: [2] },
    {
      when: 'its end',
      events: [activated, { type: 'pre-approval-ended', v: 1, at: at(2), preApproval: atNight, because: 'expired' }],
      left: [],
    },
  ] as const)('after $when $left uses are left', ({ events, left }) => {
    const authority = events.reduce<Authority>(evolveAuthority, noAuthority);
    expect(authority.preApprovals.map(({ usesLeft }) => usesLeft)).toEqual(left);
  });

  test.each([
    { type: 'run-disarmed', v: 1, at: at(1), by: dana.id, reason: 'done' },
    { type: 'arming-expired', v: 1, at: at(9) },
  ] as const)('$type takes the arming and nothing else', (event) => {
    const before = [armed, activated].reduce<Authority>(evolveAuthority, noAuthority);
    const { armed: _, ...rest } = before;
    expect(evolveAuthority(before, event)).toEqual(rest);
  });
});
