import { sayMoment } from '../core/kernel/duration.ts';
import { type Complaint, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { GuardId, Position, RunId } from '../core/kernel/ids.ts';
import type { Lease } from './lease.ts';

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

/** Another process may write for the guard now, or nobody: what this process decides does not count any more. */
export class StaleEpoch extends RipcordError {
  readonly guard: GuardId;
  readonly given: number;
  readonly current: number;
  /** Absent where nobody holds the lease. */
  readonly owner: string | undefined;
  constructor(guard: GuardId, given: number, current: number, owner: string | undefined) {
    const found =
      owner === undefined
        ? `the lease of guard ${guard} has ended at epoch ${current}`
        : `another process took over guard ${guard}: ${owner}, epoch ${current}`;
    super({ found, wanted: `epoch ${given}, which this process claimed`, todo: 'Ask the guard that has it now' });
    this.guard = guard;
    this.given = given;
    this.current = current;
    this.owner = owner;
  }
}

/** A guard is claimed while another process has it. */
export class GuardHeld extends RipcordError {
  readonly lease: Lease;
  constructor(lease: Lease) {
    const { guard, owner, epoch, until } = lease;
    super(
      {
        found: `guard ${guard} is held by another process: ${owner}, epoch ${epoch}, until ${sayMoment(until)}`,
        wanted: 'a guard that no other process has',
        todo: 'Leave it to that process, or stop it and start again once its lease has ended',
      },
      exitCodes.refused,
    );
    this.lease = lease;
  }
}

/** A run is written by the guard that opened it, and by no other. */
export class RunOfAnother extends RipcordError {
  readonly run: RunId;
  readonly guard: GuardId;
  readonly of: GuardId | undefined;
  constructor(run: RunId, guard: GuardId, of: GuardId | undefined) {
    super({
      found: `run ${run} belongs to ${of === undefined ? 'no guard' : `guard ${of}`}`,
      wanted: `a run of guard ${guard}`,
      todo: 'Name a run of this guard',
    });
    this.run = run;
    this.guard = guard;
    this.of = of;
  }
}

/** A consumer knows of entries that the store does not have: it was put back, or the position is another store's. */
export class PositionBeyondEnd extends RipcordError {
  readonly position: Position;
  readonly end: Position;
  constructor(position: Position, end: Position) {
    super({
      found: `the journal ends at position ${end}`,
      wanted: `at least ${position}, up to which it was read`,
      todo: 'Find out whether an older copy of the journal was put in place; begin at 0 to read everything again',
    });
    this.position = position;
    this.end = end;
  }
}

/** A consumer's position never goes backwards: two of one name would undo each other's progress. */
export class PositionGoesBack extends RipcordError {
  readonly consumer: string;
  readonly position: Position;
  readonly stored: Position;
  constructor(consumer: string, position: Position, stored: Position) {
    super({
      found: `consumer ${consumer} is at position ${stored}`,
      wanted: `at most ${position}, to which it was to advance`,
      todo: 'Let one consumer of this name run only',
    });
    this.consumer = consumer;
    this.position = position;
    this.stored = stored;
  }
}

const mendDisk: Pick<Complaint, 'wanted' | 'todo'> = {
  wanted: 'a disk with room and write permission',
  todo: 'Free space or repair the disk. A guard that is running then continues by itself. Do not stop it: only its memory holds what a rollback has done since',
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
