import { collectDefaultMetrics, Registry } from 'prom-client';

import type { OwnTime } from '../core/evidence/own-time.ts';
import type { Millis } from '../core/kernel/units.ts';
import { counter, derivedCounter, gauge, histogram } from './instruments.ts';
import type { MetricsSource } from './page.ts';
import { type Rejection, rejections } from './view.ts';
import { startAtZero } from './zero-series.ts';

/** What the process reports about itself, whichever guards it runs. No call does I/O. */
export interface ProcessMetrics extends MetricsSource {
  /** How late the event loop woke up. */
  eventLoopLag(late: Millis): void;
  storeFailed(): void;
  /** A connection to the API was ended, or refused before it was read. */
  turnedAway(reason: Rejection): void;
  /** Which guards should run, and which do. Replaces the previous list. */
  guards(now: readonly GuardUp[]): void;
}

export interface GuardUp {
  readonly plan: string;
  readonly target: string;
  readonly up: boolean;
}

export interface Build {
  readonly version: string;
  readonly revision?: string;
}

/** The client derives these from a timer of its own. `ripcord_event_loop_lag_seconds` covers them without one. */
const fromTimer = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (what) => `nodejs_eventloop_lag_${what}_seconds`,
);
/**
 * The timer's interval in milliseconds, one day. It cannot be turned off, and an interval of 20 ms would be most of the work
 * of an idle guard.
 */
const seldom = 86_400_000;

/** The client's own metrics, except those that call a gauge `_total`, repeat a sum or need a timer. */
function registerDefaults(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: seldom });
  const totals = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);
  for (const name of [...totals, ...fromTimer]) registry.removeSingleMetric(name);
}

function exportOwnTime(registry: Registry, ownTime: () => OwnTime): void {
  const total = (take: (own: OwnTime) => Millis) => () => [[{}, take(ownTime()) / 1_000] as const];
  derivedCounter(
    'ripcord_event_loop_busy_seconds_total',
    registry,
    total(({ busy }) => busy),
  );
  derivedCounter(
    'ripcord_cpu_wait_seconds_total',
    registry,
    total(({ waiting }) => waiting),
  );
}

/** `ownTime` returns the CPU time that the process has used so far. */
export function createProcessMetrics({ version, revision = 'unknown' }: Build, ownTime: () => OwnTime): ProcessMetrics {
  const registry = new Registry();
  gauge('ripcord_build_info', registry).set({ version, revision }, 1);
  const loopLag = histogram('ripcord_event_loop_lag_seconds', registry);
  exportOwnTime(registry, ownTime);
  const turnedAway = counter('ripcord_api_rejections_total', registry);
  startAtZero(
    turnedAway,
    rejections.map((reason) => ({ reason })),
  );
  const storeFailures = counter('ripcord_store_write_failures_total', registry);
  const guardUp = gauge('ripcord_guard_up', registry);
  registerDefaults(registry);
  return {
    registries: [registry],
    eventLoopLag: (late) => loopLag.observe(late / 1_000),
    storeFailed: () => storeFailures.inc(),
    turnedAway: (reason) => turnedAway.inc({ reason }),
    guards(now) {
      guardUp.reset();
      for (const { plan, target, up } of now) guardUp.set({ plan, target }, up ? 1 : 0);
    },
  };
}
