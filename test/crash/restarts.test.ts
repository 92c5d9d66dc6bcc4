import { expect, test } from 'vitest';

import { everyCase } from '../support/every-case.ts';
import { restarts } from './restarts.ts';

const wanted = everyCase ? 5 : 1;

test(`after ${wanted} kills of an armed run with plan edits and clock changes, the guard did nothing unallowed`, async () => {
  const { kills, armed, faults } = await restarts(2, wanted);
  expect({ kills, faults }).toEqual({ kills: wanted, faults: [] });
  expect(armed).toBeGreaterThan(0);
}, 240_000);
