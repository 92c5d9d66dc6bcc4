import type { Asks } from '../checks/asks.ts';
import type { Check } from '../checks/check.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { checkId } from '../core/kernel/ids.ts';
import { after, type Instant, millis, seconds } from '../core/kernel/units.ts';

/** A session that becomes idle reports its counters within ten seconds (PGSTAT_IDLE_INTERVAL). */
const untilCounted = seconds(12);

/**
 * Tracks when the guard's own full table scans disturb the server's counters. During a scan, and until the server has
 * counted it, the counters reflect the guard and not the application.
 */
export interface DisturbedCounters {
  /** Runs work that scans whole tables. */
  scanning<Done>(work: () => Promise<Done>): Promise<Done>;
  areDisturbed(): boolean;
  /** Changes after each scan. Counts from different epochs must not be compared. */
  epoch(): number;
}

export function disturbedCounters(clock: Pick<Clock, 'now'>): DisturbedCounters {
  let [underWay, epoch] = [0, 0];
  let counted: Instant | undefined;
  return {
    async scanning(work) {
      underWay += 1;
      try {
        return await work();
      } finally {
        underWay -= 1;
        epoch += 1;
        counted = after(clock.now(), untilCounted);
      }
    },
    areDisturbed: () => underWay > 0 || (counted !== undefined && clock.now() < counted),
    epoch: () => epoch,
  };
}

/**
 * The finding that replaces a count while the counters are disturbed. A baseline needs the rates only. It must not freeze a
 * breach against an older baseline: that breach would then count as known and would never be reported again. Without any
 * rates yet, the finding is `warmingUp`.
 */
function recalled(undisturbed: Finding | undefined, { id, against }: Check, at: Instant, capturing: boolean): Finding {
  if (undisturbed?.seen === undefined) {
    const summary = 'counting resumes once the guard’s own table scan is over';
    return { check: checkId(id), at, took: millis(0), status: 'unknown', warmingUp: true, minor: true, summary };
  }
  const isUsual = undisturbed.warmingUp === true || (undisturbed.status === 'breach' && against === 'baseline');
  if (!capturing || !isUsual) return undisturbed;
  const { warmingUp: _warmingUp, fingerprint: _fingerprint, ...known } = undisturbed;
  return { ...known, status: 'ok', summary: 'counted before', faults: [] };
}

/** While the guard's own scans disturb the counters, a counting check repeats its last undisturbed finding. */
export function recalling(
  check: Check,
  counters: DisturbedCounters,
  clock: Pick<Clock, 'now'>,
  { execute, forget }: { readonly execute: (on: Asks, capturing: boolean) => Promise<Finding>; forget(): void },
): (on: Asks, capturing: boolean) => Promise<Finding> {
  let epoch = counters.epoch();
  let undisturbed: Finding | undefined;
  return async (on, capturing) => {
    if (check.cost === 'C') return counters.scanning(() => execute(on, capturing));
    if (check.counts !== true) return execute(on, capturing);
    if (counters.areDisturbed()) return recalled(undisturbed, check, clock.now(), capturing);
    if (epoch !== counters.epoch()) forget();
    epoch = counters.epoch();
    const finding = await execute(on, capturing);
    if (finding.warmingUp !== true || finding.seen !== undefined || undisturbed === undefined) undisturbed = finding;
    return undisturbed; // after `forget`, the first execution has no rates yet: repeat the last finding until the next one
  };
}
