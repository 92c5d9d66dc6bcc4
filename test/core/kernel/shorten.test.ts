import { expect, test } from 'vitest';

import { oneLine, shorten } from '../../../src/core/kernel/shorten.ts';

test.each([
  { text: '', most: 3, is: '' },
  { text: 'abc', most: 3, is: 'abc' },
  { text: 'abcd', most: 3, is: 'ab…' },
  { text: 'a😀bc', most: 3, is: 'a…' }, // half of a pair is no character
])('$text, of at most $most characters, is $is', ({ text, most, is }) => {
  expect(shorten(text, most)).toBe(is);
});

test('a multi-line statement is shown on one line', () => {
  expect(oneLine('\n  select 1\n  from t\n', 40)).toBe('select 1 from t');
  expect(oneLine('select 1\n  from t', 10)).toBe('select 1 …');
});
