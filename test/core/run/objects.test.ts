import { describe, expect, test } from 'vitest';

import { broken, dana, schema, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const faulty = (...objects: readonly string[]) => broken('breach', { objects });
const last = (night: Night) => night.state.recommendations.at(-1);

/** The first phase is applied and its breach of object `a` declined. */
function declined(): Night {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([faulty('a')], 11);
  night.decline(1, dana, 12);
  return night;
}

test.each<{ when: string; verdict: ReturnType<typeof broken>; answer: unknown }>([
  {
    when: 'something makes going on unwise',
    verdict: broken('ok', { because: 'holds', warning: true, summary: 'archiver: the archiver has failed' }),
    answer: 'holds',
  },
  {
    when: 'a check cannot look whose faults would be evidence only',
    verdict: broken('unknown', { because: 'could-not-look', minor: true }),
    answer: ['phase-started'],
  },
  {
    when: 'a check cannot look at an object that the baseline leaves out, too',
    verdict: broken('unknown', { because: 'could-not-look', unseenBefore: true }),
    answer: ['phase-started'],
  },
  {
    when: 'a check cannot look whose faults would be a breach',
    verdict: broken('unknown', { because: 'could-not-look' }),
    answer: 'blind',
  },
])('when $when, a phase that wants to start is answered $answer', ({ verdict, answer }) => {
  const night = new Night().baseline();
  night.look([verdict], 5);
  expect(night.start(security, 10)).toEqual(answer);
});

describe('each faulty object counts by itself', () => {
  test('a declined object stays declined; another object leads to a new recommendation', () => {
    const night = declined();
    expect(night.look([faulty('a')], 13)).toEqual([]);
    expect(night.look([faulty('a', 'b')], 14)).toEqual(['verdicts-changed', 'recommendation-raised']);
    expect(last(night)).toMatchObject({ evidence: [{ objects: ['a', 'b'] }] });
  });

  test('a new object joins what is open', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look([faulty('a')], 11);
    expect(night.look([faulty('a', 'b')], 12)).toEqual(['verdicts-changed', 'evidence-joined']);
    expect(night.look([faulty('b')], 13)).toEqual(['verdicts-changed']); // fewer objects raise nothing new
    expect(night.state.recommendations).toHaveLength(1);
  });

  test('a phase is blamed only for objects that were well at its boundary', () => {
    const night = declined();
    night.finish(security, 20);
    night.look([faulty('a')], 21);
    night.start(schema, 30);
    night.look([faulty('a', 'b')], 32);
    expect(last(night)).toMatchObject({ attributedTo: security, procedure: { phases: [schema, security] } });
    night.look([{ ...faulty('b'), inPart: true }], 33); // an unseen fault has not recovered
    night.look([faulty('a', 'b')], 33);
    expect(last(night)).toMatchObject({ attributedTo: security });
    night.look([faulty('b')], 33); // the older fault has recovered, so the second phase caused the remaining one
    night.decline(night.state.recommendations.length, dana, 34);
    night.look([faulty('b', 'c')], 35);
    expect(last(night)).toMatchObject({ attributedTo: schema, procedure: { phases: [schema] } });
  });
});
