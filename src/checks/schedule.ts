import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { checkId } from '../core/kernel/ids.ts';
import { after, between, type Instant, type Millis, millis } from '../core/kernel/units.ts';
import { refusalOf } from './refusal.ts';
import { serially } from './serial.ts';

export interface ScheduledCheck {
  readonly id: string;
  /** Undefined for one that is asked in rounds only, since it reads much. */
  readonly every: Millis | undefined;
  /** `capturing`: what it sees becomes the baseline. */
  run(capturing: boolean): Promise<Finding>;
}

/** Which checks a round asks: all of them, or only those that are asked every now and then as well. */
export type Round = 'all' | 'all, for a baseline' | 'cheap';

export interface RunningChecks {
  /** Asks once, now, after whatever is being asked; the findings in the order of the checks. */
  runAll(round?: Round): Promise<readonly Finding[]>;
  /** Resolves once the look under way is over; no other begins, and a `runAll` under way rejects. */
  stop(): Promise<void>;
}

/** The next moment of a check's own clock after `now`: moments that passed while it was looked at are left out. */
function nextDue(due: Instant, every: number, now: Instant): Instant {
  const passed = Math.floor(between(due, now) / every);
  return after(due, millis((Math.max(0, passed) + 1) * every));
}

/** A check that breaks down has not looked; the others go on. */
async function lookAt(check: ScheduledCheck, clock: Clock, capturing: boolean): Promise<Finding> {
  const at = clock.now();
  try {
    return await check.run(capturing);
  } catch (error) {
    const summary = `could not look: ${refusalOf(error).message}`;
    return { check: checkId(check.id), status: 'unknown', at, took: between(at, clock.now()), summary };
  }
}

/**
 * Asks each check at its own interval, one check at a time since they share a connection, and spread over the interval so
 * that they do not come in a burst. `onFinding` is told every finding, those of `runAll` too, and must not throw.
 */
export function startChecks(options: {
  readonly checks: readonly ScheduledCheck[];
  readonly clock: Clock;
  readonly onFinding: (finding: Finding) => void;
}): RunningChecks {
  const { checks, clock, onFinding } = options;
  const stopping = new AbortController();
  const [oneAtATime, dear] = [serially(), serially()];

  const take = async (check: ScheduledCheck, capturing: boolean): Promise<Finding> => {
    stopping.signal.throwIfAborted();
    const finding = await lookAt(check, clock, capturing);
    onFinding(finding);
    return finding;
  };
  // What reads much holds up nobody else: its statements take their turns among those of the others.
  const look = (check: ScheduledCheck, capturing = false): Promise<Finding> =>
    check.every === undefined ? dear(() => take(check, capturing)) : oneAtATime(() => take(check, capturing));

  const start = clock.now();
  const goOn = async (check: ScheduledCheck, every: Millis, place: number): Promise<void> => {
    let due = after(start, millis((every * place) / checks.length));
    while (!stopping.signal.aborted) {
      await clock.wait(between(clock.now(), due), stopping.signal);
      await look(check);
      due = nextDue(due, every, clock.now());
    }
  };
  const untilStopped = (error: unknown): void => {
    if (!stopping.signal.aborted) throw error;
  };
  const all = checks.flatMap((check, place) =>
    check.every === undefined ? [] : [goOn(check, check.every, place).catch(untilStopped)],
  );

  return {
    runAll(round = 'all') {
      const asked = round === 'cheap' ? checks.filter(({ every }) => every !== undefined) : checks;
      return Promise.all(asked.map((check) => look(check, round === 'all, for a baseline')));
    },
    stop: async () => {
      stopping.abort(new Error('the checks were stopped'));
      await Promise.all(all);
      await Promise.all([oneAtATime, dear].map((inTurn) => inTurn(() => Promise.resolve())));
    },
  };
}
