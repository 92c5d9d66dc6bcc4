import { describe, expect, test } from 'vitest';

import { hash, probeId } from '../../../src/core/kernel/ids.ts';
import {
  at,
  broken,
  dana,
  pipeline,
  priya,
  recommendation,
  schema,
  search,
  security,
  slow,
  recordedPlan,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const running = () => {
  const night = new Night().baseline();
  night.start(security, 10);
  return night;
};
const breached = () => {
  const night = running();
  night.look([broken('breach'), slow('ok')], 20);
  return night;
};
const last = ({ state }: Night) => state.recommendations.at(-1);

describe('an evaluation raises at most one recommendation', () => {
  const observing = () => new Night();
  test.each([
    { when: 'all is well', night: running, verdicts: [broken('ok'), slow('ok')], answer: ['verdicts-changed'] },
    {
      when: 'a check is breached',
      night: running,
      verdicts: [broken('breach')],
      answer: ['verdicts-changed', 'recommendation-raised'],
    },
    {
      when: 'two criteria are',
      night: running,
      verdicts: [broken('breach'), slow('breach')],
      answer: ['verdicts-changed', 'recommendation-raised'],
    },
    {
      when: 'nothing is known',
      night: running,
      verdicts: [broken('unknown'), slow('unknown')],
      answer: ['verdicts-changed'],
    },
    { when: 'a check is broken itself', night: running, verdicts: [broken('error')], answer: ['verdicts-changed'] },
    {
      when: 'there is no baseline: it observes',
      night: observing,
      verdicts: [broken('breach')],
      answer: ['verdicts-changed'],
    },
    {
      when: 'no phase has changed anything',
      night: () => new Night().baseline(),
      verdicts: [broken('breach')],
      answer: ['verdicts-changed'],
    },
    { when: 'it is still there', night: breached, verdicts: [broken('breach'), slow('ok')], answer: [] },
    {
      when: 'more joins it',
      night: breached,
      verdicts: [broken('breach'), slow('breach')],
      answer: ['verdicts-changed', 'evidence-joined'],
    },
    {
      when: 'it cannot be seen any more',
      night: breached,
      verdicts: [broken('unknown')],
      answer: ['verdicts-changed'],
    },
    { when: 'it went away', night: breached, verdicts: [broken('ok')], answer: ['verdicts-changed'] },
  ])('$when: $answer', ({ night, verdicts, answer }) => {
    expect(night().look(verdicts, 30)).toEqual(answer);
  });

  test('blindness is recorded at its start, at each change and at its end, and raises nothing', () => {
    const night = running();
    const blind = [search];
    const answers = [[], blind, blind, [search, probeId('control')], []].map((probes, index) =>
      night.look([], 20 + index, 0, probes),
    );
    expect(answers).toEqual([[], ['guard-blinded'], [], ['guard-blinded'], ['guard-sighted']]);
  });

  test('a blind guard still recommends because of what it does see', () => {
    const night = running();
    expect(night.look([broken('breach')], 20, 0, [search])).toEqual([
      'verdicts-changed',
      'guard-blinded',
      'recommendation-raised',
    ]);
  });

  test('a recommendation has its evidence, its procedure and its expiry', () => {
    expect(last(breached())).toMatchObject({
      id: recommendation(1),
      evidence: [broken('breach')],
      attributedTo: security,
      procedure: { kind: 'phase-rollback', phases: [security] },
      expiresAt: at(20 + 1_800),
      notAutomaticBecause: ['the run is not armed', 'pre-approval at-night: it is not activated'],
    });
  });
});

describe('superseded', () => {
  test('when the phase ends in the meantime; the remaining evidence is kept', () => {
    const night = breached();
    night.finish(security, 30);
    expect(night.look([broken('breach')], 31)).toEqual(['recommendation-superseded', 'recommendation-raised']);
    expect(night.state.recommendations.map(({ state }) => state)).toEqual(['superseded', 'open']);
    expect(last(night)).toMatchObject({ evidence: [broken('breach')], approvals: [] });
  });

  test.each([
    { when: 'the breach has gone', seen: broken('ok'), answer: ['verdicts-changed', 'recommendation-superseded'] },
    {
      when: 'the breach cannot be checked',
      seen: broken('unknown'),
      answer: ['verdicts-changed', 'recommendation-superseded', 'recommendation-raised'],
    },
  ])('when the phase ends and $when', ({ seen, answer }) => {
    const night = breached();
    night.finish(security, 30);
    expect(night.look([seen], 31)).toEqual(answer);
  });

  test('the guard never acts without approval on a breach that it cannot check', () => {
    const night = breached().arm();
    night.finish(security, 30);
    night.look([broken('unknown')], 31);
    expect(last(night)).toMatchObject({
      state: 'open',
      notAutomaticBecause: ['the guard cannot check the breach now'],
    });
  });

  test('when the plan changed', () => {
    const night = breached();
    night.give({ kind: 'restart', plan: recordedPlan(hash('sha256:other')) });
    expect(night.look([broken('breach')], 40)).toEqual(['recommendation-superseded', 'recommendation-raised']);
  });

  test('a flickering breach changes the procedure at most once', () => {
    const night = breached();
    night.finish(security, 21);
    night.look([broken('breach')], 22);
    night.decline(2, dana, 23);
    night.start(schema, 24);
    night.look([broken('breach'), slow('breach')], 25); // the first phase caused the orphans, the second the slowness
    expect(last(night)?.procedure.phases).toEqual([schema, security]);
    const flicker = ['ok', 'breach', 'ok', 'breach', 'ok'] as const;
    const answers = flicker.map((status, index) => night.look([broken(status), slow('breach')], 26 + index));
    expect(answers.map((types) => types.includes('recommendation-raised'))).toEqual([true, false, false, false, false]);
    expect(last(night)?.procedure.phases).toEqual([schema]); // orphans that disappeared and came back belong to the second phase
  });
});

describe('declined', () => {
  const declined = () => {
    const night = breached();
    night.decline(1, dana, 25);
    return night;
  };
  test.each([
    { when: 'it stays', looks: [broken('breach')], raised: false },
    {
      when: 'it cannot be checked for a while',
      looks: [broken('unknown'), broken('error'), broken('breach')],
      raised: false,
    },
    { when: 'it went away and came back', looks: [broken('ok'), broken('breach')], raised: true },
    { when: 'another joins it', looks: [broken('breach'), slow('breach')], raised: true },
  ])('$when: raised again $raised', ({ looks, raised }) => {
    const night = declined();
    looks.forEach((verdict, index) => night.look([verdict], 30 + index));
    expect(night.state.recommendations).toHaveLength(raised ? 2 : 1);
  });

  test('after a phase start the breach is raised again, attributed to the phase that caused it', () => {
    const night = declined();
    night.finish(security, 30);
    night.look([broken('breach')], 31);
    expect(night.start(schema, 40)).toEqual(['phase-started']);
    expect(night.look([broken('breach')], 41)).toEqual(['recommendation-raised']);
    expect(last(night)).toMatchObject({ attributedTo: security, procedure: { phases: [schema, security] } });
  });

  test.each([-7_200, 7_200])('the clock being set by %i s changes none of this', (step) => {
    const night = declined();
    expect(night.look([broken('breach')], 30 + step)).toEqual([]);
    night.finish(security, 31 + step);
    night.start(schema, 32 + step);
    expect(night.look([broken('breach')], 33 + step)).toContain('recommendation-raised');
  });
});

describe('expired', () => {
  test.each([
    {
      when: 'exactly then',
      second: 1_820,
      seen: broken('breach'),
      answer: ['recommendation-expired', 'recommendation-raised'],
    },
    { when: 'a second before', second: 1_819, seen: broken('breach'), answer: [] },
    {
      when: 'when the breach has gone',
      second: 1_900,
      seen: broken('ok'),
      answer: ['verdicts-changed', 'recommendation-expired'],
    },
  ])('$when: $answer', ({ second, seen, answer }) => {
    expect(breached().look([seen], second)).toEqual(answer);
  });

  test('a breach that the evaluation did not judge is raised again, because nobody has seen it well', () => {
    expect(breached().look([], 1_900)).toEqual(['recommendation-expired', 'recommendation-raised']);
  });

  test('nothing revives it when the clock is set back', () => {
    const night = breached();
    night.look([broken('ok')], 1_900);
    expect(night.approve(1, dana, 30)).toBe('not-open');
  });
});

test('only principals who can answer may acknowledge or decline', () => {
  const acknowledge = (by: typeof dana) =>
    breached().give({ kind: 'acknowledge', recommendation: recommendation(1), by });
  expect([dana, priya, pipeline].map(acknowledge)).toEqual([
    ['recommendation-acknowledged'],
    ['recommendation-acknowledged'],
    'not-allowed',
  ]);
  expect([dana, priya, pipeline].map((by) => breached().decline(1, by))).toEqual([
    ['recommendation-declined'],
    ['recommendation-declined'],
    'not-allowed',
  ]);
});
