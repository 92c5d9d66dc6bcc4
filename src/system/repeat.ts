import type { Clock } from '../core/kernel/clock.ts';
import { after, between, type Millis, millis } from '../core/kernel/units.ts';

export interface Repeating extends AsyncDisposable {
  /** Does the work now as well, or once more when it is being done. */
  now(): void;
}

/** Does `work` at a steady pace, never twice at once. A failure is told, and the work goes on at its next time. */
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
      // Only a time that is over moves on: whoever asks in between puts nothing off.
      if (late >= 0) due = after(due, millis((Math.floor(late / every) + 1) * every));
      if (asked) continue;
      const ended = AbortSignal.any([stopping.signal, nudge.signal]);
      await clock.wait(between(clock.now(), due), ended).catch(() => undefined); // aborted: it is time to go on
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
