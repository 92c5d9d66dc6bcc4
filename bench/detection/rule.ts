/** What a rule may learn before the change. */
export interface Calibration {
  /** The answered readings in milliseconds, in the order of time. */
  readonly latencies: readonly number[];
  readonly failed: number;
}

/** The operators' requirements; the same for every rule, though most rules know only `limit`. */
export interface Wanted {
  /** A slowdown up to this factor is still allowed. */
  readonly limit: number;
  readonly falseAlarmsPerYear: number;
  readonly watchSeconds: number;
  /** Stalls up to this long are no reason for an alarm. */
  readonly stallSeconds: number;
  /** The change was made just before this reading (counted from 0); undefined if the rule is not told. */
  readonly markedAt?: number;
}

export const defaults: Wanted = { limit: 1.5, falseAlarmsPerYear: 1, watchSeconds: 3_600, stallSeconds: 10 };

/** A rule that is watching. */
export interface Watching {
  /** One reading: a latency in ms, infinite if it failed, undefined if there was no probe. True means: roll back. */
  readonly take: (latency: number | undefined) => boolean;
}

/** One way to decide "more than so many times slower", ours or another system's. */
export interface Rule {
  /** The name for `--only`. */
  readonly name: string;
  /** The name for tables and plots. */
  readonly title: string;
  readonly start: (calibration: Calibration, dtSeconds: number, wanted: Wanted) => Watching;
}
