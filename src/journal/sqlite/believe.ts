import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { exitCodes } from '../../core/kernel/errors.ts';
import type { GuardId, RunId } from '../../core/kernel/ids.ts';
import { JournalRefused } from '../errors.ts';
import { type ChainFault, isOwnStream, type RunHead } from '../journal.ts';
import { readHead, readHeads } from './entries.ts';
import { readFailure, sqliteFault } from './faults.ts';
import { openToRead, restingState } from './files.ts';
import { faultsBeside, runAfter, verifyRun } from './verify.ts';

const broken = (path: string, { run, seq, found, wanted }: ChainFault) =>
  new JournalRefused(
    {
      found: `the journal ${path} is damaged: run ${run} is broken at entry ${seq}: ${found}`,
      wanted,
      todo: 'Keep the file for analysis; nothing was done, and the file was not changed. Check what was in progress (ripcord journal verify), then continue with its latest backup',
    },
    exitCodes.failed,
  );

const torn = (path: string, found: string, wanted: string) =>
  new JournalRefused(
    {
      found: `the journal ${path} is damaged: ${found}`,
      wanted,
      todo: 'Keep the file for analysis, and continue with its latest backup',
    },
    exitCodes.failed,
  );

/**
 * A file at rest has the length that its header states, to the last page. If there is a write-ahead log, the rest may be in
 * it.
 */
export function mustBeLongEnough(path: string, db: DatabaseSync): void {
  if (restingState(path) === undefined) return;
  const pragma = (name: string) => Number(db.prepare(`pragma ${name}`).get()?.[name]);
  const wanted = pragma('page_count') * pragma('page_size');
  const { size } = statSync(path);
  if (size < wanted) throw torn(path, `it ends after ${size} bytes`, `${wanted}, as its header says`);
}

/** Checks that every page exists and is intact. Reads the whole file. */
export function mustBeWhole(path: string, db: DatabaseSync): void {
  let found: unknown;
  try {
    found = db.prepare('pragma quick_check(1)').get()?.quick_check;
  } catch (error) {
    if (sqliteFault(error)?.code === 1) return; // an event that is not JSON, which the chain check reports
    throw error;
  }
  if (found !== 'ok') throw torn(path, String(found).replace(/^\*\*\* .* \*\*\*\n/, ''), 'a file that is whole');
}

const lost = (path: string, fault: ChainFault) =>
  new JournalRefused(
    {
      found: `the journal ${path} has lost entries of run ${fault.run}: ${fault.found}`,
      wanted: fault.wanted,
      todo: 'If its -wal was removed, put it back. To continue with an older copy, which does not know what was done since: ripcord journal accept --reason "..."',
    },
    exitCodes.failed,
  );

/** The chains that guards act on: the newest run of each guard, the own streams, and chains without a head. */
export function believed(db: DatabaseSync): readonly RunId[] {
  const newest = new Map<GuardId | undefined, RunId>();
  for (const { guard, run } of readHeads(db)) if (!newest.has(guard)) newest.set(guard, run);
  const runs: RunId[] = [...newest.values()];
  for (let run = runAfter(db, ''); run !== undefined; run = runAfter(db, run)) {
    if (isOwnStream(run) || readHead(db, run) === undefined) runs.push(run);
  }
  return [...new Set(runs)];
}

/**
 * Checks, without changing anything, that the journal can be trusted: it is whole, the chains that the guard acts on are
 * sound, and no earlier entry is missing. `stood` was read first, so it is never ahead. Throws `JournalRefused` with the
 * first entry that is not sound.
 */
export function mustBeSound(path: string, stood: readonly RunHead[]): void {
  const isAtRest = restingState(path) !== undefined;
  try {
    using db = openToRead(path);
    db.exec('begin');
    mustBeLongEnough(path, db);
    const [gone] = faultsBeside(db, stood);
    if (gone !== undefined) throw lost(path, gone);
    for (const run of believed(db)) {
      const { fault } = verifyRun(db, run);
      if (fault !== undefined) throw broken(path, fault);
    }
    if (!isAtRest) mustBeWhole(path, db);
  } catch (error) {
    throw error instanceof JournalRefused ? error : readFailure(path, error);
  }
}
