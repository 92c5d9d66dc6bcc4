import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { catalogue } from '../../src/core/run/catalogue.ts';

const text = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
const rows = [...text.matchAll(/^\| `([a-z-]+)`\s*\| (\d+)\s*\|/gm)].map(([, type, version]) => [
  type,
  Number(version),
]);

test('docs/events.md names every event of the catalogue with its version, once and in the same order', () => {
  expect(rows).toEqual(Object.entries(catalogue).map(([type, { v }]) => [type, v]));
});
