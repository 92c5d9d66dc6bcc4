import { expect, test } from 'vitest';

import { type BadPlan, changed, compare, goodPlan, planOf } from './a-plan.ts';

const command = '{ command: [node, first.ts, --rollback] }';
const inPhase = (text: string) => `{ steps: [{ ${text} }] }`;
const mark = '¦';
const inRestore = (...steps: readonly string[]) =>
  `/demo }\n    restore: { method: in-place, steps: [${steps.map((one) => (one.startsWith(mark) ? one : `{ ${one} }`)).join(', ')}] }`;
const proof = 'proof: { tcp: "db:5432" }';

test('a step of either procedure has one of seven kinds', () => {
  const text = changed(
    goodPlan,
    '/demo }',
    inRestore(
      'id: a, command: [x], directory: bin, env: { MODE: fast }, estimate: 2m',
      'id: b, sql: drop index concurrently i, transaction: false, title: Drop it',
      'id: c, http: { method: POST, url: "http://h/on", headers: { x-a: b }, body: { on: true } }',
      'id: d, wait: { tcp: "[::1]:5432" }',
      'id: e, confirm: Switch the load balancer',
      'id: f, verify: all',
      'id: g, restore: latest-proved-backup',
    ),
  );
  expect(planOf(text).plan.environments.staging?.restore?.steps).toMatchObject([
    { command: ['x'], directory: 'bin', env: { MODE: 'fast' }, estimate: 120_000, repeatable: false },
    { sql: 'drop index concurrently i', transaction: false, title: 'Drop it', timeout: 1_800_000 },
    { http: { method: 'POST', headers: { 'x-a': 'b' }, body: { on: true }, expect: {} } },
    { wait: { tcp: '[::1]:5432' } },
    { confirm: 'Switch the load balancer' },
    { verify: 'all' },
    { restore: 'latest-proved-backup' },
  ]);
});

test('the causes of a retry are text, even if YAML reads an SQLSTATE as a number', () => {
  const on = '[08006, 40001, 55P03, "57014", connection-refused]';
  const text = changed(goodPlan, command, inPhase(`id: a, sql: x, repeatable: true, retry: { times: 3, on: ${on} }`));
  expect(planOf(text).plan.phases[0]?.rollback).toMatchObject({
    steps: [{ retry: { times: 3, first: 1_000, on: ['08006', '40001', '55P03', 'timeout', 'connection-refused'] } }],
  });
});

const unsafe = 'wanted a cause which proves that nothing was done, or a repeatable step';
const at = 'phases[0].rollback.steps[0]';
const undo = (to: string, ...says: readonly string[]): BadPlan => ({ from: command, to: inPhase(to), says });
const restored = (steps: readonly string[], ...says: readonly string[]): BadPlan => ({
  from: '/demo }',
  to: inRestore(...steps),
  says: says.map((one) => `environments.staging.restore.${one}`),
});
const secret = 'a placeholder such as ${env:TOKEN} for the secret: steps stand in the journal';

test.each<BadPlan>([
  undo('id: a, command: [x], retry: { times: 2, on: [¦exit 75] }', `${at}.retry.on[0]: found "exit 75", ${unsafe}`),
  undo('id: a, sql: x, retry: { times: 2, on: [55P03, ¦timeout] }', `${at}.retry.on[1]: found "timeout", ${unsafe}`),
  undo('id: a, sql: call p(), retry: { times: 2, on: [¦40001] }', `${at}.retry.on[0]: found 40001, ${unsafe}`),
  undo(
    'id: a, http: { method: POST, url: "http://h" }, retry: { times: 2, on: [connection-refused, ¦status 503] }',
    `${at}.retry.on[1]: found "status 503", ${unsafe}`,
  ),
  undo(
    'id: a, command: [x], repeatable: true, retry: { times: 2, on: [¦status 503] }',
    `${at}.retry.on[0]: found "status 503", wanted exit N or timeout: it is a command that may fail`,
  ),
  undo(
    'id: a, sql: x, retry: { times: 2, on: [¦sometimes] }',
    `${at}.retry.on[0]: found "sometimes", wanted exit 75, timeout, connection-refused, status 503 or an SQLSTATE such as 55P03`,
  ),
  undo('id: a, confirm: Do it, tier: ¦1', `${at}.tier: found 1, wanted no tier: a person’s word ends this step`),
  undo(
    'id: a, wait: { tcp: "h:1" }, retry: ¦{ times: 1, on: [timeout] }',
    `${at}.retry: found a mapping with times, on, wanted no retry: a wait step tests its condition until its timeout`,
  ),
  undo(
    'id: ¦verify, command: [x]',
    `${at}.id: found "verify", wanted another id: verify is the comparison that Ripcord adds`,
  ),
  undo('id: a, wait: { tcp: ¦nowhere }', `${at}.wait.tcp: found "nowhere", wanted host:port`),
  undo(
    'id: a, http: { method: GET, url: "http://h", headers: { authorization: ¦Bearer x } }',
    `${at}.http.headers.authorization: found a text that is not shown here, wanted ${secret}`,
  ),
  undo(
    'id: a, command: [x], env: { PGPASSWORD: ¦hunter2 } ',
    `${at}.env.PGPASSWORD: found a text that is not shown here, wanted ${secret}`,
  ),
  undo('id: a, command: [x], timeout: ¦8d', `${at}.timeout: found "8d", wanted a timeout from 1ms to 7d`),
  restored(
    ['¦{ id: a, tier: 1, command: [x] }'],
    'steps[0].proof: found nothing, wanted one: a tier waits until the one before is proved healthy',
  ),
  restored(
    [`id: a, tier: 2, command: [x], ${proof}`, `id: b, tier: ¦1, command: [x], ${proof}`],
    'steps[1].tier: found 1, wanted the same tier as the step before or a higher one: steps run in the order of the list',
  ),
])('$to is refused', (bad) => {
  const { expected, actual } = compare(bad);
  expect(actual).toEqual(expected);
});
