import { describe, expect, test } from 'vitest';

import type { Principal } from '../../../src/core/authority/roles.ts';
import { hash, principalId, stepId } from '../../../src/core/kernel/ids.ts';
import { after, hours, minutes } from '../../../src/core/kernel/units.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { type Procedure, rollbackProcedure } from '../../../src/core/response/procedure.ts';
import { decide } from '../../../src/core/run/decide.ts';
import { bindingOf } from '../../../src/core/run/decide/raise.ts';
import { evolve } from '../../../src/core/run/evolve.ts';
import { viewOf } from '../../../src/core/run/view.ts';
import {
  aPlan,
  atNight,
  broken,
  dana,
  lena,
  omar,
  pipeline,
  place,
  priya,
  ravi,
  recommendation,
  search,
  security,
  recordedPlan,
} from '../../support/builders.ts';
import { asRead, type Said } from '../../support/as-read.ts';
import { Night, nightsFrom } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

/** The original document's table: the database administrator; the CTO; the project manager in consultation with technical leads. */
const stranger: Principal = { id: principalId('mallory'), role: 'visitor' };
const everybody = [dana, omar, priya, lena, ravi, pipeline, stranger];

const running = (plan?: Plan) => {
  const night = new Night(plan).baseline();
  night.start(security, 10);
  return night;
};
const breached = (plan?: Plan) => {
  const night = running(plan);
  night.look([broken('breach')], 20);
  return night;
};

/** The same for a restore. How a restore gets proposed is tested elsewhere. */
function restoring(plan: Plan = aPlan()): Night {
  const night = running(plan);
  const scripted = rollbackProcedure(plan, [security]);
  if (scripted.kind === 'person') throw new Error(scripted.because);
  const procedure: Procedure = { ...scripted, kind: 'restore' };
  night.look([broken('ok')], 20);
  const raised = {
    type: 'recommendation-raised',
    v: 1,
    at: night.now,
    recommendation: recommendation(1),
    evidence: [broken('breach')],
    procedure,
    binding: bindingOf(night.state, procedure),
    expiresAt: after(night.now, minutes(30)),
    notAutomaticBecause: ['the run is not armed'],
  } as const;
  const seen = { type: 'verdicts-changed', v: 1, at: night.now, verdicts: [broken('breach')] } as const;
  for (const event of [seen, raised]) {
    night.journal.push(event);
    night.state = evolve(night.state, event);
  }
  return night;
}

const rollingBack = () => {
  const night = breached();
  night.approve(1, dana, 30);
  return night;
};
const byBoth = () => {
  const night = breached();
  for (const by of [priya, lena]) night.approve(1, by, 30);
  return night;
};
/** Its first step has failed, so the guard asks a person. */
const asking = (night: Night): Night => {
  night.stopWork();
  night.record({ type: 'step-started', step: asked, attempt: 1, tag: 't', on: place });
  night.record({ type: 'step-asked', step: asked, question: 'exit code 1', output: '' });
  return night;
};
const armed = () => new Night().baseline().arm();

type Act = (by: Principal) => Said;
const rec = recommendation(1);
const asked = stepId(`${security}/undo`);
const acts = {
  approve: (by) => ({ kind: 'approve', recommendation: rec, by, reason: 'yes', evenIfGone: false }),
  decline: (by) => ({ kind: 'decline', recommendation: rec, by, reason: 'no' }),
  acknowledge: (by) => ({ kind: 'acknowledge', recommendation: rec, by }),
  order: (by) => ({ kind: 'order', by, reason: 'now' }),
  'confirm --done': (by) => ({ kind: 'confirm', step: asked, answer: 'done', by, reason: 'looked' }),
  'confirm --again': (by) => ({ kind: 'confirm', step: asked, answer: 'again', by, reason: 'mended' }),
  abort: (by) => ({ kind: 'abort', by, reason: 'stop' }),
  arm: (by) => ({ kind: 'arm', by }),
  disarm: (by) => ({ kind: 'disarm', by, reason: 'enough' }),
  waive: (by) => ({ kind: 'waive', requirement: 'rehearsal', by, reason: 'by hand' }),
  'pre-approve': (by) => ({ kind: 'pre-approve', preApproval: atNight, by }),
  hold: (by) => ({ kind: 'hold', by, reason: 'wait' }),
  close: (by) => ({ kind: 'close', by, reason: 'done' }),
} satisfies Record<string, Act>;

const [yes, half, no] = ['yes', 'half', 'not-allowed'];
/** Whether the act was recorded and, for an approval, whether it was enough. */
function give(night: Night, input: Said): string {
  const answer = night.give(input);
  if (typeof answer === 'string') return answer;
  const approved = answer.includes('recommendation-approved');
  return approved && !answer.includes('rollback-started') ? 'half' : 'yes';
}

describe('the rights of each principal', () => {
  //                                                     dana omar priya lena  ravi  deploy mallory
  test.each<{ readonly act: keyof typeof acts; readonly of: () => Night; readonly answers: readonly unknown[] }>([
    { act: 'approve', of: breached, answers: [yes, yes, half, half, no, no, no] },
    { act: 'approve', of: restoring, answers: [half, half, half, half, no, no, no] },
    { act: 'decline', of: breached, answers: [yes, yes, yes, yes, no, no, no] },
    { act: 'decline', of: restoring, answers: [yes, yes, yes, yes, no, no, no] },
    { act: 'acknowledge', of: breached, answers: [yes, yes, yes, yes, yes, no, no] },
    { act: 'order', of: running, answers: [yes, yes, half, half, no, no, no] },
    { act: 'abort', of: rollingBack, answers: [yes, yes, no, no, no, no, no] },
    { act: 'abort', of: byBoth, answers: [yes, yes, yes, yes, no, no, no] },
    { act: 'confirm --done', of: () => asking(rollingBack()), answers: [yes, yes, no, no, no, no, no] },
    { act: 'confirm --done', of: () => asking(byBoth()), answers: [yes, yes, yes, yes, no, no, no] },
    { act: 'confirm --again', of: () => asking(rollingBack()), answers: [yes, yes, yes, yes, no, no, no] },
    { act: 'waive', of: () => new Night(), answers: [yes, yes, no, no, no, no, no] },
    { act: 'pre-approve', of: () => new Night(), answers: [yes, 'wrong-role', no, no, no, no, no] },
    { act: 'arm', of: armed, answers: [yes, yes, no, no, no, no, no] },
    { act: 'disarm', of: armed, answers: [yes, yes, yes, yes, yes, no, no] },
    { act: 'hold', of: running, answers: [yes, yes, yes, yes, yes, no, no] },
    { act: 'close', of: () => new Night(), answers: [yes, yes, no, no, yes, no, no] },
  ])('$act, in the order of the table: $answers', ({ act, of, answers }) => {
    expect(everybody.map((by) => give(of(), acts[act](by)))).toEqual(answers);
  });
});

describe('a recommendation that nobody can answer any more', () => {
  const withdrawn = () => {
    const night = breached();
    night.look([broken('ok')], 30);
    night.look([broken('ok')], 700);
    return night;
  };
  const with1 = nightsFrom(breached);
  test.each([
    { state: 'late', of: with1((night) => (night.now = after(night.now, minutes(30)))), because: 'expired' },
    { state: 'expired', of: with1((night) => night.look([broken('breach')], 1_820)), because: 'not-open' },
    {
      state: 'superseded',
      of: with1((night) => (night.finish(security, 30), night.look([broken('breach')], 31))),
      because: 'not-open',
    },
    { state: 'withdrawn', of: withdrawn, because: 'not-open' },
    { state: 'declined', of: with1((night) => night.decline(1)), because: 'not-open' },
    { state: 'approved', of: with1((night) => night.approve(1)), because: 'not-open' },
  ])('$state: $because, but for those who could not anyway', ({ of, because }) => {
    for (const act of ['approve', 'decline'] as const) {
      const answers = everybody.map((by) => give(of(), acts[act](by)));
      expect(answers).toEqual([because, because, because, because, no, no, no]);
    }
  });

  test('a recommendation raised under another plan cannot be approved, but can be declined', () => {
    const changed = () => {
      const night = breached();
      night.give({ kind: 'restart', plan: recordedPlan(hash('sha256:other')) });
      return night;
    };
    const answers = ['changed', 'changed', 'changed', 'changed', no, no, no];
    expect(everybody.map((by) => give(changed(), acts.approve(by)))).toEqual(answers);
    expect(give(changed(), acts.decline(dana))).toBe('yes');
  });
});

describe('a restore takes two', () => {
  const [once, twice] = [aPlan(), aPlan({ roles: { cto: { needs_also: 'technical_lead' } } })];
  test.each<{ readonly by: readonly Principal[]; readonly answers: readonly unknown[]; readonly plan?: Plan }>([
    { by: [dana, omar], answers: [half, yes] },
    { by: [omar, dana], answers: [half, yes] },
    { by: [dana, dana, dana], answers: [half, half, half] },
    { by: [dana, lena], answers: [half, yes] },
    { by: [lena, dana], answers: [half, yes] },
    { by: [priya, lena], answers: [half, yes] },
    { by: [lena, priya], answers: [half, yes] },
    { by: [dana, priya], answers: [half, half] }, // priya counts only together with a technical lead
    { by: [dana, priya, lena], answers: [half, half, yes] },
    { by: [priya, priya], answers: [half, half] },
    { by: [lena, lena], answers: [half, half] },
    { by: [dana, ravi, omar], answers: [half, no, yes] },
    { by: [omar, dana], answers: [half, half], plan: twice },
    { by: [omar, dana, lena], answers: [half, half, yes], plan: twice },
  ])('$by.0.id and then the others: $answers', ({ by, answers, plan = once }) => {
    const night = restoring(plan);
    expect(by.map((one) => give(night, acts.approve(one)))).toEqual(answers);
  });

  test('the view names the people who can approve it, and the number of missing approvals', () => {
    const night = restoring();
    const shown = () => viewOf(night.plan, night.state, undefined, night.now).recommendations[0];
    expect(shown()).toMatchObject({
      mayApprove: ['dana', 'omar', 'priya', 'lena'],
      missing: { approvals: 2, from: ['dana', 'omar', 'priya', 'lena'] },
    });
    night.give(acts.approve(dana));
    expect(shown()?.missing).toEqual({ approvals: 1, from: ['omar', 'lena'] });
  });

  test('the rollback names the people who approved it', () => {
    const night = restoring();
    for (const by of [dana, omar]) night.give(acts.approve(by));
    expect(viewOf(night.plan, night.state, undefined, night.now).rollback?.approvedBy).toEqual(['dana', 'omar']);
  });

  test('a principal who can only roll back phases cannot approve or end a restore', () => {
    const plan = aPlan({ roles: { technical_lead: { rights: ['view', 'approve-phase-rollback'] } } });
    const night = restoring(plan);
    expect(give(night, acts.approve(lena))).toBe(no);
    expect(give(night, acts.decline(lena))).toBe(no);
    expect([give(night, acts.approve(dana)), give(night, acts.approve(omar))]).toEqual([half, yes]);
    expect(rollbackOf(night.state)?.procedure.kind).toBe('restore');
    expect([give(night, acts.abort(lena)), give(night, acts.abort(omar))]).toEqual([no, yes]);
  });
});

describe('a principal who did not approve the rollback and cannot decide alone', () => {
  const confirming = (plan?: Plan) => {
    const night = breached(plan);
    night.approve(1, dana, 30);
    return asking(night);
  };

  test('is told who can overrule the guard', () => {
    const night = confirming();
    expect(give(night, acts['confirm --done'](lena))).toBe(no);
    expect(night.refused).toMatchObject({
      found: 'lena is technical_lead, who decides only together with another person, and has not approved run-1-r1',
      todo: 'Talk to dana or omar',
    });
  });

  test('can confirm a step that a person takes', () => {
    const undo = { id: 'by-hand', confirm: 'Turn the key' };
    const plan = aPlan({ phases: [{ id: security, estimate: '1h', rollback: { steps: [undo] } }] });
    const night = breached(plan);
    night.approve(1, dana, 30);
    night.stopWork();
    const step = stepId(`${security}/by-hand`);
    night.record({ type: 'step-started', step, attempt: 1, tag: 't', on: place });
    night.record({ type: 'step-asked', step, question: 'Turn the key', output: '' });
    expect(give(night, { kind: 'confirm', step, answer: 'done', by: lena, reason: 'turned' })).toBe(yes);
  });

  test('cannot confirm such a step before it begins, while its precondition does not hold', () => {
    const precondition = { sql: 'select 1', expect: 'some rows' };
    const undo = { id: 'by-hand', confirm: 'Turn the key', precondition };
    const plan = aPlan({ phases: [{ id: security, estimate: '1h', rollback: { steps: [undo] } }] });
    const night = breached(plan);
    night.approve(1, dana, 30);
    night.stopWork();
    const step = stepId(`${security}/by-hand`);
    night.record({ type: 'step-asked', step, question: 'Its precondition does not hold', output: '' });
    expect(give(night, { kind: 'confirm', step, answer: 'done', by: lena, reason: 'no need' })).toBe(no);
    expect(give(night, { kind: 'confirm', step, answer: 'done', by: dana, reason: 'no need' })).toBe(yes);
  });

  test('does not count as an approver if the approval expired before the rollback began', () => {
    const night = breached();
    night.approve(1, priya, 30);
    night.look([broken('breach')], 30 + 600);
    night.approve(1, dana, 640);
    expect(give(night, acts.abort(priya))).toBe(no);
  });

  test('cannot order another rollback in place of an approved one', () => {
    const night = breached();
    night.approve(1, lena, 30);
    expect(give(night, acts.order(priya))).toBe(no);
    expect(night.refused?.todo).toBe('Talk to lena or dana or omar');
    expect(give(night, acts.order(dana))).toBe(yes);
  });

  test('can overrule the guard if the plan has nobody else left', () => {
    const night = confirming();
    const plan = { ...night.plan, principals: night.plan.principals.filter(({ id }) => id === 'lena') };
    expect('events' in decide(plan, night.state, asRead(night.state, acts['confirm --done'](lena)), night.now)).toBe(
      true,
    );
  });
});

describe('an incomplete approval', () => {
  test.each([
    { when: 'is void once its recommendation is withdrawn', seen: 'ok', second: 700 },
    { when: 'is void once its recommendation has expired', seen: 'breach', second: 1_820 },
  ] as const)('$when', ({ seen, second }) => {
    const night = breached();
    night.approve(1, priya, 25);
    night.look([broken(seen)], 30);
    night.look([broken(seen)], second);
    night.look([broken('breach')], second + 1);
    expect(night.state.recommendations.map(({ approvals }) => approvals.length)).toEqual([1, 0]);
    expect(give(night, { ...acts.approve(lena), recommendation: recommendation(2) })).toBe('half');
  });

  test.each([-3_600, -60])('that expired is not revived by a clock set by %i s', (step) => {
    const night = breached();
    night.approve(1, priya, 30);
    expect(night.look([broken('breach')], 30 + 600)).toEqual(['approval-expired']);
    expect(night.look([broken('breach')], 30 + 601)).toEqual([]); // recorded once
    expect(night.approve(1, lena, 631 + step)).toEqual(['recommendation-approved']);
  });

  test.each([
    { step: -3_600, answer: [] }, // the restart has raised it again
    { step: -60, answer: [] },
    { step: 60, answer: [] },
  ])('given before a restart with the clock set by $step s does not outlast its minutes', ({ step, answer }) => {
    const night = breached();
    night.approve(1, priya, 30);
    night.give({ kind: 'restart', plan: recordedPlan() }, 31 + step);
    const isLost = step < 0;
    expect(night.look([broken('breach')], 32 + step)).toEqual(answer);
    const asked = night.state.recommendations.length;
    expect(night.approve(asked, lena, 33).includes('rollback-started')).toBe(!isLost);
  });

  test('counts from the time at which it is given again', () => {
    const night = breached();
    night.approve(1, priya, 30);
    night.approve(1, priya, 500);
    expect(night.look([broken('breach')], 640)).toEqual(['approval-expired']);
    expect(night.approve(1, lena, 650)).toEqual(['recommendation-approved', 'rollback-started']);
  });

  test('does not count after its principal was removed from the plan', () => {
    const night = breached();
    night.approve(1, priya, 30);
    const plan = { ...night.plan, principals: night.plan.principals.filter(({ id }) => id !== 'priya') };
    const decision = decide(plan, night.state, asRead(night.state, acts.approve(lena)), night.now);
    expect('events' in decision && decision.events.map(({ type }) => type)).toEqual(['recommendation-approved']);
  });
});

describe('disarming works at any time', () => {
  const act = (more: (night: Night) => unknown) => () => {
    const night = armed();
    more(night);
    return night;
  };
  test.each([
    { when: 'the guard is blind', night: act((night) => night.look([], 20, 0, [search])) },
    { when: 'the run is held', night: act((night) => night.hold()) },
    { when: 'a phase runs', night: act((night) => night.start(security, 10)) },
    {
      when: 'a recommendation is open, and the rest is refused',
      night: act((night) => {
        night.start(security, 10);
        night.look([{ ...broken('breach'), criterion: 'security', subject: 'grants' }], 20);
        expect(night.give(acts.close(dana))).toBe('running');
      }),
    },
    {
      when: 'a rollback is under way',
      night: act((night) => (night.start(security, 10), night.look([broken('breach')], 20))),
    },
    { when: 'it could not be armed again', night: act((night) => night.look([broken('unknown')], 20)) },
    {
      when: 'a baseline is captured',
      night: act((night) => night.give({ kind: 'capture', length: minutes(5), by: dana })),
    },
  ])('when $when', ({ night }) => {
    for (const by of [dana, priya, ravi]) {
      const one = night();
      expect(one.give(acts.disarm(by))).toEqual(['run-disarmed']);
      expect(one.state.authority.armed).toBeUndefined();
    }
  });
});

describe('a pre-approval', () => {
  const [proposal] = aPlan().pre_approvals;
  const planned = (more: object) => aPlan({ pre_approvals: [{ ...proposal, for: '12h', not_during: [], ...more }] });
  const acted = (plan: Plan) => {
    const night = new Night(plan).baseline().arm();
    night.start(security, 10);
    night.look([broken('breach')], 20); // at 02:00 UTC
    return night.state;
  };
  test.each([
    { more: {}, missing: [] },
    { more: { not_during: ['08:00-18:00'] }, missing: [] },
    { more: { not_during: ['02:01-03:00', '22:00-02:00'] }, missing: [] },
    {
      more: { not_during: ['22:00-06:00'] },
      missing: ['pre-approval at-night: it does not allow it during 22:00-06:00 UTC'],
    },
    {
      more: { not_during: ['02:00-02:01'] },
      missing: ['pre-approval at-night: it does not allow it during 02:00-02:01 UTC'],
    },
    { more: { do: 'unwind' }, missing: ['pre-approval at-night: it allows an unwind, not a phase-rollback'] },
    { more: { do: 'restore' }, missing: ['pre-approval at-night: it allows a restore, not a phase-rollback'] },
  ])('with $more: $missing', ({ more, missing }) => {
    const { recommendations, response, authority } = acted(planned(more));
    expect(recommendations[0]?.notAutomaticBecause).toEqual(missing);
    expect(response.state === 'idle').toBe(missing.length > 0);
    expect(authority.preApprovals[0]?.usesLeft).toBe(missing.length > 0 ? 1 : 0);
  });

  test('can be activated only by somebody who has the right to do by hand what it allows', () => {
    const plan = aPlan({
      roles: { database_administrator: { rights: ['operate', 'pre-approve', 'approve-phase-rollback'] } },
      pre_approvals: [{ ...proposal, for: '12h', not_during: [], do: 'restore' }],
    });
    expect(new Night(plan).give(acts['pre-approve'](dana))).toBe('not-allowed');
  });

  test.each<{ readonly by: Principal; readonly does: 'phase-rollback' | 'restore'; readonly answer: unknown }>([
    { by: dana, does: 'phase-rollback', answer: yes },
    { by: dana, does: 'restore', answer: yes },
    { by: omar, does: 'restore', answer: yes },
    { by: priya, does: 'phase-rollback', answer: no },
    { by: priya, does: 'restore', answer: no },
    { by: lena, does: 'phase-rollback', answer: no },
    { by: lena, does: 'restore', answer: no },
  ])('of a $does by $by.role, whom the plan lets pre-approve: $answer', ({ by, does, answer }) => {
    const plan = aPlan({
      roles: { [by.role]: { rights: ['operate', 'pre-approve', 'approve-phase-rollback', 'approve-restore'] } },
      pre_approvals: [{ ...proposal, for: '12h', not_during: [], by_role: by.role, do: does }],
    });
    expect(give(new Night(plan), acts['pre-approve'](by))).toBe(answer);
  });

  test.each([-3_600, 3_600])('and arming, once expired, are not revived by a clock set by %i s', (step) => {
    const night = armed();
    const end = hours(12) / 1_000;
    expect(night.look([], end)).toEqual(['arming-expired', 'pre-approval-ended']);
    night.start(security, end + step);
    night.look([broken('breach')], end + step + 1);
    expect(rollbackOf(night.state)).toBeUndefined();
    expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual([
      'the run is not armed',
      'pre-approval at-night: it is not activated',
    ]);
  });
});
