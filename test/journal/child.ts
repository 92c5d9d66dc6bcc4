import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';

import { probeId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { openLeased } from '../support/leased.ts';
import { counted, countedTo, run } from './folder.ts';

// A second process for the tests. Arguments: what to do, and the journal to do it with.

const [part = '', path = ''] = process.argv.slice(2);
const say = (message: unknown) => process.send?.(message);
const told = () => new Promise((resolve) => process.once('message', resolve));
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? { name: error.name, message: error.message } : String(error)),
  );
const large = (seq: number) => ({ ...counted(seq), text: 'x'.repeat(20_000) });
const threads = () => readdirSync('/proc/self/task').length;

/** Opens a journal of which exactly one file cannot be written, in a separate mount namespace. */
async function openWithout(suffix: string) {
  await (await openLeased(path))[Symbol.asyncDispose]();
  const file = `${path}${suffix}`;
  execFileSync('mount', ['--bind', file, file]);
  execFileSync('mount', ['-o', 'remount,bind,ro', file]);
  return outcome(openLeased(path));
}

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Holds the journal until killed. */
  async hold() {
    const journal = await openLeased(path);
    say('open');
    await told();
    return journal[Symbol.asyncDispose]();
  },
  async open() {
    return outcome(openLeased(path).then((journal) => journal[Symbol.asyncDispose]()));
  },
  /** When told to, appends for ever, and prints each number as soon as it is durable. */
  async append() {
    say('ready');
    await told();
    const journal = await openLeased(path);
    const [head] = await journal.runs();
    for (let seq = head?.seq ?? 0; ; seq += 1) {
      await journal.append(run, seq, [counted(seq + 1)]);
      say(seq + 1);
    }
  },
  /** Never disposes of the journal, which must not keep the process alive. */
  async forget() {
    const journal = await openLeased(path);
    return journal.append(run, 0, countedTo(3));
  },
  async threads() {
    const before = threads();
    const journal = await openLeased(path);
    const during = threads();
    await journal[Symbol.asyncDispose]();
    return { before, during, after: threads() };
  },
  /** On a file system of 1 MB: fills it, frees some space, and continues. */
  async fillDisk() {
    const ballast = join(dirname(path), 'ballast');
    writeFileSync(ballast, Buffer.alloc(200_000, 1));
    const journal = await openLeased(path);
    let last = 0;
    const fill = async () => {
      for (; ; last += 1) await journal.append(run, last, [large(last + 1)]);
    };
    const refusal = await outcome(fill());
    const body = new Uint8Array(100_000);
    const readings = await outcome(
      journal.writeReadings([{ run, probe: probeId('control'), minute: instant(0), body }]),
    );
    const backup = await outcome(journal.backup(`${path}-copy`));
    const full = { acknowledged: last, report: await journal.verify(), files: readdirSync(dirname(path)).toSorted() };
    const another = await outcome(openLeased(join(dirname(path), 'another.db')));
    rmSync(ballast);
    const appended = await outcome(journal.append(run, last, [large(last + 1)]));
    const report = await journal.verify();
    await journal[Symbol.asyncDispose]();
    return { refusal, readings, backup, full, another, appended, report };
  },
  readOnlyJournal: () => openWithout(''),
  readOnlyLock: () => openWithout('-lock'),
  /** On a file system that is made read-only after the journal was written and closed. */
  async readOnlyDisk() {
    const journal = await openLeased(path);
    await journal.append(run, 0, countedTo(3));
    await journal[Symbol.asyncDispose]();
    execFileSync('mount', ['-o', 'remount,ro', dirname(path)]);
    const reader = await openJournalReader(path);
    return { opened: await outcome(openLeased(path)), report: await reader.verify() };
  },
};

const leave = () => process.exit(); // the test is gone
process.once('disconnect', leave);
const result = await parts[part]?.();
process.off('disconnect', leave); // done: from here on, only something left open would keep this process alive, which the test limits
setTimeout(() => process.exit(3), 5_000).unref();
if (process.connected) process.send?.(result ?? 'done', () => process.disconnect());
