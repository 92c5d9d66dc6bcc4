import { type Millis, millis } from '../kernel/units.ts';
import { median, quantile } from './quantile.ts';

/** How long the guard itself was not ready to read an answer: its event loop was busy, or it waited for a CPU. */
export interface OwnTime {
  readonly busy: Millis;
  readonly waiting: Millis;
}

export const noOwnTime: OwnTime = { busy: millis(0), waiting: millis(0) };

export const ownTimeBetween = (before: OwnTime, later: OwnTime): OwnTime => ({
  busy: millis(later.busy - before.busy),
  waiting: millis(later.waiting - before.waiting),
});

export const ownTimeSum = (one: OwnTime, other: OwnTime): OwnTime => ({
  busy: millis(one.busy + other.busy),
  waiting: millis(one.waiting + other.waiting),
});

/** A guard that waits for a CPU while it is busy is counted twice, but never for more than the whole time. */
const total = ({ busy, waiting }: OwnTime, all: Millis): Millis => millis(Math.min(all, busy + waiting));

/** The number of readings that establish what is usual. */
const blockLength = 40;
/** The number of consecutive readings, including the newest, that show whether the guard is always late. */
const inARow = 9;

/** The guard’s own time per reading of one probe: at most `median` for half of the readings, at most `upper` for nine of ten. */
interface Spread {
  readonly median: Millis;
  readonly upper: Millis;
}

const medianOf = (times: readonly Millis[]): Millis => millis(median(times) ?? 0);
const spreadOf = (owns: readonly Millis[]): Spread => ({
  median: medianOf(owns),
  upper: millis(quantile(owns, 0.9) ?? 0),
});

/** The guard's usual own time per reading of one probe, and that of recent readings. */
export interface UsualOwnTime {
  /** Of the quietest block so far; absent before the first has ended. Its median never rises: a busy guard is not usual. */
  readonly quietest?: Spread;
  /** Of the readings since the last complete block. */
  readonly block: readonly Millis[];
  readonly recent: readonly { readonly own: Millis; readonly took: Millis }[];
}

export const nothingUsual: UsualOwnTime = { block: [], recent: [] };

/** Adds one answered reading. */
export function learnUsual(before: UsualOwnTime, own: OwnTime, took: Millis): UsualOwnTime {
  const { quietest } = before;
  const block = [...before.block, total(own, took)];
  const recent = [...before.recent, { own: total(own, took), took }].slice(1 - inARow);
  if (block.length < blockLength) return { ...before, block, recent };
  const spread = spreadOf(block);
  const isQuieter = quietest === undefined || spread.median < quietest.median;
  return { quietest: isQuieter ? spread : quietest, block: [], recent };
}

/**
 * The share of a reading that the guard may have added by being later than usual. If a quarter of an answer's time is the
 * guard's own, the answer looks 1 / (1 - 1/4) = 1.33 times as slow as it was: still below the 1.4 up to which slowness
 * promises to stay quiet, so a healthy target cannot become evidence.
 */
export const mostOwnShare = 1 / 4;

/** The other side gives up on a guard that does not read for seconds; before that, a refusal or an error is its own answer. */
const longAway = millis(1_000);

/** Constant texts, stored in the journal and logged once. With amounts in them, each reading would have a different reason. */
export const lateness = {
  busy: 'the guard itself was late: it was busy with other work for too much of the time',
  waiting: 'the guard itself was late: it waited for a CPU for too much of the time',
  stopped: 'the guard itself was late: its process stood still for too much of the time',
  asking: 'the guard itself was late: it could not ask when the reading was due',
  names: 'the guard itself was late: its lookups of other names left no turn to look this one up',
} as const;

const latenesses: readonly string[] = Object.values(lateness);
/** Whether a reading is missing because of the guard itself. */
export const isLateness = (because: string | undefined): boolean =>
  because !== undefined && latenesses.includes(because);

export interface Timed {
  /** The measured time. */
  readonly took: Millis;
  readonly own: OwnTime;
  /** How long the whole process was stopped during that time, according to its timers. */
  readonly stopped: Millis;
}

const exceeds = (own: Millis, usual: Millis, took: Millis): boolean => own - usual > mostOwnShare * took;

/**
 * Why a measured time says too little about the target; undefined if it counts. A single reading is compared with the upper
 * tenth of the quietest block, because the guard's own time varies and did so in the baseline. If the guard has been late for
 * several readings in a row, they are compared with the median, because a small delay in every reading also moves evidence.
 */
export function latenessOf(
  { took, own, stopped }: Timed,
  { quietest, block, recent }: UsualOwnTime,
): string | undefined {
  const most = millis(Math.max(total(own, took), Math.min(took, stopped)));
  const quiet = quietest ?? spreadOf(block.length === 0 ? [most] : block);
  // The usual case: within the median and so within the upper tenth. It spares the sorting below for nearly every reading.
  if (!exceeds(most, quiet.median, took)) return undefined;
  const row = [...recent, { own: most, took }];
  const isLateForAll = exceeds(medianOf(row.map((one) => one.own)), quiet.median, medianOf(row.map((one) => one.took)));
  if (!exceeds(most, quiet.upper, took) && !isLateForAll) return undefined;
  if (stopped >= own.busy + own.waiting) return lateness.stopped;
  return own.waiting > own.busy ? lateness.waiting : lateness.busy;
}

const neverLate: UsualOwnTime = { quietest: { median: millis(0), upper: millis(0) }, block: [], recent: [] };

/**
 * The same for a failure. A timeout, also one while connecting, is the guard's own fault if too much of the time was. Any
 * other failure is an answer of the other side, which the guard could only have provoked by not reading for long.
 */
export function latenessOfFailure(
  timed: Timed,
  { reason, code }: { readonly reason: string; readonly code?: string },
): string | undefined {
  const { took, own, stopped } = timed;
  const wasAway = Math.max(total(own, took), stopped) > longAway;
  return reason === 'timeout' || code === 'ETIMEDOUT' || wasAway ? latenessOf(timed, neverLate) : undefined;
}
