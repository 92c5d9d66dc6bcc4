import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import { exitCodes } from '../../core/kernel/errors.ts';
import { entryOf, summaryOf } from '../hash-chain.ts';
import { JournalRefused } from '../errors.ts';
import type { JournalReader } from '../journal.ts';
import { readEntries, readSummaries } from './entries.ts';
import { mustBeLongEnough, mustBeWhole } from './believe.ts';
import { readFailure } from './faults.ts';
import { examine, openToRead, restingState } from './files.ts';
import { readHeadFiles } from './head-file.ts';
import { namesOf } from './names.ts';
import { readReadings } from './readings.ts';
import { verifyChains } from './verify.ts';

export const missing = (path: string) =>
  new JournalRefused(
    { found: `there is no journal at ${path}`, wanted: 'one that a daemon wrote', todo: 'Check the path' },
    exitCodes.usage,
  );

/** Opens, works, closes. If a daemon started to write meanwhile, reads a file that was at rest again. */
async function reading<T>(path: string, work: (db: DatabaseSync) => T | Promise<T>): Promise<T> {
  const attempt = async () => {
    using db = openToRead(path);
    return await work(db);
  };
  for (;;) {
    const before = restingState(path);
    const outcome = await attempt().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (before !== undefined && before !== restingState(path)) continue;
    if ('value' in outcome) return outcome.value;
    throw readFailure(path, outcome.error);
  }
}

/**
 * Reads a journal beside a running daemon, or without one. Takes no lock and creates nothing. Rejects with `JournalRefused`
 * if there is no journal at `path`.
 */
export async function openJournalReader(path: string): Promise<JournalReader> {
  const absolute = resolve(path);
  const { path: file, names } = existsSync(absolute) ? namesOf(absolute) : { path: absolute, names: [absolute] };
  if (examine(file) === 'absent') throw missing(file);
  return {
    read: (run, afterSeq) => reading(file, (db) => readEntries(db, run, afterSeq).map((link) => entryOf(link))),
    runs: (guard) => reading(file, (db) => readSummaries(db, guard).map(summaryOf)),
    readReadings: (...which) => reading(file, (db) => readReadings(db, ...which)),
    async verify() {
      const stood = readHeadFiles(names); // before the snapshot, so that it is never ahead of the entries
      return reading(file, async (db) => {
        mustBeLongEnough(file, db);
        const report = await verifyChains(db, stood, () => setImmediate());
        if (report.faults.length === 0) mustBeWhole(file, db);
        return report;
      });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
