import { expect, test } from 'vitest';

import { unqualifiedTables } from '../../../src/core/plan/unqualified.ts';
import { changed, goodPlan, planOf } from './a-plan.ts';

test.each([
  { sql: 'select 1', tables: [] },
  { sql: 'select * from molecule', tables: ['molecule'] },
  { sql: 'SELECT * FROM ONLY "Mol é" m JOIN lateral mixture x on true', tables: ['"Mol é"', 'mixture'] },
  { sql: 'select * from public.molecule join "odd".t on true', tables: [] },
  { sql: 'select \'from a\' -- from b\n, $x$ from c $x$ /* from d */ from "s" . t', tables: [] },
  { sql: 'with recent as (select 1 from note) select * from recent', tables: ['note'] },
  { sql: 'select extract(epoch from at), trim(both from name) from note', tables: ['note'] },
  { sql: 'select (select count(*) from a) from generate_series(1, 2) g', tables: ['a'] },
  { sql: 'select a is distinct from b, count(*) from (select 1) s', tables: [] },
  { sql: 'select pid from pg_stat_activity', tables: [] },
])('$sql names $tables without a schema', ({ sql, tables }) => {
  expect(unqualifiedTables(sql)).toEqual(tables);
});

const warned = (text: string) => planOf(text).warnings.filter((one) => one.includes('search_path'));
const withPath = changed(goodPlan, 'demo }', 'demo, search_path: [app] }');

test('a missing search path causes a warning that names who needs it', () => {
  expect(warned(goodPlan)).toEqual([
    'environment staging: names without a schema are looked up in public: orphan (check no-orphan); state the path, as in target.search_path: [public]',
  ]);
  expect(warned(withPath)).toEqual([]);
  expect(warned(changed(goodPlan, 'from orphan', 'from app.orphan'))).toEqual([]);
});

test.each([
  {
    where: 'a statement after a phase',
    from: 'sql: select 1,',
    to: 'sql: select 1, after: { first: select 1 from a },',
  },
  {
    where: 'a condition of a step',
    from: '{ command: [node, first.ts, --rollback] }',
    to: '{ steps: [{ id: s, command: [x], proof: { sql: select 1 from a, expect: some rows } }] }',
  },
  {
    where: 'what a step waits for',
    from: '{ command: [node, first.ts, --rollback] }',
    to: '{ steps: [{ id: s, wait: { sql: select 1 from a, expect: some rows } }] }',
  },
  {
    where: 'a verification query',
    from: 'principals:',
    to: 'verification: [{ id: v, sql: select 1 from a, expect: no rows }]\nprincipals:',
  },
])('$where counts', ({ from, to }) => {
  expect(warned(changed(changed(goodPlan, 'from orphan', 'from app.orphan'), from, to))).toEqual([
    expect.stringContaining(' a ('),
  ]);
});
