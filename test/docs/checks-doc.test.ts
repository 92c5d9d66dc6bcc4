import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { checksDocument } from '../../src/checks/document.ts';

const page = readFileSync(new URL('../../docs/checks.md', import.meta.url), 'utf8');

test('docs/checks.md matches the declarations; if not, run npm run generate', () => {
  expect(page).toBe(checksDocument());
});
