import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/security.md', root), 'utf8');
const named = [...page.matchAll(/`((?:[\w-]+\/)+[\w.-]+\.test\.ts)`/g)].map(([, file = '']) => file);

test('docs/security.md names only existing tests', () => {
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((file) => !existsSync(new URL(`test/${file}`, root)))).toEqual([]);
});

test('each row about a forbidden action or a mistake names a test', () => {
  const tables = page.split(/\n\n/).filter((part) => /held by/.test(part) && part.startsWith('|'));
  expect(tables.length).toBeGreaterThanOrEqual(5);
  const rows = tables.flatMap((table) => table.split('\n').slice(2));
  expect(rows.filter((row) => row !== '' && !/\.test\.ts`/.test(row))).toEqual([]);
});
