import { statSync } from 'node:fs';

import { JournalMoved } from '../errors.ts';

/** Identifies the file that has this name now; undefined if there is none. Stat opens nothing, so it releases no POSIX lock. */
function identity(name: string): string | undefined {
  const file = statSync(name, { bigint: true, throwIfNoEntry: false });
  return file && `${file.dev} ${file.ino}`;
}

/**
 * Remembers the files of an open journal. The returned function throws JournalMoved once one of their names has another file
 * or none: SQLite would continue to write into an unlinked file, which vanishes with the process.
 */
export function stayingInPlace(path: string): () => void {
  const files = [path, `${path}-wal`].map((name) => ({ name, opened: identity(name) }));
  return () => {
    const away = files.find(({ name, opened }) => identity(name) !== opened);
    if (away === undefined) return;
    throw new JournalMoved(path, away.name);
  };
}
