import { expect, test } from 'vitest';

import { CommandNotStarted } from '../../src/phases/errors.ts';
import { failedEnd } from '../../src/phases/outcome.ts';

const missing = new CommandNotStarted({ program: 'undo', cwd: '/srv', code: 'ENOENT', why: 'no such program' });

test.each([
  { when: 'nothing stopped it', reason: undefined, begins: '"undo" could not be started' },
  {
    when: 'the guard stopped it',
    reason: { why: 'ordered', because: 'It is rolled back.' } as const,
    begins: 'It is rolled back; "undo" could not be started',
  },
])('the reason for a command that was not started fits into a longer sentence when $when', (row) => {
  const { report } = failedEnd(missing, row.reason);
  const because = typeof report === 'object' ? report.because : '';
  expect(because.startsWith(row.begins)).toBe(true);
  expect(because).toMatch(/correct PATH or the permissions$/);
  expect(report).toMatchObject({ neverBegan: true });
});
