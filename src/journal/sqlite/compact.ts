import type { DatabaseSync } from 'node:sqlite';

/**
 * The most pages to move at once, so that an append waits for milliseconds only. A whole VACUUM would block appends for a
 * second or two at 200 MB.
 */
const slice = 100;
/** How much of the file may stay free: the readings of the next days use it, and the file need not grow again. */
const reserve = 0.1;

/**
 * Returns some of the file's free pages to the file system. Returns the number of bytes, 0 if only the reserve is free. A
 * file that was created without incremental vacuum keeps its free pages.
 */
export function compactor(db: DatabaseSync): () => number {
  const read = (name: string) => Number(db.prepare(`pragma ${name}`).get()?.[name]);
  const isIncremental = read('auto_vacuum') === 2;
  const pageSize = read('page_size');
  return () => {
    if (!isIncremental) return 0;
    const pages = read('page_count');
    const excess = Math.floor(read('freelist_count') - reserve * pages);
    if (excess <= 0) return 0;
    db.exec(`pragma incremental_vacuum(${Math.min(slice, excess)})`);
    return (pages - read('page_count')) * pageSize;
  };
}
