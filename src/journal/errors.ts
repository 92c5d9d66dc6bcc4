import { sayMoment } from '../core/kernel/duration.ts';
import { type Complaint, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { GuardId, Position, RunId } from '../core/kernel/ids.ts';
import type { Lease } from './lease.ts';

/** Another process appended first, so the decision was made on an old state. */
export class StaleSequence extends RipcordError {
  readonly run: RunId;
  readonly expected: number;
  readonly actual: number;
  constructor(run: RunId, expected: number, actual: number) {
    super({
      found: `run ${run} is at sequence number ${actual}`,
      wanted: `${expected}, where the decision was made`,
      todo: 'Read the run again and repeat the decision',
    });
    this.run = run;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Another process, or none, may write for the guard now. The decisions of this process no longer count. */
export class StaleEpoch extends RipcordError {
  readonly guard: GuardId;
  readonly given: number;
  readonly current: number;
  /** Absent if no process holds the lease. */
  readonly owner: string | undefined;
  constructor(guard: GuardId, given: number, current: number, owner: string | undefined) {
    const found =
      owner === undefined
        ? `the lease of guard ${guard} has ended at epoch ${current}`
        : `another process took over guard ${guard}: ${owner}, epoch ${current}`;
    super({
      found,
      wanted: `epoch ${given}, which this process claimed`,
      todo: 'Ask the process that holds the guard now',
    });
    this.guard = guard;
    this.given = given;
    this.current = current;
    this.owner = owner;
  }
}

/** Another process holds the guard that this one tried to claim. */
export class GuardHeld extends RipcordError {
  readonly lease: Lease;
  constructor(lease: Lease) {
    const { guard, owner, epoch, until } = lease;
    super(
      {
        found: `guard ${guard} is held by another process: ${owner}, epoch ${epoch}, until ${sayMoment(until)}`,
        wanted: 'a guard that no other process holds',
        todo: 'Leave it to that process, or stop it and start again once its lease has expired',
      },
      exitCodes.refused,
    );
    this.lease = lease;
  }
}

/** Only the guard that opened a run may write to it. */
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

/**
 * A consumer's position is beyond the end of the store: the store was restored from an older copy, or the position belongs to
 * another store.
 */
export class PositionBeyondEnd extends RipcordError {
  readonly position: Position;
  readonly end: Position;
  constructor(position: Position, end: Position) {
    super({
      found: `the journal ends at position ${end}`,
      wanted: `at least ${position}, the position already read`,
      todo: 'Check whether an older copy replaced the journal; start at 0 to read everything again',
    });
    this.position = position;
    this.end = end;
  }
}

/** A consumer's position never goes back: two consumers of one name would undo each other's progress. */
export class PositionGoesBack extends RipcordError {
  readonly consumer: string;
  readonly position: Position;
  readonly stored: Position;
  constructor(consumer: string, position: Position, stored: Position) {
    super({
      found: `consumer ${consumer} is at position ${stored}`,
      wanted: `at most ${position}, the position to advance to`,
      todo: 'Run only one consumer of this name',
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

/** The store refused a write: full disk, read-only file system, failing device. No part of the write was kept. */
export class JournalUnwritable extends RipcordError {
  readonly path: string;
  readonly reason: string;
  constructor(path: string, reason: string, options?: ErrorOptions, advice = mendDisk) {
    super({ found: `the journal ${path} cannot be written: ${reason}`, ...advice }, exitCodes.failed, options);
    this.path = path;
    this.reason = reason;
  }
}

/** A file of the open journal was moved, removed or replaced. */
export class JournalMoved extends JournalUnwritable {
  readonly file: string;
  constructor(path: string, file: string) {
    super(path, `${file} was moved or removed while in use`, undefined, {
      wanted: 'the opened file, at its path',
      todo: 'Put it back; the guard then continues by itself. Restart the daemon only if the file is lost for good: only its memory holds what a rollback has done since',
    });
    this.file = file;
  }
}

/**
 * The file cannot be used: another daemon holds it, a newer version wrote it, it is damaged, or it is no journal. It was not
 * changed.
 */
export class JournalRefused extends RipcordError {}

/** The journal was used after it was closed. Nothing acknowledged is lost: the same store can be opened again. */
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
