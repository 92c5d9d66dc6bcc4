import type { Clock } from '../core/kernel/clock.ts';
import { after, type Instant, seconds } from '../core/kernel/units.ts';

/** A session that goes idle hands in what it has counted within ten seconds (PGSTAT_IDLE_INTERVAL). */
const untilCounted = seconds(12);

/**
 * What the guard reads itself: while it goes over whole tables, and until the server has counted that, the server's counts
 * tell of the guard and not of the application.
 */
export interface OwnReading {
  /** Does what reads much. */
  during<Done>(work: () => Promise<Done>): Promise<Done>;
  isCounted(): boolean;
  /** Another number after each such time: what was counted before it is not compared with what is counted after it. */
  epoch(): number;
}

export function ownReading(clock: Pick<Clock, 'now'>): OwnReading {
  let [underWay, epoch] = [0, 0];
  let counted: Instant | undefined;
  return {
    async during(work) {
      underWay += 1;
      try {
        return await work();
      } finally {
        underWay -= 1;
        epoch += 1;
        counted = after(clock.now(), untilCounted);
      }
    },
    isCounted: () => underWay > 0 || (counted !== undefined && clock.now() < counted),
    epoch: () => epoch,
  };
}
