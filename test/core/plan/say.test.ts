import { expect, test } from 'vitest';

import { sayFault } from '../../../src/core/plan/say.ts';

const fault = { line: 12, column: 5, found: '"soon"', wanted: 'an estimate such as 30m or 3h-4h' };

test('a fault reads as a line that an editor can jump to', () => {
  expect(sayFault({ ...fault, path: 'phases[0].estimate' }, 'ripcord.yaml')).toBe(
    'ripcord.yaml:12:5: phases[0].estimate: found "soon", wanted an estimate such as 30m or 3h-4h',
  );
});

test('a fault of the whole file has no path', () => {
  const whole = { line: 1, column: 1, path: '', found: 'an empty file', wanted: 'a plan' };
  expect(sayFault(whole, 'a/b.yaml')).toBe('a/b.yaml:1:1: found an empty file, wanted a plan');
});
