import type { Clock } from '../core/kernel/clock.ts';
import { after, type Instant, seconds } from '../core/kernel/units.ts';
import type { Child } from '../core/response/events.ts';
import { PhaseRefused } from './errors.ts';
import type { Orders, PhaseReporter } from './reporter.ts';

/** Reports that the guard has not accepted yet. */
export interface ProgressReports {
  addChild(child: Child): void;
  addFraction(fraction: number): void;
  /** When to send a report before the next regular heartbeat; undefined if there is none. */
  dueAt(now: Instant): Instant | undefined;
  /** Sends one report, or a plain heartbeat. A report that fails is kept, unless a newer one replaces it. */
  tell(): Promise<Orders>;
}

const betweenFractions = seconds(1);

export function gatherProgressReports(
  reporter: Pick<PhaseReporter, 'spawned' | 'beat'>,
  clock: Clock,
): ProgressReports {
  let child: Child | undefined;
  let childWasTold = false;
  let fraction: number | undefined;
  let fractionToldAt: Instant | undefined;

  const tellChild = async (telling: Child): Promise<Orders> => {
    childWasTold = true;
    try {
      const orders = await reporter.spawned(telling);
      child = undefined;
      return orders;
    } catch (error) {
      if (error instanceof PhaseRefused) child = undefined; // the next heartbeat says whether to continue
      throw error;
    }
  };
  const tellFraction = async (telling: number): Promise<Orders> => {
    fractionToldAt = clock.now();
    fraction = undefined;
    try {
      return await reporter.beat(telling);
    } catch (error) {
      fraction ??= telling;
      throw error;
    }
  };
  return {
    addChild: (added) => (child = added),
    addFraction: (added) => (fraction = added),
    dueAt(now) {
      if (child !== undefined && !childWasTold) return now;
      if (fraction === undefined) return undefined;
      return fractionToldAt === undefined ? now : after(fractionToldAt, betweenFractions);
    },
    tell() {
      // The child first: until the guard knows it, the guard would have to search for it.
      if (child !== undefined) return tellChild(child);
      return fraction === undefined ? reporter.beat() : tellFraction(fraction);
    },
  };
}
