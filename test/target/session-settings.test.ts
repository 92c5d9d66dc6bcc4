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

test.each([
  { when: 'it waits for locks for ever', lock: '0', readOnly: 'on' },
  { when: 'it may write', lock: '500ms', readOnly: 'off' },
  { when: 'it says nothing', lock: undefined, readOnly: null },
])('a session behind a pooler that dropped our settings is refused: $when', ({ lock, readOnly }) => {
  expect(() => requireSettings(options, lock, readOnly)).toThrow(TargetRefused);
  expect(() => requireSettings(options, lock, readOnly)).not.toThrow('secret');
});

test('a session that kept them is accepted', () => {
  expect(() => requireSettings(options, '500ms', 'on')).not.toThrow();
  expect(() => requireSettings({ ...options, readOnly: false }, '500ms', 'off')).not.toThrow();
});

test.each([
  { name: '', calls: 'ripcord' },
  { name: 'checks', calls: 'ripcord checks' },
])('a session named "$name" calls itself $calls', ({ name, calls }) => {
  expect(new URL(sessionUrl({ ...options, name })).searchParams.get('application_name')).toBe(calls);
});
