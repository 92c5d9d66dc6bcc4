import { expect, test } from 'vitest';

import { constant } from '../../../src/checks/security/always-true.ts';

test.each([
  ['true', true],
  ['(true)', true],
  ['(1 = 1)', true],
  ['((1 = 1) OR (id = 3))', true],
  ['((id = 3) OR true)', true],
  ['((1 < 2) AND (id = id))', true],
  ['(NOT false)', true],
  [`('a'::text = 'a'::text)`, true],
  ['(1 = 2)', false],
  ['(NOT true)', false],
  ['(false AND (id = 3))', false],
  ['(id = 1)', undefined],
  ['(id < id)', undefined],
  [`(name = 'x OR true'::text)`, undefined],
  [`(name = ') OR true'::text)`, undefined],
  ['((id = 1) AND (id = id))', undefined],
  ['("a OR true" = 1)', undefined],
  ['(is_admin() OR (id = 2))', undefined],
  [`(EXISTS ( SELECT 1 FROM t WHERE (true)))`, undefined],
])('%s comes to %s', (expression, value) => {
  expect(constant(expression)).toBe(value);
});
