import { expect, test } from 'vitest';

import { type BadPlan, compare, faultsOf, goodPlan } from './a-plan.ts';

const orphans = 'sql: select 1 from orphan';
const command = '{ command: [node, first.ts, --rollback] }';
const control = 'sql: select 1, control: true';
const answers = '"no rows", "some rows"';
const form = '{ value: … } or { rows: [[…], …] }';
const aRollback = '"restore", { command: [program, arguments], estimate: 5m } or { steps: […] }';
const aStep = 'a step: id with one of command, sql, http, wait, confirm, verify, restore';
const undo = (text: string) => `{ steps: [¦{ ${text} }] }`;
const insideUndo = (text: string) => `{ steps: [{ ${text} }] }`;
const restore = (text: string) => `/demo }\n    restore: { method: in-place, steps: [{ ${text} }] }`;
const performance = (text: string) => `${orphans} }\ncriteria: { performance: { ${text} } }`;

const keys: readonly BadPlan[] = [
  {
    from: `${orphans} }`,
    to: performance('¦slower_then: 60%'),
    says: [
      'criteria.performance.slower_then: found unknown key slower_then, wanted a known key: did you mean slower_than?',
    ],
  },
  {
    from: `${orphans} }`,
    to: performance('¦slowerThan: 60%'),
    says: [
      'criteria.performance.slowerThan: found unknown key slowerThan, wanted a known key: did you mean slower_than?',
    ],
  },
  {
    from: `${orphans} }`,
    to: performance('¦slower: 60%'),
    says: ['criteria.performance.slower: found unknown key slower, wanted a known key: did you mean slower_than?'],
  },
  {
    from: `${orphans} }`,
    to: performance('¦colour: red'),
    says: [
      'criteria.performance.colour: found unknown key colour, wanted one of slower_than, never_below, false_alarms, ignore_stalls_under, must_detect',
    ],
  },
  {
    from: `${orphans} }`,
    to: `${orphans} }\ncriteria: { integrity: { ¦x: 1 } }`,
    says: ['criteria.integrity.x: found unknown key x, wanted one of static_tables'],
  },
  {
    from: 'run: { estimate',
    to: 'run: { ¦estimat',
    says: ['run.estimat: found unknown key estimat, wanted a known key: did you mean estimate?'],
  },
  {
    from: '{ url:',
    to: '{ ¦uri:',
    says: ['environments.staging.target.uri: found unknown key uri, wanted a known key: did you mean url?'],
  },
  { from: 'name: demo', to: 'name: demo\n¦name: again', says: ['name: found name again, wanted each key only once'] },
  {
    from: 'name: demo',
    to: 'name: demo\n¦name: a\n¦name: b',
    says: ['name: found name again, wanted each key only once', 'name: found name again, wanted each key only once'],
  },
  {
    from: '{ estimate: 1h }',
    to: '{ estimate: 1h, ¦estimate: ¦soon }',
    says: [
      'run.estimate: found estimate again, wanted each key only once',
      'run.estimate: found "soon", wanted an estimate such as 30m or 3h-4h',
    ],
  },
  {
    from: '  staging:',
    to: '  ¦Staging:',
    says: [
      'environments.Staging: found "Staging", wanted an id of lower-case letters, digits, - and _, starting with a letter',
    ],
  },
  {
    from: '  staging:',
    to: '  staging:\n    ¦"a b": x',
    says: ['environments.staging["a b"]: found unknown key a b, wanted one of target, estimate, stop_work, restore'],
  },
];

/** A union reports what the intended branch wants, or what all branches want if none is clearly intended. */
const unions: readonly BadPlan[] = [
  {
    from: 'rollback: restore',
    to: 'rollback: ¦restor',
    says: [`phases[1].rollback: found "restor", wanted ${aRollback}`],
  },
  {
    from: command,
    to: '{ ¦comand: [node] }',
    says: ['phases[0].rollback.comand: found unknown key comand, wanted a known key: did you mean command?'],
  },
  {
    from: command,
    to: '¦{ command: [node], steps: [] }',
    says: [`phases[0].rollback: found a mapping with command, steps, wanted ${aRollback}`],
  },
  {
    from: command,
    to: insideUndo('id: a, sql: ¦""'),
    says: ['phases[0].rollback.steps[0].sql: found "", wanted text that is not empty'],
  },
  {
    from: command,
    to: undo('id: a, sql: x, command: [y]'),
    says: [`phases[0].rollback.steps[0]: found a mapping with id, sql, command, wanted ${aStep}`],
  },
  {
    from: command,
    to: undo('id: a'),
    says: [`phases[0].rollback.steps[0]: found a mapping with id, wanted ${aStep}`],
  },
  { from: command, to: '{ steps: [¦x] }', says: [`phases[0].rollback.steps[0]: found "x", wanted ${aStep}`] },
  {
    from: '/demo }',
    to: restore('id: a, verify: ¦some'),
    says: ['environments.staging.restore.steps[0].verify: found "some", wanted all'],
  },
  {
    from: '/demo }',
    to: restore('id: a, http: { method: ¦PATCH, url: ¦x }'),
    says: [
      'environments.staging.restore.steps[0].http.method: found "PATCH", wanted one of GET, POST, PUT, DELETE',
      'environments.staging.restore.steps[0].http.url: found "x", wanted an http:// or https:// address',
    ],
  },
  {
    from: '/demo }',
    to: restore('id: a, command: [x], ¦proof: { sql: x }'),
    says: [`environments.staging.restore.steps[0].proof.expect: found nothing, wanted ${answers}, ${form}`],
  },
  {
    from: '/demo }',
    to: '/demo }\n    restore: { method: in-place, steps: [¦{ id: a }] }',
    says: [`environments.staging.restore.steps[0]: found a mapping with id, wanted ${aStep}`],
  },
  {
    from: orphans,
    to: 'sql: x, expect: ¦nothing',
    says: [`checks[0].expect: found "nothing", wanted ${answers}, "same as baseline", ${form}`],
  },
  {
    from: orphans,
    to: 'sql: x, expect: { rows: [[¦{}]] }',
    says: ['checks[0].expect.rows[0][0]: found an empty mapping, wanted text, a number, true, false or null'],
  },
  {
    from: orphans,
    to: 'sql: x, expect: { rows: [¦molecule] }',
    says: ['checks[0].expect.rows[0]: found "molecule", wanted a list of cells'],
  },
  {
    from: `{ id: control, ${control}`,
    to: '¦{ id: control, every: 1s',
    says: [
      'probes[0]: found a mapping with id, every, wanted exactly one of sql, transaction, http, statements, prometheus',
    ],
  },
  {
    from: `{ id: control, ${control}`,
    to: '¦{ id: control, sql: x, http: { url: http://x }',
    says: [
      'probes[0]: found a mapping with id, sql, http, wanted exactly one of sql, transaction, http, statements, prometheus',
    ],
  },
  {
    from: control,
    to: 'http: { url: http://x }, after: ¦{ first: x }',
    says: ['probes[0].after: found a mapping with first, wanted no after: the probe has no statement of its own'],
  },
];

test.each(keys)('a wrong key is found itself: $says.0', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});

test.each(unions)('of several forms, the one that was meant is told: $says.0', (plan) => {
  const { expected, actual } = compare(plan);
  expect(actual).toEqual(expected);
});

test('an inherited object key such as constructor counts as unknown', () => {
  const lines = faultsOf(`${goodPlan}__proto__: { name: x }\nconstructor: 1\n`);
  expect(lines.map((line) => line.split(', wanted')[0])).toEqual([
    'plan:22:1: __proto__: found unknown key __proto__',
    'plan:23:1: constructor: found unknown key constructor',
  ]);
});
