import { describe, expect, test } from 'vitest';

import { hash, rollbackId, stepId } from '../../../src/core/kernel/ids.ts';
import { millis } from '../../../src/core/kernel/units.ts';
import type { RecommendationEvent, RollbackEvent } from '../../../src/core/response/events.ts';
import { rollbackProcedure } from '../../../src/core/response/procedure.ts';
import {
  evolveRecommendations,
  openRecommendation,
  type Recommendation,
} from '../../../src/core/response/recommendation.ts';
import {
  evolveRollback,
  isUnderWay,
  nextStep,
  openQuestion,
  type Rollback,
} from '../../../src/core/response/rollback.ts';
import { aPlan, at, broken, child, dana, place, recommendation, security, slow } from '../../support/builders.ts';

const procedure = rollbackProcedure(aPlan(), [security]);
const binding = { planHash: hash('p'), procedureHash: hash('q'), phasesHash: hash('r') };
const of = (count: number, second: number) =>
  ({ v: 1, at: at(second), recommendation: recommendation(count) }) as const;

const raised = (count: number, second = 0): RecommendationEvent => ({
  type: 'recommendation-raised',
  ...of(count, second),
  evidence: [broken('breach')],
  attributedTo: security,
  procedure,
  binding,
  expiresAt: at(1_800),
  notAutomaticBecause: ['the run is not armed'],
});
const approved = (count: number, complete: boolean): RecommendationEvent => ({
  type: 'recommendation-approved',
  ...of(count, 9),
  by: dana.id,
  role: dana.role,
  reason: 'yes',
  binding,
  expiresAt: at(609),
  complete,
});

describe('a recommendation is the fold of its events', () => {
  const fold = (...events: readonly RecommendationEvent[]) =>
    events.reduce<readonly Recommendation[]>(evolveRecommendations, []);

  test.each<{ readonly then: RecommendationEvent; readonly state: Recommendation['state']; readonly by?: string }>([
    { then: { type: 'recommendation-acknowledged', ...of(1, 5), by: dana.id }, state: 'open' },
    { then: approved(1, false), state: 'open' },
    { then: approved(1, true), state: 'approved', by: 'dana' },
    {
      then: { type: 'recommendation-declined', ...of(1, 5), by: dana.id, reason: 'no' },
      state: 'declined',
      by: 'dana',
    },
    { then: { type: 'recommendation-expired', ...of(1, 5) }, state: 'expired' },
    { then: { type: 'approval-expired', ...of(1, 700), by: dana.id }, state: 'open' },
    { then: { type: 'recommendation-withdrawn', ...of(1, 5), because: 'well' }, state: 'withdrawn', by: 'guard' },
    { then: { type: 'recommendation-superseded', ...of(1, 5), because: 'changed' }, state: 'superseded', by: 'guard' },
  ])('after $then.type it is $state', ({ then, state, by }) => {
    const [one, other] = fold(raised(1), raised(2), then);
    expect([one?.state, one?.answer?.by]).toEqual([state, by]);
    expect(other?.state).toBe('open'); // an answer to one says nothing about another
  });

  test('an incomplete approval is kept; the one that completes it answers the recommendation', () => {
    const [one] = fold(raised(1), approved(1, false), {
      ...approved(1, true),
      by: 'pre-approval',
    } as RecommendationEvent);
    expect(one?.approvals.map(({ by }) => by)).toEqual(['dana', 'pre-approval']);
    expect(one?.answer).toEqual({ by: 'pre-approval', reason: 'yes', at: at(9) });
  });

  test('evidence is added; newer evidence with the same key replaces older evidence', () => {
    const newer = broken('breach', { summary: 'worse' });
    const [one] = fold(raised(1), { type: 'evidence-joined', ...of(1, 5), evidence: [newer, slow('breach')] });
    expect(one?.evidence).toEqual([newer, slow('breach')]);
  });

  test('only an unanswered recommendation is open', () => {
    const expired: RecommendationEvent = { type: 'recommendation-expired', ...of(1, 5) };
    expect(openRecommendation(fold(raised(1), expired))).toBeUndefined();
    expect(openRecommendation(fold(raised(1), expired, raised(2)))?.id).toBe(recommendation(2));
  });
});

describe('a rollback is the fold of its events', () => {
  const during = (second: number) => ({ v: 1, at: at(second), rollback: rollbackId('b') }) as const;
  const [undo, verify] = [stepId(`${security}/undo`), stepId(`${security}/verify`)];
  const begin: RollbackEvent = {
    type: 'rollback-started',
    ...during(0),
    recommendation: recommendation(1),
    trigger: 'approved',
    by: 'dana',
    procedure,
  };
  const quiet = { endedProcesses: 1, endedSessions: 2, since: at(2) };
  const proved: RollbackEvent = { type: 'stop-work-proved', ...during(2), quiet };
  const started: RollbackEvent = {
    type: 'step-started',
    ...during(3),
    step: undo,
    attempt: 1,
    tag: 'tag-1',
    on: place,
  };
  const spawned: RollbackEvent = { type: 'step-spawned', ...during(4), step: undo, child };
  const done = (step = undo): RollbackEvent => ({
    type: 'step-done',
    ...during(5),
    step,
    took: millis(9),
    output: 'ok',
    how: 'ran',
  });
  const asked: RollbackEvent = {
    type: 'step-asked',
    ...during(5),
    step: undo,
    question: 'Was it done?',
    output: 'boom',
  };
  const again: RollbackEvent = {
    type: 'step-answered',
    ...during(6),
    step: undo,
    answer: 'again',
    by: dana.id,
    reason: 'retry',
  };
  const blocked: RollbackEvent = { type: 'rollback-blocked', ...during(2), question: 'Somebody is still there' };
  const unblocked: RollbackEvent = { type: 'rollback-unblocked', ...during(3), by: dana.id, reason: 'gone' };
  const fold = (...events: readonly RollbackEvent[]) => events.reduce<Rollback | undefined>(evolveRollback, undefined);

  test.each<{
    readonly events: readonly RollbackEvent[];
    readonly state: Rollback['state'];
    readonly next: string;
    readonly asks?: string;
  }>([
    { events: [begin], state: 'starting', next: 'waiting' },
    { events: [begin, { type: 'stop-work-started', ...during(1) }], state: 'stopping-work', next: 'waiting' },
    { events: [begin, proved], state: 'undoing', next: 'waiting' },
    { events: [begin, blocked], state: 'blocked', next: 'waiting', asks: 'Somebody is still there' },
    { events: [begin, blocked, unblocked], state: 'starting', next: 'waiting' },
    { events: [begin, proved, blocked, unblocked], state: 'undoing', next: 'waiting' },
    { events: [begin, proved, started], state: 'undoing', next: 'started' },
    { events: [begin, proved, started, asked], state: 'undoing', next: 'asking', asks: 'Was it done?' },
    { events: [begin, proved, started, asked, again], state: 'undoing', next: 'again' },
    { events: [begin, proved, started, done()], state: 'undoing', next: 'waiting' },
  ])('$events.length events: $state, its next step $next', ({ events, state, next, asks }) => {
    const rollback = fold(...events);
    expect(rollback?.state).toBe(state);
    expect(isUnderWay(rollback) && nextStep(rollback)?.state).toBe(next);
    expect(openQuestion(rollback)).toBe(asks);
  });

  test('an aborted rollback asks nothing', () => {
    const abort: RollbackEvent = { type: 'rollback-aborted', ...during(9) };
    expect(openQuestion(fold(begin, proved, started, asked, abort))).toBeUndefined();
  });

  test('a new attempt keeps only the number of repeats that people ordered', () => {
    const second: RollbackEvent = { ...started, attempt: 2, tag: 'tag-2' };
    const unseen: RollbackEvent = { ...asked, unseen: place };
    const rollback = fold(begin, proved, started, spawned, unseen, again, second);
    expect(rollback?.steps[0]).toMatchObject({ state: 'started', attempt: 2, tag: 'tag-2' });
    expect(Object.keys(rollback?.steps[0] ?? {}).toSorted()).toEqual([
      'agains',
      'attempt',
      'on',
      'startedAt',
      'state',
      'step',
      'tag',
    ]);
  });

  test('when every step is done, there is no next step and the rollback is over', () => {
    const rollback = fold(begin, proved, started, done(), done(verify), { type: 'rollback-done', ...during(7) });
    expect([isUnderWay(rollback), rollback && nextStep(rollback), rollback?.endedAt]).toEqual([
      false,
      undefined,
      at(7),
    ]);
  });

  test('an event of another rollback changes nothing', () => {
    const other = { ...proved, rollback: rollbackId('c') } as RollbackEvent;
    expect(fold(begin, other)).toEqual(fold(begin));
    expect(fold(other)).toBeUndefined();
  });
});
