import { expect, test } from 'vitest';

import { seconds } from '../../../src/core/kernel/units.ts';
import { mayClear, sourceOf } from '../../../src/core/plan/sources.ts';
import { type BadPlan, changed, compare, faultsOf, goodPlan, planOf } from './a-plan.ts';

const control = 'sql: select 1, control: true';
const http = (expectation: string) => `http: { url: http://x, expect: { ${expectation} } }`;
const prometheus = (more: string) => `prometheus: { url: http://x, query: up, ${more} }`;
const withProbe = (keys: string) => changed(goodPlan, control, keys);
const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

test.each([
  { keys: 'sql: select 1', source: 'sql', every: seconds(1), clears: true },
  { keys: 'http: { url: http://x }', source: 'http', every: seconds(1), clears: true },
  {
    keys: 'transaction: insert into a values (1)',
    users: true,
    source: 'transaction',
    every: seconds(5),
    clears: true,
  },
  { keys: 'statements: {}', source: 'statements', every: seconds(10), clears: false },
  { keys: prometheus('unit: s'), source: 'prometheus', every: seconds(15), clears: true },
  {
    keys: 'statements: { top: 5, of: [app], like: "select %" }, every: 30s',
    source: 'statements',
    every: seconds(30),
    clears: false,
  },
])('a probe with $keys asks $source every $every ms', ({ keys, users, source, every, clears }) => {
  const plan = withProbe(keys);
  const address = 'url: postgres://guard@db.example/demo';
  const [probe] = planOf(users ? changed(plan, address, `${address}, users_url: "postgres://app@x/demo"`) : plan).plan
    .probes;
  expect(probe?.every).toBe(every);
  expect(probe && sourceOf(probe)).toBe(source);
  expect(probe && mayClear(probe)).toBe(clears);
});

const wrong: readonly BadPlan[] = [
  {
    from: control,
    to: http('matches: ¦"("'),
    says: [
      'probes[0].http.expect.matches: found "(", wanted a regular expression of JavaScript, such as "ok|degraded"',
    ],
  },
  {
    from: control,
    to: http('json: { ¦status: ok }'),
    says: ['probes[0].http.expect.json.status: found "status", wanted a JSON Pointer such as /data/0/status'],
  },
  {
    from: control,
    to: http('json: { /status: ¦[ok] }'),
    says: ['probes[0].http.expect.json["/status"]: found a list of 1, wanted text, a number, true, false or null'],
  },
  {
    from: control,
    to: http('json: ¦{}'),
    says: ['probes[0].http.expect.json: found an empty mapping, wanted at least one JSON Pointer'],
  },
  {
    from: control,
    to: 'http: { url: http://x, ca: ¦text }',
    says: ['probes[0].http.ca: found "text", wanted certificates in PEM form'],
  },
  {
    from: control,
    to: 'statements: { top: ¦0 }',
    says: ['probes[0].statements.top: found 0, wanted at least 1'],
  },
  {
    from: control,
    to: 'statements: {}, every: ¦1s',
    says: ['probes[0].every: found "1s", wanted at least 5s: each reading reads the texts of all statements'],
  },
  {
    from: control,
    to: 'statements: {}, control: ¦true',
    says: ['probes[0].control: found true, wanted no control: statements are what the remediation changes'],
  },
  {
    from: control,
    to: prometheus('unit: ¦m'),
    says: ['probes[0].prometheus.unit: found "m", wanted one of s, ms'],
  },
  {
    from: control,
    to: prometheus('unit: s, headers: { x: ¦{} }'),
    says: ['probes[0].prometheus.headers.x: found an empty mapping, wanted text'],
  },
  {
    from: control,
    to: prometheus('unit: s, ¦token_fil: x'),
    says: ['probes[0].prometheus.token_fil: found unknown key token_fil, wanted a known key: did you mean token_file?'],
  },
];

test.each(wrong)('with $to the fault is told: $says', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});

test('a token, the users’ path and certificates may come from files; only what is secret is kept secret', () => {
  const files: Record<string, string> = {
    token: 'the-token\n',
    pool: 'postgres://app:word@pool/demo\n',
    ca: certificate,
  };
  const text = changed(
    withProbe(prometheus('unit: s, token_file: token, ca_file: ca')),
    'target: { ',
    'target: { users_url_file: pool, ',
  );
  const { plan, secrets } = planOf(text, { readFile: (path) => files[path] });
  expect(plan.probes[0]?.prometheus).toMatchObject({ token: 'the-token', ca: certificate.trimEnd() });
  expect(plan.environments.staging?.target.users_url).toBe('postgres://app:word@pool/demo');
  expect(secrets).toEqual(['postgres://app:word@pool/demo', 'word', 'the-token']);
});

test('the value of an authentication header is a secret', () => {
  const headers = '{ Authorization: Bearer abc123, X-Api-Key: k-1, Accept: application/json }';
  expect(planOf(withProbe(`http: { url: http://x, headers: ${headers} }`)).secrets).toEqual([
    'Bearer abc123',
    'abc123',
    'k-1',
  ]);
});

test('no fault shows a token', () => {
  const faults = faultsOf(withProbe(prometheus('unit: s, token: { abc123: 1 }')));
  expect(faults).toHaveLength(1);
  expect(faultsOf(withProbe(prometheus('unit: z, token: abc123'))).join()).not.toContain('abc123');
});
