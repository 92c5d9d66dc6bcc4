import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

import type { Clock } from '../core/kernel/clock.ts';
import { instant } from '../core/kernel/units.ts';

/** Node waits no longer than this at once. */
const longest = 2 ** 31 - 1;

/**
 * The machine's clock, read once, then carried on by the monotonic one: a step of the clock, by NTP or a person, moves no
 * instant. A wait keeps the process alive until it is over or aborted, since whoever awaits it has work left to do.
 */
export function systemClock(): Clock {
  const origin = Date.now() - performance.now();
  return {
    now: () => instant(origin + performance.now()),
    async wait(length, signal) {
      signal?.throwIfAborted();
      const end = performance.now() + length;
      // A timer may fire a fraction early, so it is asked again.
      for (let left: number = length; left > 0; left = end - performance.now()) {
        await setTimeout(Math.min(Math.ceil(left), longest), undefined, signal === undefined ? {} : { signal });
      }
    },
  };
}
