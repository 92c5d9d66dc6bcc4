import { expect, inject, test } from 'vitest';

import { constant, mostDeep, mostLong } from '../../../src/checks/security/always-true.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { lookingAs } from '../catalogue/harness.ts';
import { sharedServers } from '../../support/every-case.ts';

test.each([
  ['true', true],
  ['(true)', true],
  ['(1 = 1)', true],
  ['((1 = 1) OR (id = 3))', true],
  ['((id = 3) OR true)', true],
  ['((1 < 2) AND (id = id))', true],
  ['(NOT false)', true],
  [`('a'::text = 'a'::text)`, true],
  ['(NOT (NOT true))', true],
  ['NOT NOT NOT false', true],
  ['((id) = id)', true],
  [`((name)::text = 'it''s (x'::text) OR ((1)::numeric >= 0.5) OR (2.5 >= 0.5)`, true],
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
  ['(id IS NOT NULL)', undefined],
  ['((tags)[1] = (tags)[2])', undefined],
  ['[true]', undefined],
  ['(true', undefined],
  ['(true]', undefined],
  ['true)', undefined],
  [`'true`, undefined],
  ['', undefined],
  [`(EXISTS ( SELECT 1 FROM t WHERE (true)))`, undefined],
])('%s comes to %s', (expression, value) => {
  expect(constant(expression)).toBe(value);
});

test.each([
  { nested: 'or', text: (inner: string) => `((${inner}) OR (id = 1))` },
  { nested: 'not', text: (inner: string) => `(NOT ${inner})` },
  { nested: 'nothing', text: (inner: string) => `(${inner})` },
  { nested: 'brackets', text: (inner: string) => `a[${inner}]` },
])('an expression with 5,000 levels of $nested is too long to read', ({ text }) => {
  let deep = 'true';
  for (let level = 0; level < 5_000; level += 1) deep = text(deep);
  expect(constant(deep)).toBe('too long');
});

test('the limits are just large enough for what they say', () => {
  const nested = (levels: number) => '('.repeat(levels) + 'true' + ')'.repeat(levels);
  expect([constant(nested(mostDeep)), constant(nested(mostDeep + 1))]).toEqual([true, 'too long']);
  const long = (length: number) => 'true'.padEnd(length);
  expect([constant(long(mostLong)), constant(long(mostLong + 1))]).toEqual([true, 'too long']);
});

test.each(['(id = 1) OR ', 'NOT ', '"a" = ', `'a' `, 'a AND ', '(a)', ' '])(
  'the longest text of "%s" alone is read to its end, each character once',
  (piece) => {
    let read = 0;
    const text = piece.repeat(Math.floor(mostLong / piece.length));
    const counting = Object.assign(Object.create(null), {
      length: text.length,
      charAt: (at: number) => ((read += 1), text.charAt(at)),
      startsWith: (word: string, at: number) => text.startsWith(word, at),
      indexOf: (quote: string, at: number) => text.indexOf(quote, at),
      slice: (from: number, to: number) => ((read += to - from), text.slice(from, to)),
    }) as string;
    constant(counting);
    expect(read).toBeLessThan(10 * mostLong);
  },
);

test.each(sharedServers)(
  'a policy that is nested too deep makes the check unknown, and hides no other policy, on %s',
  async (server) => {
    await using db = await database(inject(server));
    await using connection = checksSession(db.url, { seesAllRows: true, statementTimeout: seconds(10) });
    const look = await lookingAs(connection, { id: 'always-true-policies' });
    let deep = 'id = 1';
    for (let level = 0; level < 500; level += 1) deep = `(${deep}) ${level % 2 === 0 ? 'or' : 'and'} id = ${level}`;
    await db.query(`create table t (id int); create policy deep on t using (${deep})`);
    expect(await look()).toMatchObject({
      status: 'unknown',
      summary:
        'not checked: policy deep on public.t: the expression is longer than 100,000 characters or nested deeper than 200 levels; find out who wrote it',
    });
    await db.query(`create table u (id int); create policy open on u using (id = id)`);
    expect(await look()).toMatchObject({
      status: 'breach',
      faults: [{ object: 'policy open on public.u' }],
      unseen: expect.stringContaining('policy deep on public.t'),
    });
  },
);
