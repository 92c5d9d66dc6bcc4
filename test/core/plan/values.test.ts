import { expect, test } from 'vitest';

import { type BadPlan, compare, goodPlan } from './a-plan.ts';

const anEstimate = 'an estimate such as 30m or 3h-4h';
const anId = 'an id of lower-case letters, digits, - and _';
const anAddress = 'an http:// or https:// address';
const aRollback = '"restore", { command: [program, arguments], estimate: 5m } or { steps: […] }';
const aMapping = 'a mapping of keys to values';
const notShown = 'a text that is not shown here';

const orphans = 'sql: select 1 from orphan }\n';
const control = 'sql: select 1, control: true';
const command = '[node, first.ts, --rollback]';
const hash = `sha256:${'a'.repeat(64)}`;

const wrong: readonly BadPlan[] = [
  { from: 'ripcord: 1', to: 'ripcord: ¦2', says: ['ripcord: found 2, wanted 1, the version of the plan format'] },
  { from: 'demo\n', to: '¦My Demo\n', says: [`name: found "My Demo", wanted ${anId}, starting with a letter`] },
  { from: '10m\n', to: '¦soon\n', says: [`phases[0].estimate: found "soon", wanted ${anEstimate}`] },
  { from: '10m\n', to: '¦10\n', says: [`phases[0].estimate: found 10, wanted ${anEstimate}`] },
  { from: '10m\n', to: '&long ¦ages\n', says: [`phases[0].estimate: found "ages", wanted ${anEstimate}`] },
  {
    from: control,
    to: 'sql: x, every: ¦5',
    says: ['probes[0].every: found 5, wanted a duration such as 500ms, 10s, 5m or 1h30m'],
  },
  {
    from: 'integrity',
    to: '¦speed',
    says: ['checks[0].criterion: found "speed", wanted one of integrity, functionality, security'],
  },
  { from: orphans, to: 'sql: ¦"" }\n', says: ['checks[0].sql: found "", wanted text that is not empty'] },
  {
    from: command,
    to: '¦[]',
    says: ['phases[0].rollback.command: found an empty list, wanted a list with at least the program'],
  },
  {
    from: command,
    to: '¦node x',
    says: ['phases[0].rollback.command: found "node x", wanted a list: the program, then each of its arguments'],
  },
  {
    from: control,
    to: 'http: { url: ¦"ftp://x" }',
    says: [`probes[0].http.url: found "ftp://x", wanted ${anAddress}`],
  },
  {
    from: control,
    to: 'http: { url: http://x, expect: { status: ¦99 } }',
    says: ['probes[0].http.expect.status: found 99, wanted at least 100'],
  },
  {
    from: control,
    to: 'http: { url: http://x, headers: { a: ¦{} } }',
    says: ['probes[0].http.headers.a: found an empty mapping, wanted text'],
  },
  {
    from: 'postgres://guard@db',
    to: '¦mysql://db',
    says: [`environments.staging.target.url: found ${notShown}, wanted postgres://user@host:port/database`],
  },
  {
    from: orphans,
    to: `${orphans}prerequisites: { proved_backups: ¦1.5 }\n`,
    says: ['prerequisites.proved_backups: found 1.5, wanted a whole number'],
  },
  {
    from: orphans,
    to: `${orphans}criteria: { performance: { slower_than: 50%, never_below: ¦60% } }\n`,
    says: ['criteria.performance.never_below: found "60%", wanted at most the value of slower_than'],
  },
  {
    from: orphans,
    to: `${orphans}criteria: { performance: { must_detect: { slower_than: ¦50% } } }\n`,
    says: ['criteria.performance.must_detect.slower_than: found "50%", wanted more than slower_than, the limit itself'],
  },
  {
    from: orphans,
    to: `${orphans}criteria: { performance: { false_alarms: ¦never } }\n`,
    says: [
      'criteria.performance.false_alarms: found "never", wanted a rate from 0.001 per year to 1 per day, such as 1 per year',
    ],
  },
  ...['0.0001ms', '9ms', '24h'].map((pace) => ({
    from: '{ id: control, sql: select 1, control: true }',
    to: `{ id: control, sql: select 1, every: ¦${pace} }`,
    says: [`probes[0].every: found "${pace}", wanted a pace from 10ms to 1h`],
  })),
  ...['0.4ms', '30d'].map((timeout) => ({
    from: '{ id: control, sql: select 1, control: true }',
    to: `{ id: control, sql: select 1, timeout: ¦${timeout} }`,
    says: [`probes[0].timeout: found "${timeout}", wanted a timeout from 1ms to 1h`],
  })),
  { from: orphans, to: `${orphans}contacts: ¦nobody\n`, says: ['contacts: found "nobody", wanted a list'] },
  {
    from: hash,
    to: '¦hunter2',
    says: [`principals[0].token_hash: found ${notShown}, wanted the hash that \`ripcord token create\` prints`],
  },
];

const missing: readonly BadPlan[] = [
  {
    from: '    estimate: 10m\n',
    to: '    ¦estimate:\n',
    says: [`phases[0].estimate: found nothing, wanted ${anEstimate}`],
  },
  { from: 'run: { estimate: 1h }', to: '¦run: {}', says: [`run.estimate: found nothing, wanted ${anEstimate}`] },
  { from: 'run: { estimate: 1h }', to: 'run: ¦~', says: [`run: found nothing, wanted ${aMapping}`] },
  { from: '- id: second\n    estimate', to: '- ¦estimate', says: [`phases[1].id: found nothing, wanted ${anId}`] },
  {
    from: '- id: second\n    estimate: 10m-20m\n    rollback: restore',
    to: '- ¦id: second\n    estimate: 20m',
    says: [`phases[1].rollback: found nothing, wanted ${aRollback}`],
  },
  { from: 'ripcord: 1\nname: demo', to: '¦ripcord: 1', says: [`name: found nothing, wanted ${anId}`] },
  {
    from: 'checks:\n  - { id: no-orphan, criterion: integrity, sql: select 1 from orphan }',
    to: '¦checks:',
    says: ['checks: found nothing, wanted a list'],
  },
  { from: goodPlan, to: '¦[]', says: [`found an empty list, wanted ${aMapping}`] },
];

test.each(wrong)('a wrong value is found where it stands: $says.0', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});

test.each(missing)('what is missing is found at the key that lacks it: $says.0', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});
