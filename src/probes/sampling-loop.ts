import { lateness, type OwnTime } from '../core/evidence/own-time.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { between, type Instant, instant, type Millis, millis } from '../core/kernel/units.ts';
import { type LatenessJudge, latenessJudge } from './judge-lateness.ts';
import { Schedule } from './schedule.ts';
import { noteStops } from './stops.ts';

/** What the loop needs of a probe. */
export interface Asker {
  readonly id: ProbeId;
  readonly every: Millis;
  /** Takes the reading that was due at `due`. A rejection says nothing about the target and counts as `missing`. */
  readonly ask: (due: Instant, signal: AbortSignal) => Promise<Reading>;
}

export interface SamplingOptions {
  readonly probes: readonly Asker[];
  readonly clock: Clock;
  /** Called once per due time and probe. A slow answer arrives after the next reading was already reported missing. */
  readonly onReading: (reading: Reading) => void;
  /** Called when a reading starts, with its delay after the due time. */
  readonly onLag: (lag: Millis) => void;
  /** Called when the loop wakes up, at least 20 times a second, with the delay after the wanted time. */
  readonly onWake: (late: Millis) => void;
  /** The time that the guard itself has used so far. */
  readonly ownTime: () => OwnTime;
}

export interface Sampling {
  /** Aborts running readings and resolves when they have ended. Nothing is reported after that. */
  stop(): Promise<void>;
}

/** A reading later than this is missing. Catching up after a stall would cause a burst, and the target would look slow. */
export const latest = millis(250);
/** Waking up costs more than a reading, so a thousand probes wake the loop at most 250 times a second. */
const shortestWait = 4;
/** The delay of a wake-up is the event-loop lag, and shows when the process stood still. 20 wake-ups a second are cheap. */
const longestWait = 50;

interface Course {
  readonly probe: Asker;
  readonly first: number;
  k: number;
  due: number;
  busy: boolean;
  readonly judge: LatenessJudge;
}

/** Gives each probe its own offset, so that the readings are spread over time. */
const coursesOf = (probes: readonly Asker[], start: number, judge: () => LatenessJudge): readonly Course[] =>
  probes.map((probe, position) => {
    const first = start + Math.floor((probe.every * position) / probes.length);
    return { probe, first, k: 0, due: first, busy: false, judge: judge() };
  });

async function answerOf(course: Course, due: Instant, signal: AbortSignal): Promise<Reading> {
  const { probe, judge } = course;
  course.busy = true;
  const judged = judge();
  try {
    return judged(await probe.ask(due, signal));
  } catch {
    return { state: 'missing', probe: probe.id, at: due }; // an error of the probe itself says nothing about the target
  } finally {
    course.busy = false;
  }
}

/**
 * Reading k of a probe is always due at start + offset + k * every. It starts then, or it is `missing` because the previous
 * reading is still running or the process could not run.
 */
export function startSampling({ probes, clock, onReading, onLag, onWake, ownTime }: SamplingOptions): Sampling {
  const stopping = new AbortController();
  const { signal } = stopping;
  const underWay = new Set<Promise<void>>();
  const stops = noteStops();
  const start = Math.ceil(clock.now());
  const schedule = new Schedule<Course>(coursesOf(probes, start, () => latenessJudge({ clock, ownTime, stops })));

  const missing = (course: Course, at: Instant, because?: string) =>
    onReading({ state: 'missing', probe: course.probe.id, at, ...(because !== undefined && { because }) });

  const ask = async (course: Course, due: Instant) => {
    onReading(await answerOf(course, due, signal));
  };

  const meet = (course: Course, now: Instant) => {
    const due = instant(course.due);
    course.k += 1;
    course.due = course.first + course.k * course.probe.every;
    schedule.firstMoved();
    const lag = between(due, now);
    if (course.busy || signal.aborted) return missing(course, due);
    if (course.due <= now || lag > latest) return missing(course, due, lateness.asking);
    onLag(lag);
    const asked = ask(course, due).finally(() => underWay.delete(asked));
    underWay.add(asked);
  };

  /** Handles everything that is due, and returns the time until the next due reading. */
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
      const length = millis(Math.min(longestWait, meetDue()));
      const wanted = stops.waits(clock.now(), length);
      await clock.wait(length, signal).catch(() => undefined); // rejects only when the loop stops
      if (length > 0) onWake(stops.woke(wanted, clock.now()));
    }
  };
  const running = run();

  return {
    async stop() {
      if (!signal.aborted) {
        stopping.abort();
        meetDue(); // reports readings that came due meanwhile as missing, so that every due time is covered
      }
      await running;
      await Promise.all(underWay);
    },
  };
}
