import { expect, test } from 'vitest';

import { checks } from '../../../src/checks/catalogue.ts';
import { cannotFail } from '../../../src/checks/self-test.ts';
import { type CatalogueId, cataloguePlan } from '../../../src/core/plan/catalogue.ts';

test('every check of the catalogue calls its own example a breach', () => {
  const ids = Object.keys(checks) as readonly CatalogueId[];
  expect(cannotFail({ checks: [], catalogue: cataloguePlan.parse({}) }, ids)).toEqual([]);
});
