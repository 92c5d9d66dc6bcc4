import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

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

test('a log that nobody reads stays small, and says what it has dropped once somebody reads', async () => {
  const script = fileURLToPath(new URL('./logs-unread.ts', import.meta.url));
  const child = spawn(process.execPath, [script]);
  const [kept] = (await once(child.stdout, 'data')) as [Buffer];
  expect(Number(kept)).toBeGreaterThan(900_000);
  expect(Number(kept)).toBeLessThanOrEqual(1_000_000);
  const reading = text(child.stderr);
  let seen = '';
  child.stderr.on('data', (chunk: Buffer) => {
    seen = `${seen.slice(-100)}${chunk.toString()}`; // a word may be split between chunks
    if (seen.includes('"dropped"')) child.stdin.end();
  });
  const lines = (await reading)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const [notice, last] = lines.splice(-2);
  expect(lines.map(({ line }) => line)).toEqual(lines.map((_, index) => index));
  const dropped = 5_000 - lines.length;
  expect(notice).toMatchObject({
    level: 40,
    dropped,
    msg: `${dropped} lines of the log were dropped, because nobody read it`,
  });
  expect(last).toMatchObject({ line: 'last' });
});
