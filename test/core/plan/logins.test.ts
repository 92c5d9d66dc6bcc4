import { expect, test } from 'vitest';

import { loginNotes, triedRoles } from '../../../src/core/plan/logins.ts';
import { type BadPlan, changed, compare, faultsOf, goodPlan, planOf } from './a-plan.ts';

const url = 'url: postgres://guard@db.example/demo';
const target = 'environments.staging.target';
const reader = 'read_url: postgres://reader@db.example/demo';
const reads =
  'wanted a login that only reads; leave read_url out to use one login for both, which is meant for development';
const tries =
  'wanted a login that is a member of the watched roles and of nothing else; leave reach_url out where there is none';
const undoes = 'wanted a login that may change what the phases change';

const plans: readonly BadPlan[] = [
  {
    from: url,
    to: `${url}, read_url: ¦postgres://guard@db.example/demo`,
    says: [`${target}.read_url: found the login of url, ${reads}`],
  },
  {
    from: url,
    to: `${url}, read_url: ¦"postgres://other:pw@db.example/demo?user=guard"`,
    says: [`${target}.read_url: found the login of url, ${reads}`],
  },
  {
    from: url,
    to: `${url}, read_url: ¦postgres://gu%61rd:pw@db.example:5432/demo`,
    says: [`${target}.read_url: found the login of url, ${reads}`],
  },
  {
    from: url,
    to: `${url}, ${reader}, reach_url: ¦postgres://reader@db.example/demo`,
    says: [`${target}.reach_url: found the login of read_url, ${tries}`],
  },
  {
    from: url,
    to: `${url}, reach_url: ¦postgres://guard@db.example/demo`,
    says: [`${target}.reach_url: found the login of url, ${tries}`],
  },
  {
    from: url,
    to: `${url}, ${reader}, rollback_url: ¦postgres://reader@db.example/demo`,
    says: [`${target}.rollback_url: found the login of read_url, ${undoes}`],
  },
  {
    from: url,
    to: `${url}, ${reader}, rollback_url: ¦postgres://guard@db.example/demo`,
    says: [`${target}.rollback_url: found the login of url, ${undoes}: beside read_url, url only watches`],
  },
  {
    from: url,
    to: `${url}, ${reader}, users_url: ¦postgres://guard@pooler.example/demo`,
    says: [
      `${target}.users_url: found the login of url, wanted the application’s login, or that of read_url: the plan’s SQL is asked there, and beside read_url, url only watches`,
    ],
  },
  {
    from: url,
    to: `${url}, ${reader}, role_for_phases: ¦reader`,
    says: [
      `${target}.role_for_phases: found the login of read_url, wanted a role that only the phases log in as: while they are undone it cannot log in`,
    ],
  },
];

test.each(plans)('$to is refused', (bad) => {
  const { expected, actual } = compare(bad);
  expect(actual).toEqual(expected);
});

test.each([
  `${url}, ${reader}`,
  `${url}, ${reader}, reach_url: postgres://reach@db.example/demo, rollback_url: postgres://owner@db.example/demo`,
  `${url}, ${reader}, users_url: postgres://reader@pooler.example/demo`,
  `${url}, rollback_url: postgres://guard@db.example/demo, users_url: postgres://guard@pooler.example/demo`,
])('%s is taken', (keys) => {
  expect(faultsOf(changed(goodPlan, url, keys))).toEqual([]);
});

test('two keys with one placeholder have one login, in an environment that was not chosen too', () => {
  const twice = `environments:
  production:
    target: { url: "\${env:URL}", read_url: "\${env:URL}" }`;
  expect(faultsOf(changed(goodPlan, 'environments:', twice), { environment: 'staging' })).toEqual([
    `plan:5:44: environments.production.target.read_url: found the login of url, ${reads}`,
  ]);
});

test('a login from a file is compared as well, shown by its key, and kept secret', () => {
  const text = changed(goodPlan, url, `${url}, read_url_file: reader, reach_url_file: reach`);
  const files = (user: string): Record<string, string> => ({
    reader: `postgres://${user}:hunter-22@db.example/demo\n`,
    reach: 'postgres://reach:hunter-23@db.example/demo\n',
  });
  expect(faultsOf(text, { readFile: (path) => files('guard')[path] })).toEqual([
    `plan:5:69: ${target}.read_url_file: found the login of url, ${reads}`,
  ]);
  const { plan, secrets } = planOf(text, { readFile: (path) => files('reader')[path] });
  expect(plan.environments.staging?.target).toMatchObject({ read_url: 'postgres://reader:hunter-22@db.example/demo' });
  expect(secrets).toEqual(expect.arrayContaining(['hunter-22', 'hunter-23']));
});

test('notes name logins with more rights than they need', () => {
  const of = (keys: string) => {
    const staging = planOf(changed(goodPlan, url, keys)).plan.environments.staging;
    return staging === undefined ? [] : loginNotes(staging.target);
  };
  expect(of(`${url}, ${reader}`)).toEqual([]);
  expect(of(url)).toEqual([expect.stringContaining('target.read_url is left out')]);
  expect(of(`${url}, ${reader}, allow_superuser: true`)).toEqual([expect.stringContaining('target.allow_superuser')]);
});

test.each([
  { security: '{}', roles: ['anon', 'authenticated'] },
  { security: '{ watch_roles: [a] }', roles: ['a'] },
  { security: '{ watch_roles: [a], identities: [{ id: ada, role: b }] }', roles: ['a', 'b'] },
])('with $security the roles that are tried are $roles', ({ security, roles }) => {
  const { plan } = planOf(changed(goodPlan, 'principals:', `criteria: { security: ${security} }\nprincipals:`));
  expect(triedRoles(plan)).toEqual(roles);
});
