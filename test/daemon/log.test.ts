import { afterEach, expect, test, vi } from 'vitest';

import { createLog } from '../../src/daemon/log.ts';

afterEach(() => void vi.restoreAllMocks());

test.each([
  { secret: 'hunter-22', where: 'a plain one' },
  { secret: 'hunter"22', where: 'a quotation mark' },
  { secret: String.raw`hunter\22`, where: 'a backslash' },
  { secret: '-----BEGIN KEY-----\nhunter22\n-----END KEY-----', where: 'several lines' },
  { secret: 'hunter\t22\u0001', where: 'control characters' },
  { secret: 'Jäger 22 🏹', where: 'other letters' },
])('a secret with $where is cut out of the log', ({ secret }) => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  createLog('info', ['hunter', secret]).info({ error: `it said ${secret}.` }, `with ${secret}`);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { error: 'it said [secret].', msg: 'with [secret]' },
  ]);
});
