import { after, between, type Instant, instant, type Millis, millis } from '../core/kernel/units.ts';

/** When the process stood still, as the wakings of its own timer tell: suspended, swapped out, or its machine paused. */
export interface Stops {
  /** A waiting begins; when it should end. */
  waits(now: Instant, length: Millis): Instant;
  /** It ended; by how much later than wanted. */
  woke(wanted: Instant, now: Instant): Millis;
  /** For how long of this time the process stood still, a waking that is overdue included. */
  within(from: Instant, to: Instant): Millis;
}

/** Less than that is what timers and other work are late by on a healthy machine; the event loop's own account has it. */
const shortest = millis(20);
/** As many as a reading can last through that is asked with the longest timeout. */
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
