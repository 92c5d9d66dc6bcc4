import { existsSync, renameSync } from 'node:fs';

import { canonical } from '../../core/kernel/canonical.ts';
import { exitCodes } from '../../core/kernel/errors.ts';
import type { Instant } from '../../core/kernel/units.ts';
import { JournalRefused } from '../errors.ts';
import { journalStream, type OpaqueEvent } from '../journal.ts';
import { believed, mustBeSound } from './believe.ts';
import { appender, readHead } from './entries.ts';
import { writeFailure } from './faults.ts';
import { examine, openToRead } from './files.ts';
import { headFile, keepHeadFiles, sayUnreadable, witnessBeside } from './head-file.ts';
import { mustBeOurs, settle, takeLock } from './lock.ts';
import type { JournalNames } from './names.ts';
import { missing } from './reader.ts';
import { openToWrite } from './store.ts';
import { faultsBeside } from './verify.ts';

export interface Accepting {
  readonly by: string;
  readonly reason: string;
  readonly at: Instant;
}

/** Recorded in the guard's own stream `~journal`. */
export interface JournalAccepted extends OpaqueEvent, Accepting {
  readonly type: 'journal-accepted';
  readonly v: 1;
  /** How the files beside it contradicted it, one sentence each. */
  readonly although: readonly string[];
}

const sound = (path: string) =>
  new JournalRefused(
    {
      found: `the journal ${path} has every entry that its -head lists, so there is nothing to accept`,
      wanted: 'a journal that was refused because of its -head',
      todo: 'Start the guard: ripcord serve',
    },
    exitCodes.usage,
  );

/** How the `-head` beside each name contradicts the journal. */
function objections(path: string, names: readonly string[]): readonly string[] {
  using db = openToRead(path);
  return names.map(witnessBeside).flatMap((witness): readonly string[] => {
    if (witness.state === 'absent') return [];
    if (witness.state === 'unreadable') return [sayUnreadable(witness)];
    return faultsBeside(db, witness.heads).map(({ run, found, wanted }) => `run ${run}: ${found}; wanted ${wanted}`);
  });
}

/** Keeps the existing file for analysis, under a name that nothing reads. */
function setAside(names: readonly string[], at: Instant): void {
  const stamp = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  for (const name of names) {
    if (witnessBeside(name).state !== 'absent') renameSync(headFile(name), `${headFile(name)}-set-aside-${stamp}`);
  }
}

/** One append, then the `-head` files: after a crash in between, the journal must be accepted again. */
function putOnRecord({ path, names }: JournalNames, event: JournalAccepted): void {
  using db = openToWrite(path);
  appender(db)(journalStream, readHead(db, journalStream)?.seq ?? 0, undefined, [canonical(event)]);
  setAside(names, event.at);
  keepHeadFiles(
    names,
    believed(db).flatMap((run) => readHead(db, run) ?? []),
  );
}

/**
 * Accepts a journal that is sound in itself although a `-head` beside it contradicts it, and records who decided that and
 * why. Throws JournalRefused if nothing contradicts it, or if its own entries are not sound.
 */
export function acceptJournal(given: string, accepting: Accepting): JournalAccepted {
  using undo = new DisposableStack();
  const { path, names } = settle(given);
  if (!existsSync(path) || examine(path) === 'absent') throw missing(path);
  undo.use(takeLock(path));
  mustBeOurs(path);
  mustBeSound(path, []);
  const although = objections(path, names);
  if (although.length === 0) throw sound(path);
  const event: JournalAccepted = { type: 'journal-accepted', v: 1, ...accepting, although };
  try {
    putOnRecord({ path, names }, event);
  } catch (error) {
    throw writeFailure(path, error);
  }
  return event;
}
