import { expect, test } from 'vitest';

import { minutes } from '../../src/core/kernel/units.ts';
import { remainingOf } from '../../src/rollback/dry-run.ts';
import { broken, security } from '../support/builders.ts';
import { Night } from '../support/night.ts';

const after = (minute: number, more: (night: Night) => unknown = () => undefined) => {
  const night = new Night().baseline();
  night.start(security, 0); // estimated at ten minutes
  more(night);
  night.look([broken('ok')], minute * 60);
  return remainingOf(night);
};

test.each([
  { when: 'a phase has just begun', remaining: after(0), is: minutes(10) },
  { when: 'part of its estimate has passed', remaining: after(4), is: minutes(6) },
  { when: 'its estimate is exceeded', remaining: after(11), is: 0 },
  { when: 'it has ended', remaining: after(4, (night) => night.finish(security, 180)), is: undefined },
])('the remaining time of the running phase when $when: $is ms', ({ remaining, is }) => {
  expect(remaining).toBe(is);
});
