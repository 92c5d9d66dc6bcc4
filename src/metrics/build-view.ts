import type { Baseline } from '../core/evidence/baseline.ts';
import { baselineOf } from '../core/evidence/baseline.ts';
import { quantile } from '../core/evidence/quantile.ts';
import { latencyOf, type Reading } from '../core/evidence/reading.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { probeId } from '../core/kernel/ids.ts';
import { type Millis, millis, ratio } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import { limitsNow } from '../core/run/circumstances.ts';
import type { RunState } from '../core/run/state.ts';
import type { RunView } from '../core/run/view.ts';
import type { LatencyView, MetricsView } from './view.ts';

const finite = (value: number | undefined): Millis | undefined =>
  value !== undefined && Number.isFinite(value) ? millis(value) : undefined;

/** Enough readings for a median that is not chance. */
const window = 20;

/** The current latency, for people. Decisions use the evidence over all readings since the marker. */
function latencyView(probe: ProbeId, readings: readonly Reading[], baseline: Baseline | undefined): LatencyView {
  const latencies = readings
    .map(latencyOf)
    .filter((latency) => latency !== undefined)
    .slice(-window);
  const [p50, p95] = [finite(quantile(latencies, 0.5)), finite(quantile(latencies, 0.95))];
  const before = baselineOf(baseline, probe);
  return {
    probe,
    ...(p50 !== undefined && { p50 }),
    ...(p95 !== undefined && { p95 }),
    ...(before?.p50 !== undefined && { baselineP50: before.p50 }),
    ...(before?.p95 !== undefined && { baselineP95: before.p95 }),
    ...(p50 !== undefined && before?.p50 !== undefined && { slowdown: ratio(p50 / before.p50) }),
  };
}

export interface Seen {
  readonly plan: Plan;
  readonly state: RunState | undefined;
  readonly view: RunView | undefined;
  readonly recent: ReadonlyMap<ProbeId, readonly Reading[]>;
  readonly targetUp: boolean;
  readonly blind: boolean;
  readonly lockHeld: boolean;
  readonly overdue: number;
  readonly mismatch: boolean;
  readonly clockOffset: Millis;
}

/** Builds what the metrics show from what the daemon knows. */
export function metricsView({ plan, state, view, recent, ...now }: Seen): MetricsView {
  const baseline = state?.baseline;
  const counted = baseline?.baseline.probes.map(({ probe, latencies }) => ({ probe, count: latencies.length }));
  return {
    ...now,
    thresholds: {
      slowdown: limitsNow(plan, state).slowness({}).limit,
      runtime: plan.criteria.runtime.longer_than,
    },
    latency: plan.probes.map(({ id }) => latencyView(probeId(id), recent.get(probeId(id)) ?? [], baseline?.baseline)),
    ...(baseline !== undefined && { baseline: { capturedAt: baseline.frozenAt, readings: counted ?? [] } }),
    ...(view !== undefined && { run: view }),
  };
}
