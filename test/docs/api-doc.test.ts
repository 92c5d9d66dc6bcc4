import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { routes } from '../../src/api/routes.ts';

test('docs/api.md lists exactly the routes of the access table, once each, with their methods', async () => {
  const text = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const told = [...text.matchAll(/^\| (GET|POST) `([^`?]+)[^`]*`/gm)].map(([, method, path]) => `${method} ${path}`);
  const held = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(told.toSorted()).toEqual(held.toSorted());
});
