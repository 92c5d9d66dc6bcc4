import { randomBytes } from 'node:crypto';

import { expect } from 'vitest';

import { systemClock } from '../../src/system/clock.ts';
import { millis } from '../../src/core/kernel/units.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';

export interface TestTag extends AsyncDisposable {
  readonly tag: string;
}

/** A unique tag. Processes that still have it at the end are ended and fail the test. */
export function testTag(): TestTag {
  const tag = `test-${randomBytes(6).toString('hex')}`;
  return {
    tag,
    async [Symbol.asyncDispose]() {
      const left = await taggedProcesses(tag);
      await endProcesses({ groups: [], tags: [tag], grace: millis(0), clock: systemClock() });
      expect(left, 'processes left behind').toEqual([]);
    },
  };
}
