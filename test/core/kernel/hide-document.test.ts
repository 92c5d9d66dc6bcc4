import { expect, test } from 'vitest';

import { hidingDocuments } from '../../../src/core/kernel/hide-document.ts';
import { hidingText } from '../../../src/core/kernel/hide-text.ts';

const kept = { names: new Set(['id']), data: new Set(['seen']), whole: new Set(['procedure']) };
const hide = hidingDocuments(hidingText(['hunter-22', 'summary']), kept);

test.each([
  {
    what: 'every text',
    value: { a: ['hunter-22', { b: 'hunter-22' }] },
    hidden: { a: ['[secret]', { b: '[secret]' }] },
  },
  { what: 'no name', value: { id: 'hunter-22', a: 1 }, hidden: { id: 'hunter-22', a: 1 } },
  { what: 'a key that is a text', value: { 'table hunter-22': 1 }, hidden: { 'table [secret]': 1 } },
  { what: 'no field', value: { summary: 'summary' }, hidden: { summary: '[secret]' } },
  {
    what: 'data whole',
    value: { seen: { id: 'hunter-22', summary: 1 } },
    hidden: { seen: { id: '[secret]', '[secret]': 1 } },
  },
  {
    what: 'nothing that is carried out',
    value: { procedure: { sql: 'hunter-22' } },
    hidden: { procedure: { sql: 'hunter-22' } },
  },
  { what: 'a text where a document is usual', value: { procedure: 'hunter-22' }, hidden: { procedure: '[secret]' } },
  { what: 'texts among numbers', value: { a: [1, 'hunter-22'] }, hidden: { a: [1, '[secret]'] } },
  { what: 'nothing absent', value: { a: null, b: undefined, c: [] }, hidden: { a: null, b: undefined, c: [] } },
])('in a document $what is hidden', ({ value, hidden }) => {
  expect(hide(value)).toEqual(hidden);
  expect(hide(hide(value))).toEqual(hidden);
});

test('a document without secrets is returned as it is, without a copy', () => {
  const document = { a: ['text', { b: [1, 2] }], seen: { 'table t': 'x' } };
  expect(hide(document)).toBe(document);
});
