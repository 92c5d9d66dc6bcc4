import { expect, test } from 'vitest';

import { phaseId } from '../../src/core/kernel/ids.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { phaseLeases } from '../../src/phases/phase-leases.ts';
import { at } from '../support/builders.ts';

const phase = phaseId('p');

/** Leases of a minute; the guard allows two seconds more. */
test.each([
  { when: 'it was never heard of', second: 62, over: false, heard: false },
  { when: 'it was never heard of for longer', second: 62.001, over: true, heard: false },
  { when: 'it was heard of', seen: 50, second: 112, over: false, heard: true },
  { when: 'it was heard of a lease ago', seen: 50, second: 113, over: true, heard: false },
  { when: 'the guard refused to hear it since', seen: 50, excused: 100, second: 162, over: false, heard: false },
  { when: 'the guard refused to hear it a lease ago', seen: 50, excused: 100, second: 163, over: true, heard: false },
  { when: 'it was heard of since the guard refused', seen: 120, excused: 100, second: 182, over: false, heard: true },
])('the lease of a phase at second $second, when $when, is over: $over', ({ seen, excused, second, over, heard }) => {
  const leases = phaseLeases(seconds(60), at(0));
  if (seen !== undefined) leases.seen(phase, at(seen));
  if (excused !== undefined) leases.excuse(at(excused));
  expect([leases.isOver(phase, at(second)), leases.isHeard(phase, at(second))]).toEqual([over, heard]);
});
