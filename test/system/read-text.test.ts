import { execFileSync } from 'node:child_process';
import { mkdir, mkdtempDisposable, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readText } from '../../src/system/read-text.ts';

const folderOfTest = () => mkdtempDisposable(join(tmpdir(), 'ripcord-text-'));

test.each([
  { what: 'a pipe', make: async (path: string) => void execFileSync('mkfifo', [path]), says: 'not a regular file' },
  { what: 'a link to a device', make: (path: string) => symlink('/dev/zero', path), says: 'not a regular file' },
  { what: 'a folder', make: (path: string) => mkdir(path), says: 'not a regular file' },
  { what: 'a link to itself', make: (path: string) => symlink(path, path), says: 'ELOOP' },
  { what: 'nothing', make: async () => undefined, says: 'ENOENT' },
  { what: 'a byte too many', make: (path: string) => writeFile(path, 'x'.repeat(101)), says: 'more than 100 bytes' },
  {
    what: 'a file of a terabyte',
    make: async (path: string) => {
      await writeFile(path, '');
      await truncate(path, 2 ** 40);
    },
    says: 'more than 100 bytes',
  },
  {
    what: 'a file of unknown size that does not end there',
    make: (path: string) => symlink('/proc/self/mountinfo', path),
    says: 'more than 100 bytes',
  },
])('$what is refused at once, with what is wanted', async ({ make, says }) => {
  await using folder = await folderOfTest();
  const path = join(folder.path, 'text');
  await make(path);
  expect(() => readText(path, 100)).toThrow(
    expect.objectContaining({
      found: expect.stringMatching(`^${path} cannot be read: .*${says}`),
      wanted: 'a regular file of at most 100 bytes',
      exitCode: 2,
    }),
  );
});

test.each(['', 'x'.repeat(100), 'äöü'])('the whole text is read, also through a link: %j', async (text) => {
  await using folder = await folderOfTest();
  const [path, link] = [join(folder.path, 'text'), join(folder.path, 'link')];
  await writeFile(path, text);
  await symlink(path, link);
  expect([readText(path, 100), readText(link, 100)]).toEqual([text, text]);
});

test('a file that states no size is read to its end', () => {
  expect(readText('/proc/self/status', 1_000_000)).toMatch(/^Name:[^]*\n$/);
});
