import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type CheckId, checkId } from '../core/kernel/ids.ts';
import { after, between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { refusalOf } from './refusal.ts';
import { serialQueue } from '../system/serial-queue.ts';

export interface ScheduledCheck {
  readonly id: string;
  /** Undefined for an expensive check, which runs only in rounds. */
  readonly every: Millis | undefined;
  /**
   * For a check that runs only in rounds: whether its last finding is too bad to stand until the next round, which may
   * itself wait for an ok. The check runs again a while later, as long as that finding is its last.
   */
  readonly isOpen?: (finding: Finding) => boolean;
  /** `capturing`: the result becomes part of the baseline. */
  run(capturing: boolean): Promise<Finding>;
}

/** Which checks a round runs: all, or only those with an interval. */
export type Round = 'all' | 'all, for a baseline' | 'cheap';

export interface RunningChecks {
  /** Runs the checks once, after any check in progress. Returns the findings in the order of the checks. */
  runAll(round?: Round): Promise<readonly Finding[]>;
  /** From now on each check runs at its own interval. */
  start(): void;
  /** Resolves once the check in progress is over. No other starts, and a `runAll` in progress rejects. */
  stop(): Promise<void>;
}

/** The next moment on a check's own schedule after `now`. Moments that passed during the run are skipped. */
function nextDue(due: Instant, every: number, now: Instant): Instant {
  const passed = Math.floor(between(due, now) / every);
  return after(due, millis((Math.max(0, passed) + 1) * every));
}

/** An expensive check may use up to one twentieth of the time. */
const restAfter = ({ took }: Finding): Millis => millis(Math.max(seconds(60), 20 * took));

/** A check that could not run tries again early: soon at first, then at growing intervals up to its own. */
const retryAfter = ({ took }: Finding, misses: number): Millis =>
  millis(Math.max(seconds(5) * 2 ** (misses - 1), 20 * took));

/** How long the finding may stand before an early run; undefined if there is no reason for one. */
function restOf({ every, isOpen }: ScheduledCheck, finding: Finding, missed: number): Millis | undefined {
  if (every === undefined) return isOpen === undefined ? undefined : restAfter(finding);
  const rest = retryAfter(finding, missed);
  return missed > 0 && rest < every ? rest : undefined;
}

/**
 * Runs one check at a time. Expensive checks have their own queue and hold up no other: their statements take turns
 * with the others.
 */
function oneAtATime(take: (check: ScheduledCheck, capturing: boolean) => Promise<Finding>) {
  const [cheap, expensive] = [serialQueue(), serialQueue()];
  return {
    runCheck: (check: ScheduledCheck, capturing = false): Promise<Finding> =>
      (check.every === undefined ? expensive : cheap)(() => take(check, capturing)),
    /** Resolves when no check is in progress. */
    idle: () => Promise.all([cheap, expensive].map((queue) => queue(() => Promise.resolve()))),
  };
}

/** The first run of each check that has an interval, spread over that interval to avoid a burst. */
const spread = (checks: readonly ScheduledCheck[], now: Instant) =>
  checks.flatMap((check, place) => {
    const { every } = check;
    return every === undefined ? [] : [{ check, every, first: after(now, millis((every * place) / checks.length)) }];
  });

/** A check that could not run counts as a miss. One that had nothing to compare with yet does not. */
const isMiss = ({ status, warmingUp }: Finding): boolean => status === 'unknown' && warmingUp !== true;

/** A check that throws has not run; the others go on. */
async function lookAt(check: ScheduledCheck, clock: Clock, capturing: boolean): Promise<Finding> {
  const at = clock.now();
  try {
    return await check.run(capturing);
  } catch (error) {
    const summary = `could not look: ${refusalOf(error).message}`;
    return { check: checkId(check.id), status: 'unknown', at, took: between(at, clock.now()), summary };
  }
}

export interface ScheduleOptions {
  readonly checks: readonly ScheduledCheck[];
  readonly clock: Clock;
  readonly onFinding: (finding: Finding) => void;
  /** The last findings from before a restart. */
  readonly found?: ReadonlyMap<CheckId, Finding>;
}

/**
 * Once started, runs each check at its own interval. The checks share a connection, so they run one at a time, spread
 * over the interval to avoid a burst. A check that could not run tries again soon. `onFinding` gets every finding,
 * including those of `runAll`, and must not throw.
 */
export function createChecks(options: ScheduleOptions): RunningChecks {
  const { checks, clock, onFinding, found } = options;
  const stopping = new AbortController();
  /** The last finding of each check, and how often in a row it could not run. */
  const last = new Map<ScheduledCheck, { readonly finding: Finding; readonly missed: number }>();

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
  const { runCheck, idle } = oneAtATime(take);

  const lookLater = async (check: ScheduledCheck, finding: Finding, rest: Millis): Promise<void> => {
    while (last.get(check)?.finding === finding) {
      await clock.wait(rest, stopping.signal);
      const isOpen = check.every !== undefined || check.isOpen?.(finding) === true;
      if (last.get(check)?.finding === finding && isOpen) await runCheck(check);
    }
  };

  const follow = (check: ScheduledCheck, finding: Finding | undefined): void => {
    if (finding === undefined) return;
    const missed = isMiss(finding) ? (last.get(check)?.missed ?? 0) + 1 : 0;
    last.set(check, { finding, missed });
    const rest = restOf(check, finding, missed);
    if (rest !== undefined) lookLater(check, finding, rest).catch(untilStopped);
  };

  const goOn = async ({ check, every, first }: ReturnType<typeof spread>[number]): Promise<void> => {
    for (let due = first; !stopping.signal.aborted; due = nextDue(due, every, clock.now())) {
      await clock.wait(between(clock.now(), due), stopping.signal);
      await runCheck(check);
    }
  };
  let all: readonly Promise<void>[] = [];

  return {
    start() {
      const now = clock.now();
      for (const check of checks) follow(check, found?.get(checkId(check.id)));
      all = spread(checks, now).map((one) => goOn(one).catch(untilStopped));
    },
    runAll(round = 'all') {
      const asked = round === 'cheap' ? checks.filter(({ every }) => every !== undefined) : checks;
      return Promise.all(asked.map((check) => runCheck(check, round === 'all, for a baseline')));
    },
    stop: async () => {
      stopping.abort(new Error('the checks were stopped'));
      await Promise.all(all);
      await idle();
    },
  };
}

/** Creates the checks and starts them. */
export function startChecks(options: ScheduleOptions): RunningChecks {
  const created = createChecks(options);
  created.start();
  return created;
}
