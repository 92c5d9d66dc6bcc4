// Writes the reports of a journal, and dies by `kill -9` at its `nth` I/O operation. Arguments: journal, folder, nth.
import { reportFiles } from '../../src/consumers/report-file.ts';
import { runConsumer } from '../../src/consumers/runner.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { guard, reportOf } from './run-of-reports.ts';

const [path = '', folder = '', nth = ''] = process.argv.slice(2);
let left = Number(nth);
const die = () => {
  if (--left < 0) process.kill(process.pid, 'SIGKILL');
};
async function mortal<T>(work: () => Promise<T>): Promise<T> {
  die();
  const result = await work();
  die();
  return result;
}

const journal: Journal = await openJournal(path);
const store = {
  readFrom: journal.readFrom,
  consumers: {
    positionOf: journal.consumers.positionOf,
    advance: (...of: Parameters<Journal['consumers']['advance']>) => mortal(() => journal.consumers.advance(...of)),
  },
};
const { name, wants, handle } = reportFiles({ guard, folder, report: (run) => mortal(() => reportOf(journal, run)) });
const consumer = { name, wants, handle: (...of: Parameters<typeof handle>) => mortal(() => handle(...of)) };
const runner = runConsumer({ store, consumer, clock: systemClock(), onFault: (fault) => console.error(fault?.error) });
await runner[Symbol.asyncDispose]();
await journal[Symbol.asyncDispose]();
