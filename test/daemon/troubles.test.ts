import { expect, test } from 'vitest';

import { createLog } from '../../src/daemon/log.ts';
import { noteTroubles } from '../../src/daemon/troubles.ts';
import { JournalClosed } from '../../src/journal/errors.ts';

test('a guard whose looks fail is not ready, whatever the cause, until one succeeds', () => {
  const troubles = noteTroubles(createLog('silent', []), { storeFailed: () => undefined });
  expect(troubles.list()).toEqual([]);
  troubles.lookFailed(new JournalClosed('/var/lib/ripcord/journal.db')); // its thread has died
  expect(troubles.list()).toEqual([expect.stringMatching(/nothing is decided/)]);
  troubles.journalWorks();
  expect(troubles.list()).toEqual([]);
});
