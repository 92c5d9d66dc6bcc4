import { readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

async function documents(): Promise<readonly string[]> {
  const inFolder = async (folder: string) =>
    (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name));
  const all = [
    ...(await inFolder('docs')),
    ...(await inFolder('examples')),
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
  ];
  return all.filter((name) => name.endsWith('.md'));
}

test('every link between documents leads to a file that is there', async () => {
  const broken: string[] = [];
  for (const name of await documents()) {
    const text = await readFile(join(root, name), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:/.test(target) || existsSync(join(root, dirname(name), target))) continue;
      broken.push(`${name}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('every script of the package names a file that is there', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const files = Object.values(scripts).flatMap((script) => script.match(/\S+\.(?:ts|mjs|json)\b/g) ?? []);
  expect(files.length).toBeGreaterThan(3);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
