import { extname, resolve } from 'node:path';

/**
 * The file of a thread, such as `journal/sqlite/worker`, by its full path: a source in a checkout, and in the package what was
 * built of it. No compiler rewrites the name of a thread's file, so it is found from here.
 */
export const codeFile = (path: string): string =>
  resolve(import.meta.dirname, '..', `${path}${extname(import.meta.filename)}`);
