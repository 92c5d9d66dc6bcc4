import { statSync } from 'node:fs';

import { JournalMoved } from '../errors.ts';

/** Which file has the name now; undefined when none has. Stat opens nothing, so no POSIX lock is released. */
function identity(name: string): string | undefined {
  const file = statSync(name, { bigint: true, throwIfNoEntry: false });
  return file && `${file.dev} ${file.ino}`;
}

/**
 * Remembers the files of an open journal, and answers what throws JournalMoved once another file, or none, has the
 * name of one: SQLite would go on writing into a file without a name, which is gone with the process.
 */
export function stayingInPlace(path: string): () => void {
  const files = [path, `${path}-wal`].map((name) => ({ name, opened: identity(name) }));
  return () => {
    const away = files.find(({ name, opened }) => identity(name) !== opened);
    if (away === undefined) return;
    throw new JournalMoved(path, away.name);
  };
}
