import type { RunId } from '../core/kernel/ids.ts';
import { type Complaint, exitCodes, RipcordError } from '../core/kernel/errors.ts';

/** Someone else appended first: what was decided was decided on an old state. */
export class StaleSequence extends RipcordError {
  readonly run: RunId;
  readonly expected: number;
  readonly actual: number;
  constructor(run: RunId, expected: number, actual: number) {
    super({
      found: `run ${run} is at sequence number ${actual}`,
      wanted: `${expected}, where the decision was made`,
      todo: 'Read the run again and decide anew',
    });
    this.run = run;
    this.expected = expected;
    this.actual = actual;
  }
}

const mendDisk: Pick<Complaint, 'wanted' | 'todo'> = {
  wanted: 'a disk with room and write permission',
  todo: 'Free space or mend the disk. A guard that runs goes on by itself then: do not stop it, what a rollback has done since is in its memory only',
};

/** The store refused a write: full disk, read-only file system, failing device. Nothing was half-written. */
export class JournalUnwritable extends RipcordError {
  readonly path: string;
  readonly reason: string;
  constructor(path: string, reason: string, options?: ErrorOptions, advice = mendDisk) {
    super({ found: `the journal ${path} cannot be written: ${reason}`, ...advice }, exitCodes.failed, options);
    this.path = path;
    this.reason = reason;
  }
}

/** Another file, or none, has the name of one that the open journal consists of. */
export class JournalMoved extends JournalUnwritable {
  readonly file: string;
  constructor(path: string, file: string) {
    super(path, `${file} was moved or removed while in use`, undefined, {
      wanted: 'the file that was opened, where it was',
      todo: 'Put it back, and the guard goes on by itself. Restart the daemon only where it is lost for good: what a rollback has done since is in its memory only',
    });
    this.file = file;
  }
}

/** The file is not one that can be used: held by another daemon, newer, damaged, or no journal. Nothing was changed in it. */
export class JournalRefused extends RipcordError {}

/** Asked after its end. Nothing acknowledged is lost: another one can be opened on the same store. */
export class JournalClosed extends RipcordError {
  readonly path: string;
  constructor(path: string, options?: ErrorOptions) {
    super(
      { found: `the journal ${path} is closed`, wanted: 'an open one', todo: 'Open it again' },
      exitCodes.failed,
      options,
    );
    this.path = path;
  }
}
