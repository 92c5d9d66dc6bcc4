import { expect, test } from 'vitest';

import { atPointer, pointerPattern } from '../../../src/core/kernel/json-pointer.ts';

/** The document and the answers of RFC 6901, section 5. */
const document = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

test.each([
  ['', document],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/g|h', 4],
  ['/i\\j', 5],
  ['/k"l', 6],
  ['/ ', 7],
  ['/m~0n', 8],
  ['/foo/2', undefined],
  ['/foo/-', undefined],
  ['/foo/00', undefined],
  ['/foo/length', undefined],
  ['/foo/0/0', undefined],
  ['/nothing/at/all', undefined],
  ['/toString', undefined],
])('%j is %j', (pointer, value) => {
  expect(pointerPattern.test(pointer)).toBe(true);
  expect(atPointer(document, pointer)).toEqual(value);
});

test.each(['foo', 'foo/bar', '/a~b', '/a~2', '/~'])('%j is no pointer', (text) => {
  expect(pointerPattern.test(text)).toBe(false);
});
