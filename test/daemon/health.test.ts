import { expect, test } from 'vitest';

import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { createHealth } from '../../src/daemon/health.ts';
import { JournalClosed, JournalUnwritable } from '../../src/journal/errors.ts';
import { createLog, type Log } from '../../src/system/log.ts';

test('a guard whose evaluations fail is not ready, whatever the cause, until one succeeds', () => {
  const health = createHealth(createLog('silent', hidesNothing), { storeFailed: () => undefined });
  expect(health.list()).toEqual([]);
  health.evaluationFailed(new JournalClosed('/var/lib/ripcord/journal.db')); // its thread has died
  expect(health.list()).toEqual([expect.stringMatching(/the guard decides nothing/)]);
  health.evaluated();
  expect(health.list()).toEqual([]);
});

test('a wrong clock is logged once, and once when it is right again; the list shows its current state', () => {
  const said: string[] = [];
  const say = (_: object, text: string) => void said.push(text);
  const log = { error: say, info: say } as unknown as Log;
  const health = createHealth(log, { storeFailed: () => undefined });
  for (const trouble of [undefined, '2m ahead', '3m ahead']) health.clock(trouble);
  expect(health.list()).toEqual(['3m ahead']);
  for (const trouble of [undefined, undefined]) health.clock(trouble);
  expect(health.list()).toEqual([]);
  expect(said).toEqual(['2m ahead', 'the guard’s clock and the wall clock agree']);
});

test('a full disk is logged once, and once when a write succeeds again; evaluations that write nothing change neither', () => {
  const said: string[] = [];
  const log = {
    error: (_: object, text: string) => said.push(text),
    info: (_: object, text: string) => said.push(text),
  };
  const health = createHealth(log as unknown as Log, { storeFailed: () => undefined });
  const full = new JournalUnwritable('/var/lib/ripcord/journal.db', 'database or disk is full');
  for (let look = 0; look < 3; look += 1) {
    health.evaluationFailed(full);
    health.evaluated();
    health.during('recording a finding')(full);
  }
  expect(health.list()).toEqual([full.message]);
  health.journalWorks();
  health.journalWorks();
  expect(said).toEqual(['the journal cannot be written', 'the journal can be written again']);
  expect(health.list()).toEqual([]);
});

test('a -head that cannot be written is logged once, and once when it is written again', () => {
  const said: string[] = [];
  const say = (_: object, text: string) => void said.push(text);
  const health = createHealth({ error: say, info: say } as unknown as Log, { storeFailed: () => undefined });
  for (const behind of [[], ['it is behind'], ['it is behind']]) health.headsBehind(behind);
  expect([health.overdue(), health.list()]).toEqual([['it is behind'], []]);
  for (const behind of [[], []]) health.headsBehind(behind);
  expect(health.overdue()).toEqual([]);
  expect(said).toEqual(['it is behind', 'the end of the journal is recorded beside it again']);
});
