import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the entries of `path`'s folder durable, as far as the file system can. */
export function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** After a power cut the file is the old one or the new one, never part of one. */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}-new`;
  try {
    rmSync(draft, { force: true });
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    syncFolder(path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
