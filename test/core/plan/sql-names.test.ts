import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { namesIn } from '../../../src/core/plan/sql-names.ts';

const wordsOf = (statement: string) => [...(namesIn(statement)?.words ?? ['?'])];
const schemasOf = (statement: string) => [...(namesIn(statement)?.schemas ?? ['?'])];
const operatorsOf = (statement: string) => namesIn(statement)?.operators;

test.each([
  { statement: 'select count(*) from orders', words: ['count', 'orders'] },
  { statement: 'SELECT Count(*) FROM "Orders" o', words: ['count', 'Orders', 'o'] },
  { statement: 'select * from hr.salaries', words: ['hr', 'salaries'] },
  { statement: `select 'orders' from customers where name = 'it''s'`, words: ['customers', 'name'] },
  { statement: String.raw`select E'it\'s from evil' from customers`, words: ['customers'] },
  { statement: 'select $$ from evil $$, $a$ $b$ from evil $b$ $a$ from customers', words: ['customers'] },
  { statement: 'select 1 -- from evil\nfrom customers', words: ['customers'] },
  { statement: 'select /* a /* b */ from evil */ 1 from customers', words: ['customers'] },
  { statement: 'select "a""b" from "select"', words: ['a"b', 'select'] },
  { statement: 'select $1::pair, x.größe from x', words: ['pair', 'x', 'größe'] },
  {
    statement: "select query_to_xml('select * from Evil', true, true, '')",
    words: ['query_to_xml', 'evil', 'select', 'from'],
  },
  { statement: 'select 1e5, 0x1f from t1', words: ['t1'] },
  { statement: 'select count(*) from public.user', words: ['count', 'public', 'user'] },
  { statement: 'select count(*) from public /* a */ . -- b\n order', words: ['count', 'public', 'order'] },
  { statement: 'select user, current_user', words: [] },
  { statement: 'select 1 -- as the server sees it, the line ends here\rfrom evil', words: ['evil'] },
  { statement: 'do $$ begin perform "Evil"(); end $$', words: ['begin', 'perform', 'Evil', 'evil', 'end'] },
  { statement: "select array_in('{1}', 'Evil'::regtype, -1)", words: ['array_in', 'regtype', 'evil'] },
])('the names in: $statement', ({ statement, words }) => {
  expect(wordsOf(statement)).toEqual(words);
});

test.each([
  { statement: 'select a=-1', operators: ['=', '-', '=-'] },
  { statement: 'select a in (1)', operators: ['='] },
  { statement: 'select a @> b', operators: ['@>'] },
  { statement: 'select 1 ---2', operators: [] },
  { statement: 'select a not in (1)', operators: ['<>'] },
  { statement: 'select a between symmetric 1 and 2', operators: ['<', '>', '<=', '>='] },
  { statement: "select a not like 'b'", operators: ['!~~'] },
  { statement: "select a ilike 'b'", operators: ['~~*'] },
  { statement: "select a similar to 'b'", operators: ['~'] },
  { statement: 'select a is distinct from b', operators: ['='] },
  { statement: 'select nullif(a, b)', operators: ['='] },
  { statement: 'select case a when b then c end', operators: ['='] },
  { statement: 'select from a join b using (c)', operators: ['='] },
  { statement: 'select from a natural join b', operators: ['='] },
  { statement: "select query_to_xml('select 1 @#@ 2 where a like b', true, true, '')", operators: ['@#@', '~~'] },
  { statement: 'select a #>>/* comment */ b', operators: ['#>>'] },
])('the operators in: $statement', ({ statement, operators }) => {
  for (const one of operators) expect(operatorsOf(statement)).toContain(one);
  expect(operatorsOf(statement)).not.toContain('--');
});

test('a statement without operators yields none', () => {
  expect([...(operatorsOf('select 1, a from orders') ?? [])]).toEqual([]);
});

test.each([
  { statement: 'select a.b from c.d', schemas: ['a', 'c'] },
  { statement: 'select "A B" . "C" from "d" -- e\n . f', schemas: ['A B', 'd'] },
  { statement: 'select 1.5, a from count', schemas: [] },
  { statement: "select table_to_xml('hr.salaries', true, true, '')", schemas: ['hr', 'salaries'] },
])('the schemas in: $statement', ({ statement, schemas }) => {
  expect(schemasOf(statement)).toEqual(schemas);
});

test.each([
  { statement: 'select count(*) from orders', alone: ['count', 'orders'] },
  { statement: 'select o.id from public.orders o', alone: ['o'] },
  { statement: 'select "Orders".id from "Orders"', alone: ['Orders'] },
  { statement: 'table a /* b */ . -- c\n d', alone: [] },
  { statement: 'table orders', alone: ['orders'] },
  { statement: "select 'Orders'::regclass, '\"Mol é\"'::regclass", alone: ['regclass', 'orders', 'Mol é'] },
  { statement: "select 'public.orders'::regclass, 'two words'", alone: ['regclass'] },
  { statement: 'select $$orders$$::regclass', alone: ['regclass', 'orders'] },
  {
    statement: "select query_to_xml('select 1 from hr.salaries, orders', true, true, '')",
    alone: ['query_to_xml', 'orders'],
  },
])('the names without a schema in: $statement', ({ statement, alone }) => {
  expect([...(namesIn(statement)?.alone ?? ['?'])]).toEqual(alone);
});

test.each([String.raw`select * from U&"d\0061t\+000061"`, `select 'open`, `select "open`])(
  'what cannot be read says so: %s',
  (statement) => {
    expect(namesIn(statement)).toBeUndefined();
  },
);

test('a name is cut as the server cuts it, after 63 bytes', () => {
  expect(wordsOf(`select ${'x'.repeat(70)}`)).toEqual(['x'.repeat(63)]);
  expect(wordsOf(`select "${'ö'.repeat(40)}"`)).toEqual(['ö'.repeat(31)]);
});

test('a name outside quotes and comments is always found', () => {
  const around = fc.constantFrom(' ', "'a'", '"b"', '$$c$$', '/* d */', '--e\n', '=', '(', ',', '1.5', "E'\\''");
  fc.assert(
    fc.property(fc.array(around), fc.array(around), (before, after) => {
      const statement = `select ${before.join(' ')} evil ${after.join(' ')}`;
      expect(wordsOf(statement)).toContain('evil');
    }),
  );
});
