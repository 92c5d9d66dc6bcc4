import type { Clock } from '../core/kernel/clock.ts';
import { sayDuration, sayTime } from '../core/kernel/duration.ts';
import { between, type Instant, minutes } from '../core/kernel/units.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import type { Log } from '../system/log.ts';
import { limitFailures } from './failures.ts';
import type { ApiParts } from './server.ts';

export interface TurnedAwayParts {
  readonly log: Pick<Log, 'warn'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly processMetrics: Pick<ProcessMetrics, 'turnedAway'>;
}

export interface TurnedAwayNotes {
  readonly note: ApiParts['onTurnedAway'];
  /** That principals were turned away lately: they may miss what the guard knows, and it may miss what they report. */
  readonly lately: () => readonly string[];
}

/** How long `/readyz` tells of it. */
const lately = minutes(5);

/**
 * Counts every connection that the API turns away. The log gets one line per kind and minute, so that a flood of connections
 * does not flood the log.
 */
export function noteTurnedAway({ log, clock, processMetrics }: TurnedAwayParts): TurnedAwayNotes {
  const often = limitFailures(() => clock.now(), { burst: 1, each: minutes(1), addresses: 10 });
  let last: Instant | undefined;
  return {
    note(because, address) {
      processMetrics.turnedAway(because);
      if (because === 'principals-crowded') last = clock.now();
      if (often.note(because) === undefined) log.warn({ because, address }, 'connections to the API are turned away');
    },
    lately: () =>
      last === undefined || between(last, clock.now()) > lately
        ? []
        : [
            `principals had too many connections at ${sayTime(last)}, and some were refused; this is shown for ${sayDuration(lately)}`,
          ],
  };
}
