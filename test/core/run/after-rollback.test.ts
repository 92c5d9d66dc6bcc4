import { describe, expect, test } from 'vitest';

import { broken, dana, late, schema, security, slow } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { watchIn } from '../../../src/core/run/response.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

/** Two phases, a breach of the first that was declined and came back, and an order to undo both. */
function approved(): Night {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach')], 11);
  night.decline(1, dana, 12);
  night.finish(security, 13);
  night.start(schema, 20);
  night.look([broken('breach')], 21);
  night.approve(2, dana, 30);
  return night;
}
const quiet = () => {
  const night = approved();
  night.stopWork(31);
  return night;
};

describe('the guard raises no new recommendation', () => {
  const everything = [broken('breach'), slow('breach'), late('run', 'breach')];
  test('during a rollback; it records verdicts only', () => {
    const night = quiet();
    expect(night.look(everything, 40)).toEqual(['verdicts-changed']);
    expect(night.state.verdicts.get('performance:molecule-search')?.verdict.status).toBe('breach');
  });

  test('during the watch: a relapse is recorded once for people to judge, and an overrun is not a relapse', () => {
    const night = quiet().undo(40);
    expect(night.look([broken('ok'), late('run', 'breach')], 41)).toEqual(['verdicts-changed']);
    expect(night.look(everything, 42)).toEqual(['verdicts-changed', 'watch-relapsed']);
    expect(night.look(everything, 43)).toEqual([]);
    expect(night.look(everything, 44, 60_000)).toEqual(['watch-advanced']);
    expect(night.look(everything, 45, 3_540_000)).toEqual(['watch-settled']);
    expect(watchIn(night.state.response)).toMatchObject({
      state: 'settled',
      relapses: [{ evidence: [broken('breach'), slow('breach')] }],
    });
    expect(night.look(everything, 46)).toEqual([]);
  });

  test.each([3_600, -3_600])('until a phase starts again, even with the clock set by %i s', (set) => {
    const night = quiet().undo(40);
    night.look([broken('ok')], 41, 3_600_000);
    expect(night.look([slow('breach')], 50 + set)).toEqual(['verdicts-changed']);
    night.look([slow('ok')], 51 + set);
    expect(night.start(security, 60 + set)).toEqual(['phase-started']);
    expect(night.look([slow('breach')], 70 + set)).toEqual(['verdicts-changed', 'recommendation-raised']);
    night.approve(3, dana, 71 + set);
    expect(night.state).not.toHaveProperty('watch');
    expect(rollbackOf(night.state)?.state).toBe('starting');
  });
});

test('undoing a phase settles only its own runtime: other breaches remain until the guard sees them well', () => {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach'), late(security, 'breach'), late('run', 'breach')], 21);
  night.approve(1, dana, 30);
  night.stopWork(31);
  night.undo(32);
  expect([...night.state.verdicts.keys()]).toEqual(['integrity:no-orphan-prediction', 'runtime:run']);
  night.look([], 33, 3_600_000);
  expect(night.start(security, 40)).toBe('breach');
});

test('after the rollback of a later phase, the phase that stays applied causes no recommendation', () => {
  const night = new Night().baseline();
  night.start(security, 10);
  night.finish(security, 11);
  night.start(schema, 20);
  night.look([broken('breach')], 21);
  night.approve(1, dana, 30);
  night.stopWork(31);
  night.undo(32).look([broken('ok')], 33, 3_600_000);
  expect(night.state.phases.map(({ state }) => state)).toEqual(['finished', 'undone', 'not-started', 'not-started']);
  expect(night.look([broken('breach')], 40)).toEqual(['verdicts-changed']);
});
