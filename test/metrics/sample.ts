import type { Finding, Status } from '../../src/core/evidence/finding.ts';
import { partNames } from '../../src/core/evidence/reading.ts';
import { checkId, phaseId, probeId, recommendationId } from '../../src/core/kernel/ids.ts';
import { after, instant, minutes, ratio, seconds } from '../../src/core/kernel/units.ts';
import { createGuardMetrics, type GuardMetrics } from '../../src/metrics/guard-metrics.ts';
import { createProcessMetrics, type ProcessMetrics } from '../../src/metrics/process-metrics.ts';
import type { MetricsRun, MetricsView } from '../../src/metrics/view.ts';

export const search = probeId('molecule-search');
export const control = probeId('control');
export const orphans = checkId('no-orphan-prediction');
export const inventory = phaseId('inventory');
export const schema = phaseId('schema-standardization');
export const keys = phaseId('foreign-keys');
export const start = instant(Date.UTC(2026, 10, 22, 2, 0, 0));

/** The metrics of a plan with two probes, one check and three phases, before anything happens. */
export const metricsOfPlan = (plan = 'move'): GuardMetrics =>
  createGuardMetrics({
    plan,
    target: 'staging',
    probes: [search, control],
    partsOf: (probe) => (probe === search ? partNames : ['connect']),
    checks: [orphans],
    phases: [inventory, schema, keys],
  });

export function metricsOfProcess(): ProcessMetrics {
  const ownTime = () => ({ busy: seconds(12.5), waiting: seconds(0.75) });
  const metrics = createProcessMetrics({ version: '1.2.3', revision: 'abc123' }, ownTime);
  metrics.guards([
    { plan: 'move', target: 'staging', up: true },
    { plan: 'shrink', target: 'staging', up: false },
  ]);
  return metrics;
}

export const found = (status: Status): Finding => ({
  check: orphans,
  status,
  at: after(start, minutes(9)),
  took: seconds(0.25),
  summary: 'found 1 row, wanted none',
});

/** After ten minutes: the second phase runs, one probe is slow, and a recommendation is open. */
export const run: MetricsRun = {
  mode: 'armed',
  stage: 'recommending',
  openedAt: start,
  runtime: { worked: minutes(9), estimate: minutes(240) },
  phases: [
    {
      phase: inventory,
      state: 'finished',
      estimate: minutes(2),
      startedAt: start,
      endedAt: after(start, minutes(1)),
      worked: minutes(1),
    },
    {
      phase: schema,
      state: 'running',
      estimate: minutes(5),
      startedAt: after(start, minutes(1)),
      worked: minutes(8),
      progress: 0.4,
    },
    { phase: keys, state: 'not-started', estimate: minutes(20) },
  ],
  criteria: [
    { criterion: 'functionality', status: 'not-asked' },
    { criterion: 'performance', status: 'breach' },
    { criterion: 'integrity', status: 'ok' },
    { criterion: 'security', status: 'unknown' },
    { criterion: 'runtime', status: 'ok' },
  ],
  recommendations: [
    { id: recommendationId('rec-1'), state: 'superseded', expiresAt: after(start, minutes(30)) },
    { id: recommendationId('rec-2'), state: 'open', expiresAt: after(start, minutes(40)) },
  ],
  watch: {
    state: 'watching',
    startedAt: start,
    length: minutes(60),
    seen: minutes(3),
    countedTo: after(start, minutes(10)), // seven minutes were not watched
    relapses: [],
  },
};

export const view: MetricsView = {
  targetUp: true,
  blind: false,
  lockHeld: true,
  overdue: 0,
  mismatch: false,
  clockOffset: seconds(-2.5),
  thresholds: { slowdown: ratio(1.5), runtime: ratio(2) },
  latency: [
    {
      probe: search,
      p50: seconds(0.032),
      p95: seconds(0.05),
      baselineP50: seconds(0.02),
      baselineP95: seconds(0.04),
      slowdown: ratio(1.6),
    },
    { probe: control, p50: seconds(0.001) },
  ],
  baseline: { capturedAt: after(start, minutes(-5)), readings: [{ probe: search, count: 300 }] },
  run,
};

/** Makes every countable thing happen once, and shows the view. */
export function fill(metrics: GuardMetrics): void {
  for (const probe of [search, control]) {
    metrics.reading({ state: 'answered', probe, at: start, took: seconds(0.02), parts: { connect: seconds(0.002) } });
    metrics.reading({ state: 'failed', probe, at: start, cause: { reason: 'timeout', message: 'no answer in 5 s' } });
    metrics.reading({ state: 'missing', probe, at: start });
  }
  metrics.lag(seconds(0.004));
  metrics.targetCost(seconds(0.1));
  metrics.checkFound(found('breach'));
  metrics.evaluated(after(start, minutes(10)));
  metrics.rollbackStarted('automatic');
  metrics.rollbackFailed('automatic');
  metrics.show(view);
}
