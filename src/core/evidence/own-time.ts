import { type Millis, millis } from '../kernel/units.ts';
import { median, quantile } from './quantile.ts';

/** For how long the guard itself was not ready to read an answer: its event loop was busy, or it waited for a CPU. */
export interface OwnTime {
  readonly busy: Millis;
  readonly waiting: Millis;
}

export const noOwnTime: OwnTime = { busy: millis(0), waiting: millis(0) };

export const ownTimeBetween = (before: OwnTime, later: OwnTime): OwnTime => ({
  busy: millis(later.busy - before.busy),
  waiting: millis(later.waiting - before.waiting),
});

/** A guard that waits for a CPU while it is busy is counted twice; never for more than all of the time. */
const total = ({ busy, waiting }: OwnTime, all: Millis): Millis => millis(Math.min(all, busy + waiting));

/** So many readings tell what is usual. */
const blockLength = 40;
/** So many readings in a row, the newest included, tell whether the guard is late for all of them. */
const inARow = 9;

/** What a reading of one probe costs the guard: half of them no more than `median`, nine of ten no more than `upper`. */
interface Spread {
  readonly median: Millis;
  readonly upper: Millis;
}

const spreadOf = (owns: readonly Millis[]): Spread => ({
  median: millis(median(owns) ?? 0),
  upper: millis(quantile(owns, 0.9) ?? 0),
});

/** What the readings of one probe usually cost the guard, and what they have cost it lately. */
export interface UsualOwnTime {
  /** Of the calmest block so far; absent before the first has ended. Its median never rises: trouble is not learned. */
  readonly calmest?: Spread;
  /** Of the readings since the last whole block. */
  readonly block: readonly Millis[];
  readonly lately: readonly { readonly own: Millis; readonly took: Millis }[];
}

export const nothingUsual: UsualOwnTime = { block: [], lately: [] };

/** Takes in one answered reading. */
export function learnUsual(before: UsualOwnTime, own: OwnTime, took: Millis): UsualOwnTime {
  const { calmest } = before;
  const block = [...before.block, total(own, took)];
  const lately = [...before.lately, { own: total(own, took), took }].slice(1 - inARow);
  if (block.length < blockLength) return { ...before, block, lately };
  const spread = spreadOf(block);
  const isCalmer = calmest === undefined || spread.median < calmest.median;
  return { calmest: isCalmer ? spread : calmest, block: [], lately };
}

/**
 * How much of a reading the guard may have added by being later than usual. An answer of which a quarter is the guard's own
 * doing looks 1 / (1 - 1/4) = 1.33 times as slow as it was: still below the 1.4 up to which slowness promises to stay quiet,
 * so a healthy target cannot become evidence.
 */
export const mostOwnShare = 1 / 4;

/** Other sides give up on a guard that hears nothing for seconds; before that, a refusal or an error is their own word. */
const longAway = millis(1_000);

/** The constant texts are what the journal keeps and the log tells once: amounts would make each reading another reason. */
export const lateness = {
  busy: 'the guard itself was late: it was busy with other work for too much of the time',
  waiting: 'the guard itself was late: it waited for a CPU for too much of the time',
  stopped: 'the guard itself was late: its process stood still for too much of the time',
  asking: 'the guard itself was late: it could not ask when the reading was due',
} as const;

const latenesses: readonly string[] = Object.values(lateness);
/** Whether a reading is missing because of the guard's own trouble. */
export const isLateness = (because: string | undefined): boolean =>
  because !== undefined && latenesses.includes(because);

export interface Timed {
  /** The time that was measured. */
  readonly took: Millis;
  readonly own: OwnTime;
  /** For how long of it the whole process stood still, as far as its timers tell. */
  readonly stopped: Millis;
}

const exceeds = (own: Millis, usual: Millis, took: Millis): boolean => own - usual > mostOwnShare * took;

/**
 * Why a measured time says too little about the target; undefined where it counts. One reading alone is compared with the dearest
 * tenth of calm ones, since the guard's time varies, and the baseline's did; where the guard has been late for several
 * in a row, with their median, since what adds a little to every reading moves evidence, too.
 */
export function latenessOf(
  { took, own, stopped }: Timed,
  { calmest, block, lately }: UsualOwnTime,
): string | undefined {
  const most = millis(Math.max(total(own, took), Math.min(took, stopped)));
  const calm = calmest ?? spreadOf(block.length === 0 ? [most] : block);
  const row = [...lately, { own: most, took }];
  const [rowOwn, rowTook] = [spreadOf(row.map((one) => one.own)).median, spreadOf(row.map((one) => one.took)).median];
  const isLateForAll = exceeds(rowOwn, calm.median, rowTook) && exceeds(most, calm.median, took);
  if (!exceeds(most, calm.upper, took) && !isLateForAll) return undefined;
  if (stopped >= own.busy + own.waiting) return lateness.stopped;
  return own.waiting > own.busy ? lateness.waiting : lateness.busy;
}

const neverLate: UsualOwnTime = { calmest: { median: millis(0), upper: millis(0) }, block: [], lately: [] };

/**
 * The same for a failure. One for time is the guard's own doing when too much of the time was; any other is a word of the
 * other side, which the guard could only have provoked by hearing nothing for long.
 */
export function latenessOfFailure(timed: Timed, reason: string): string | undefined {
  const { took, own, stopped } = timed;
  const wasAway = Math.max(total(own, took), stopped) > longAway;
  return reason === 'timeout' || wasAway ? latenessOf(timed, neverLate) : undefined;
}
