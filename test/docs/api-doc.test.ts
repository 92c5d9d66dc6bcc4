import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { routes } from '../../src/api/routes.ts';

test('docs/api.md has every route of the access table once, with its method, and no other', async () => {
  const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const told = [...text.matchAll(/^\| (GET|POST) `([^`?]+)[^`]*`/gm)].map(([, method, path]) => `${method} ${path}`);
  const held = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(told.toSorted()).toEqual(held.toSorted());
});
