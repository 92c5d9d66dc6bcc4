import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type CheckId, checkId } from '../core/kernel/ids.ts';
import { after, between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';
import { refusalOf } from './refusal.ts';
import { serialQueue } from '../system/serial-queue.ts';

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
  /** From now on each check is asked at its own interval. */
  start(): void;
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

/** What could not look tries again before its time: soon at first, then ever later, until its own pace is no later. */
const retryAfter = ({ took }: Finding, misses: number): Millis =>
  millis(Math.max(seconds(5) * 2 ** (misses - 1), 20 * took));

/** How long the finding may stand before the next look that is due; undefined where there is no reason to look before. */
function restOf({ every, isOpen }: ScheduledCheck, finding: Finding, missed: number): Millis | undefined {
  if (every === undefined) return isOpen === undefined ? undefined : restAfter(finding);
  const rest = retryAfter(finding, missed);
  return missed > 0 && rest < every ? rest : undefined;
}

/** One look after the other. What reads much holds up nobody else: its statements take their turns among those of the others. */
function oneAtATime(take: (check: ScheduledCheck, capturing: boolean) => Promise<Finding>) {
  const [cheap, expensive] = [serialQueue(), serialQueue()];
  return {
    look: (check: ScheduledCheck, capturing = false): Promise<Finding> =>
      (check.every === undefined ? expensive : cheap)(() => take(check, capturing)),
    /** Resolves when nothing is under way. */
    idle: () => Promise.all([cheap, expensive].map((queue) => queue(() => Promise.resolve()))),
  };
}

/** When each is first due that has an interval: spread over it, so that they do not come in a burst. */
const spread = (checks: readonly ScheduledCheck[], now: Instant) =>
  checks.flatMap((check, place) => {
    const { every } = check;
    return every === undefined ? [] : [{ check, every, first: after(now, millis((every * place) / checks.length)) }];
  });

/** A look that could not look counts as a miss; one that had nothing to compare with yet does not. */
const isMiss = ({ status, young }: Finding): boolean => status === 'unknown' && young !== true;

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

export interface ScheduleOptions {
  readonly checks: readonly ScheduledCheck[];
  readonly clock: Clock;
  readonly onFinding: (finding: Finding) => void;
  /** What was found last, before a restart. */
  readonly found?: ReadonlyMap<CheckId, Finding>;
}

/**
 * Once started, asks each check at its own interval, one check at a time since they share a connection, and spread over the
 * interval so that they do not come in a burst; one that could not look, again soon. `onFinding` is told every finding, those of `runAll` too, and must not throw.
 */
export function createChecks(options: ScheduleOptions): RunningChecks {
  const { checks, clock, onFinding, found } = options;
  const stopping = new AbortController();
  /** What each found last, and how often in a row it could not look. */
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
  const { look, idle } = oneAtATime(take);

  const lookLater = async (check: ScheduledCheck, finding: Finding, rest: Millis): Promise<void> => {
    while (last.get(check)?.finding === finding) {
      await clock.wait(rest, stopping.signal);
      const isOpen = check.every !== undefined || check.isOpen?.(finding) === true;
      if (last.get(check)?.finding === finding && isOpen) await look(check);
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
      await look(check);
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
      return Promise.all(asked.map((check) => look(check, round === 'all, for a baseline')));
    },
    stop: async () => {
      stopping.abort(new Error('the checks were stopped'));
      await Promise.all(all);
      await idle();
    },
  };
}

/** The same, and starts them. */
export function startChecks(options: ScheduleOptions): RunningChecks {
  const created = createChecks(options);
  created.start();
  return created;
}
