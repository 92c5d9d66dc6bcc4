/**
 * Every metric that Ripcord exports; the only place where their names are written. Names and labels are a contract with
 * dashboards and rules outside this repository. If there is nothing to report (no run, no baseline, not ended), a time or a
 * ratio is absent rather than zero.
 */
export type Family =
  | { readonly type: 'counter' | 'gauge'; readonly help: string; readonly labels: readonly string[] }
  | {
      readonly type: 'histogram';
      readonly help: string;
      readonly labels: readonly string[];
      /** Upper bounds in seconds. */
      readonly buckets: readonly number[];
    };

const counter = <const Labels extends readonly string[]>(help: string, ...labels: Labels) =>
  ({ type: 'counter', help, labels }) as const;
const gauge = <const Labels extends readonly string[]>(help: string, ...labels: Labels) =>
  ({ type: 'gauge', help, labels }) as const;
const histogram = <const Labels extends readonly string[]>(
  help: string,
  buckets: readonly number[],
  ...labels: Labels
) => ({ type: 'histogram', help, buckets, labels }) as const;

const lagBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const latencyBuckets = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics of the process, however many guards it runs. */
export const processFamilies = {
  ripcord_build_info: gauge('Always 1; the labels say which build runs.', 'version', 'revision'),
  ripcord_guard_up: gauge(
    '1 if the guard is at work; 0 if it could not start, cannot continue, or was taken over by another process. For a plan that cannot be read, `plan` is the file.',
    'plan',
    'target',
  ),
  ripcord_event_loop_lag_seconds: histogram(
    'How late the event loop of the process woke up, 20 times a second for each guard.',
    lagBuckets,
  ),
  ripcord_event_loop_busy_seconds_total: counter('Time for which the event loop of the process was busy.'),
  ripcord_cpu_wait_seconds_total: counter(
    'Time for which the process was ready to run and had no CPU; 0 where the kernel does not account for it.',
  ),
  ripcord_api_rejections_total: counter('Connections to the API that were ended or refused.', 'reason'),
  ripcord_store_write_failures_total: counter('Failed writes to the journal.'),
};

/** Every series of a guard also has these labels: the plan's name and the environment's name. */
export const guardLabels = ['plan', 'target'] as const;

const guard = {
  ripcord_target_up: gauge('1 if the guarded database answered the last ping.'),
  ripcord_target_query_seconds_total: counter('Time for which the guard’s own queries kept the guarded database busy.'),
  ripcord_guard_blind: gauge(
    '1 if the guard cannot see enough to judge. A blind guard holds phases and never rolls back.',
  ),
  ripcord_guard_lock_held: gauge(
    '1 if the guard holds its lock on the target. Without it another guard may act; phases are held.',
  ),
  ripcord_guard_overdue: gauge(
    'How many duties the guard could not do so far, such as writing a report. It tries again; the log and /readyz name them.',
  ),
  ripcord_target_mismatch: gauge(
    '1 if an address of the target leads to another server or database, or to a standby. The guard is blind then.',
  ),
  ripcord_clock_offset_seconds: gauge(
    'How far the wall clock is ahead of the guard’s own clock. If they differ by more than a minute, the guard does nothing without asking.',
  ),
  ripcord_scheduler_lag_seconds: histogram('How late probes ran, counted from their due time.', lagBuckets),
  ripcord_scheduler_skipped_runs_total: counter('Due probe runs that were skipped.', 'probe'),
};

/** Metrics of each probe, updated by every reading. */
export const probeFamilies = {
  ripcord_probe_duration_seconds: histogram('Latency of answered probe attempts.', latencyBuckets, 'probe'),
  ripcord_probe_attempts_total: counter('Probe attempts, including failed ones.', 'probe'),
  ripcord_probe_part_seconds_total: counter('Time that answered probe attempts spent in the part.', 'probe', 'part'),
  ripcord_probe_parts_total: counter('Answered probe attempts whose part was timed.', 'probe', 'part'),
  ripcord_probe_late_readings_total: counter('Readings that do not count because the guard itself was late.', 'probe'),
  ripcord_probe_failures_total: counter(
    'Probe attempts without a correct answer in time, by reason.',
    'probe',
    'reason',
  ),
};

const probes = {
  ...probeFamilies,
  ripcord_probe_last_success_timestamp_seconds: gauge(
    'Due time of the last answered probe attempt; 0 before.',
    'probe',
  ),
  ripcord_latency_seconds: gauge('Latency over the newest readings.', 'probe', 'statistic'),
  ripcord_latency_baseline_seconds: gauge('Latency in the baseline, frozen before the change.', 'probe', 'statistic'),
  ripcord_latency_slowdown_ratio: gauge(
    'Latency divided by the baseline: 1 is as before, 1.5 is 50 % slower.',
    'probe',
  ),
  ripcord_baseline_readings: gauge('Readings in the baseline.', 'probe'),
  ripcord_baseline_captured_timestamp_seconds: gauge('When the baseline was frozen.'),
};

const checks = {
  ripcord_check_runs_total: counter('Runs of the check, whatever they found.', 'check'),
  ripcord_check_failures_total: counter('Runs that found a breach.', 'check'),
  ripcord_check_errors_total: counter(
    'Runs that could not evaluate the check, or whose check is itself broken.',
    'check',
  ),
  ripcord_check_status: gauge('1 for what the newest run found; unknown before the first one.', 'check', 'status'),
  ripcord_check_last_run_timestamp_seconds: gauge('When the check ran last; 0 before.', 'check'),
  ripcord_check_last_duration_seconds: gauge('How long the newest run took.', 'check'),
};

const run = {
  ripcord_criterion_status: gauge(
    'The worst verdict of each criterion: 1 for its status. All 0 while nobody judges it.',
    'criterion',
    'status',
  ),
  ripcord_run_mode: gauge('1 for the mode of the run. All 0 without a run.', 'mode'),
  ripcord_run_state: gauge('1 for the state of the run. All 0 without a run.', 'state'),
  ripcord_run_start_timestamp_seconds: gauge('When the run was opened.'),
  ripcord_run_worked_seconds: gauge('Time worked in the run, without the time for which it was held.'),
  ripcord_run_estimated_duration_seconds: gauge('Time that the plan estimates for the whole run.'),
  ripcord_phase_state: gauge('1 for the state of the phase. All 0 without a run.', 'phase', 'state'),
  ripcord_phase_start_timestamp_seconds: gauge('When the phase started.', 'phase'),
  ripcord_phase_end_timestamp_seconds: gauge('When the phase ended.', 'phase'),
  ripcord_phase_worked_seconds: gauge('Time worked in the phase, without the time for which it was held.', 'phase'),
  ripcord_phase_estimated_duration_seconds: gauge('Time that the plan estimates for the phase.', 'phase'),
  ripcord_phase_progress_ratio: gauge('Share of the phase that it reports as done, from 0 to 1.', 'phase'),
};

const decisions = {
  ripcord_threshold_ratio: gauge(
    'Limits of the plan, as they hold now. Only more than a limit is a breach.',
    'threshold',
  ),
  ripcord_decision_last_evaluation_timestamp_seconds: gauge('When the criteria were last judged; 0 before.'),
  ripcord_recommendation_open: gauge('1 if a recommendation to roll back waits for an answer.'),
  ripcord_recommendation_info: gauge('1 for the recommendation that is open.', 'recommendation'),
  ripcord_recommendation_expiry_timestamp_seconds: gauge('Until when the open recommendation can be answered.'),
  ripcord_rollback_armed: gauge('1 if a rollback that was approved beforehand may start by itself.'),
  ripcord_rollbacks_total: counter('Rollbacks started.', 'trigger'),
  ripcord_rollback_failures_total: counter('Rollbacks that failed or did not verify.', 'trigger'),
  ripcord_watch_end_timestamp_seconds: gauge('When the watch after the rollback ends, if nothing interrupts it.'),
};

/** Metrics of each guard of the process. */
export const guardFamilies = { ...guard, ...probes, ...checks, ...run, ...decisions } satisfies Record<string, Family>;

export const families = { ...processFamilies, ...guardFamilies } satisfies Record<string, Family>;

type Families = typeof families;
export type FamilyName = keyof Families;
export type NamesOf<Type extends Family['type']> = {
  [Name in FamilyName]: Families[Name]['type'] extends Type ? Name : never;
}[FamilyName];
/** One value for each label of the family. */
export type LabelsOf<Name extends FamilyName> = Readonly<Record<Families[Name]['labels'][number], string>>;

export type GuardGauge = Exclude<NamesOf<'gauge'>, keyof typeof processFamilies>;

const ofGuards: Readonly<Record<string, Family>> = guardFamilies;

export const guardGauges = Object.keys(guardFamilies).filter(
  (name): name is GuardGauge => ofGuards[name]?.type === 'gauge',
);
