import { describe, expect, test } from 'vitest';

import { hash } from '../../../src/core/kernel/ids.ts';
import {
  aPlan,
  broken,
  dana,
  late,
  omar,
  priya,
  recommendation,
  schema,
  search,
  security,
  slow,
  recordedPlan,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const contacts = ['Dana', 'Omar', 'Lena'].map((name) => ({ role: 'on call', name, reach: '+49 30 1' }));
const plan = aPlan({ contacts });
const running = (of = plan) => {
  const night = new Night(of).baseline();
  night.start(security, 10);
  return night;
};
const breached = (of = plan) => {
  const night = running(of);
  night.look([broken('breach'), slow('ok')], 20);
  return night;
};
const asked = ({ state }: Night) =>
  state.recommendations.map(({ state: is, addressedTo, unanswered }) => [
    is,
    addressedTo?.map(({ name }) => name).join(),
    unanswered?.length ?? 0,
  ]);
const again = ['recommendation-expired', 'recommendation-raised'];

describe('an unanswered recommendation goes to the next contact', () => {
  test('one after the other, then to all of them, without end', () => {
    const night = breached();
    for (const round of [1, 2, 3, 4]) expect(night.look([broken('breach')], 20 + round * 1_800)).toEqual(again);
    expect(asked(night)).toEqual([
      ['expired', 'Dana', 0],
      ['expired', 'Omar', 1],
      ['expired', 'Lena', 2],
      ['expired', 'Dana,Omar,Lena', 3],
      ['open', 'Dana,Omar,Lena', 4],
    ]);
    expect(night.state.recommendations.at(-1)?.unanswered).toEqual([1, 2, 3, 4].map(recommendation));
  });

  test.each([
    { when: 'it cannot be checked', look: [broken('unknown')], types: ['verdicts-changed', ...again] },
    { when: 'this look did not judge it', look: [], types: again },
  ])('also when $when', ({ look, types }) => {
    const night = breached();
    expect(night.look(look, 1_820)).toEqual(types);
    expect(asked(night).at(-1)).toEqual(['open', 'Omar', 1]);
    expect(night.state.recommendations.at(-1)?.evidence).toEqual([broken('breach')]);
  });

  test('without contacts in the plan, the guard still records that nobody answered', () => {
    const night = breached(aPlan());
    night.look([broken('breach')], 1_820);
    expect(asked(night)).toEqual([
      ['expired', undefined, 0],
      ['open', undefined, 1],
    ]);
  });

  test('a superseding recommendation goes to the same contact; after an answer, the next one starts with the first contact', () => {
    const night = breached();
    night.look([broken('breach')], 1_820);
    night.finish(security, 1_830);
    night.look([broken('breach')], 1_831);
    expect(asked(night).at(-1)).toEqual(['open', 'Omar', 1]);
    night.decline(3, dana, 1_840);
    night.start(schema, 1_850);
    night.look([broken('breach')], 1_860);
    expect(asked(night).at(-1)).toEqual(['open', 'Dana', 0]);
  });

  test.each([-3_600, 3_600])('set by %i s, the clock revives none of them', (step) => {
    const night = breached();
    night.look([broken('breach')], 1_820);
    expect(night.approve(1, dana, 1_821 + step)).toBe('not-open');
    expect(night.look([broken('breach')], 1_821 + Math.min(step, 0))).toEqual([]);
  });

  test('an incomplete order that expires is over; only remaining breaches lead to a new recommendation', () => {
    const order = (night: Night) => {
      night.give({ kind: 'order', by: priya, reason: 'it does not feel right' }, 30);
      return night;
    };
    expect(order(running()).look([broken('ok')], 1_830)).toEqual([
      'verdicts-changed',
      'approval-expired',
      'recommendation-expired',
    ]);
    expect(order(breached()).look([broken('breach')], 1_830)).toEqual(['approval-expired', ...again]);
  });
});

describe('withdrawn', () => {
  const gone = () => {
    const night = breached();
    night.look([broken('ok'), slow('ok')], 100);
    return night;
  };
  const withdrawn = ['recommendation-withdrawn'];

  test.each([
    { second: 699, answer: [] },
    { second: 700, answer: withdrawn },
    { second: 9_000, answer: withdrawn }, // although it has also expired by then
  ])('after ten minutes of being seen well, at second $second: $answer', ({ second, answer }) => {
    expect(gone().look([broken('ok'), slow('ok')], second)).toEqual(answer);
  });

  test('the withdrawal has a reason, and the next breach asks the first contact again', () => {
    const night = gone();
    night.look([broken('ok')], 700);
    expect(night.state.recommendations[0]).toMatchObject({
      state: 'withdrawn',
      answer: { by: 'guard', reason: 'every breach has been seen well for 10m' },
    });
    expect(night.look([broken('ok')], 701)).toEqual([]);
    expect(night.look([broken('breach')], 800)).toEqual(['verdicts-changed', 'recommendation-raised']);
    expect(asked(night)).toEqual([
      ['withdrawn', 'Dana', 0],
      ['open', 'Dana', 0],
    ]);
  });

  test('as soon as the plan says', () => {
    const night = breached(aPlan({ answering: { withdrawn_after: '1m' } }));
    night.look([broken('ok')], 100);
    expect(night.look([broken('ok')], 160)).toEqual(withdrawn);
  });

  test.each<{ readonly when: string; readonly night: () => Night; readonly look?: Parameters<Night['look']>[0] }>([
    {
      when: 'one of two breaches is still there',
      night: () =>
        ((night) => (
          night.look([broken('breach'), slow('breach')], 50),
          night.look([broken('ok'), slow('breach')], 100),
          night
        ))(breached()),
      look: [broken('ok'), slow('breach')],
    },
    {
      when: 'it came back in between',
      night: () => ((night) => (night.look([broken('breach')], 400), night.look([broken('ok')], 401), night))(gone()),
    },
    {
      when: 'it could not be checked in between',
      night: () => ((night) => (night.look([broken('unknown')], 400), night.look([broken('ok')], 401), night))(gone()),
    },
    {
      when: 'the guard was blind elsewhere in between',
      night: () =>
        ((night) => (night.look([broken('ok')], 400, 0, [search]), night.look([broken('ok')], 401), night))(gone()),
    },
    {
      when: 'the guard was down in between',
      night: () =>
        ((night) => (night.give({ kind: 'restart', plan: recordedPlan(night.state.plan.hash) }, 400), night))(gone()),
    },
    { when: 'it is only better', night: gone, look: [broken('ok', { warning: true, because: 'slower-pending' })] },
    { when: 'this look did not judge it', night: gone, look: [] },
    { when: 'it cannot be checked now', night: gone, look: [broken('unknown')] },
    {
      when: 'it is about an ended phase, whose time nobody judges again',
      night: () =>
        ((night) => (
          night.look([broken('breach'), late(security, 'breach')], 50),
          night.look([broken('ok')], 100),
          night
        ))(breached()),
    },
  ])('never when $when', ({ night, look = [broken('ok')] }) => {
    const one = night();
    one.look(look, 800);
    expect(one.state.recommendations.map(({ state }) => state)).not.toContain('withdrawn');
  });

  test('never while the guard is blind', () => {
    const night = gone();
    expect(night.look([broken('ok')], 800, 0, [search])).toEqual(['guard-blinded']);
    expect(night.look([broken('ok')], 801)).toEqual(['guard-sighted']);
    expect(night.look([broken('ok')], 801 + 600)).toEqual(withdrawn);
  });

  test('never if a person ordered the rollback', () => {
    const night = breached();
    night.give({ kind: 'order', by: priya, reason: 'the names' }, 30);
    night.look([broken('ok')], 100);
    night.look([broken('ok')], 800);
    expect(night.state.recommendations.at(-1)).toMatchObject({ state: 'open', orderedBy: 'priya' });
  });

  test('a later answer is refused, and a changed plan still supersedes', () => {
    const night = gone();
    night.look([broken('ok')], 700);
    expect(night.approve(1, omar, 701, true)).toBe('not-open');
    const other = gone();
    other.give({ kind: 'restart', plan: recordedPlan(hash('sha256:other')) }, 650);
    expect(other.look([broken('ok')], 800)).toEqual(['recommendation-superseded']);
  });
});
