import { describe, expect, test } from 'vitest';

import { worked } from '../../../src/core/evidence/phase-clock.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { aPlan, at, broken, dana, pipeline, relations, schema, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

/** One hour apart, so that the sum shows which hours count. */
const hour = 3_600;
const ofRun = ({ state }: Night, second: number) =>
  state.clock === undefined ? undefined : worked(state.clock, at(second)) / seconds(hour);
const ofPhase = ({ state }: Night, second: number, index = 0) => {
  const clock = state.phases[index]?.clock;
  return clock === undefined ? undefined : worked(clock, at(second)) / seconds(hour);
};
const begun = () => {
  const night = new Night().baseline();
  night.start(security, hour);
  return night;
};

describe('the run’s clock', () => {
  test('starts with the first phase and includes the pauses between phases', () => {
    expect(ofRun(new Night().baseline(), hour)).toBeUndefined();
    const night = begun();
    night.finish(security, 2 * hour);
    expect(ofRun(night, 5 * hour)).toBe(4);
  });

  test('stops while a hold or a recommendation blocks the next phase', () => {
    const night = begun();
    night.finish(security, 2 * hour);
    night.hold(3 * hour);
    night.give({ kind: 'resume', by: dana }, 4 * hour);
    night.look([broken('breach')], 5 * hour);
    night.decline(1, dana, 5.4 * hour);
    expect(ofRun(night, 7 * hour)).toBeCloseTo(4.6); // of six hours, one was held and 0.4 waited for an answer
  });

  test('stops from a recommendation through the rollback and its watch until a phase starts again', () => {
    const night = begun();
    night.finish(security, 2 * hour);
    night.look([broken('breach')], 2 * hour); // one hour worked so far
    night.approve(1, dana, 2.2 * hour);
    expect(ofRun(night, 2.2 * hour)).toBe(1);
    night.stopWork(3 * hour);
    night.undo(4 * hour);
    expect(ofRun(night, 4.5 * hour)).toBe(1);
    night.look([broken('ok')], 5 * hour, seconds(hour));
    expect(ofRun(night, 9 * hour)).toBe(1);
    night.start(security, 9 * hour);
    expect(ofRun(night, 10 * hour)).toBe(2);
    night.finish(security, 10 * hour);
    expect(ofRun(night, 11 * hour)).toBe(3); // and a pause counts again, as before the rollback
  });

  test('stops when every phase is applied, so a run that stays open does not overrun', () => {
    const plan = aPlan({ phases: [{ id: security, estimate: '1h', rollback: 'restore' }], pre_approvals: [] });
    const night = new Night(plan).baseline();
    night.start(security, hour);
    night.finish(security, 2 * hour);
    expect(ofRun(night, 1_000 * hour)).toBe(1);
  });
});

describe('a phase’s clock', () => {
  test('continues during a hold or a recommendation, because neither stops the phase', () => {
    const night = begun();
    night.hold(2 * hour);
    expect([ofPhase(night, 3 * hour), ofRun(night, 3 * hour)]).toEqual([2, 2]);
    night.give({ kind: 'resume', by: dana }, 3 * hour);
    night.look([broken('breach')], 4 * hour);
    expect([ofPhase(night, 4.4 * hour), ofRun(night, 4.4 * hour)].map((value) => value?.toFixed(1))).toEqual([
      '3.4',
      '3.4',
    ]);
  });

  test('stops when a rollback ends the phase’s work', () => {
    const night = begun();
    night.look([broken('breach')], 2 * hour);
    night.approve(1, dana, 2.1 * hour);
    night.give({ kind: 'phase-fail', phase: security, by: pipeline, exitCode: null, because: 'stopped' }, 4 * hour);
    expect([ofPhase(night, 9 * hour), ofRun(night, 9 * hour)].map((value) => value?.toFixed(1))).toEqual([
      '1.1',
      '1.1',
    ]);
  });

  test.each([
    { ends: 'phase-finish', more: {} },
    { ends: 'phase-fail', more: { exitCode: 1, because: 'exit 1' } },
    { ends: 'phase-lost', more: {} },
  ] as const)('ends with $ends', ({ ends, more }) => {
    const night = begun();
    night.give({ kind: ends, phase: security, by: pipeline, ...more } as never, 3 * hour);
    expect(ofPhase(night, 9 * hour)).toBe(2);
  });

  test('starts over for another attempt and for another phase', () => {
    const night = begun();
    night.give({ kind: 'phase-fail', phase: security, by: pipeline, exitCode: 1, because: 'exit 1' }, 3 * hour);
    night.start(security, 4 * hour);
    night.finish(security, 5 * hour);
    night.start(schema, 6 * hour);
    expect([0, 1, 2].map((index) => ofPhase(night, 8 * hour, index))).toEqual([1, 2, undefined]);
    expect(night.state.phases[1]?.clock?.estimate).toBe(seconds(1_800));
    expect(night.plan.phases[2]?.id).toBe(relations);
  });
});
