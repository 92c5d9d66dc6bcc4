import { readFile, writeFile } from 'node:fs/promises';

import { afterEach, expect, test, vi } from 'vitest';

import { serve } from '../../src/daemon/serve.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { tokenStream } from '../../src/journal/journal.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

afterEach(() => vi.restoreAllMocks());

const day = 86_400_000;

test('a start with a clock that is weeks ahead ends no token unless a person confirms the clock', async () => {
  await using mini = await miniature();
  const { planFile, journal, port, token } = mini;
  const soon = new Date(Date.now() + 30 * day).toISOString().slice(0, 10);
  const text = await readFile(planFile, 'utf8');
  await writeFile(
    planFile,
    text.replace(/(\{ id: dana, role: \w+, token_hash: '[^']+')/, `$1, token_expires: ${soon}`),
  );
  const start = (clockIsRight: boolean) =>
    serve({
      plans: [{ file: planFile }],
      journal,
      listen: { host: '127.0.0.1', port },
      logLevel: 'silent',
      clockIsRight,
    });
  const ended = async () => {
    await using reader = await openJournalReader(journal);
    return (await reader.read(tokenStream('miniature'))).length;
  };
  const before = await start(false);
  await apiClient(before, token).ask('/runs', {});
  await before.close();

  const now = Date.now.bind(Date);
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 40 * day);
  await expect(start(false)).rejects.toThrow(/would permanently end the tokens of dana; .* --clock-is-right/);
  expect(await ended()).toBe(0);
  clock.mockRestore();
  const right = await start(false);
  expect((await apiClient(right, token).view()).stage).toBe('open');
  await right.close();

  vi.spyOn(Date, 'now').mockImplementation(() => now() + 40 * day);
  await (await start(true)).close();
  expect(await ended()).toBe(1);
}, 60_000);
