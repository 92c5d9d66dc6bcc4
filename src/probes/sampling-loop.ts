import { lateness, type OwnTime } from '../core/evidence/own-time.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { between, type Instant, instant, type Millis, millis } from '../core/kernel/units.ts';
import { type LatenessJudge, latenessJudge } from './judge-lateness.ts';
import { Schedule } from './schedule.ts';
import { noteStops } from './stops.ts';

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
  /** Called at each waking of the loop, at least 20 times a second: how much later than wanted it was. */
  readonly onWake: (late: Millis) => void;
  /** What the guard has taken for itself so far. */
  readonly ownTime: () => OwnTime;
}

export interface Sampling {
  /** Aborts what is under way, and resolves when all of it has ended. Nothing is reported after that. */
  stop(): Promise<void>;
}

/** Later than this, a reading is missing: asking for all that was due during a stall would be a burst, and look slow. */
export const latest = millis(250);
/** Waking costs more than asking: a thousand probes wake us 250 times a second, not a thousand times. */
const shortestWait = 4;
/** How late a waking is tells that the process stood still, and is the event loop's lag. 20 a second cost about nothing. */
const longestWait = 50;

interface Course {
  readonly probe: Asker;
  readonly first: number;
  k: number;
  due: number;
  busy: boolean;
  readonly judge: LatenessJudge;
}

/** The offsets of their first readings spread the probes over time. */
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
    return { state: 'missing', probe: probe.id, at: due }; // the asker broke: that says nothing about the target
  } finally {
    course.busy = false;
  }
}

/**
 * Reading k of a probe is due at start + offset + k * every, whatever happens: it is asked then, or it is `missing`
 * because the one before is still under way or the process could not run.
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
      const length = millis(Math.min(longestWait, meetDue()));
      const wanted = stops.waits(clock.now(), length);
      await clock.wait(length, signal).catch(() => undefined); // it rejects only when it is time to stop
      if (length > 0) onWake(stops.woke(wanted, clock.now()));
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
