import { expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { TargetRefused } from '../../src/target/errors.ts';
import { requireSettings, sessionUrl } from '../../src/target/session-settings.ts';

const options = {
  url: 'postgres://guard:secret@pooler.example/app',
  name: 'probe',
  readOnly: true,
  statementTimeout: seconds(5),
};

const state = (lock: string | null, readOnly: string | null, role = 'guard') => ['7', 'guard', role, lock, readOnly];

test.each([
  { when: 'it waits for locks forever', state: state('0', 'on') },
  { when: 'it may write', state: state('500ms', 'off') },
  { when: 'it has another role', state: state('500ms', 'on', 'anon') },
  { when: 'it returns no row', state: state(null, null) },
  { when: 'it returns nothing at all', state: [] },
])('a session behind a pooler that dropped our settings is rejected: $when', ({ state: is }) => {
  expect(() => requireSettings(options, is)).toThrow(TargetRefused);
  expect(() => requireSettings(options, is)).not.toThrow('secret');
});

test('a session that kept the settings is accepted', () => {
  expect(() => requireSettings(options, state('500ms', 'on'))).not.toThrow();
  expect(() => requireSettings({ ...options, readOnly: false }, state('500ms', 'off'))).not.toThrow();
});

test.each([
  { name: '', calls: 'ripcord' },
  { name: 'checks', calls: 'ripcord checks' },
])('a session named "$name" calls itself $calls', ({ name, calls }) => {
  expect(new URL(sessionUrl({ ...options, name })).searchParams.get('application_name')).toBe(calls);
});
