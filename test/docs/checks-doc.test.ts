import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { checksDocument } from '../../src/checks/document.ts';

const page = readFileSync(new URL('../../docs/checks.md', import.meta.url), 'utf8');

test('docs/checks.md is what the declarations say: npm run generate writes it', () => {
  expect(page).toBe(checksDocument());
});
