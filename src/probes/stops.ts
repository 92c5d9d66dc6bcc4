import { after, between, type Instant, instant, type Millis, millis } from '../core/kernel/units.ts';

/** Records when the process stood still (suspended, swapped out, machine paused), based on late wake-ups of its own timer. */
export interface Stops {
  /** Records that a wait begins, and returns when it should end. */
  waits(now: Instant, length: Millis): Instant;
  /** Records that the wait ended, and returns how late that was. */
  woke(wanted: Instant, now: Instant): Millis;
  /** How long the process stood still within this period, including an overdue wake-up. */
  within(from: Instant, to: Instant): Millis;
}

/** Shorter delays are normal on a healthy machine, and the event-loop measurement covers them. */
const shortest = millis(20);
/** As many stops as can happen during a reading with the longest timeout. */
const kept = 100;

interface Stop {
  readonly from: Instant;
  readonly to: Instant;
}

const late = (wanted: Instant, now: Instant): Millis => millis(Math.max(0, between(wanted, now)));

export function noteStops(): Stops {
  const stops: Stop[] = [];
  let due: Instant | undefined;
  return {
    waits(now, length) {
      due = after(now, length);
      return due;
    },
    woke(wanted, now) {
      due = undefined;
      const length = late(wanted, now);
      if (length >= shortest) stops.push({ from: wanted, to: now });
      if (stops.length > kept) stops.shift();
      return length;
    },
    within(from, to) {
      const overdue = due !== undefined && late(due, to) >= shortest ? [{ from: due, to }] : [];
      return [...stops, ...overdue].reduce<Millis>((sum, stop) => {
        const overlap = between(instant(Math.max(from, stop.from)), instant(Math.min(to, stop.to)));
        return millis(sum + Math.max(0, overlap));
      }, millis(0));
    },
  };
}
