import { expect, test } from 'vitest';

import { phaseId } from '../../../src/core/kernel/ids.ts';
import { minutes } from '../../../src/core/kernel/units.ts';
import { restore } from '../../../src/core/plan/procedures.ts';
import { sayStep } from '../../../src/core/response/say-step.ts';
import { stepDetails } from '../../../src/core/response/say-step.ts';
import { estimateOf, limitOf, mayRepeat, restoreSteps, type Step, verifyAll } from '../../../src/core/response/step.ts';

const steps = (...written: readonly object[]): readonly Step[] =>
  restoreSteps(restore.parse({ method: 'in-place', steps: written.map((one, at) => ({ id: `s${at}`, ...one })) }));
const http = (method: string) => ({ http: { method, url: 'http://h/maintenance' } });

test('the steps of a restore belong to no phase, and their ids begin with restore', () => {
  expect(steps({ verify: 'all' }, { confirm: 'Look', title: 'A look' })).toEqual([
    { id: 'restore/s0', kind: 'verify', verify: 'all', timeout: minutes(30), repeatable: false },
    { id: 'restore/s1', kind: 'confirm', confirm: 'Look', title: 'A look', timeout: minutes(30), repeatable: false },
  ]);
});

test.each([
  { does: 'dropdb app', written: { command: ['dropdb', 'app'] }, again: false },
  { does: 'drop table t', written: { sql: 'drop table t' }, again: false },
  { does: 'drop table t', written: { sql: 'drop table t', repeatable: true }, again: true },
  { does: 'PUT http://h/maintenance', written: http('PUT'), again: true },
  { does: 'DELETE http://h/maintenance', written: http('DELETE'), again: true },
  { does: 'POST http://h/maintenance', written: http('POST'), again: false },
  { does: 'waits until db:5432 accepts connections', written: { wait: { tcp: 'db:5432' } }, again: true },
  {
    does: 'waits until "select 1" gives no rows',
    written: { wait: { sql: 'select 1', expect: 'no rows' } },
    again: true,
  },
  { does: 'asks a person: Look', written: { confirm: 'Look' }, again: true },
  { does: /^runs every verification query/, written: { verify: 'all' }, again: true },
  { does: /^asks a person to restore/, written: { restore: 'latest-proved-backup' }, again: true },
])('"$does" may be taken again though nobody knows whether it was done: $again', ({ does, written, again }) => {
  const [step] = steps(written);
  expect(step && sayStep(step)).toMatch(does);
  expect(step && mayRepeat(step)).toBe(again);
});

test.each([
  { written: { command: ['x'], timeout: '5m' }, limit: minutes(5) },
  { written: { sql: 'select 1' }, limit: minutes(30) },
  { written: http('PUT'), limit: minutes(30) },
  { written: { wait: { tcp: 'db:5432' } }, limit: minutes(30) },
  { written: { verify: 'all' }, limit: minutes(30) },
  { written: { confirm: 'Look' }, limit: undefined },
  { written: { restore: 'latest-proved-backup' }, limit: undefined },
])('a try of $written may take $limit ms', ({ written, limit }) => {
  const [step] = steps(written);
  expect(step && limitOf(step)).toBe(limit);
});

test('a comparison with a phase’s boundary has the same timeout', () => {
  const phase = phaseId('x');
  expect(limitOf({ ...verifyAll, phase })).toBe(minutes(30));
});

test.each([
  { written: { command: ['x'], env: { MODE: 'undo' } }, details: ['with MODE=undo'] },
  {
    written: { command: ['x'], repeatable: true, retry: { times: 1, on: ['exit 75', 'timeout'] } },
    details: ['tried again up to 1 time, first after 1 s, when: exit 75, timeout'],
  },
  { written: { sql: 'vacuum', transaction: false }, details: ['alone, outside a transaction'] },
  { written: { sql: 'select 1' }, details: [] },
  {
    written: {
      http: {
        method: 'POST',
        url: 'http://ci/run',
        headers: { Authorization: 'Bearer ${env:TOKEN}' },
        body: { ref: 'main' },
        expect: { status: 204 },
      },
    },
    details: ['with Authorization: Bearer filled in', 'sends {"ref":"main"}', 'done when it answers 204'],
  },
  { written: { http: { method: 'PUT', url: 'http://ci', body: 'on' } }, details: ['sends on'] },
])('what $written is given besides: $details', ({ written, details }) => {
  const [step] = steps(written);
  expect(step && stepDetails(step, (text) => text.replace('${env:TOKEN}', 'filled in'))).toEqual(details);
});

test('a procedure has an estimate only if each of its steps has one', () => {
  expect(estimateOf(steps({ confirm: 'x', estimate: '2m' }, { confirm: 'y', estimate: '1m-3m' }))).toBe(minutes(5));
  expect(estimateOf(steps({ confirm: 'x', estimate: '2m' }, { confirm: 'y' }))).toBeUndefined();
});
