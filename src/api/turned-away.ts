import type { Clock } from '../core/kernel/clock.ts';
import { minutes } from '../core/kernel/units.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import type { Log } from '../system/log.ts';
import { limitFailures } from './failures.ts';
import type { ApiParts } from './server.ts';

export interface TurnedAwayParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly processMetrics: ProcessMetrics;
}

/**
 * Counts every connection that the API turns away. The log gets one line per kind and minute, so that a flood of connections
 * does not flood the log.
 */
export function tellTurnedAway({ log, clock, processMetrics }: TurnedAwayParts): ApiParts['onTurnedAway'] {
  const often = limitFailures(() => clock.now(), { burst: 1, each: minutes(1), addresses: 10 });
  return (because, address) => {
    processMetrics.turnedAway(because);
    if (often.note(because) === undefined) log.warn({ because, address }, 'connections to the API are turned away');
  };
}
