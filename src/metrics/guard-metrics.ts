import { Registry } from 'prom-client';

import type { Finding } from '../core/evidence/finding.ts';
import { isLateness, lateness } from '../core/evidence/own-time.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { CheckId, PhaseId, ProbeId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';
import { guardGauges } from './families.ts';
import type { Snapshot } from './gauges.ts';
import { counter, derivedGauge, histogram } from './instruments.ts';
import type { MetricsSource } from './page.ts';
import { createProbeMeters, type PartsOf } from './probe-meters.ts';
import { type MetricsView, type RollbackTrigger, rollbackTriggers } from './view.ts';
import { startAtZero } from './zero-series.ts';

/** What one guard reports about itself and its target. No call does I/O. */
export interface GuardMetrics extends MetricsSource {
  /** Counts a probe's attempt, or a skipped one. */
  reading(reading: Reading): void;
  /** How late a probe ran. */
  lag(late: Millis): void;
  /** Time for which the guard itself kept the target busy. */
  targetCost(spent: Millis): void;
  checkFound(finding: Finding): void;
  /** The criteria were judged. */
  evaluated(at: Instant): void;
  rollbackStarted(trigger: RollbackTrigger): void;
  rollbackFailed(trigger: RollbackTrigger): void;
  /** Replaces the previous view: series that are not in the new one are no longer exported. */
  show(view: MetricsView): void;
}

/** The guard's name and the ids in its plan, whose series exist from the start. */
export interface Known {
  /** The plan's name. */
  readonly plan: string;
  /** The environment's name. */
  readonly target: string;
  readonly probes: readonly ProbeId[];
  /** The default is none. */
  readonly partsOf?: PartsOf;
  readonly checks: readonly CheckId[];
  readonly phases: readonly PhaseId[];
}

function createCounters(registry: Registry, { probes, checks }: Known) {
  const counters = {
    skipped: counter('ripcord_scheduler_skipped_runs_total', registry),
    cost: counter('ripcord_target_query_seconds_total', registry),
    checkRuns: counter('ripcord_check_runs_total', registry),
    checkFailures: counter('ripcord_check_failures_total', registry),
    checkErrors: counter('ripcord_check_errors_total', registry),
    rollbacks: counter('ripcord_rollbacks_total', registry),
    rollbackFailures: counter('ripcord_rollback_failures_total', registry),
  };
  const { skipped, checkRuns, checkFailures, checkErrors, rollbacks, rollbackFailures } = counters;
  const ofProbes = probes.map((probe) => ({ probe }));
  const ofChecks = checks.map((check) => ({ check }));
  const ofTriggers = rollbackTriggers.map((trigger) => ({ trigger }));
  startAtZero(skipped, ofProbes);
  for (const one of [checkRuns, checkFailures, checkErrors]) startAtZero(one, ofChecks);
  for (const one of [rollbacks, rollbackFailures]) startAtZero(one, ofTriggers);
  return counters;
}

/** Exports the series of the ids in `known` as zero before anything happens. */
export function createGuardMetrics(known: Known): GuardMetrics {
  const { plan, target } = known;
  const registry = new Registry();
  const counters = createCounters(registry, known);
  const lag = histogram('ripcord_scheduler_lag_seconds', registry);
  const meters = createProbeMeters(known.probes, known.partsOf ?? (() => []));
  const answered = new Map<ProbeId, Instant | undefined>(known.probes.map((probe) => [probe, undefined]));
  const found = new Map<CheckId, Finding | undefined>(known.checks.map((check) => [check, undefined]));
  let snapshot: Snapshot = { answered, found, phases: known.phases };
  for (const name of guardGauges) derivedGauge(name, registry, () => snapshot);
  const registries = [registry, ...meters.registries];
  for (const one of registries) one.setDefaultLabels({ plan, target });

  /** An attempt that the guard made late is not a skipped one. */
  const countMissing = (reading: Extract<Reading, { readonly state: 'missing' }>) => {
    const { probe, because } = reading;
    if (isLateness(because)) meters.count(reading);
    if (!isLateness(because) || because === lateness.asking) counters.skipped.inc({ probe });
  };

  return {
    registries,
    reading(reading) {
      if (reading.state === 'missing') return countMissing(reading);
      if (reading.state === 'answered') answered.set(reading.probe, reading.at);
      meters.count(reading);
    },
    lag: (late) => lag.observe(late / 1_000),
    targetCost: (spent) => counters.cost.inc(spent / 1_000),
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
  };
}
