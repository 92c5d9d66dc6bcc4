import { expect, test } from 'vitest';

import { millis } from '../../src/core/kernel/units.ts';
import { stillOnly } from '../../src/daemon/target-desk.ts';

/** A lost lock whose retakes come to `answers`, one after the other. */
const lost = (...answers: readonly (boolean | 'no session')[]) => {
  const left = [...answers];
  return {
    held: async () => false,
    async retake() {
      const answer = left.shift();
      if (typeof answer !== 'boolean') throw new Error('no session');
      return answer;
    },
  };
};

test.each([
  { lock: { ...lost(), held: async () => true }, when: 'the lock is held', answer: 'yes' },
  { lock: lost('no session', false, true), when: 'it is taken again', answer: 'yes' },
  { lock: lost('no session', false, false), when: 'another session has it to the end', answer: 'another-guard' },
  { lock: lost('no session', 'no session', 'no session'), when: 'there is no session', answer: 'no-answer' },
  { lock: lost(false, false, 'no session'), when: 'there is no session any more', answer: 'no-answer' },
])('asked whether this is the only guard when $when: $answer', async ({ lock, answer }) => {
  expect(await stillOnly(lock, { retries: 2, minTimeout: millis(0), maxTimeout: millis(0) })).toBe(answer);
});
