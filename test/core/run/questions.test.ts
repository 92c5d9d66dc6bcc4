import { describe, expect, test } from 'vitest';

import { stepId } from '../../../src/core/kernel/ids.ts';
import { openQuestions } from '../../../src/core/run/questions.ts';
import { viewOf } from '../../../src/core/run/view.ts';
import {
  broken,
  dana,
  lena,
  omar,
  place,
  priya,
  recommendation,
  schema,
  security,
  slow,
  target,
  verdict,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const leak = verdict('security', 'grants', 'breach', { summary: 'public may read molecule' });

/** Somebody has read the recommendation; while they type, it receives new evidence. */
function joined() {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach'), verdict('security', 'grants', 'ok')], 20);
  const read = night.state.recommendations[0]!.questionId;
  night.look([broken('breach'), leak], 21);
  return { night, read };
}
const rec = { recommendation: recommendation(1), by: dana, reason: 'a known false alarm' } as const;

describe('a recommendation that receives new evidence while somebody answers', () => {
  test.each([
    { answer: { kind: 'decline', ...rec } },
    { answer: { kind: 'approve', ...rec, evenIfGone: false } },
    { answer: { kind: 'acknowledge', ...rec } },
  ] as const)('is not answered by $answer.kind: what joined is said', ({ answer }) => {
    const { night, read } = joined();
    const before = night.state;
    expect(night.give({ ...answer, questionId: read }, 22)).toBe('changed');
    expect(night.refused?.found).toContain('public may read molecule');
    expect(night.refused?.todo).toContain(`--question ${before.recommendations[0]?.questionId}`);
    expect(night.state).toBe(before);
  });

  test.each([
    { answer: { kind: 'decline', ...rec } },
    { answer: { kind: 'approve', ...rec, evenIfGone: false } },
    { answer: { kind: 'acknowledge', ...rec } },
  ] as const)('is answered by $answer.kind as it is by now, which is put on record', ({ answer }) => {
    const { night } = joined();
    const { length } = night.journal;
    night.give(answer, 22);
    const { questionId } = night.state.recommendations[0]!;
    expect(night.journal[length]).toMatchObject({ recommendation: recommendation(1), questionId });
  });

  test('keeps earlier approvals, because they are bound to the procedure', () => {
    const { night } = joined();
    night.approve(1, priya, 22);
    night.look([broken('breach'), leak, slow('breach')], 23);
    expect(night.approve(1, lena, 24)).toEqual(['recommendation-approved', 'rollback-started']);
  });

  test('shows the new evidence, and how much of it people had acknowledged', () => {
    const { night, read } = joined();
    const [one] = viewOf(night.plan, night.state, undefined, night.now).recommendations;
    expect(one?.questionId).toBeGreaterThan(read);
    expect(one?.joined).toEqual([{ questionId: one?.questionId, at: night.now, what: ['public may read molecule'] }]);
    night.give({ kind: 'acknowledge', recommendation: recommendation(1), by: lena }, 22);
    night.look([broken('breach'), leak, slow('breach')], 23);
    const [later] = night.state.recommendations;
    expect(later).toMatchObject({ acknowledgedBy: 'lena', acknowledgedAs: one?.questionId });
    expect(later?.questionId).toBeGreaterThan(one!.questionId);
  });
});

describe('a decline covers only the evidence that was declined', () => {
  const declined = (...evidence: Parameters<Night['look']>[0]) => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look(evidence, 20);
    night.decline(1, dana, 21);
    return night;
  };
  const doubtful = slow('breach', { because: 'slower-or-nearly', onlyRecommend: 'it may be less than 50 %' });
  const [a, b] = [{ objects: ['a'] }, { objects: ['a', 'b'] }];

  test.each([
    { what: 'another breach', had: broken('breach'), then: leak, raised: true },
    { what: 'the same', had: broken('breach'), then: broken('breach'), raised: false },
    { what: 'another object', had: broken('breach', a), then: broken('breach', b), raised: true },
    { what: 'fewer objects', had: broken('breach', b), then: broken('breach', a), raised: false },
    { what: 'all of it, after one object', had: broken('breach', a), then: broken('breach'), raised: true },
    { what: 'what was in doubt, surely', had: doubtful, then: slow('breach'), raised: true },
    { what: 'what was sure, in doubt', had: slow('breach'), then: doubtful, raised: false },
    { what: 'what is in doubt still', had: doubtful, then: doubtful, raised: false },
  ])('$what is raised: $raised', ({ had, then, raised }) => {
    const night = declined(had);
    night.look([then], 30);
    expect(night.state.recommendations.map(({ state }) => state)).toEqual(raised ? ['declined', 'open'] : ['declined']);
  });
});

const undo = stepId(`${security}/undo`);
const asked = { type: 'step-asked', step: undo, question: 'Was it done?', output: '' } as const;
const started = { type: 'step-started', step: undo, attempt: 1, tag: 't', on: place } as const;
const again = { kind: 'confirm', step: undo, answer: 'again', by: dana, reason: 'I looked' } as const;

function rollingBack(): Night {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach')], 20);
  night.approve(1, dana, 21);
  return night;
}
const idOf = ({ state }: Night, step: string) => openQuestions(state).find((one) => one.step === step)?.questionId;

describe('a step that asks twice', () => {
  const twice = () => {
    const night = rollingBack();
    night.stopWork(22);
    night.record(started);
    night.record(asked);
    const read = idOf(night, undo)!;
    night.give(again, 30);
    night.record({ ...started, attempt: 2 });
    night.record({ ...asked, question: 'Was it done by now?' }, 40);
    return { night, read };
  };

  test.each(['again', 'done'] as const)('refuses a late --%s that was meant for the first question', (answer) => {
    const { night, read } = twice();
    expect(night.give({ ...again, answer, questionId: read }, 41)).toBe('changed');
    expect(night.refused?.found).toContain('Was it done by now?');
    expect(rollbackOf(night.state)?.steps[0]?.state).toBe('asking');
  });

  test('accepts the answer to the current question, and records which question it was', () => {
    const { night } = twice();
    const questionId = idOf(night, undo);
    expect(openQuestions(night.state)).toEqual([{ questionId, step: undo, asks: 'Was it done by now?', times: 2 }]);
    expect(night.give(again, 41)).toEqual(['step-answered']);
    expect(night.journal.at(-1)).toMatchObject({ type: 'step-answered', questionId });
    expect(openQuestions(night.state)).toEqual([]);
  });

  test('counts its questions across rollbacks', () => {
    const { night, read } = twice();
    night.give({ kind: 'abort', by: dana, reason: 'stop' }, 42);
    night.record({ type: 'rollback-aborted' });
    night.give({ kind: 'order', by: dana, reason: 'once more' }, 43);
    night.stopWork(44);
    night.record(started);
    night.record(asked);
    expect(openQuestions(night.state)).toMatchObject([{ step: undo, times: 3 }]);
    expect(night.give({ ...again, questionId: read }, 45)).toBe('changed');
  });
});

test('a late confirmation does not unblock a rollback that is now blocked for another reason', () => {
  const night = rollingBack();
  const letGo = { kind: 'confirm', step: stepId('stop-work'), answer: 'again', by: dana, reason: 'ended' } as const;
  night.record({ type: 'rollback-blocked', question: 'A session is left' });
  const read = idOf(night, 'stop-work')!;
  night.give(letGo, 30);
  night.record({ type: 'rollback-blocked', question: 'Another guard holds the lock' }, 31);
  expect(night.give({ ...letGo, questionId: read }, 32)).toBe('changed');
  expect(night.refused?.found).toContain('Another guard holds the lock');
  expect(night.give(letGo, 33)).toEqual(['rollback-unblocked']);
});

test('a confirmation applies to the target that the person checked, not to a later one', () => {
  const night = new Night().baseline();
  const confirm = { kind: 'confirm', step: stepId('target'), answer: 'done', by: dana, reason: 'I looked' } as const;
  night.give({ kind: 'target-changed', found: { ...target, oid: '99' } }, 20);
  const read = idOf(night, 'target')!;
  night.give({ kind: 'target-changed', found: { ...target, oid: '101' } }, 21);
  expect(night.give({ ...confirm, questionId: read }, 22)).toBe('changed');
  expect(night.refused?.found).toContain('now 101');
  expect(night.state.target).toEqual(target);
  expect(night.give(confirm, 23)).toEqual(['target-confirmed']);
  expect(night.state.target.oid).toBe('101');
});

describe('a run that two people hold', () => {
  const held = () => {
    const night = new Night().baseline();
    night.give({ kind: 'hold', by: priya, reason: 'coffee' }, 10);
    const read = night.state.held!.questionId;
    return { night, read };
  };

  test('is not resumed by somebody who has read only one hold', () => {
    const { night, read } = held();
    expect(night.give({ kind: 'hold', by: omar, reason: 'the replica is behind' }, 11)).toEqual(['run-held']);
    expect(night.give({ kind: 'resume', by: dana, questionId: read }, 12)).toBe('changed');
    expect(night.refused?.found).toContain('omar has held the run since: the replica is behind');
    expect(night.state.held).toMatchObject({ by: 'omar', also: [{ by: 'priya', reason: 'coffee' }] });
    expect(night.start(schema, 13)).toBe('held');
    expect(night.give({ kind: 'resume', by: dana }, 14)).toEqual(['run-resumed']);
    expect(night.state.held).toBeUndefined();
  });

  test('is not held twice by a repeated order', () => {
    const { night } = held();
    night.give({ kind: 'hold', by: omar, reason: 'the replica is behind' }, 11);
    expect(night.give({ kind: 'hold', by: priya, reason: 'coffee' }, 12)).toEqual([]);
  });
});
