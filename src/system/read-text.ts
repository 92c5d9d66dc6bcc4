import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

import { exitCodes, RipcordError, sayError } from '../core/kernel/errors.ts';

/** A file that cannot be used as a text: it is missing, no regular file, or too large. */
export class UnusableFile extends RipcordError {
  readonly path: string;
  /** Why, without the path. */
  readonly because: string;
  /** Whether nothing is there. */
  readonly isAbsent: boolean;
  constructor(path: string, because: string, most: number, options?: ErrorOptions) {
    super(
      {
        found: `${path} cannot be read: ${because}`,
        wanted: `a regular file of at most ${most} bytes`,
        todo: 'Check the path, its permissions, and what was written there',
      },
      exitCodes.usage,
      options,
    );
    this.path = path;
    this.because = because;
    this.isAbsent = because === 'ENOENT';
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : sayError(error);

/** Reads on beyond the size that the file states: it may grow meanwhile, and files in /proc state none. */
function contents(file: number, most: number): Buffer {
  const piece = Buffer.allocUnsafe(Math.min(Math.max(fstatSync(file).size, 65_536), most) + 1);
  const parts: Buffer[] = [];
  for (let [length, read] = [0, -1]; read !== 0 && length <= most; length += read) {
    read = readSync(file, piece, 0, piece.length, null);
    parts.push(Buffer.from(piece.subarray(0, read)));
  }
  return Buffer.concat(parts);
}

const notRegular = 'it is not a regular file';

/**
 * Reads the whole text of a file, through links. Reading a pipe would wait for its writer, and reading a device might never
 * end; both would stop everything in this process. So this reads only a regular file, and at most `most` bytes of it. Throws
 * UnusableFile.
 */
export function readText(path: string, most: number): string {
  try {
    // Looks before opening, because a device may act when it is opened. Opens without waiting, because that was before.
    if (!statSync(path).isFile()) throw new UnusableFile(path, notRegular, most);
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) throw new UnusableFile(path, notRegular, most);
      const bytes = contents(file, most);
      if (bytes.length > most) throw new UnusableFile(path, `it has more than ${most} bytes`, most);
      return bytes.toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw cause instanceof UnusableFile ? cause : new UnusableFile(path, codeOf(cause), most, { cause });
  }
}
