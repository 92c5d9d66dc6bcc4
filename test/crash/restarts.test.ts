import { expect, test } from 'vitest';

import { everyCase } from '../support/every-case.ts';
import { restarts } from './restarts.ts';

const wanted = everyCase ? 5 : 2;

test(`${wanted} kills while a run is armed, its plan edited and the clock set: nothing is done that is not allowed`, async () => {
  const { kills, armed, faults } = await restarts(2, wanted);
  expect({ kills, faults }).toEqual({ kills: wanted, faults: [] });
  expect(armed).toBeGreaterThan(0);
}, 240_000);
