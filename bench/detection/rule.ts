/** What a rule may learn before the change. */
export interface Calibration {
  /** Of the answered readings, in milliseconds, in the order of time. */
  readonly latencies: readonly number[];
  readonly failed: number;
}

/** What the operators ask for; the same for every rule, though most rules know only `limit`. */
export interface Wanted {
  /** How many times as slow is not yet too slow. */
  readonly limit: number;
  readonly falseAlarmsPerYear: number;
  readonly watchSeconds: number;
  /** Stalls up to this long are no reason. */
  readonly stallSeconds: number;
  /** Just before this reading (counted from 0) the change was made; undefined when the rule is not told. */
  readonly markedAt?: number;
}

export const defaults: Wanted = { limit: 1.5, falseAlarmsPerYear: 1, watchSeconds: 3_600, stallSeconds: 10 };

/** A rule that is watching. */
export interface Watching {
  /** One reading: a latency in ms, infinite when it failed, undefined when nobody asked. True: roll back. */
  readonly take: (latency: number | undefined) => boolean;
}

/** One way to decide "more than so many times slower", ours or another system's. */
export interface Rule {
  /** For `--only`. */
  readonly name: string;
  /** For tables and plot. */
  readonly title: string;
  readonly start: (calibration: Calibration, dtSeconds: number, wanted: Wanted) => Watching;
}
