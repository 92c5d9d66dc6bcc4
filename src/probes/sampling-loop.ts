import type { Reading } from '../core/evidence/reading.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { between, type Instant, instant, type Millis, millis } from '../core/kernel/units.ts';
import { Schedule } from './schedule.ts';

/** A probe as the loop sees it. */
export interface Asker {
  readonly id: ProbeId;
  readonly every: Millis;
  /** The reading that was due at `due`. A rejection counts as `missing`: it says nothing about the target. */
  readonly ask: (due: Instant, signal: AbortSignal) => Promise<Reading>;
}

export interface SamplingOptions {
  readonly probes: readonly Asker[];
  readonly clock: Clock;
  /** Called once for each due time of each probe, when it is known: a slow answer comes after the next one is missing. */
  readonly onReading: (reading: Reading) => void;
  /** Called at the start of each ask: how much later than due it was. */
  readonly onLag: (lag: Millis) => void;
}

export interface Sampling {
  /** Aborts what is under way, and resolves when all of it has ended. Nothing is reported after that. */
  stop(): Promise<void>;
}

/** Later than this, a reading is missing: asking for all that was due during a stall would be a burst, and look slow. */
export const latest = millis(250);
/** Waking costs more than asking: a thousand probes wake us 250 times a second, not a thousand times. */
const shortestWait = 4;

interface Course {
  readonly probe: Asker;
  readonly first: number;
  k: number;
  due: number;
  busy: boolean;
}

/**
 * Reading k of a probe is due at start + offset + k * every, whatever happens: it is asked then, or it is `missing`
 * because the one before is still under way or the process could not run. The offsets spread the probes over time.
 */
export function startSampling({ probes, clock, onReading, onLag }: SamplingOptions): Sampling {
  const stopping = new AbortController();
  const { signal } = stopping;
  const underWay = new Set<Promise<void>>();
  const start = Math.ceil(clock.now());
  const schedule = new Schedule<Course>(
    probes.map((probe, position) => {
      const first = start + Math.floor((probe.every * position) / probes.length);
      return { probe, first, k: 0, due: first, busy: false };
    }),
  );

  const missing = (course: Course, at: Instant) => onReading({ state: 'missing', probe: course.probe.id, at });

  const ask = async (course: Course, due: Instant) => {
    course.busy = true;
    let reading: Reading = { state: 'missing', probe: course.probe.id, at: due };
    try {
      reading = await course.probe.ask(due, signal);
    } catch {
      // The asker broke: that says nothing about the target.
    }
    course.busy = false;
    onReading(reading);
  };

  const meet = (course: Course, now: Instant) => {
    const due = instant(course.due);
    course.k += 1;
    course.due = course.first + course.k * course.probe.every;
    schedule.firstMoved();
    const lag = between(due, now);
    if (course.busy || signal.aborted || course.due <= now || lag > latest) return missing(course, due);
    onLag(lag);
    const asked = ask(course, due).finally(() => underWay.delete(asked));
    underWay.add(asked);
  };

  /** Meets all that is due, and says how long nothing will be. */
  const meetDue = (): Millis => {
    const now = clock.now();
    for (let next = schedule.first; next !== undefined; next = schedule.first) {
      if (next.due > now) return millis(Math.max(shortestWait, next.due - now));
      meet(next, now);
    }
    return millis(0);
  };

  const run = async () => {
    while (schedule.first !== undefined && !signal.aborted) {
      await clock.wait(meetDue(), signal).catch(() => undefined); // it rejects only when it is time to stop
    }
  };
  const running = run();

  return {
    async stop() {
      if (!signal.aborted) {
        stopping.abort();
        meetDue(); // what came due unseen is missing, so that no due time up to now is left out
      }
      await running;
      await Promise.all(underWay);
    },
  };
}
