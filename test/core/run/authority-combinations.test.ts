import { describe, expect, test } from 'vitest';

import { coverage } from '../../../src/core/authority/pre-approval.ts';
import type { Principal, Right } from '../../../src/core/authority/roles.ts';
import { phaseId, principalId, stepId } from '../../../src/core/kernel/ids.ts';
import { after, minutes } from '../../../src/core/kernel/units.ts';
import { criteriaNames, rightNames } from '../../../src/core/plan/authority.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { type Procedure, rollbackProcedure } from '../../../src/core/response/procedure.ts';
import { decide, decideOpen } from '../../../src/core/run/decide.ts';
import { bindingOf } from '../../../src/core/run/decide/raise.ts';
import { evolve } from '../../../src/core/run/evolve.ts';
import { rollbackOf, type RunState } from '../../../src/core/run/state.ts';
import {
  aPlan,
  atNight,
  boundaryOf,
  broken,
  child,
  dana,
  lena,
  omar,
  pipeline,
  place,
  planHash,
  priya,
  ravi,
  recommendation,
  run,
  schema,
  security,
  start,
  supervisor,
  target,
  recordedPlan,
} from '../../support/builders.ts';
import { asRead, type Said } from '../../support/as-read.ts';
import { Night } from '../../support/night.ts';

/** Every combination of principal, act, environment and procedure, including unlikely ones. */

const environments = ['development', 'staging', 'production'] as const;
const kinds = ['phase-rollback', 'unwind', 'restore'] as const;
type Kind = (typeof kinds)[number] | 'person';

const places = Object.fromEntries(
  environments.map((name) => [
    name,
    {
      target: { url: 'postgres://guard@127.0.0.1/app' },
      restore: { method: 'in-place', steps: [{ id: 'back', command: ['restore'] }] },
    },
  ]),
);
const planned = (more: Record<string, unknown> = {}) => aPlan({ environments: places, ...more });

function procedureOf(plan: Plan, kind: Kind): Procedure {
  if (kind === 'person') return { kind, phases: [security], because: 'no script' };
  const scripted = rollbackProcedure(plan, [security]);
  if (scripted.kind === 'person') throw new Error(scripted.because);
  return { ...scripted, kind };
}

/** A breach was seen, and this kind of procedure is proposed for it. */
function proposed(plan: Plan, environment: string, kind: Kind): Night {
  const night = new Night(plan, environment).baseline();
  night.start(security, 10);
  const procedure = procedureOf(plan, kind);
  const common = { v: 1, at: night.now } as const;
  for (const event of [
    { type: 'verdicts-changed', ...common, verdicts: [broken('breach')] },
    {
      type: 'recommendation-raised',
      ...common,
      recommendation: recommendation(1),
      evidence: [broken('breach')],
      procedure,
      binding: bindingOf(night.state, procedure),
      expiresAt: after(night.now, minutes(30)),
      notAutomaticBecause: ['the run is not armed'],
    },
  ] as const) {
    night.state = evolve(night.state, event);
  }
  return night;
}

/** The rollback runs, and its first step asks a person. */
function asking(plan: Plan, environment: string, kind: Kind): Night {
  const night = proposed(plan, environment, kind);
  for (const by of [dana, omar]) night.approve(1, by);
  night.stopWork();
  const step = rollbackOf(night.state)?.steps[0]?.step.id;
  if (step === undefined) throw new Error('no rollback is under way');
  night.record({ type: 'step-started', step, attempt: 1, tag: 't', on: place });
  night.record({ type: 'step-asked', step, question: 'is it done?', output: '' });
  return night;
}

/** The events that it would have, or why it is refused; nothing is folded in. */
function answerOf(plan: Plan, state: RunState, input: Said): string {
  const decision = decide(plan, state, asRead(state, input), after(start, minutes(1)));
  return 'refused' in decision ? decision.refused.because : decision.events.map(({ type }) => type).join();
}

const approve = (by: Principal): Said => ({
  kind: 'approve',
  recommendation: recommendation(1),
  by,
  reason: 'yes',
  evenIfGone: false,
});

describe.each(environments)('in %s', (environment) => {
  const stranger: Principal = { id: principalId('mallory'), role: 'visitor' };
  const nobody = [ravi, pipeline, stranger];
  const everybody = [dana, omar, priya, lena, ...nobody];

  /** The table of the original document, plus two people for a restore; written out independently of the code. */
  function suffices(kind: Kind, people: readonly Principal[]): boolean {
    const has = (one: Principal) => people.includes(one);
    const decides = has(dana) || has(omar) || (has(priya) && has(lena));
    const counted = [has(dana), has(omar), has(lena), has(priya) && has(lena)].filter(Boolean).length;
    return decides && counted >= (kind === 'restore' ? 2 : 1);
  }

  test.each(kinds)(
    'a %s is approved by exactly the people in the table: alone and in every pair, in either order',
    (kind) => {
      const plan = planned();
      const before = proposed(plan, environment, kind).state;
      for (const first of everybody) {
        const answer = answerOf(plan, before, approve(first));
        const half = 'recommendation-approved';
        const whole = `${half},rollback-started`;
        const wanted = suffices(kind, [first]) ? whole : half;
        expect([first.id, answer]).toEqual([first.id, nobody.includes(first) ? 'not-allowed' : wanted]);
        if (answer !== half) continue;
        for (const second of everybody) {
          const night = proposed(plan, environment, kind);
          night.approve(1, first);
          const then = answerOf(plan, night.state, approve(second));
          const together = suffices(kind, [first, second]) ? whole : half;
          const pair = `${first.id} and ${second.id}`;
          expect([pair, then]).toEqual([pair, nobody.includes(second) ? 'not-allowed' : together]);
        }
      }
    },
  );

  const has = (...rights: readonly Right[]) =>
    planned({
      roles: { tester: { rights } },
      principals: [...aPlan().principals, { ...aPlan().principals[0], id: 'tia', role: 'tester' }],
      pre_approvals: kinds.map((kind) => ({
        id: `by-${kind}`,
        by_role: 'tester',
        criteria: ['integrity'],
        phases: [security],
        environments: [environment],
        do: kind,
      })),
    });
  const by: Principal = { id: principalId('tia'), role: 'tester' };
  const reason = 'because';
  /** A role with nothing, with one right each, and with all but one each. */
  const roles: readonly (readonly Right[])[] = [
    [],
    ...rightNames.map((right) => [right]),
    ...rightNames.map((right) => rightNames.filter((other) => other !== right)),
  ];
  const rights = {
    'phase-rollback': 'approve-phase-rollback',
    unwind: 'approve-phase-rollback',
    person: 'approve-phase-rollback',
    restore: 'approve-restore',
  } as const;

  /** Rights that are all needed; or several such lists, one of which is enough. */
  type Needs = readonly (readonly Right[])[];
  interface Try {
    readonly act: string;
    readonly of: (plan: Plan) => Night;
    readonly input: Said;
    readonly needs: Needs;
  }
  const answers = { recommendation: recommendation(1), by, reason };
  const ofEachKind = [...kinds, 'person' as const].flatMap((kind): readonly Try[] => {
    const [of, needs] = [(plan: Plan) => proposed(plan, environment, kind), [[rights[kind]]]];
    return [
      { act: `approve a ${kind}`, of, input: approve(by), needs },
      { act: `decline a ${kind}`, of, input: { kind: 'decline', ...answers }, needs },
      { act: `acknowledge a ${kind}`, of, input: { kind: 'acknowledge', ...answers }, needs: [['acknowledge']] },
    ];
  });
  const ofEachProcedure = kinds.flatMap((kind): readonly Try[] => {
    const of = (plan: Plan) => asking(plan, environment, kind);
    const step = rollbackOf(of(has(...rightNames)).state)?.steps[0]?.step.id ?? stepId('none');
    const needs = [[rights[kind]]];
    return [
      {
        act: `confirm a step of a ${kind} as done`,
        of,
        input: { kind: 'confirm', step, answer: 'done', by, reason },
        needs,
      },
      {
        act: `let a step of a ${kind} run again`,
        of,
        input: { kind: 'confirm', step, answer: 'again', by, reason },
        needs,
      },
      { act: `abort a ${kind}`, of, input: { kind: 'abort', by, reason }, needs },
      {
        act: `pre-approve a ${kind}`,
        of: (plan) => new Night(plan, environment),
        input: { kind: 'pre-approve', preApproval: `by-${kind}` as typeof atNight, by },
        needs: [['pre-approve', rights[kind]]],
      },
    ];
  });
  const fresh = (plan: Plan) => new Night(plan, environment).baseline();
  const running = (plan: Plan) => {
    const night = fresh(plan);
    night.start(security, 10);
    return night;
  };
  const held = (plan: Plan) => {
    const night = fresh(plan);
    night.hold();
    return night;
  };
  const report = { phase: security, by } as const;
  const others: readonly Try[] = [
    { act: 'order a rollback', of: running, input: { kind: 'order', by, reason }, needs: [['approve-phase-rollback']] },
    {
      act: 'order a restore',
      of: running,
      input: { kind: 'order', restore: true, by, reason },
      needs: [['approve-restore']],
    },
    { act: 'arm', of: fresh, input: { kind: 'arm', by }, needs: [['arm']] },
    {
      act: 'disarm',
      of: (plan) => fresh(plan).arm(),
      input: { kind: 'disarm', by, reason },
      needs: [['arm'], ['hold']],
    },
    { act: 'waive', of: fresh, input: { kind: 'waive', requirement: 'rehearsal', by, reason }, needs: [['waive']] },
    { act: 'hold', of: fresh, input: { kind: 'hold', by, reason }, needs: [['hold']] },
    { act: 'resume', of: held, input: { kind: 'resume', by }, needs: [['hold']] },
    { act: 'close', of: fresh, input: { kind: 'close', by, reason }, needs: [['operate']] },
    { act: 'capture', of: fresh, input: { kind: 'capture', by, length: minutes(1) }, needs: [['operate']] },
    {
      act: 'start a phase',
      of: fresh,
      input: { kind: 'phase-start', ...report, supervisor, boundary: boundaryOf(security, start) },
      needs: [['report-phases']],
    },
    {
      act: 'report a child',
      of: running,
      input: { kind: 'phase-spawned', ...report, child },
      needs: [['report-phases']],
    },
    {
      act: 'report progress',
      of: running,
      input: { kind: 'phase-progress', ...report, fraction: 0.5 },
      needs: [['report-phases']],
    },
    { act: 'report an end', of: running, input: { kind: 'phase-finish', ...report }, needs: [['report-phases']] },
    {
      act: 'report a failure',
      of: running,
      input: { kind: 'phase-fail', ...report, exitCode: 1, because: reason },
      needs: [['report-phases']],
    },
  ];

  test.each([...ofEachKind, ...ofEachProcedure, ...others])(
    'to $act takes $needs, and no other right',
    ({ of, input, needs }) => {
      const { state } = of(has(...rightNames));
      for (const some of roles) {
        const may = needs.some((all) => all.every((right) => some.includes(right)));
        const answer = answerOf(has(...some), state, input);
        expect([some, answer === 'not-allowed']).toEqual([some, !may]);
      }
    },
  );

  test('opening a run takes the right operate and no other', () => {
    const open = { kind: 'open', run, plan: recordedPlan(), environment, target, by } as const;
    for (const some of roles) {
      const decision = decideOpen(has(...some), undefined, open, start);
      expect([some, 'refused' in decision]).toEqual([some, !some.includes('operate')]);
    }
  });
});

test('a pre-approval covers only the criteria, phases, environments and procedure that it names', () => {
  const plan = planned({
    pre_approvals: [
      {
        id: atNight,
        by_role: 'database_administrator',
        criteria: ['integrity', 'performance'],
        phases: [security, schema],
        environments: ['staging'],
        do: 'phase-rollback',
      },
    ],
  });
  const { authority } = new Night(plan).baseline().arm().state;
  const phases = plan.phases.map(({ id }) => phaseId(id));
  const combinations = criteriaNames.flatMap((criterion) =>
    phases.flatMap((phase) =>
      environments.flatMap((environment) => kinds.map((procedure) => ({ criterion, phase, environment, procedure }))),
    ),
  );
  const covered = combinations.filter(({ criterion, phase, environment, procedure }) => {
    const wish = { criteria: [criterion], phases: [phase], environment, procedure, planHash, changedSince: () => [] };
    return coverage(plan, authority, wish, after(start, minutes(1))).covered;
  });
  expect(combinations).toHaveLength(180);
  expect(covered).toEqual(
    (['integrity', 'performance'] as const).flatMap((criterion) =>
      [security, schema].map((phase) => ({ criterion, phase, environment: 'staging', procedure: 'phase-rollback' })),
    ),
  );
});
