import { type Finding, statuses } from '../core/evidence/finding.ts';
import type { CheckId, PhaseId, ProbeId } from '../core/kernel/ids.ts';
import { after, type Instant, millis } from '../core/kernel/units.ts';
import { criteriaNames } from '../core/verdicts/verdict.ts';
import type { FamilyName, GuardGauge, LabelsOf } from './families.ts';
import { type LatencyView, type MetricsPhase, type MetricsView, phaseStates, runModes, runStages } from './view.ts';

/** The input of every gauge. */
export interface Snapshot {
  /** Due time of the last answered query; undefined for a probe that was never answered. */
  readonly answered: ReadonlyMap<ProbeId, Instant | undefined>;
  /** The newest finding; undefined for a check that never ran. */
  readonly found: ReadonlyMap<CheckId, Pick<Finding, 'status' | 'at' | 'took'> | undefined>;
  readonly phases: readonly PhaseId[];
  readonly evaluatedAt?: Instant;
  /** Absent until the daemon has provided one. */
  readonly view?: MetricsView;
}

/** One series. It is not exported if the value is undefined. */
type Row<Name extends FamilyName> = readonly [labels: LabelsOf<Name>, value: number | undefined];

const bit = (yes: boolean | undefined): number => (yes === true ? 1 : 0);
const inSeconds = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : milliseconds / 1_000;

const latencies = ({ view }: Snapshot, p50: 'p50' | 'baselineP50', p95: 'p95' | 'baselineP95') =>
  (view?.latency ?? []).flatMap((one: LatencyView) => [
    [{ probe: one.probe, statistic: 'p50' }, inSeconds(one[p50])] as const,
    [{ probe: one.probe, statistic: 'p95' }, inSeconds(one[p95])] as const,
  ]);

const ofPhases = ({ view }: Snapshot, value: (phase: MetricsPhase) => number | undefined) =>
  (view?.run?.phases ?? []).map((one) => [{ phase: one.phase }, value(one)] as const);

const openOne = ({ view }: Snapshot) => view?.run?.recommendations.find(({ state }) => state === 'open');

/** When the watch ends if nothing interrupts it from now on. Time in which the guard was blind or down does not count. */
const watchEnd = ({ view }: Snapshot): number | undefined => {
  const watch = view?.run?.watch;
  return watch && inSeconds(watch.endedAt ?? after(watch.countedTo, millis(watch.length - watch.seen)));
};

function phaseRows({ view, phases }: Snapshot): readonly Row<'ripcord_phase_state'>[] {
  const now = new Map(view?.run?.phases.map(({ phase, state }) => [phase, state]));
  return [...new Set([...phases, ...now.keys()])].flatMap((phase) =>
    phaseStates.map((state) => [{ phase, state }, bit(now.get(phase) === state)] as const),
  );
}

function criterionRows({ view }: Snapshot): readonly Row<'ripcord_criterion_status'>[] {
  const now = new Map(view?.run?.criteria.map(({ criterion, status }) => [criterion, status]));
  return criteriaNames.flatMap((criterion) =>
    statuses.map((status) => [{ criterion, status }, bit(now.get(criterion) === status)] as const),
  );
}

/** The series of every gauge. A series that is not among them is no longer exported. */
export const gauges: { readonly [Name in GuardGauge]: (from: Snapshot) => readonly Row<Name>[] } = {
  ripcord_target_up: ({ view }) => [[{}, bit(view?.targetUp)]],
  ripcord_guard_blind: ({ view }) => [[{}, bit(view?.blind ?? true)]], // blind until the first view
  ripcord_guard_lock_held: ({ view }) => [[{}, bit(view?.lockHeld)]],
  ripcord_guard_overdue: ({ view }) => [[{}, view?.overdue ?? 0]],
  ripcord_target_mismatch: ({ view }) => [[{}, bit(view?.mismatch)]],
  ripcord_clock_offset_seconds: ({ view }) => [[{}, inSeconds(view?.clockOffset)]],

  ripcord_probe_last_success_timestamp_seconds: ({ answered }) =>
    [...answered].map(([probe, at]) => [{ probe }, inSeconds(at ?? 0)]),
  ripcord_latency_seconds: (from) => latencies(from, 'p50', 'p95'),
  ripcord_latency_baseline_seconds: (from) => latencies(from, 'baselineP50', 'baselineP95'),
  ripcord_latency_slowdown_ratio: ({ view }) =>
    (view?.latency ?? []).map(({ probe, slowdown }) => [{ probe }, slowdown]),
  ripcord_baseline_readings: ({ view }) =>
    (view?.baseline?.readings ?? []).map(({ probe, count }) => [{ probe }, count]),
  ripcord_baseline_captured_timestamp_seconds: ({ view }) => [[{}, inSeconds(view?.baseline?.capturedAt)]],

  ripcord_check_status: ({ found }) =>
    [...found].flatMap(([check, finding]) =>
      statuses.map((status) => [{ check, status }, bit((finding?.status ?? 'unknown') === status)] as const),
    ),
  ripcord_check_last_run_timestamp_seconds: ({ found }) =>
    [...found].map(([check, finding]) => [{ check }, inSeconds(finding?.at ?? 0)]),
  ripcord_check_last_duration_seconds: ({ found }) =>
    [...found].map(([check, finding]) => [{ check }, inSeconds(finding?.took)]),

  ripcord_criterion_status: criterionRows,
  ripcord_run_mode: ({ view }) => runModes.map((mode) => [{ mode }, bit(view?.run?.mode === mode)]),
  ripcord_run_state: ({ view }) => runStages.map((state) => [{ state }, bit(view?.run?.stage === state)]),
  ripcord_run_start_timestamp_seconds: ({ view }) => [[{}, inSeconds(view?.run?.openedAt)]],
  ripcord_run_worked_seconds: ({ view }) => [[{}, inSeconds(view?.run?.runtime?.worked)]],
  ripcord_run_estimated_duration_seconds: ({ view }) => [[{}, inSeconds(view?.run?.runtime?.estimate)]],
  ripcord_phase_state: phaseRows,
  ripcord_phase_start_timestamp_seconds: (from) => ofPhases(from, ({ startedAt }) => inSeconds(startedAt)),
  ripcord_phase_end_timestamp_seconds: (from) => ofPhases(from, ({ endedAt }) => inSeconds(endedAt)),
  ripcord_phase_worked_seconds: (from) => ofPhases(from, ({ worked }) => inSeconds(worked)),
  ripcord_phase_estimated_duration_seconds: (from) => ofPhases(from, ({ estimate }) => inSeconds(estimate)),
  ripcord_phase_progress_ratio: (from) => ofPhases(from, ({ progress }) => progress),

  ripcord_threshold_ratio: ({ view }) => [
    [{ threshold: 'slowdown' }, view?.thresholds.slowdown],
    [{ threshold: 'runtime' }, view?.thresholds.runtime],
  ],
  ripcord_decision_last_evaluation_timestamp_seconds: ({ evaluatedAt }) => [[{}, inSeconds(evaluatedAt ?? 0)]],
  ripcord_recommendation_open: (from) => [[{}, bit(openOne(from) !== undefined)]],
  ripcord_recommendation_info: (from) => {
    const open = openOne(from);
    return open === undefined ? [] : [[{ recommendation: open.id }, 1]];
  },
  ripcord_recommendation_expiry_timestamp_seconds: (from) => [[{}, inSeconds(openOne(from)?.expiresAt)]],
  ripcord_rollback_armed: ({ view }) => [[{}, bit(view?.run?.mode === 'armed')]],
  ripcord_watch_end_timestamp_seconds: (from) => [[{}, watchEnd(from)]],
};
