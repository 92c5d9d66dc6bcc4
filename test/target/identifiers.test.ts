import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { quoteIdentifier } from '../../src/target/identifiers.ts';
import { database } from '../support/database.ts';

test.each([
  { name: 'molecule', quoted: '"molecule"' },
  { name: 'Mixed Case', quoted: '"Mixed Case"' },
  { name: 'a"; drop table b; --', quoted: '"a""; drop table b; --"' },
  { name: '""', quoted: '""""""' },
])('$name is quoted as $quoted', ({ name, quoted }) => {
  expect(quoteIdentifier(name)).toBe(quoted);
});

test.each(['', 'a\0b'])('%j is no identifier', (name) => {
  expect(() => quoteIdentifier(name)).toThrow('an SQL identifier');
});

test('PostgreSQL reads every quoted name back unchanged', async () => {
  await using db = await database();
  // Without lone surrogates, which have no UTF-8 form, and within PostgreSQL's 63 bytes.
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => text.isWellFormed() && !text.includes('\0') && Buffer.byteLength(text) <= 63);
  await fc.assert(
    fc.asyncProperty(name, async (text) => {
      const { fields } = await db.query(`select 1 as ${quoteIdentifier(text)}`);
      expect(fields[0]?.name).toBe(text);
    }),
    { numRuns: 60 },
  );
});
