import { collectDefaultMetrics, Registry } from 'prom-client';

import type { Finding } from '../core/evidence/finding.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { CheckId, PhaseId, ProbeId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import { exposition } from './exposition.ts';
import { namesOf } from './families.ts';
import type { Snapshot } from './gauges.ts';
import { counter, derivedGauge, histogram } from './instruments.ts';
import { createProbeMeters, type PartsOf } from './probe-meters.ts';
import { type MetricsView, type RollbackTrigger, rollbackTriggers } from './view.ts';

/** What the daemon tells the metrics, and the page that Prometheus reads. No call does I/O, and only `text` waits. */
export interface Metrics {
  /** Counts an asked question. A missing one was not asked: it counts as missed, so do not report it twice. */
  reading(reading: Reading): void;
  /** A due question was not asked, and no reading says so. */
  missed(probe: ProbeId): void;
  /** How late a question was asked. */
  lag(late: Millis): void;
  /** Time for which the guard itself kept the target busy. */
  targetCost(spent: Millis): void;
  storeFailed(): void;
  checkFound(finding: Finding): void;
  /** The criteria were judged. */
  evaluated(at: Instant): void;
  rollbackStarted(trigger: RollbackTrigger): void;
  rollbackFailed(trigger: RollbackTrigger): void;
  /** Replaces what was shown before: series that the new view does not have are no longer exported. */
  show(view: MetricsView): void;
  /** The page, with the content type without which Prometheus 3 refuses it. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** The ids of the plan, whose series are there from the start. */
export interface Known {
  readonly version: string;
  readonly revision?: string;
  readonly probes: readonly ProbeId[];
  /** None when left out. */
  readonly partsOf?: PartsOf;
  readonly checks: readonly CheckId[];
  readonly phases: readonly PhaseId[];
}

/** What the client derives from a timer of its own. `ripcord_scheduler_lag_seconds` says it without one. */
const fromTimer = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (what) => `nodejs_eventloop_lag_${what}_seconds`,
);
/** Its interval in milliseconds, a day: it cannot be left out, and one of 20 ms is most of the work of an idle guard. */
const seldom = 86_400_000;

/** The client's own metrics, but for those that call a gauge `_total` and repeat a sum, or need a timer. */
function registerProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: seldom });
  const totals = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);
  for (const name of [...totals, ...fromTimer]) registry.removeSingleMetric(name);
}

function createCounters(registry: Registry, { probes, checks }: Known) {
  const counters = {
    skipped: counter('ripcord_scheduler_skipped_runs_total', registry),
    cost: counter('ripcord_target_query_seconds_total', registry),
    storeFailures: counter('ripcord_store_write_failures_total', registry),
    checkRuns: counter('ripcord_check_runs_total', registry),
    checkFailures: counter('ripcord_check_failures_total', registry),
    checkErrors: counter('ripcord_check_errors_total', registry),
    rollbacks: counter('ripcord_rollbacks_total', registry),
    rollbackFailures: counter('ripcord_rollback_failures_total', registry),
  };
  const { skipped, checkRuns, checkFailures, checkErrors, rollbacks, rollbackFailures } = counters;
  for (const probe of probes) skipped.inc({ probe }, 0);
  for (const one of [checkRuns, checkFailures, checkErrors]) for (const check of checks) one.inc({ check }, 0);
  for (const one of [rollbacks, rollbackFailures]) for (const trigger of rollbackTriggers) one.inc({ trigger }, 0);
  return counters;
}

/** Metrics in a registry of their own. The series of the ids in `known` are exported as zero before anything happens. */
export function createMetrics(known: Known): Metrics {
  const registry = new Registry();
  const counters = createCounters(registry, known);
  const lag = histogram('ripcord_scheduler_lag_seconds', registry);
  const meters = createProbeMeters(known.probes, known.partsOf ?? (() => []));
  const answered = new Map<ProbeId, Instant | undefined>(known.probes.map((probe) => [probe, undefined]));
  const found = new Map<CheckId, Finding | undefined>(known.checks.map((check) => [check, undefined]));
  const build = { version: known.version, revision: known.revision ?? 'unknown' };
  let snapshot: Snapshot = { build, answered, found, phases: known.phases };
  for (const name of namesOf('gauge')) derivedGauge(name, registry, () => snapshot);
  registerProcess(registry);

  return {
    reading(reading) {
      if (reading.state === 'missing') return counters.skipped.inc({ probe: reading.probe });
      if (reading.state === 'answered') answered.set(reading.probe, reading.at);
      meters.count(reading);
    },
    missed: (probe) => counters.skipped.inc({ probe }),
    lag: (late) => lag.observe(late / 1_000),
    targetCost: (spent) => counters.cost.inc(spent / 1_000),
    storeFailed: () => counters.storeFailures.inc(),
    checkFound(finding) {
      const { check, status } = finding;
      found.set(check, finding);
      counters.checkRuns.inc({ check });
      if (status === 'breach') counters.checkFailures.inc({ check });
      if (status === 'error' || status === 'unknown') counters.checkErrors.inc({ check });
    },
    evaluated(at) {
      snapshot = { ...snapshot, evaluatedAt: at };
    },
    rollbackStarted: (trigger) => counters.rollbacks.inc({ trigger }),
    rollbackFailed: (trigger) => counters.rollbackFailures.inc({ trigger }),
    show(view) {
      snapshot = { ...snapshot, view };
    },
    async text() {
      return { contentType: registry.contentType, body: await exposition([registry, ...meters.registries]) };
    },
  };
}
