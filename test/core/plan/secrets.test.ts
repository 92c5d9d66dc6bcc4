import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';

import { hideSecrets } from '../../../src/core/plan/hide-secrets.ts';
import { recordedText } from '../../../src/core/plan/recorded.ts';
import { environment } from '../../../src/core/plan/environment.ts';
import { fillIn } from '../../../src/core/plan/expand.ts';
import { hidden } from '../../../src/core/plan/hidden.ts';
import { parsePlan } from '../../../src/core/plan/parse.ts';
import { isFilePlace, isSecretPlace } from '../../../src/core/plan/shown.ts';
import { changed, faultsOf, goodPlan, noSources, planOf } from './a-plan.ts';
import { targetAt } from '../../support/target.ts';

const guessable = 'can test guesses';
const probed = (more: string): string => {
  const before = '{ id: control, sql: select 1, control: true }';
  return changed(goodPlan, before, `${before}\n  - { id: site, http: { url: "http://127.0.0.1/", ${more} } }`);
};

const url = 'postgres://guard@db.example/demo';
const twoPlaces = changed(
  changed(goodPlan, url, '${env:DATABASE_URL}').replace('{ url: $', '{ url: "$').replace('L} }', 'L}" }'),
  'run:',
  '  production:\n    target: { url: "${env:PRODUCTION_URL}" }\nrun:',
);
const env = { DATABASE_URL: 'postgres://guard:s%40fe@db.example/demo', PRODUCTION_URL: 'postgres://p:w@db/p' };

test('a placeholder is replaced in the environment that was chosen, and stays in the others', () => {
  const { plan, secrets, environment } = planOf(twoPlaces, { env, environment: 'staging' });
  expect(plan.environments.staging?.target.url).toBe(env.DATABASE_URL);
  expect(plan.environments.production?.target.url).toBe('${env:PRODUCTION_URL}');
  expect(environment).toBe('staging');
  expect(secrets).toEqual([env.DATABASE_URL, 's%40fe', 's@fe']);
});

test('none of several environments is chosen automatically, and unset variables are no fault', () => {
  const parsed = planOf(twoPlaces);
  expect(parsed.environment).toBeUndefined();
  expect(parsed.plan.environments.staging?.target.url).toBe('${env:DATABASE_URL}');
});

test('an unknown environment is answered with the known ones', () => {
  expect(faultsOf(twoPlaces, { environment: 'prod', env })).toEqual([
    'plan:3:1: environments: found no environment "prod", wanted one of staging, production',
  ]);
});

test.each([
  {
    value: '${env:NAME}',
    env: {},
    says: 'found environment variable NAME is not set, wanted a value where Ripcord runs',
  },
  {
    value: '${env:toString}',
    env: {},
    says: 'found environment variable toString is not set, wanted a value where Ripcord runs',
  },
  { value: '${env:NAME}', env: { NAME: '' }, says: 'found a value from ${env:NAME}, wanted text that is not empty' },
  { value: '${env:}', env: {}, says: 'found a broken placeholder, wanted ${env:NAME}' },
  { value: '${env:A B}', env: {}, says: 'found a broken placeholder, wanted ${env:NAME}' },
  { value: '${env:NAME', env: { NAME: 'x' }, says: 'found a broken placeholder, wanted ${env:NAME}' },
])('$value with $env is a fault', ({ value, env, says }) => {
  const text = changed(goodPlan, 'sql: select 1,', `sql: "${value}",`);
  expect(faultsOf(text, { env })).toEqual([`plan:15:25: probes[0].sql: ${says}`]);
});

test.each([
  { written: 'select ${env:A}${env:B}', read: 'select 12' },
  { written: "do $$ begin perform '$${env:A}'; end $$", read: "do $$ begin perform '${env:A}'; end $$" },
  { written: 'select ${A}, $1', read: 'select ${A}, $1' },
])('$written reads as $read', ({ written, read }) => {
  const text = changed(goodPlan, 'sql: select 1,', `sql: ${JSON.stringify(written)},`);
  expect(planOf(text, { env: { A: '1', B: '2' } }).plan.probes[0]?.sql).toBe(read);
});

test('the value of a placeholder is not expanded again', () => {
  const text = changed(goodPlan, 'sql: select 1,', 'sql: "${env:A}",');
  expect(planOf(text, { env: { A: '${env:B}', B: 'x' } }).plan.probes[0]?.sql).toBe('${env:B}');
});

test('the text of steps keeps its placeholders until it runs, because procedures are journalled', () => {
  const text = changed(goodPlan, '[node, first.ts, --rollback]', '[undo, "${env:SECRET}", "$${env:B}"]');
  const { plan, secrets } = planOf(text, { env: { SECRET: 'hunter-22' } });
  const [first] = plan.phases;
  const command = ['undo', '${env:SECRET}', '$${env:B}'];
  expect(first?.rollback).toMatchObject({ command });
  expect(secrets).toEqual(['hunter-22']);
  expect(command.map((one) => fillIn(one, { SECRET: 'hunter-22' }))).toEqual(['undo', 'hunter-22', '${env:B}']);
  expect(() => fillIn('${env:SECRET}', {})).toThrow('environment variable SECRET is not set');
  expect(faultsOf(text)).toEqual([
    'plan:10:33: phases[0].rollback.command[1]: found environment variable SECRET is not set, wanted a value where Ripcord runs',
  ]);
});

test('a secret can come from a file; its final line end is removed', () => {
  const fromFile = changed(goodPlan, `url: ${url}`, 'url_file: "${env:DIR}/url"');
  const files: Record<string, string> = { '/run/url': 'postgres://u:pw@h/d\n' };
  const { plan, secrets } = planOf(fromFile, { env: { DIR: '/run' }, readFile: (path) => files[path] });
  expect(plan.environments.staging?.target).toMatchObject({ url: 'postgres://u:pw@h/d' });
  expect(secrets).toEqual(['/run', 'postgres://u:pw@h/d', 'pw']);
});

test('a file of an environment that was not chosen is not read', () => {
  const text = changed(twoPlaces, 'url: "${env:PRODUCTION_URL}"', 'url_file: secret');
  const { plan } = planOf(text, { env, environment: 'staging', readFile: (path) => expect.fail(path) });
  expect(plan.environments.production?.target.url).toBe('${file:secret}');
});

const target = 'environments.staging.target';
test.each([
  { keys: 'url_file: none', says: `5:25: ${target}.url_file: found no file at "none", wanted a file with the value` },
  {
    keys: 'url_file: mysql',
    says: `5:25: ${target}.url_file: found a value from url_file, wanted postgres://user@host:port/database`,
  },
  { keys: 'url_file: 7', says: `5:25: ${target}.url_file: found 7, wanted the path of a file` },
  { keys: `url: ${url}, url_file: good`, says: `5:54: ${target}.url_file: found url and url_file, wanted one of them` },
  {
    keys: 'url_fil: x',
    says: `5:15: ${target}.url_fil: found unknown key url_fil, wanted a known key: did you mean url_file?`,
  },
])('$keys is refused', ({ keys, says }) => {
  const files: Record<string, string> = { mysql: 'mysql://u:pw@h/d', good: 'postgres://h/d' };
  const lines = faultsOf(changed(goodPlan, `url: ${url}`, keys), { readFile: (path) => files[path] });
  expect(lines).toEqual([`plan:${says}`]);
});

test.each([
  ['postgres://u:pw@h/d', ['pw']],
  ['postgres://u:p%40w@h/d', ['p%40w', 'p@w']],
  ['postgres://u:p@w@h/d', ['p@w']],
  ['postgres://u:p/w@h/d', ['p/w']],
  ['postgres://u:100%@h/d', ['100%']],
  ['postgres://u@h:5432/d', []],
  ['postgres://h/d?user=u&password=pw', ['pw']],
  ['https://h:80/path:x@y', []],
  ['https://h/?token=a%2Fb&x=1', ['a%2Fb', 'a/b']],
  ['https://h/?token=one&x=1&sig=two', ['one', 'two']],
  ['https://h/?sort_key=name&page=2', []],
  ['curl https://u:pw@h/ -d "a=1&client_secret=x"', ['pw', 'x"', 'x']],
])('the password in %s is a secret', (address, secrets) => {
  const text = changed(goodPlan, 'sql: select 1,', `sql: ${JSON.stringify(address)},`);
  expect(planOf(text).secrets).toEqual(secrets);
});

const secretNames = ['token', 'access_token', 'api_key', 'key', 'client_secret', 'passwd', 'password', 'pass', 'sig'];
const secretNamesOfOthers = ['X-Amz-Signature', 'X-Amz-Credential', 'auth', 'access%5Ftoken', 'user[password]'];

test.each([...secretNames, ...secretNamesOfOthers])(
  'what ?%s= of an address says is hidden in the recorded plan and in what servers say, and warned of',
  (name) => {
    const secret = 'Hunter22xyz';
    const written = changed(goodPlan, 'sql: select 1,', `sql: "https://app.test/health?a=1&${name}=${secret}",`);
    const parsed = planOf(written);
    expect(recordedText(written, parsed, 'test')).not.toContain(secret);
    expect(hideSecrets(parsed.secrets).text(`no such token: ${secret}, wanted null`)).not.toContain(secret);
    expect(parsed.warnings).toContainEqual(expect.stringContaining(guessable));
  },
);

test.each(['page', 'sort_key', 'primary-key', 'sslkey', 'monitoring', 'compass', 'q'])(
  'what ?%s= of an address says is not secret',
  (name) => {
    const written = changed(goodPlan, 'sql: select 1,', `sql: "https://app.test/?${name}=created_at",`);
    const parsed = planOf(written);
    expect(parsed.secrets).toEqual([]);
    expect(recordedText(written, parsed, 'test')).toContain('created_at');
  },
);

/** Texts that hold the secret in one way or another. */
const spoilt = (secret: string) =>
  fc.record({
    texts: fc.array(
      fc.constantFrom(
        '${env:SECRET}',
        `http://user:${secret}@h/x`,
        'x${env:SECRET}',
        `postgres://u:\${env:A}${secret}@h`,
      ),
      { minLength: 12, maxLength: 12 },
    ),
    file: fc.boolean(),
  });
const secrets = fc.stringMatching(/^[A-Z0-9]{12}$/);
function spoiltPlan(texts: readonly string[], file: boolean) {
  const at = (index: number) => texts[index] ?? '';
  const secretOf = (key: string, index: number) => (file ? { [`${key}_file`]: 'secret' } : { [key]: at(index) });
  return stringify({
    ripcord: 1,
    name: at(0),
    environments: { staging: { target: secretOf('url', 10), restore: at(5) } },
    run: { estimate: at(1) },
    phases: [
      { id: at(2), estimate: '1h', rollback: at(4) },
      { id: at(3), estimate: '1h', rollback: { command: at(0) } },
    ],
    probes: [
      { id: at(2), http: { url: at(1), headers: { authorization: at(3) } }, every: at(5), after: { gone: at(1) } },
    ],
    checks: [{ id: 'c', criterion: at(6), sql: at(1), expect: at(7) }],
    principals: [{ id: 'p', role: at(8), ...secretOf('token_hash', 9) }],
    pre_approvals: [{ id: 'a', by_role: at(8), criteria: [at(6)], phases: [at(11)], environments: [at(0)], do: at(2) }],
  });
}

test('no fault shows a secret, wherever it is used', () => {
  fc.assert(
    fc.property(
      secrets.chain((secret) => fc.tuple(fc.constant(secret), spoilt(secret))),
      ([secret, { texts, file }]) => {
        const parsed = parsePlan(spoiltPlan(texts, file), { env: { SECRET: secret, A: 'a' }, readFile: () => secret });
        expect('faults' in parsed && parsed.faults.length > 0).toBe(true);
        expect(JSON.stringify(parsed)).not.toContain(secret);
      },
    ),
  );
});

test('no syntax fault shows a secret', () => {
  for (const broken of [
    'a: "SECRET\n',
    'a: SECRET: SECRET\n',
    'a: [SECRET\n',
    'a: | SECRET\n',
    'SECRET\nb: c\n',
    'a: &SECRET *SECRET\n',
  ]) {
    const parsed = parsePlan(broken, noSources);
    expect(JSON.stringify(parsed)).toContain('found');
    expect(JSON.stringify(parsed)).not.toContain('SECRET');
  }
});

test.each([
  {
    what: 'a short variable',
    write: ['sql: select 1,', 'sql: "select ${env:PIN}",'],
    says: ['probes[0].sql: environment variable PIN has fewer than 6 characters'],
  },
  { what: 'a long variable', write: ['sql: select 1,', 'sql: "select ${env:LONG}",'], says: [] },
  { what: 'a name', write: ['name: demo', 'name: "${env:APP}"'], says: [] },
  { what: 'a port', write: [url, '"postgres://guard@db:${env:PORT}/app"'], says: [] },
  {
    what: 'a short password',
    write: [url, 'postgres://guard:pw@db/app'],
    says: ['environments.staging.target.url: the password in the address has fewer'],
  },
  {
    what: 'a short password in a file',
    write: [`url: ${url}`, 'url_file: secret'],
    says: ['environments.staging.target.url_file: the password in the address has fewer'],
  },
  {
    what: 'the login’s name as its password',
    write: [url, 'postgres://guardian:guardian@db/app'],
    says: ['target.url: the password is the name of a login, host or database'],
  },
  {
    what: 'a secret in a step',
    write: ['[node, first.ts, --rollback]', '[psql, "postgres://dana:hunter-22@db/app"]'],
    says: ['the rollback of phase first: a secret is written out in it'],
  },
  {
    what: 'a placeholder in a step',
    write: ['[node, first.ts, --rollback]', '[psql, "postgres://dana:${env:LONG}@db/app"]'],
    says: [],
  },
] as const)('of $what the plan warns: $says', ({ write: [from, to], says }) => {
  const { warnings } = planOf(changed(goodPlan, from, to), {
    env: { PIN: '1234', APP: 'demo', LONG: 'hunter-22', PORT: '5432' },
    readFile: () => 'postgres://u:pw@h/d',
  });
  const about = warnings.filter((one) => /secret|password|variable/.test(one) && !one.includes(guessable));
  expect(about).toEqual(says.map((text) => expect.stringContaining(text)));
});

test.each([
  { what: 'a password', text: changed(goodPlan, url, 'postgres://u:hunter-22@h/d'), warns: true },
  { what: 'a header', text: probed('headers: { x-api-key: abcdef }'), warns: true },
  { what: 'a placeholder', text: changed(goodPlan, url, '"postgres://u:${env:LONG}@h/d"'), warns: false },
  { what: 'a placeholder in a header', text: probed('headers: { authorization: "Bearer ${env:LONG}" }'), warns: false },
  { what: 'a file', text: changed(goodPlan, `url: ${url}`, 'url_file: secret'), warns: false },
])('whoever writes out a secret is told that it can be guessed at: $what', ({ text, warns }) => {
  const { warnings } = planOf(text, { env: { LONG: 'hunter-22' }, readFile: () => 'postgres://u:hunter-22@h/d' });
  expect(warnings.some((one) => one.includes(guessable))).toBe(warns);
});

test('names and lengths from the environment are not secret; the address under any key of the target is', () => {
  const named = changed(goodPlan, 'name: demo', 'name: "${env:NAME}"');
  expect(planOf(named, { env: { NAME: 'demonstration' } }).secrets).toEqual([]);
  const users = changed(goodPlan, `url: ${url}`, `url: ${url}, users_url: "postgres://u:hunter-22@h/d"`);
  expect(planOf(users).secrets).toEqual(['hunter-22']);
});

test('every address of a target may come from a file, and is a secret place: its password is in no fault', () => {
  const addresses = Object.keys(environment.shape.target.shape).filter((key) => key.endsWith('url'));
  expect(addresses).toContain('users_url');
  for (const key of addresses) {
    const place = ['environments', 'staging', 'target', key];
    expect([key, isSecretPlace(place), isFilePlace(place)]).toEqual([key, true, true]);
  }
});

test('only secrets that are long enough and equal no public name are hidden in other texts', () => {
  const target = targetAt('postgres://guardian:x@db.example/archive', { role_for_phases: 'migrator' });
  const all = ['pw', 'hunter-22', 'guardian', 'db.example', 'archive', 'migrator', target.url];
  expect(hidden(all, target)).toEqual(['hunter-22', target.url]);
  expect(hidden(all, undefined)).toEqual(all.slice(1));
});
