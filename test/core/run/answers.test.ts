import { describe, expect, test } from 'vitest';

import type { Principal } from '../../../src/core/authority/roles.ts';
import { hashOf } from '../../../src/core/kernel/hash.ts';
import { hash } from '../../../src/core/kernel/ids.ts';
import { minutes } from '../../../src/core/kernel/units.ts';
import {
  aPlan,
  at,
  broken,
  dana,
  lena,
  migration,
  omar,
  pipeline,
  planHash,
  priya,
  ravi,
  recommendation,
  relations,
  schema,
  security,
  slow,
  recordedPlan,
} from '../../support/builders.ts';
import { Night, nightsFrom } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const breached = (plan = aPlan()) => {
  const night = new Night(plan).baseline();
  night.start(security, 10);
  night.look([broken('breach')], 20);
  return night;
};
const complete = ['recommendation-approved', 'rollback-started'];
const partly = ['recommendation-approved'];

describe('the right to approve', () => {
  test.each([
    { by: [dana], answers: [complete] },
    { by: [omar], answers: [complete] },
    { by: [ravi], answers: ['not-allowed'] },
    { by: [pipeline], answers: ['not-allowed'] },
    { by: [priya], answers: [partly] },
    { by: [lena], answers: [partly] },
    { by: [priya, lena], answers: [partly, complete] },
    { by: [lena, priya], answers: [partly, complete] },
    { by: [priya, priya], answers: [partly, partly] },
    { by: [lena, lena], answers: [partly, partly] },
    { by: [priya, omar], answers: [partly, complete] },
    { by: [priya, ravi, lena], answers: [partly, 'not-allowed', complete] },
  ])('$by.0.id and then the others: $answers', ({ by, answers }) => {
    const night = breached();
    expect(by.map((one, index) => night.approve(1, one, 30 + index))).toEqual(answers);
  });

  test.each([
    { when: 'the first approval expires at that moment', second: 30 + 600, answer: partly },
    { when: 'it is valid for a second more', second: 30 + 599, answer: complete },
  ])('two who must agree: $when', ({ second, answer }) => {
    for (const [first, other] of [
      [priya, lena],
      [lena, priya],
    ] as const) {
      const night = breached();
      night.approve(1, first, 30);
      expect(night.approve(1, other, second)).toEqual(answer);
    }
  });

  test('an expired approval given again completes the other', () => {
    const night = breached();
    night.approve(1, priya, 30);
    night.approve(1, lena, 700);
    expect(night.approve(1, priya, 710)).toEqual(complete);
  });

  test.each([
    { needs: 'cto', by: [omar], answers: [complete] },
    { needs: 'cto', by: [priya, omar], answers: [partly, complete] },
    { needs: 'cto', by: [priya, lena], answers: [partly, partly] },
    { needs: 'database_administrator', by: [dana], answers: [complete] },
    { needs: 'project_manager', by: [priya], answers: [partly] },
  ])(
    'a plan in which the project manager needs the $needs leaves the seed’s authorities theirs',
    ({ needs, by, answers }) => {
      const night = breached(aPlan({ roles: { project_manager: { needs_also: needs } } }));
      expect(by.map((one, index) => night.approve(1, one, 30 + index))).toEqual(answers);
    },
  );

  test('a plan can require two approvals even from roles that decide alone', () => {
    const night = breached(aPlan({ roles: { cto: { needs_also: 'database_administrator' } } }));
    expect([night.approve(1, omar, 30), night.approve(1, dana, 31)]).toEqual([partly, complete]);
  });
});

describe('what is approved', () => {
  const unscripted = () => {
    const night = new Night().baseline();
    [security, schema, relations].forEach((phase, index) => {
      night.start(phase, 10 + 2 * index);
      night.finish(phase, 11 + 2 * index);
    });
    night.start(migration, 17);
    night.look([broken('breach')], 20);
    return night;
  };
  const with1 = nightsFrom(breached);
  test.each([
    { when: 'it is open', night: () => breached(), answer: complete },
    { when: 'it expires at this moment', night: () => breached(), second: 1_820, answer: 'expired' },
    { when: 'it was declined', night: with1((night) => night.decline(1)), answer: 'not-open' },
    { when: 'it was approved', night: with1((night) => night.approve(1)), answer: 'not-open' },
    { when: 'it needs a person', night: unscripted, answer: 'no-procedure' },
    { when: 'the phase has ended since', night: with1((night) => night.finish(security, 21)), answer: 'changed' },
    {
      when: 'the phase was lost since',
      night: with1((night) => night.give({ kind: 'phase-lost', phase: security }, 21)),
      answer: 'changed',
    },
    {
      when: 'the plan has changed since',
      night: with1((night) => night.give({ kind: 'restart', plan: recordedPlan(hash('other')) })),
      answer: 'changed',
    },
    {
      when: 'the phase has progressed only',
      night: with1((night) => night.give({ kind: 'phase-progress', phase: security, by: pipeline, fraction: 0.5 })),
      answer: complete,
    },
    { when: 'the run is held', night: with1((night) => night.hold()), answer: complete },
    {
      when: 'the breach is no longer seen',
      night: with1((night) => night.look([broken('ok')], 21)),
      answer: 'no-longer-seen',
    },
    {
      when: 'it is, by one of two',
      night: with1((night) => (night.look([broken('breach'), slow('breach')], 21), night.look([broken('ok')], 22))),
      answer: complete,
    },
    { when: 'it cannot be checked', night: with1((night) => night.look([broken('unknown')], 21)), answer: complete },
  ])('$when: $answer', ({ night, second = 30, answer }) => {
    expect(night().approve(1, dana, second)).toEqual(answer);
  });

  test('a person can approve a rollback although the breach is gone', () => {
    const night = breached();
    night.look([broken('ok')], 21);
    expect(night.approve(1, dana, 30, true)).toEqual(complete);
  });

  test('an answer to an unknown recommendation is refused', () => {
    expect(breached().approve(7)).toBe('unknown-recommendation');
    expect(new Night().approve(1)).toBe('unknown-recommendation');
  });

  test('it is bound to the plan, the procedure and the states of the phases, and expires in minutes', () => {
    const night = breached();
    night.approve(1, dana, 30);
    const [one] = night.state.recommendations;
    expect(one?.approvals).toEqual([
      {
        by: 'dana',
        role: 'database_administrator',
        reason: 'it is broken',
        at: at(30),
        expiresAt: at(30 + minutes(10) / 1_000),
        binding: {
          planHash,
          procedureHash: hashOf(one?.procedure),
          phasesHash: hashOf(
            night.plan.phases.map(({ id }, index) => [
              id,
              index === 0 ? 'running' : 'not-started',
              index === 0 ? 1 : 0,
            ]),
          ),
        },
      },
    ]);
    expect(rollbackOf(night.state)).toMatchObject({
      recommendation: recommendation(1),
      trigger: 'approved',
      by: 'dana',
      procedure: one?.procedure,
    });
  });

  test('an approval of the earlier proposal does not count after it was superseded', () => {
    const night = breached();
    night.approve(1, priya, 21);
    night.finish(security, 22);
    night.look([broken('breach')], 23);
    expect(night.approve(2, lena, 24)).toEqual(partly);
    expect(night.approve(2, priya, 25)).toEqual(complete);
  });
});

describe('the right to decline', () => {
  const declined = ['recommendation-declined'];
  const restoring = { method: 'in-place', steps: [{ id: 'restore', restore: 'latest-proved-backup' }] };
  const target = { url: 'postgres://guard@127.0.0.1/app' };
  const orderedRestore = () => {
    const night = new Night(aPlan({ environments: { staging: { target, restore: restoring } } })).baseline();
    expect(night.give({ kind: 'order', restore: true, by: dana, reason: 'all is lost' }, 25)).toContain(partly[0]);
    return night;
  };
  const by1 = (approver: Principal) => () => {
    const night = breached();
    night.approve(1, approver, 25);
    return night;
  };
  test.each([
    { when: 'nobody has approved', night: breached, by: lena, answer: declined },
    { when: 'nobody has approved', night: breached, by: priya, answer: declined },
    { when: 'priya has approved', night: by1(priya), by: lena, answer: 'not-allowed' },
    { when: 'lena has approved', night: by1(lena), by: priya, answer: 'not-allowed' },
    { when: 'priya has approved', night: by1(priya), by: dana, answer: declined },
    { when: 'priya has approved', night: by1(priya), by: priya, answer: declined }, // and changes their mind
    { when: 'the approval of priya is in time', night: by1(priya), second: 25 + 599, by: lena, answer: 'not-allowed' },
    { when: 'the approval of priya has expired', night: by1(priya), second: 25 + 600, by: lena, answer: declined },
    { when: 'dana has ordered a restore', night: orderedRestore, by: lena, answer: 'not-allowed' },
    { when: 'dana has ordered a restore', night: orderedRestore, by: omar, answer: declined },
  ])('$by.id, when $when: $answer', ({ night, by, second = 30, answer }) => {
    expect(night().decline(1, by, second)).toEqual(answer);
  });

  test('a refusal names who approved, and whom to talk to', () => {
    const night = by1(priya)();
    night.decline(1, lena, 30);
    expect(night.refused).toMatchObject({
      found: 'lena is technical_lead, who decides only together with another person, and priya approved run-1-r1',
      todo: 'Talk to priya or dana or omar',
    });
    expect(night.approve(1, lena, 31)).toEqual(complete);
  });
});
