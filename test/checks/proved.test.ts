import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { catalogueIds } from '../../src/core/plan/catalogue.ts';

const folder = fileURLToPath(new URL('catalogue/', import.meta.url));

/** The ids of checks with a fault that is planted on a real server, removed and hidden: `provable({ id: ... })`. */
async function provedIds(): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const file of glob('*.test.ts', { cwd: folder })) {
    const text = await readFile(`${folder}${file}`, 'utf8');
    for (const [, id = ''] of text.matchAll(/(?:provable|lintCase)\(\{\s*(?:\.\.\.\w+,\s*)?id: '([a-z-]+)'/g))
      ids.add(id);
  }
  return ids;
}

test('every check has a fault that is planted, removed and hidden on real servers', async () => {
  const proved = await provedIds();
  expect(catalogueIds.filter((id) => !proved.has(id))).toEqual([]);
});
