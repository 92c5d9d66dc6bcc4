import { expect, test } from 'vitest';

import type { Condition } from '../../src/core/plan/conditions.ts';
import type { Step } from '../../src/core/response/step.ts';
import type { Seen } from '../../src/rollback/condition.ts';
import { proofFails, unfinished, unmet } from '../../src/rollback/questions.ts';
import { common } from './surroundings.ts';

const no: Seen = { holds: 'no', saw: 'it is not' };
const http: Condition = { http: { url: 'http://h/up', expect: { status: 200 } } };
const tcp: Condition = { tcp: 'h:80' };
const sql: Condition = { sql: 'select 1', expect: 'no rows' };
const command: Step = { ...common, kind: 'command', command: ['start'] };
const statement: Step = { ...common, kind: 'sql', sql: 'drop table t' };
const request: Step = {
  ...common,
  kind: 'http',
  http: { method: 'POST', url: 'http://h', headers: {}, expect: {} },
};

test.each<{ readonly what: string; readonly step: Step; readonly lookAt: string }>([
  { what: 'a command with an HTTP proof', step: { ...command, proof: http }, lookAt: 'the address of its proof' },
  { what: 'a command with a TCP proof', step: { ...command, proof: tcp }, lookAt: 'the address of its proof' },
  { what: 'a command with an SQL proof', step: { ...command, proof: sql }, lookAt: 'the database' },
  { what: 'a command without a proof', step: command, lookAt: 'what it was to change' },
  { what: 'a statement', step: statement, lookAt: 'the database' },
  { what: 'a statement with an HTTP proof', step: { ...statement, proof: http }, lookAt: 'the address of its proof' },
  { what: 'a request', step: request, lookAt: 'what it was to change' },
])('the question about $what says to look at $lookAt', ({ step, lookAt }) => {
  expect(proofFails(step, no)).toContain(`it is not. Look at ${lookAt}, then say `);
  expect(unfinished(step, undefined, '')).toContain(`call it repeatable. Look at ${lookAt}, then say `);
  expect(unmet(step, no, 1)).toContain(`or nothing. Look at ${lookAt}, then make it hold `);
});

test('a failed test is described once, with a single full stop', () => {
  const blind: Seen = { holds: 'unknown', saw: 'no answer. Fix its permissions.' };
  const said = 'could not be checked: no answer. Fix its permissions. ';
  const now = said.replace(':', ' now:');
  expect(unmet(command, blind, 0)).toContain(`${said}Nothing of the step was done`);
  expect(proofFails(command, blind)).toContain(`${said}Look at`);
  expect(unfinished(command, { ...blind, interrupted: false }, '')).toContain(`${now}The step may have done`);
});

test.each([
  {
    what: 'a command with output',
    step: command,
    output: '3 of 7',
    said: 'Its output until then is shown',
  },
  { what: 'a command without output', step: command, output: '', said: 'Its output until then was not kept' },
  {
    what: 'a statement, which has no output',
    step: statement,
    output: '',
    said: 'during this step. The step may have',
  },
])('the question about $what after a restart mentions its output correctly', ({ step, output, said }) => {
  expect(unfinished(step, undefined, output)).toContain(said);
});
