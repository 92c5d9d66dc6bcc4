import { openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import type { OwnTime } from '../core/evidence/own-time.ts';
import { millis } from '../core/kernel/units.ts';

/**
 * From the kernel, for the thread that opened the file: time on a CPU, and time spent waiting for one, in nanoseconds.
 */
const accounts = '/proc/thread-self/schedstat';

/** The time this thread was ready to run and had no CPU. Zero if the kernel does not report it. */
function waitingMeter(): () => number {
  let file: number;
  try {
    file = openSync(accounts, 'r'); // held: reading it again takes two microseconds
  } catch {
    return () => 0;
  }
  const text = Buffer.alloc(64);
  return () => {
    const length = readSync(file, text, 0, text.length, 0);
    const nanoseconds = Number(text.toString('latin1', 0, length).split(' ')[1]);
    return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : 0;
  };
}

let waiting: (() => number) | undefined;

/**
 * The time that this thread has used for itself so far. While the event loop is idle, an answer is read as soon as it
 * arrives. While the loop is busy, or the thread has no CPU, an answer waits unread. So at most the difference between
 * two calls of a measured time is the guard's own. A call costs about three microseconds.
 */
export function ownTime(): OwnTime {
  waiting ??= waitingMeter();
  return { busy: millis(performance.eventLoopUtilization().active), waiting: millis(waiting()) };
}
