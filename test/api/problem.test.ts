import { expect, test } from 'vitest';

import { problemOf } from '../../src/api/problem.ts';
import { refuse } from '../../src/core/authority/refusal.ts';

const refusal = refuse('not-ready', 'the run cannot be armed', 'every requirement met', 'Arm again');

test('a problem document lists what is missing, and also says it in its sentence', () => {
  const missing = ['there is no baseline', 'no evidence from control'];
  expect(problemOf({ ...refusal, missing })).toMatchObject({
    status: 409,
    found: 'the run cannot be armed',
    detail:
      'the run cannot be armed: there is no baseline; no evidence from control; wanted every requirement met. Arm again.',
    missing,
  });
});

test('a problem document without missing items has no such list', () => {
  const problem = problemOf(refusal);
  expect(problem).not.toHaveProperty('missing');
  expect(problem.detail).toBe('the run cannot be armed; wanted every requirement met. Arm again.');
});
