import { join } from 'node:path';

import { expect, test } from 'vitest';

import { JournalRefused } from '../../src/journal/errors.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { type Child, startChild, whyNoSmallDisk, withSmallDisk } from './children.ts';
import { openLeased } from '../support/leased.ts';
import { counted, run, tempFolder } from './folder.ts';

const noDisk = await whyNoSmallDisk();
const inUse = /journal\.db is in use by another Ripcord daemon; wanted one daemon for each journal\. Stop the other/;

test('a second opener is refused immediately, in this process and in another', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  const refusal = await openLeased(folder.journal).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(JournalRefused);
  expect(refusal).toMatchObject({ message: expect.stringMatching(inUse), exitCode: 1 });
  await using other = startChild('open', folder.journal);
  expect(await other.said()).toMatchObject({ name: 'JournalRefused', message: expect.stringMatching(inUse) });
  await journal.append(run, 0, [counted(1)]);
});

test('readers, backups and refused openers of this process do not release the lock to another', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await openLeased(folder.journal).catch(() => undefined);
  await (await openJournalReader(folder.journal)).verify();
  await journal.verify();
  await journal.backup(join(folder.path, 'copy.db'));
  await using other = startChild('open', folder.journal);
  expect(await other.said()).toMatchObject({ name: 'JournalRefused', message: expect.stringMatching(inUse) });
});

test('the lock is free as soon as its holder is killed', async () => {
  await using folder = await tempFolder();
  await using holder = startChild('hold', folder.journal);
  expect(await holder.said()).toBe('open');
  await expect(openLeased(folder.journal)).rejects.toThrow(inUse);
  await holder.kill();
  await using journal = await openLeased(folder.journal);
  await journal.append(run, 0, [counted(1)]);
});

test('of 30 daemons killed while they append, none loses an acknowledged entry', { timeout: 120_000 }, async () => {
  await using folder = await tempFolder();
  await using children = new AsyncDisposableStack();
  const cache = join(folder.path, 'compiled');
  await children.use(startChild('open', folder.journal, { cache })).ended;
  const start = (): Child => children.use(startChild('append', folder.journal, { cache }));
  const waiting = [start(), start()]; // they start while the one before them works
  let acknowledged = 0;
  for (let kills = 0; kills < 30; kills += 1) {
    const daemon = waiting.shift() ?? start();
    if (kills < 28) waiting.push(start());
    await daemon.said();
    daemon.tell('go');
    for (let acks = 0; acks <= (kills * 7) % 23; acks += 1) await daemon.said();
    acknowledged = Number(await daemon.kill());
    const [head] = await (await openJournalReader(folder.journal)).runs();
    expect(head?.seq).toBeGreaterThanOrEqual(acknowledged);
    expect(head?.seq).toBeLessThanOrEqual(acknowledged + 1); // the append that was in progress
  }
  await using journal = await openLeased(folder.journal);
  const { entries, faults } = await journal.verify();
  expect(faults).toEqual([]);
  expect(entries).toBeGreaterThanOrEqual(acknowledged);
  const counts = (await journal.read(run)).map(({ event }) => event);
  expect(counts).toEqual(Array.from({ length: entries }, (_, index) => counted(index + 1)));
});

test('an undisposed journal does not keep the process alive, and its appends are finished first', async () => {
  await using folder = await tempFolder();
  await using child = startChild('forget', folder.journal);
  expect(await child.said()).toHaveLength(3);
  expect(await child.ended).toBe(0);
  await using journal = await openLeased(folder.journal);
  expect(await journal.read(run)).toHaveLength(3);
});

test.skipIf(process.platform !== 'linux')('the writer thread is gone when the journal is disposed', async () => {
  await using folder = await tempFolder();
  await using child = startChild('threads', folder.journal);
  const { before, during, after } = (await child.said()) as Record<'before' | 'during' | 'after', number>;
  expect(during).toBeGreaterThan(before);
  expect(after).toBe(before);
});

test('a full disk refuses writes and loses nothing; with free space, the same journal continues', async ({ skip }) => {
  await using folder = await tempFolder();
  skip(noDisk !== undefined, noDisk);
  await using child = startChild('fillDisk', folder.journal, { wrapper: withSmallDisk(folder.path) });
  const full = {
    name: 'JournalUnwritable',
    message: expect.stringMatching(/cannot be written: database or disk is full; wanted a disk with room/),
  };
  const result = await child.said();
  expect(result).toMatchObject({ refusal: full, readings: full, another: full, appended: 'done' });
  expect(result).toMatchObject({ backup: { name: 'JournalUnwritable' } });
  const { acknowledged } = (result as { full: { acknowledged: number } }).full;
  expect(acknowledged).toBeGreaterThan(5);
  expect(result).toMatchObject({
    full: {
      report: { runs: 1, entries: acknowledged, faults: [] },
      files: ['ballast', 'journal.db', 'journal.db-head', 'journal.db-lock', 'journal.db-shm', 'journal.db-wal'],
    },
    report: { runs: 1, entries: acknowledged + 1, faults: [] },
  });
});

test('on a read-only disk, a journal is refused but can be read', async ({ skip }) => {
  await using folder = await tempFolder();
  skip(noDisk !== undefined, noDisk);
  await using child = startChild('readOnlyDisk', folder.journal, { wrapper: withSmallDisk(folder.path) });
  expect(await child.said()).toMatchObject({
    opened: { name: 'JournalRefused', message: expect.stringMatching(/the folder .* cannot be written \(EROFS\)/) },
    report: { entries: 3, faults: [] },
  });
});

test.for([
  { part: 'readOnlyJournal', file: 'journal.db' },
  { part: 'readOnlyLock', file: 'journal.db-lock' },
])('an unwritable $file is refused, though SQLite would open it', async ({ part, file }, { skip }) => {
  await using folder = await tempFolder();
  skip(noDisk !== undefined, noDisk);
  await using child = startChild(part, folder.journal, { wrapper: withSmallDisk(folder.path) });
  expect(await child.said()).toMatchObject({
    name: 'JournalRefused',
    message: expect.stringContaining(`${file} cannot be written (EROFS)`),
  });
});
