import { expect, test } from 'vitest';

import { minutes, seconds } from '../../../src/core/kernel/units.ts';
import { type BadPlan, changed, compare, goodPlan, planOf } from './a-plan.ts';

const [address, control] = [
  '{ url: postgres://guard@db.example/demo }',
  '  - { id: control, sql: select 1, control: true }',
];
const users = changed(goodPlan, address, '{ url: postgres://guard@db/demo, users_url: postgres://app@pool/demo }');
const seriesOf = (plan: string) =>
  planOf(plan).plan.probes.map(({ id, every, path = 'guard' }) => ({ id, every, path }));

test('without users_url a probe has one series, on the guard’s connection', () => {
  const more = `${control}\n  - { id: orders, sql: select 2 }`;
  expect(seriesOf(changed(goodPlan, control, more))).toEqual([
    { id: 'control', every: seconds(1), path: 'guard' },
    { id: 'orders', every: seconds(1), path: 'guard' },
  ]);
});

test.each([
  { every: '1s', guard: seconds(1), path: seconds(2) },
  { every: '2s', guard: seconds(2), path: seconds(4) },
  { every: '10ms', guard: 10, path: 200 },
  { every: '4s', guard: seconds(4), path: seconds(5) },
  { every: '1m', guard: minutes(1), path: seconds(5) },
])('a probe every $every has a second series every $path ms on the users’ path', ({ every, guard, path }) => {
  const more = `${control}\n  - { id: orders, sql: select 2, every: ${every} }`;
  expect(seriesOf(changed(users, control, more))).toEqual([
    { id: 'control', every: seconds(1), path: 'guard' },
    { id: 'orders', every: guard, path: 'guard' },
    { id: 'orders@users', every: path, path: 'users' },
  ]);
});

test('controls, HTTP, statements and Prometheus have no second series; what writes is asked on the users’ path alone', () => {
  const more = `${control}
  - { id: page, http: { url: "http://x" } }
  - { id: app, statements: {} }
  - { id: api, prometheus: { url: "http://x", query: up, unit: s } }
  - { id: place-order, transaction: "insert into orders (id) values (1); update stock set n = n - 1" }`;
  expect(seriesOf(changed(users, control, more)).map(({ id, path }) => `${id} ${path}`)).toEqual([
    'control guard',
    'page guard',
    'app guard',
    'api guard',
    'place-order users',
  ]);
});

test('however many probes there are, the users’ path sees five new connections a second', () => {
  const more = Array.from({ length: 100 }, (_, nth) => `\n  - { id: p-${nth}, sql: select 2 }`).join('');
  const series = seriesOf(changed(users, control, `${control}${more}`)).filter(({ path }) => path === 'users');
  expect(series).toHaveLength(100);
  expect(series.reduce((sum, { every }) => sum + 1_000 / every, 0)).toBeCloseTo(5);
});

const writes = (text: string, more = '') => `  - { id: w, ¦transaction: ${text}${more} }`;
const bad: readonly BadPlan[] = [
  {
    from: control,
    to: writes('insert into a values (1)'),
    says: [
      'probes[0].transaction: found no users_url in environment staging, wanted target.users_url, the application’s address: Ripcord’s own logins write nothing',
    ],
  },
];

test.each(bad)('a probe that writes needs the application’s login: $to', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});

test.each([
  { text: '";"', says: 'wanted at least one statement' },
  { text: `"insert into a values ('x"`, says: 'wanted statements that can be read' },
  {
    text: '"insert into a values (1); COMMIT"',
    says: 'wanted no statement that begins, ends or divides a transaction',
  },
  {
    text: '"update a set x = 1", after: { first: "rollback" }',
    says: 'wanted no statement that begins, ends or divides',
  },
  { text: '"update a set x = 1", control: true', says: 'wanted no control' },
])('a probe that writes $text is refused', ({ text, says }) => {
  const plan = changed(users, control, `  - { id: w, transaction: ${text} }`);
  expect(() => planOf(plan)).toThrow(says);
});
