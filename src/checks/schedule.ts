import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { checkId } from '../core/kernel/ids.ts';
import { after, between, type Instant, millis } from '../core/kernel/units.ts';
import type { CheckPlan } from '../core/plan/questions.ts';
import { refusalOf } from './refusal.ts';
import { serially } from './serial.ts';

export interface ScheduledCheck {
  readonly plan: Pick<CheckPlan, 'id' | 'every'>;
  run(): Promise<Finding>;
}

export interface RunningChecks {
  /** Asks every check once, now, after whatever is being asked; the findings in the order of the checks. */
  runAll(): Promise<readonly Finding[]>;
  /** Resolves once the look under way is over; no other begins, and a `runAll` under way rejects. */
  stop(): Promise<void>;
}

/** The next moment of a check's own clock after `now`: moments that passed while it was looked at are left out. */
function nextDue(due: Instant, every: number, now: Instant): Instant {
  const passed = Math.floor(between(due, now) / every);
  return after(due, millis((Math.max(0, passed) + 1) * every));
}

/** A check that breaks down has not looked; the others go on. */
async function lookAt(check: ScheduledCheck, clock: Clock): Promise<Finding> {
  const at = clock.now();
  try {
    return await check.run();
  } catch (error) {
    const summary = `could not look: ${refusalOf(error).message}`;
    return { check: checkId(check.plan.id), status: 'unknown', at, took: between(at, clock.now()), summary };
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
  const oneAtATime = serially();

  const look = (check: ScheduledCheck): Promise<Finding> =>
    oneAtATime(async () => {
      stopping.signal.throwIfAborted();
      const finding = await lookAt(check, clock);
      onFinding(finding);
      return finding;
    });

  const start = clock.now();
  const goOn = async (check: ScheduledCheck, place: number): Promise<void> => {
    const { every } = check.plan;
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
  const all = checks.map((check, place) => goOn(check, place).catch(untilStopped));

  return {
    runAll: () => Promise.all(checks.map(look)),
    stop: async () => {
      stopping.abort(new Error('the checks were stopped'));
      await Promise.all(all);
      await oneAtATime(() => Promise.resolve());
    },
  };
}
