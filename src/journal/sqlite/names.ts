import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export interface JournalNames {
  /** The one real name, beside which its log and its lock are. */
  readonly path: string;
  /** The real name, and those of the links that led to it: what is beside any of them tells of the journal. */
  readonly names: readonly string[];
}

/** The same name in the folder as it is really called. */
const inRealFolder = (path: string): string => join(realpathSync(dirname(path)), basename(path));

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/** From the name that was given, link by link, to one that is no link. Throws where a folder on the way is not there. */
export function namesOf(given: string): JournalNames {
  const first = inRealFolder(resolve(given));
  const names = [first];
  for (let name = first; isLink(name); names.push(name)) {
    name = inRealFolder(resolve(dirname(name), readlinkSync(name)));
    if (names.includes(name)) break;
  }
  return { path: existsSync(first) ? realpathSync(first) : first, names };
}
