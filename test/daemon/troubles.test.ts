import { expect, test } from 'vitest';

import { createLog, type Log } from '../../src/daemon/log.ts';
import { noteTroubles } from '../../src/daemon/troubles.ts';
import { JournalClosed, JournalUnwritable } from '../../src/journal/errors.ts';

test('a guard whose looks fail is not ready, whatever the cause, until one succeeds', () => {
  const troubles = noteTroubles(createLog('silent', []), { storeFailed: () => undefined });
  expect(troubles.list()).toEqual([]);
  troubles.lookFailed(new JournalClosed('/var/lib/ripcord/journal.db')); // its thread has died
  expect(troubles.list()).toEqual([expect.stringMatching(/nothing is decided/)]);
  troubles.looked();
  expect(troubles.list()).toEqual([]);
});

test('of a full disk it is told once, and once when something was written again: looks that write nothing change neither', () => {
  const said: string[] = [];
  const log = {
    error: (_: object, text: string) => said.push(text),
    info: (_: object, text: string) => said.push(text),
  };
  const troubles = noteTroubles(log as unknown as Log, { storeFailed: () => undefined });
  const full = new JournalUnwritable('/var/lib/ripcord/journal.db', 'database or disk is full');
  for (let look = 0; look < 3; look += 1) {
    troubles.lookFailed(full);
    troubles.looked();
    troubles.during('recording a finding')(full);
  }
  expect(troubles.list()).toEqual([full.message]);
  troubles.journalWorks();
  troubles.journalWorks();
  expect(said).toEqual(['the journal cannot be written', 'the journal can be written again']);
  expect(troubles.list()).toEqual([]);
});
