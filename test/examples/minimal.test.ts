import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { parsePlan } from '../../src/core/plan/parse.ts';

test('the minimal example is a valid plan', async () => {
  const text = await readFile(new URL('../../examples/minimal/ripcord.yaml', import.meta.url), 'utf8');
  const env = {
    GUARD_URL: 'postgres://guard@db/shop',
    READER_URL: 'postgres://reader@db/shop',
    OWNER_URL: 'postgres://owner@db/shop',
    DANA_TOKEN_HASH: `sha256:${'0'.repeat(64)}`,
  };
  expect(parsePlan(text, { env, readFile: () => undefined })).toMatchObject({ plan: {}, warnings: [] });
});
