import type { Clock } from '../core/kernel/clock.ts';
import { after, between, type Millis, millis } from '../core/kernel/units.ts';

export interface Repeating extends AsyncDisposable {
  /** Also does the work now, or once more if it is running. */
  now(): void;
}

/** Repeats `work` at a steady pace, never twice at once. A failure is reported, and the work continues at its next time. */
export function repeat(
  clock: Clock,
  every: Millis,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): Repeating {
  const stopping = new AbortController();
  let nudge = new AbortController();
  let asked = false;
  const run = async () => {
    let due = clock.now();
    while (!stopping.signal.aborted) {
      asked = false;
      nudge = new AbortController();
      await work().catch(failed);
      const late = between(due, clock.now());
      // Only a past due time moves, so a call in between delays nothing.
      if (late >= 0) due = after(due, millis((Math.floor(late / every) + 1) * every));
      if (asked) continue;
      const ended = AbortSignal.any([stopping.signal, nudge.signal]);
      await clock.wait(between(clock.now(), due), ended).catch(() => undefined); // aborted: check whether to stop
    }
  };
  const running = run();
  return {
    now() {
      asked = true;
      nudge.abort();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
