import { expect, test } from 'vitest';

import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { JournalUnwritable } from '../../src/journal/errors.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { miniature, type Miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

/** A rollback that waits for ever in its only step. */
const waiting = {
  steps: ["{ id: pooler, wait: { tcp: '127.0.0.1:1' } }"],
  lookAt: async () => 'again' as const,
};

const start = ({ planFile, journal }: Miniature, open = openJournal) =>
  serve({ plans: [{ file: planFile }], journal, listen: { host: '127.0.0.1', port: 0 }, logLevel: 'silent' }, open);

/** A journal on a full disk. */
async function openFull(path: string): Promise<Journal> {
  const journal = await openJournal(path);
  return { ...journal, append: () => Promise.reject(new JournalUnwritable(path, 'database or disk is full')) };
}

async function rollingBack(daemon: Daemon, { token }: Miniature): Promise<void> {
  const guard = apiClient(daemon, token);
  await guard.openRun();
  for (const phase of ['first', 'second']) {
    await guard.begin(phase);
    await guard.finish(phase);
  }
  await guard.ask('/runs/current/rollback', { reason: 'the names are wrong' });
  await expect.poll(async () => (await guard.view()).rollback?.steps[0]?.state, { timeout: 20_000 }).toBe('started');
}

test('a guard that cannot write when it starts says what stands still, and ends', async () => {
  await using mini = await miniature(waiting);
  const daemon = await start(mini);
  await rollingBack(daemon, mini);
  await daemon.close();
  await expect(start(mini, openFull)).rejects.toThrow(
    new RegExp(
      `disk is full; wanted a disk with room and write permission\\. .*start it again: the rollback \\S+-rollback is under way, and ${mini.role} cannot log in until it is over`,
    ),
  );
  const again = await start(mini);
  expect((await apiClient(again, mini.token).view()).stage).toBe('rolling-back');
  await again.close();
}, 60_000);
