import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused, JournalUnwritable } from '../errors.ts';

/**
 * Primary result codes of SQLite (sqlite.org/rescode.html) for a write that cannot be done now or here, as opposed to a wrong
 * one.
 */
const unavailable: ReadonlySet<number> = new Set([
  3, // PERM
  5, // BUSY: another process writes to the file in spite of the lock that keeps daemons apart
  6, // LOCKED
  8, // READONLY
  10, // IOERR
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL: the locks of the write-ahead log do not work on this file system
]);
const damaged: ReadonlySet<number> = new Set([11, 26]); // CORRUPT, NOTADB
const cannotWriteFile: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE']);

/** SQLite's primary code and message. Undefined for an error of another kind. */
export function sqliteFault(error: unknown): { readonly code: number; readonly says: string } | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return { code: error.errcode & 0xff, says: 'errstr' in error ? String(error.errstr) : error.message };
}

/** The system's code (ENOENT, EACCES), for an error of the file system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}

const damage = (path: string, says: string, cause: unknown) =>
  new JournalRefused(
    {
      found: `the journal ${path} is damaged (${says})`,
      wanted: 'a sound file',
      todo: 'Keep the file for analysis, and continue with its latest backup',
    },
    exitCodes.failed,
    { cause },
  );

/** Converts a failed write to the caller's error. Leaves errors of other kinds unchanged. */
export function writeFailure(path: string, error: unknown): unknown {
  const fault = sqliteFault(error);
  if (fault !== undefined && damaged.has(fault.code)) return damage(path, fault.says, error);
  if (fault !== undefined && unavailable.has(fault.code))
    return new JournalUnwritable(path, fault.says, { cause: error });
  const code = systemCode(error);
  if (code !== undefined && cannotWriteFile.has(code)) return new JournalUnwritable(path, code, { cause: error });
  return error;
}

/** The same for a read. */
export function readFailure(path: string, error: unknown): unknown {
  const fault = sqliteFault(error);
  if (fault !== undefined && damaged.has(fault.code)) return damage(path, fault.says, error);
  const says = fault !== undefined && unavailable.has(fault.code) ? fault.says : systemCode(error);
  if (says === undefined) return error;
  return new JournalRefused(
    {
      found: `the journal ${path} cannot be read (${says})`,
      wanted: 'a file that this user can read, with its -wal file beside it if there is one',
      todo: 'Fix the permissions or the disk, then try again',
    },
    exitCodes.failed,
    { cause: error },
  );
}
