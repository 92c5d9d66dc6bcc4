import type { Clock } from '../core/kernel/clock.ts';
import { after, type Instant, seconds } from '../core/kernel/units.ts';
import type { Child } from '../core/response/events.ts';
import { PhaseRefused } from './errors.ts';
import type { Orders, PhaseReporter } from './reporter.ts';

/** What the guard does not know yet. */
export interface ProgressReports {
  addChild(child: Child): void;
  addFraction(fraction: number): void;
  /** When something is to be told before the next regular sign of life; undefined when nothing is. */
  dueAt(now: Instant): Instant | undefined;
  /** Tells one thing, or only that we live. What was not heard stays news, unless newer has come. */
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
      if (error instanceof PhaseRefused) child = undefined; // heard, and not wanted: whether we may go on says the next
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
      // The child first: until the guard knows it, it must look for it.
      if (child !== undefined) return tellChild(child);
      return fraction === undefined ? reporter.beat() : tellFraction(fraction);
    },
  };
}
