import {
  latenessOf,
  latenessOfFailure,
  learnUsual,
  nothingUsual,
  type OwnTime,
  ownTimeBetween,
} from '../core/evidence/own-time.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { between, instant } from '../core/kernel/units.ts';
import type { Stops } from './stops.ts';

export interface LatenessParts {
  readonly clock: Pick<Clock, 'now'>;
  /** The time that the guard itself has used so far. */
  readonly ownTime: () => OwnTime;
  readonly stops: Pick<Stops, 'within'>;
}

/** Called when a probe starts a reading. The returned function makes the reading `missing` if the guard itself was late. */
export type LatenessJudge = () => (reading: Reading) => Reading;

/** Judges one probe's readings in order, and learns how much of the guard's own time they usually take. */
export function latenessJudge({ clock, ownTime, stops }: LatenessParts): LatenessJudge {
  let usual = nothingUsual;
  return () => {
    const [asked, before] = [clock.now(), ownTime()];
    const latenessIn = (reading: Reading): string | undefined => {
      const now = clock.now();
      if (reading.state === 'failed') {
        const [took, own] = [between(asked, now), ownTimeBetween(before, ownTime())];
        return latenessOfFailure({ took, own, stopped: stops.within(asked, now) }, reading.cause);
      }
      if (reading.state === 'missing' || reading.own === undefined) return undefined;
      const { took, own } = reading;
      const because = latenessOf({ took, own, stopped: stops.within(instant(now - took), now) }, usual);
      usual = learnUsual(usual, own, took);
      return because;
    };
    return (reading) => {
      const because = latenessIn(reading);
      if (because !== undefined) return { state: 'missing', probe: reading.probe, at: reading.at, because };
      if (reading.state !== 'answered') return reading;
      const { own: _, ...kept } = reading;
      return kept;
    };
  };
}
