import { afterEach, expect, test, vi } from 'vitest';

import { hideSecrets } from '../../src/core/plan/hide-secrets.ts';
import { createLog } from '../../src/system/log.ts';

afterEach(() => void vi.restoreAllMocks());

test.each([
  { secret: 'hunter-22', where: 'a plain one' },
  { secret: 'hunter"22', where: 'a quotation mark' },
  { secret: String.raw`hunter\22`, where: 'a backslash' },
  { secret: '-----BEGIN KEY-----\nhunter22\n-----END KEY-----', where: 'several lines' },
  { secret: 'hunter\t22\u0001', where: 'control characters' },
  { secret: 'Jäger 22 🏹', where: 'other letters' },
])('a secret with $where is removed from the log', ({ secret }) => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  createLog('info', hideSecrets(['hunter', secret])).info({ error: `it said ${secret}.` }, `with ${secret}`);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { error: 'it said [secret].', msg: 'with [secret]' },
  ]);
});

test('nothing in the log acts on a terminal, and its text stays whole', () => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  const said = 'a \u001B[2J \u009B31m \u202E b';
  createLog('info', hideSecrets([])).info({ error: said }, 'x');
  expect(lines.join('')).not.toMatch(/[^\P{Cc}\n]|[\u202A-\u202E]/u);
  expect(JSON.parse(lines.join(''))).toMatchObject({ error: said });
});
