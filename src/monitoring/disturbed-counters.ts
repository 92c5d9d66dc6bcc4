import type { Asks } from '../checks/asks.ts';
import type { Check } from '../checks/check.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { checkId } from '../core/kernel/ids.ts';
import { after, type Instant, millis, seconds } from '../core/kernel/units.ts';

/** A session that goes idle hands in what it has counted within ten seconds (PGSTAT_IDLE_INTERVAL). */
const untilCounted = seconds(12);

/**
 * The server's counters, which the guard's own scans of whole tables disturb: while it reads them, and until the server has
 * counted that, the counters tell of the guard and not of the application.
 */
export interface DisturbedCounters {
  /** Does what reads much. */
  scanning<Done>(work: () => Promise<Done>): Promise<Done>;
  areDisturbed(): boolean;
  /** Another number after each such time: what was counted before it is not compared with what is counted after it. */
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
 * For a baseline its rates count, whatever was said of them without one or beside an older one: a breach that was frozen would
 * be known for good, and never told again. Where there are no rates yet, it is too young to tell.
 */
function recalled(undisturbed: Finding | undefined, { id, against }: Check, at: Instant, capturing: boolean): Finding {
  if (undisturbed?.seen === undefined) {
    const summary = 'it counts once the guard’s own reading is over';
    return { check: checkId(id), at, took: millis(0), status: 'unknown', young: true, minor: true, summary };
  }
  const isUsual = undisturbed.young === true || (undisturbed.status === 'breach' && against === 'baseline');
  if (!capturing || !isUsual) return undisturbed;
  const { young: _young, fingerprint: _fingerprint, ...known } = undisturbed;
  return { ...known, status: 'ok', summary: 'counted before', faults: [] };
}

/** What a check that counts found last before the guard itself read much stands in for what it would count now. */
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
    if (finding.young !== true || finding.seen !== undefined || undisturbed === undefined) undisturbed = finding;
    return undisturbed; // what begins to count anew says what it said before, until the next look
  };
}
