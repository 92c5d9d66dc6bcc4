import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type CheckId, checkId } from '../core/kernel/ids.ts';
import { after, between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { refusalOf } from './refusal.ts';
import { serially } from './serial.ts';

export interface ScheduledCheck {
  readonly id: string;
  /** Undefined for one that is asked in rounds only, since it reads much. */
  readonly every: Millis | undefined;
  /**
   * For one that is asked in rounds only: whether its last finding should not stand until the next round, which may be
   * waiting for it to be well. Asked a while after the finding, and again as long as it is the last.
   */
  readonly isOpen?: (finding: Finding) => boolean;
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

/** What reads much may take up a twentieth of the time. */
const restAfter = ({ took }: Finding): Millis => millis(Math.max(seconds(60), 20 * took));

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
  /** What was found last, before a restart. */
  readonly found?: ReadonlyMap<CheckId, Finding>;
}): RunningChecks {
  const { checks, clock, onFinding, found } = options;
  const stopping = new AbortController();
  const [oneAtATime, dear] = [serially(), serially()];
  const last = new Map<ScheduledCheck, Finding>();

  const untilStopped = (error: unknown): void => {
    if (!stopping.signal.aborted) throw error;
  };

  const take = async (check: ScheduledCheck, capturing: boolean): Promise<Finding> => {
    stopping.signal.throwIfAborted();
    const finding = await lookAt(check, clock, capturing);
    onFinding(finding);
    follow(check, finding);
    return finding;
  };
  // What reads much holds up nobody else: its statements take their turns among those of the others.
  const look = (check: ScheduledCheck, capturing = false): Promise<Finding> =>
    check.every === undefined ? dear(() => take(check, capturing)) : oneAtATime(() => take(check, capturing));

  const lookLater = async (check: ScheduledCheck, finding: Finding): Promise<void> => {
    while (last.get(check) === finding) {
      await clock.wait(restAfter(finding), stopping.signal);
      if (last.get(check) === finding && check.isOpen?.(finding) === true) await look(check);
    }
  };

  const follow = (check: ScheduledCheck, finding: Finding | undefined): void => {
    if (check.every !== undefined || check.isOpen === undefined || finding === undefined) return;
    last.set(check, finding);
    lookLater(check, finding).catch(untilStopped);
  };
  for (const check of checks) follow(check, found?.get(checkId(check.id)));

  const start = clock.now();
  const goOn = async (check: ScheduledCheck, every: Millis, place: number): Promise<void> => {
    let due = after(start, millis((every * place) / checks.length));
    while (!stopping.signal.aborted) {
      await clock.wait(between(clock.now(), due), stopping.signal);
      await look(check);
      due = nextDue(due, every, clock.now());
    }
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
