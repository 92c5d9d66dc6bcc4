import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export interface JournalNames {
  /** The single real name. The log and the lock are beside it. */
  readonly path: string;
  /** The real name and the names of the links that led to it. A file beside any of them is evidence about the journal. */
  readonly names: readonly string[];
}

/** The same name, with the real path of its folder. */
const inRealFolder = (path: string): string => join(realpathSync(dirname(path)), basename(path));

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/** Follows links from the given name to one that is no link. Throws if a folder on the way does not exist. */
export function namesOf(given: string): JournalNames {
  const first = inRealFolder(resolve(given));
  const names = [first];
  for (let name = first; isLink(name); names.push(name)) {
    name = inRealFolder(resolve(dirname(name), readlinkSync(name)));
    if (names.includes(name)) break;
  }
  return { path: existsSync(first) ? realpathSync(first) : first, names };
}
