import { describe, expect, test } from 'vitest';

import type { TargetIdentity } from '../../../src/core/evidence/target.ts';
import { type EvidenceSource, stepId } from '../../../src/core/kernel/ids.ts';
import { millis } from '../../../src/core/kernel/units.ts';
import { aPlan, broken, dana, lena, place, ravi, schema, security, target } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const promoted: TargetIdentity = { ...target, timeline: '00000002' };
const replaced: TargetIdentity = { ...target, oid: '99' };
const found = (is: TargetIdentity) => ({ kind: 'target-changed', found: is }) as const;
const confirm = (by = dana, answer: 'done' | 'again' = 'done') =>
  ({ kind: 'confirm', step: stepId('target'), answer, by, reason: 'I looked at it' }) as const;

const restore = { method: 'in-place', approvals: 1, steps: [{ id: 'bring-back', command: ['restore'] }] };
const restorable = aPlan({
  environments: { staging: { target: { url: 'postgres://guard@127.0.0.1/app' }, restore } },
});

const armed = (plan = aPlan()) => {
  const night = new Night(plan).baseline().arm();
  night.start(security, 10);
  night.finish(security, 20);
  night.look([broken('ok')], 80);
  return night;
};
const blindTo = (blind: readonly EvidenceSource[]) =>
  ({ kind: 'evaluation', verdicts: [broken('breach')], blind, unrecorded: millis(0) }) as const;

describe('what sessions find', () => {
  test.each([
    { what: 'the target as it was', is: target },
    { what: 'another cluster', is: { ...promoted, system: '8' } },
    { what: 'a database of another name', is: { ...promoted, database: 'other' } },
    { what: 'the server that a failover left behind', is: { ...target, timeline: '00000000' } },
  ])('is not put on record where it is $what', ({ is }) => {
    expect(armed().give(found(is), 90)).toEqual([]);
  });

  test('is a failover on another timeline, and the run’s target from then on', () => {
    const night = armed();
    expect(night.give(found(promoted), 90)).toEqual(['target-failed-over']);
    expect(night.state).toMatchObject({ target: promoted, targetChange: { kind: 'failover', from: target } });
    expect(night.give(found(promoted), 91)).toEqual([]);
  });

  test('is another database in its place: recorded once, and the run’s target only after a confirmation', () => {
    const night = armed();
    expect(night.give(found(replaced), 90)).toEqual(['target-replaced']);
    expect(night.give(found(replaced), 91)).toEqual([]);
    expect(night.state.target).toEqual(target);
    expect(night.give(confirm(), 92)).toEqual(['target-confirmed']);
    expect(night.state.target).toEqual(replaced);
  });

  test.each([{ is: replaced }, { is: promoted }])('is what the running restore has put there: $is', ({ is }) => {
    const night = armed(restorable);
    expect(night.give({ kind: 'order', restore: true, by: dana, reason: 'all of it' }, 100)).toContain(
      'rollback-started',
    );
    night.stopWork(103);
    const step = rollbackOf(night.state)?.steps[0]?.step.id ?? stepId('none');
    expect(night.give(found(is), 104)).not.toHaveLength(0); // before the first step of a restore, a replacement is unexpected
    night.give(confirm(), 105);
    const later = { ...night.state.target, oid: '7', timeline: '00000009' };
    night.record({ type: 'step-started', step, attempt: 1, tag: 't', on: place }, 106);
    expect(night.give(found(later), 107)).toEqual(['target-replaced']);
    expect(night.journal.at(-1)).toMatchObject({ byRestore: true });
    expect(night.state).toMatchObject({ target: later });
    expect(night.state.targetChange).toBeUndefined();
  });
});

describe('until somebody confirms the target', () => {
  test.each([{ is: promoted }, { is: replaced }])(
    'the guard does not act without approval, and acts afterwards: $is',
    ({ is }) => {
      const night = armed();
      night.give(found(is), 90);
      expect(night.look([broken('breach')], 91)).toContain('recommendation-raised');
      expect(rollbackOf(night.state)).toBeUndefined();
      expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual([
        expect.stringMatching(/^(the server failed over|another database).* which nobody has confirmed yet$/),
      ]);
      night.give(confirm(), 95);
      expect(night.look([broken('breach')], 96)).toContain('rollback-started');
    },
  );

  test('no phase starts', () => {
    const night = armed();
    night.give(found(promoted), 90);
    expect(night.start(schema, 91)).toBe('target-changed');
    night.give(confirm(), 92);
    expect(night.start(schema, 93)).toEqual(['phase-started']);
  });

  test('only a principal who can arm the run can confirm, and only a change that exists', () => {
    const night = armed();
    expect(night.give(confirm(), 90)).toBe('not-asked');
    night.give(found(promoted), 91);
    expect([night.give(confirm(lena), 92), night.give(confirm(ravi), 93)]).toEqual(['not-allowed', 'not-allowed']);
    expect(night.give(confirm(dana, 'again'), 94)).toBe('not-asked');
    expect(night.state.targetChange).toBeDefined();
  });
});

describe('without its lock, or before another server,', () => {
  test.each<{ blind: readonly EvidenceSource[]; because: RegExp }>([
    { blind: ['guard-lock'], because: /does not hold the guard lock/ },
    { blind: ['target'], because: /leads to another server/ },
  ])('the guard only recommends, lets no phase start, and acts again afterwards: $blind', ({ blind, because }) => {
    const night = armed();
    expect(night.give(blindTo(blind), 90)).toEqual(expect.arrayContaining(['guard-blinded', 'recommendation-raised']));
    expect(night.state.recommendations[0]?.notAutomaticBecause).toEqual([expect.stringMatching(because)]);
    expect(night.give(blindTo([]), 91)).toContain('rollback-started');

    const other = armed();
    other.give({ ...blindTo(blind), verdicts: [broken('ok')] }, 90);
    expect(other.start(schema, 91)).toBe('blind');
    expect(other.refused?.found).toMatch(because);
  });
});
