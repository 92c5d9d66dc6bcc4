import { expect, test } from 'vitest';

import { rangesIn } from '../../../src/core/plan/warnings.ts';
import { changed, goodPlan as shortPlan, planOf } from './a-plan.ts';

const goodPlan = changed(
  changed(shortPlan, 'first.ts, --rollback] }', 'first.ts, --rollback], repeatable: true }'),
  'demo }',
  'demo, search_path: [public] }',
);

test.each([
  { query: 'rate(a[1m])', ranges: [60_000] },
  { query: 'rate(a[15s]) / rate(b[ 1h30m ])', ranges: [15_000, 5_400_000] },
  { query: 'max_over_time(rate(a[1m])[5m:30s])', ranges: [60_000, 300_000] },
  { query: 'a{path=~"/[0-9]+", other=\'[5m]\'}', ranges: [] },
  { query: 'up', ranges: [] },
])('$query looks back over $ranges ms', ({ query, ranges }) => {
  expect(rangesIn(query)).toEqual(ranges);
});

test.each([
  { probes: '{ id: app, statements: {} }', warned: true },
  { probes: '{ id: app, statements: {} }\n  - { id: control, sql: select 1, control: true }', warned: true },
  { probes: '{ id: app, statements: {} }\n  - { id: search, sql: select 1 }', warned: false },
  { probes: '{ id: control, sql: select 1, control: true }', warned: false },
])('with $probes the plan warns that a standstill would go unseen: $warned', ({ probes, warned }) => {
  const { warnings } = planOf(changed(goodPlan, '{ id: control, sql: select 1, control: true }', probes));
  expect(warnings.some((one) => one.includes('without ending'))).toBe(warned);
});

test.each([
  { probe: '{ id: app, statements: {} }', target: '', warned: true },
  { probe: '{ id: app, statements: { of: [app] } }', target: '', warned: false },
  { probe: '{ id: app, statements: {} }', target: ', users_url: "postgres://app@pool/chemistry"', warned: false },
])(
  'with $probe and a target$target the plan warns that statements have no owner: $warned',
  ({ probe, target, warned }) => {
    const probed = changed(goodPlan, '{ id: control, sql: select 1, control: true }', probe);
    const { warnings } = planOf(changed(probed, ', search_path:', `${target}, search_path:`));
    expect(warnings.filter((one) => one.includes('whose statements count'))).toEqual(
      warned ? [expect.stringMatching(/^probe app: .* environment staging, .*of: \[app\]$/)] : [],
    );
  },
);

test('a plan with only controls causes a warning', () => {
  expect(planOf(goodPlan).warnings).toEqual([expect.stringMatching(/^all probes are controls, so/)]);
});

const plan = (every: string) =>
  changed(
    goodPlan,
    'sql: select 1, control: true',
    `prometheus: { url: http://x, query: "sum(rate(s[1m])) / sum(rate(n[1m]))", unit: s }, every: ${every}`,
  );

test.each([
  { every: '1m', says: [] },
  { every: '15s', says: [expect.stringMatching(/^probe control: .* back 1m but runs every 15 s, .* overlap;/)] },
  {
    every: '5m',
    says: [expect.stringMatching(/^probe control: .* leave gaps; use/)],
  },
])('a query over 1m that is asked every $every', ({ every, says }) => {
  expect(planOf(plan(every)).warnings).toEqual(says);
});

const uncertain = 'without a proof may not run again';
test.each([
  { rollback: 'restore', says: [] },
  { rollback: '{ command: [undo], repeatable: true }', says: [] },
  { rollback: '{ command: [undo] }', says: [`rollback of first: its command ${uncertain}`] },
  {
    rollback: `{ steps: [{ id: a, command: [x] }, { id: b, sql: select 1 }, { id: c, sql: select 1, repeatable: true }] }`,
    says: [`rollback of first: a, b ${uncertain}`],
  },
  { rollback: '{ steps: [{ id: a, command: [x], proof: { tcp: "db:5432" } }, { id: b, confirm: Look }] }', says: [] },
  {
    rollback:
      '{ steps: [{ id: a, http: { method: POST, url: http://ci } }, { id: b, http: { method: PUT, url: http://ci } }] }',
    says: [`rollback of first: a ${uncertain}`],
  },
])('warnings about steps without proof for the rollback $rollback: $says', ({ rollback, says }) => {
  const written = '{ command: [node, first.ts, --rollback], repeatable: true }';
  const { warnings } = planOf(changed(goodPlan, written, rollback));
  expect(
    warnings.filter((one) => one.includes(uncertain)).map((one) => one.slice(0, one.indexOf(', so after'))),
  ).toEqual(says);
});

test('a restore with such a step causes a warning that names the environment', () => {
  const restore = `[public] }
    restore: { method: in-place, steps: [{ id: drop, sql: drop schema x }, { id: back, restore: latest-proved-backup }] }`;
  const { warnings } = planOf(changed(goodPlan, '[public] }', restore));
  expect(warnings.some((one) => one.startsWith(`restore of staging: drop ${uncertain}`))).toBe(true);
});
