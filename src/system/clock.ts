import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

import type { GuardClock, UptimeMark } from '../core/kernel/clock.ts';
import { type Instant, instant, later, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { resumeAt } from '../core/run/resume.ts';
import { offsetBetween } from '../core/run/wall-clock.ts';
import { currentBoot } from './procfs.ts';

/** The longest timeout that Node accepts. */
const longest = 2 ** 31 - 1;

/** The uptime of the machine, including suspension, minus what the monotonic clock has counted since then. */
function sleepClock(up: () => number): () => Millis {
  const read = (): Millis | undefined => {
    try {
      return seconds(up() - performance.now() / 1_000);
    } catch {
      return undefined; // the system does not report its uptime
    }
  };
  const awake = read();
  return () => millis((read() ?? 0) - (awake ?? 0));
}

/**
 * The machine's clock, read once and then advanced by the monotonic clock. A step of the wall clock, by NTP or by a person,
 * moves no instant. If the newest past moment is known, this does not accept a wall clock slightly behind it. A wait keeps
 * the process alive until it is over or aborted, because its caller still has work to do.
 */
export function systemClock(newest?: Instant, up: () => number = uptime): GuardClock {
  const since = performance.now();
  const start = resumeAt(newest, instant(Date.now()));
  const slept = sleepClock(up);
  const now = (): Instant => later(start, instant(start + performance.now() - since));
  const offset = (): Millis => {
    const before = now();
    const wall = instant(Date.now());
    return offsetBetween(before, wall, now());
  };
  return {
    now,
    offset,
    ahead: () => millis(Math.max(0, offset(), slept())),
    async wait(length, signal) {
      signal?.throwIfAborted();
      const end = performance.now() + length;
      // A timer may fire a fraction early, so check again.
      for (let left: number = length; left > 0; left = end - performance.now()) {
        await setTimeout(Math.min(Math.ceil(left), longest), undefined, signal === undefined ? {} : { signal });
      }
    },
  };
}

/** The uptime of the machine at a moment of `clock`; undefined if the system does not report it. */
export function markUptime({ now }: Pick<GuardClock, 'now'>): UptimeMark | undefined {
  try {
    return { boot: currentBoot(), up: seconds(uptime()), at: now() };
  } catch {
    return undefined;
  }
}
