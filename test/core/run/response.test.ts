import { expect, test } from 'vitest';

import { hours, millis } from '../../../src/core/kernel/units.ts';
import { nextStep } from '../../../src/core/response/rollback.ts';
import { rollbackIn, triedIn, watchIn } from '../../../src/core/run/response.ts';
import { rollbackOf, stageOf } from '../../../src/core/run/state.ts';
import { broken, dana, place, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

/** Approved, and forward work is stopped. */
function rollingBack(): Night {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach')], 20);
  night.approve(1, dana, 30);
  night.stopWork();
  return night;
}

const givenUp = (): Night => {
  const night = rollingBack();
  const { id } = nextStep(rollbackOf(night.state)!)!.step;
  night.record({ type: 'step-started', step: id, attempt: 1, tag: 't', on: place });
  night.record({ type: 'step-done', step: id, took: millis(5), output: '', how: 'ran' });
  night.give({ kind: 'abort', by: dana, reason: 'it makes it worse' });
  night.record({ type: 'rollback-aborted' });
  return night;
};

test.each([
  { when: 'nothing was undone', night: () => new Night().baseline(), response: 'idle', stage: 'open' },
  { when: 'a rollback is under way', night: rollingBack, response: 'rolling-back', stage: 'rolling-back' },
  { when: 'it was given up, and the next rung is asked for', night: givenUp, response: 'ended', stage: 'recommending' },
  { when: 'it is done', night: () => rollingBack().undo(), response: 'watching', stage: 'watching' },
])('when $when, the response stands at $response', ({ night, response, stage }) => {
  const { state } = night();
  expect([state.response.state, stageOf(state)]).toEqual([response, stage]);
});

test('an aborted rollback is kept until one is completed, and a watch until the next rollback begins', () => {
  const night = givenUp();
  expect(triedIn(night.state.response).givenUp).toBe(rollbackIn(night.state.response));
  const done = rollingBack().undo();
  expect(triedIn(done.state.response)).toEqual({});
  expect(watchIn(done.state.response)).toMatchObject({ state: 'watching', length: hours(1) });
});
