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

/** Every connection that the API turned away is counted; of each kind one a minute is in the log, or a flood would flood it, too. */
export function tellTurnedAway({ log, clock, processMetrics }: TurnedAwayParts): ApiParts['onTurnedAway'] {
  const often = limitFailures(() => clock.now(), { burst: 1, each: minutes(1), addresses: 10 });
  return (because, address) => {
    processMetrics.turnedAway(because);
    if (often.note(because) === undefined) log.warn({ because, address }, 'connections to the API are turned away');
  };
}
