import { describe, expect, test } from 'vitest';

import { openRequirements } from '../../../src/core/authority/requirements.ts';
import type { Baseline } from '../../../src/core/evidence/baseline.ts';
import { preApprovalId } from '../../../src/core/kernel/ids.ts';
import { hours, millis, minutes, ratio } from '../../../src/core/kernel/units.ts';
import { modeOf, rollbackOf } from '../../../src/core/run/state.ts';
import { viewOf } from '../../../src/core/run/view.ts';
import {
  aBaseline,
  aPlan,
  at,
  atNight,
  broken,
  dana,
  late,
  lena,
  omar,
  pipeline,
  priya,
  recommendation,
  relations,
  schema,
  search,
  security,
  slow,
  verdict,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const waive = (requirement: string, by = dana) => ({ kind: 'waive', requirement, by, reason: 'a test' }) as const;
const arm = { kind: 'arm', by: dana } as const;
const preApprove = { kind: 'pre-approve', preApproval: atNight, by: dana } as const;
const disarm = (by = dana) => ({ kind: 'disarm', by, reason: 'enough' }) as const;
const armed = (plan = aPlan()) => new Night(plan).baseline().arm();
const all = [
  'verdicts-changed',
  'recommendation-raised',
  'pre-approval-used',
  'recommendation-approved',
  'rollback-started',
];

describe('arming', () => {
  const ready = (more: Partial<Baseline> = {}) => {
    const night = new Night().baseline(more);
    for (const name of ['rehearsal', 'proved-backups', 'team-familiar']) night.give(waive(name));
    return night;
  };
  const thin = () => ready({ probes: aBaseline().probes.map((probe) => ({ ...probe, latencies: [19] })) });
  const prepared = (act: (night: Night) => unknown) => () => {
    const night = ready();
    act(night);
    return night;
  };
  test.each([
    { when: 'everything is there', night: () => ready(), input: arm, answer: ['run-armed'] },
    { when: 'a requirement is open', night: () => new Night().baseline(), input: arm, answer: 'not-ready' },
    { when: 'there is no baseline', night: () => new Night(), input: arm, answer: 'not-ready' },
    {
      when: 'a probe gives no evidence',
      night: prepared((night) => night.look([], 5, 0, [search])),
      input: arm,
      answer: 'not-ready',
    },
    {
      when: 'a check could not look',
      night: prepared((night) => night.look([broken('unknown')], 5)),
      input: arm,
      answer: 'not-ready',
    },
    {
      when: 'a check is broken',
      night: prepared((night) => night.look([broken('error', { because: 'check-is-broken' })], 5)),
      input: arm,
      answer: 'not-ready',
    },
    { when: 'the principal may not', night: () => ready(), input: { ...arm, by: priya }, answer: 'not-allowed' },
    { when: 'the baseline is of yesterday', night: () => ready({ to: at(-86_401) }), input: arm, answer: 'not-ready' },
    { when: 'the baseline is thin', night: thin, input: arm, answer: 'not-ready' },
    { when: 'the requirement is unknown', night: () => ready(), input: waive('hope'), answer: 'unknown-requirement' },
    { when: 'the principal may not', night: () => ready(), input: waive('rehearsal', lena), answer: 'not-allowed' },
    { when: 'the plan proposes it', night: () => ready(), input: preApprove, answer: ['pre-approval-activated'] },
    {
      when: 'the plan does not',
      night: () => ready(),
      input: { ...preApprove, preApproval: preApprovalId('other') },
      answer: 'unknown-pre-approval',
    },
    { when: 'another role must', night: () => ready(), input: { ...preApprove, by: omar }, answer: 'wrong-role' },
    {
      when: 'the principal may not',
      night: () => ready(),
      input: { ...preApprove, by: pipeline },
      answer: 'not-allowed',
    },
    { when: 'it is armed', night: () => armed(), input: disarm(), answer: ['run-disarmed'] },
    { when: 'it is not armed', night: () => ready(), input: disarm(), answer: [] },
    { when: 'whoever may hold may disarm too', night: () => armed(), input: disarm(priya), answer: ['run-disarmed'] },
    { when: 'the principal may not', night: () => armed(), input: disarm(pipeline), answer: 'not-allowed' },
  ])('$input.kind when $when: $answer', ({ night, input, answer }) => {
    expect(night().give(input)).toEqual(answer);
  });

  test('a role that cannot be fenced is named with both remedies, and a person can waive the fence', () => {
    const night = ready();
    const unfenced = ['"migrator" could log in again; to prevent that, run: alter role "guard" createrole'];
    expect(night.give({ ...arm, unfenced })).toBe('not-ready');
    expect(night.refused?.missing).toEqual([
      `${unfenced[0]} (then run ripcord baseline capture again: compared with the old baseline, the grant is a breach); or waive it: ripcord waive fence --reason …`,
    ]);
    expect(night.give(waive('fence'))).toEqual(['requirement-waived']);
    expect(night.give({ ...arm, unfenced, missingPermissions: ['the guard may not end sessions'] })).toBe('not-ready');
    expect(night.give({ ...arm, unfenced })).toEqual(['run-armed']);
  });

  test('the refusal lists everything that is missing', () => {
    const night = new Night();
    night.look([broken('unknown', { summary: 'no-orphan-prediction: could not look: timeout' })], 5, 0, [search]);
    night.give(arm);
    expect(night.refused?.found).toBe('the run cannot be armed');
    expect(night.refused?.missing).toEqual([
      'there is no baseline: ripcord baseline capture',
      'no evidence from molecule-search',
      'no-orphan-prediction: could not look: timeout',
      'rehearsal is not met: ripcord waive rehearsal --reason …',
      'proved-backups is not met: ripcord waive proved-backups --reason …',
      'team-familiar is not met: ripcord waive team-familiar --reason …',
    ]);
  });

  test.each([
    { length: undefined, second: 43_200, mode: 'recommend' },
    { length: undefined, second: 43_199, mode: 'armed' },
    { length: minutes(5), second: 300, mode: 'recommend' },
  ])('armed for $length, at second $second the mode is $mode', ({ length, second, mode }) => {
    const night = ready();
    night.give({ ...arm, ...(length !== undefined && { length }) }, 0);
    expect(modeOf(night.state, at(second))).toBe(mode);
  });

  test.each([
    { armedFor: undefined, length: hours(12), answer: ['run-armed'] },
    { armedFor: undefined, length: millis(hours(12) + 1), answer: 'bad-request' },
    { armedFor: '30m', length: minutes(30), answer: ['run-armed'] },
    { armedFor: '30m', length: hours(12), answer: 'bad-request' },
    { armedFor: '14d', length: hours(13 * 24), answer: ['run-armed'] },
  ])('for $length, where the plan says $armedFor: $answer', ({ armedFor, length, answer }) => {
    const night = armed(aPlan({ ...(armedFor !== undefined && { answering: { armed_for: armedFor } }) }));
    expect(night.give({ ...arm, length })).toEqual(answer);
  });

  test('arming for longer than the plan allows is refused with the plan’s limit', () => {
    const night = ready();
    night.give({ ...arm, length: hours(240) });
    expect(night.refused).toEqual({
      because: 'bad-request',
      found: 'arming for 240h',
      wanted: 'at most 12h, as the plan says in answering.armed_for',
      todo: 'Arm it for a shorter time, and again when that ends',
    });
  });

  test('the end of arming and of a pre-approval is recorded, and setting the clock back revives neither', () => {
    const night = armed();
    expect(night.look([], 43_199)).toEqual([]);
    expect(night.look([], 43_200)).toEqual(['arming-expired', 'pre-approval-ended']);
    night.start(security, 10);
    expect(night.look([broken('breach')], 20)).toEqual(['verdicts-changed', 'recommendation-raised']);
  });
});

describe('an armed run acts by itself', () => {
  const running = (night = armed(), phase = security) => {
    night.start(phase, 10);
    return night;
  };

  test('raises, uses the pre-approval, approves and starts in one decision', () => {
    const night = running();
    expect(night.look([broken('breach')], 20)).toEqual(all);
    expect(night.state.recommendations[0]).toMatchObject({
      state: 'approved',
      notAutomaticBecause: [],
      answer: { by: 'pre-approval', reason: 'covered by at-night' },
    });
    expect(rollbackOf(night.state)).toMatchObject({
      trigger: 'automatic',
      by: atNight,
      recommendation: recommendation(1),
    });
    expect(night.state.authority.preApprovals[0]?.usesLeft).toBe(0);
  });

  test.each([
    { when: 'a criterion is not covered', verdicts: [broken('breach'), verdict('security', 'grants', 'breach')] },
    { when: 'the breach is only on its way', verdicts: [slow('ok', { warning: true, because: 'slower-pending' })] },
    { when: 'nothing is known', verdicts: [broken('unknown'), slow('unknown')] },
  ])('does not when $when', ({ verdicts }) => {
    const night = running();
    night.look(verdicts, 20);
    expect(rollbackOf(night.state)).toBeUndefined();
  });

  test('does not act if it would undo a phase that the pre-approval does not cover', () => {
    const night = armed();
    [security, schema].forEach((phase, index) => {
      night.start(phase, 2 * index);
      night.finish(phase, 2 * index + 1);
    });
    night.start(relations, 10);
    night.look([broken('breach')], 20);
    expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual([
      'pre-approval at-night: it does not cover the phase relationship-remediation',
    ]);
  });

  test('does not act if nothing responds: undoing a phase does not repair a restarting server', () => {
    const [proposal] = aPlan().pre_approvals;
    const night = running(armed(aPlan({ pre_approvals: [{ ...proposal, for: '12h', criteria: ['functionality'] }] })));
    const facts = { rule: 'broken_for: 60 s', is: 'connect ECONNREFUSED' };
    night.look([verdict('functionality', search, 'breach', { facts })], 20);
    expect(night.state.recommendations[0]).toMatchObject({
      state: 'open',
      notAutomaticBecause: ['nothing responds, and undoing a phase may not fix that'],
    });
  });

  test('does not act if people must judge each breach, each for a reason of its own', () => {
    const [proposal] = aPlan().pre_approvals;
    const criteria = ['functionality', 'performance'] as const;
    const night = running(armed(aPlan({ pre_approvals: [{ ...proposal, for: '12h', criteria: [...criteria] }] })));
    const facts = { rule: 'broken_for: 60 s', is: 'connect ECONNREFUSED' };
    const down = verdict('functionality', search, 'breach', { facts });
    night.look([down, slow('breach', { onlyRecommend: 'it may be as little as 1.4x' })], 20);
    expect(night.state.recommendations[0]).toMatchObject({
      state: 'open',
      notAutomaticBecause: ['nothing responds, and undoing a phase may not fix that', 'it may be as little as 1.4x'],
    });
  });

  describe('does not act on a breach that people must judge', () => {
    const doubt = 'it may be as little as 1.4x';
    const [proposal] = aPlan().pre_approvals;
    const plan = aPlan({ pre_approvals: [{ ...proposal, for: '12h', criteria: ['performance', 'integrity'] }] });
    const doubted = () => {
      const night = running(armed(plan));
      night.look([slow('breach', { because: 'slower-or-nearly', onlyRecommend: doubt })], 20);
      return night;
    };

    test('and says why', () => {
      expect(doubted().state.recommendations[0]).toMatchObject({ state: 'open', notAutomaticBecause: [doubt] });
    });

    test.each([
      { when: 'nothing new is seen', verdicts: [], events: [] },
      {
        when: 'the doubt is gone',
        verdicts: [slow('breach')],
        events: ['verdicts-changed', 'evidence-joined', ...all.slice(2)],
      },
      {
        when: 'a breach without a doubt joins it',
        verdicts: [broken('breach')],
        events: ['verdicts-changed', 'evidence-joined', ...all.slice(2)],
      },
      {
        when: 'a breach that is not covered joins it',
        verdicts: [verdict('security', 'grants', 'breach')],
        events: ['verdicts-changed', 'evidence-joined'],
      },
    ])('until more is known: $when', ({ verdicts, events }) => {
      expect(doubted().look(verdicts, 25)).toEqual(events);
    });
  });

  describe('on what a phase that ended well would excuse', () => {
    const [proposal] = aPlan().pre_approvals;
    const criteria = ['runtime', 'performance', 'functionality'];
    const plan = aPlan({ pre_approvals: [{ ...proposal, for: '12h', criteria }] });
    const effects = {
      ...plan.phases[0]!.effects,
      slower_than: ratio(2),
      slower_afterwards: ratio(3),
      downtime: minutes(2),
    };
    const declaring = {
      ...plan,
      phases: plan.phases.map((phase) => (phase.id === security ? { ...phase, effects } : phase)),
    };
    const missing = [`the guard has no report of how ${security} ended: it may have ended well`];
    const times = (slower: number) => slow('breach', { facts: { rule: 'slower_than', ratio: slower } });
    const down = (since: number) =>
      verdict('functionality', search, 'breach', {
        facts: { rule: 'broken_for', is: 'query 42P01', since: at(since) },
      });

    test.each([
      { what: 'it is as slow as the phase declares', of: declaring, seen: times(3), not: missing },
      { what: 'it is slower than that', of: declaring, seen: times(3.1), not: [] },
      { what: 'the phase declares nothing', of: plan, seen: times(3), not: [] },
      { what: 'it fails for as long as the phase declares', of: declaring, seen: down(16), not: missing },
      { what: 'it fails for longer', of: declaring, seen: down(15.999), not: [] },
      { what: 'the phase declares no downtime', of: plan, seen: down(16), not: [] },
    ])('only if nobody expects it of a lost phase: $what', ({ of, seen, not }) => {
      const night = running(armed(of));
      night.give({ kind: 'phase-lost', phase: security }, 15);
      night.look([seen], 136);
      expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual(not);
      expect(rollbackOf(night.state) === undefined).toBe(not.length > 0);
    });

    test.each([
      { when: 'it runs', reports: [], not: [] },
      { when: 'it was lost', reports: ['phase-lost'], not: missing },
      { when: 'it was lost, and its end was reported later', reports: ['phase-lost', 'phase-finish'], not: [] },
    ] as const)('only if its end is known or still to come: $when', ({ reports, not }) => {
      const night = running(armed(plan));
      for (const kind of reports) night.give({ kind, phase: security, by: pipeline }, 15);
      night.look([late(security, 'breach')], 20);
      expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual(not);
      expect(rollbackOf(night.state) === undefined).toBe(not.length > 0);
    });
  });

  test('does not act after it was disarmed', () => {
    const night = running();
    night.give(disarm(), 15);
    night.look([broken('breach')], 20);
    expect(night.state.recommendations[0]).toMatchObject({
      state: 'open',
      notAutomaticBecause: ['the run is not armed'],
    });
  });

  const [unmet, unarmed, notAllowed] = ['waiver-ended', 'arming-expired', 'pre-approval-ended'];
  test.each([
    { whose: 'who armed', armed: omar, ends: [unarmed], acts: false, revoked: omar },
    { whose: 'who waived, armed and pre-approved', ends: [unarmed, unmet, unmet, unmet, notAllowed], acts: false },
    {
      whose: 'who waived and pre-approved',
      armed: omar,
      ends: [unmet, unmet, unmet, unarmed, notAllowed],
      acts: false,
    },
    { whose: 'who answers for the fence', unfenced: omar, revoked: omar, ends: [unmet, unarmed], acts: false },
    { whose: 'somebody else', ends: [], revoked: omar, acts: true },
  ])('once the token of $whose was revoked: $acts', ({ armed: by = dana, unfenced, revoked = dana, ends, acts }) => {
    const night = running();
    if (unfenced !== undefined) night.give(waive('fence', unfenced), 13);
    night.give({ ...arm, by }, 14);
    expect(night.give({ kind: 'revoked', principals: [priya.id, revoked.id] }, 15)).toEqual(ends);
    expect(night.give({ kind: 'revoked', principals: [priya.id, revoked.id] }, 16)).toEqual([]);
    night.look([broken('breach')], 20);
    expect(rollbackOf(night.state) !== undefined).toBe(acts);
  });

  test('a requirement can be waived again by somebody else after its waiver ended', () => {
    const night = running();
    night.give({ kind: 'revoked', principals: [dana.id] }, 15);
    expect(openRequirements(night.plan, night.state.authority)).toEqual([
      'rehearsal',
      'proved-backups',
      'team-familiar',
    ]);
    expect(night.give(waive('rehearsal', omar), 16)).toEqual(['requirement-waived']);
    expect(openRequirements(night.plan, night.state.authority)).toEqual(['proved-backups', 'team-familiar']);
  });

  test('disarming never stops a running rollback', () => {
    const night = running();
    night.look([broken('breach')], 20);
    const rollback = rollbackOf(night.state);
    night.give(disarm(), 21);
    night.give({ kind: 'revoked', principals: [dana.id] }, 21);
    expect(rollbackOf(night.state)).toBe(rollback);
    expect(night.stopWork(22)).toEqual(['stop-work-proved']);
  });

  test('acts as often as the pre-approval allows, and no more', () => {
    const night = running();
    night.look([broken('breach')], 20);
    night.stopWork(21);
    night.undo(22).look([broken('ok')], 23, 3_600_000);
    night.start(security, 30);
    expect(night.look([broken('breach')], 40)).toEqual(['verdicts-changed', 'recommendation-raised']);
    expect(night.state.recommendations[1]?.notAutomaticBecause).toEqual(['pre-approval at-night: it is used up']);
  });

  test('does not act on a breach that a person declined', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    night.decline(1, dana, 21);
    night.arm();
    expect(night.look([broken('breach')], 30)).toEqual([]);
  });
});

describe('an open recommendation', () => {
  const acts = ['pre-approval-used', 'recommendation-approved', 'rollback-started'];
  const asking = (plan = aPlan()) => {
    const night = new Night(plan).baseline();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    return night;
  };
  const missing = ({ plan, state, now }: Night) =>
    viewOf(plan, state, undefined, now).recommendations.at(-1)?.notAutomaticBecause;

  test('is acted on at the first evaluation after arming, and always lists what is missing now', () => {
    const night = asking();
    expect(missing(night)).toEqual(['the run is not armed', 'pre-approval at-night: it is not activated']);
    night.give(preApprove);
    expect(missing(night)).toEqual(['the run is not armed']);
    expect(night.look([broken('breach')], 25)).toEqual([]);
    night.arm();
    expect(missing(night)).toEqual([]);
    expect(night.look([broken('breach')], 30)).toEqual(acts);
    expect(rollbackOf(night.state)).toMatchObject({ trigger: 'automatic' });
  });

  test('is acted on when the hours end in which the pre-approval does not apply', () => {
    const [proposal] = aPlan().pre_approvals;
    const pre_approvals = [{ ...proposal, for: '12h', not_during: ['02:00-02:05'] }]; // it begins at 02:00
    const night = new Night(aPlan({ pre_approvals })).baseline().arm();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    expect(night.look([broken('breach')], 299)).toEqual([]);
    expect(night.look([broken('breach')], 301)).toEqual(acts);
  });

  test.each([
    { when: 'somebody declined it', act: (night: Night) => night.decline(1) },
    { when: 'its breach cannot be checked', act: (night: Night) => night.look([broken('unknown')], 25) },
    { when: 'its breach is seen well', act: (night: Night) => night.look([broken('ok')], 25) },
    { when: 'the run was disarmed again', act: (night: Night) => night.give(disarm()) },
  ])('is not, when $when', ({ act }) => {
    const night = asking().arm();
    act(night);
    expect(night.look([], 30)).toEqual([]);
    expect(rollbackOf(night.state)).toBeUndefined();
  });

  describe('is judged by the current verdicts', () => {
    const doubt = 'the cause may be common';
    const doubtful = slow('breach', { because: 'slower-like-the-controls', onlyRecommend: doubt });
    const asked = (...verdicts: Parameters<Night['look']>[0]) => {
      const night = new Night().baseline();
      night.start(security, 10);
      night.look(verdicts, 20);
      return night;
    };

    test('the guard does not act if the sure breach is gone and only a doubtful one is left', () => {
      const night = asked(broken('breach'), doubtful);
      night.look([broken('ok'), doubtful], 25);
      night.arm();
      expect(missing(night)).toEqual([doubt]);
      expect(night.look([broken('ok'), doubtful], 30)).toEqual([]);
    });

    test('the guard does not act while a breach has become doubtful, and acts once it is sure again', () => {
      const night = asked(slow('breach'));
      expect(night.look([doubtful], 25)).toEqual(['verdicts-changed']);
      night.arm();
      expect(night.look([doubtful], 30)).toEqual([]);
      expect(night.look([slow('breach')], 35)).toEqual(['verdicts-changed', ...acts]);
    });
  });

  test('is not acted on if a person ordered it who cannot decide alone', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.give({ kind: 'order', by: priya, reason: 'it does not feel right' }, 20);
    night.arm();
    expect(missing(night)).toEqual(['priya ordered it']);
    expect(night.look([broken('ok')], 30)).toEqual(['verdicts-changed']);
  });
});
