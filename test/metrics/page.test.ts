import { describe, expect, test } from 'vitest';

import { failureReasons } from '../../src/core/evidence/reading.ts';
import { families } from '../../src/metrics/families.ts';
import { phaseStates, rollbackTriggers } from '../../src/metrics/view.ts';
import { scrape } from './page.ts';
import { control, fill, keys, metricsOfPlan, orphans, search } from './sample.ts';

describe('the page', () => {
  test.each(Object.entries(families))('has %s, with its type, its help and its labels', async (name, family) => {
    const metrics = metricsOfPlan();
    fill(metrics);
    const page = await scrape(metrics);
    expect(page.types.get(name)).toBe(family.type);
    expect(page.body).toContain(`# HELP ${name} ${family.help}\n`);
    const series = page.find(family.type === 'histogram' ? `${name}_count` : name);
    const labels = new Set(series.map((one) => Object.keys(one.labels).toSorted().join()));
    expect([...labels]).toEqual([[...family.labels].toSorted().join()]);
  });

  test('has the metrics of the process beside ours, and the content type that Prometheus 3 wants', async () => {
    const metrics = metricsOfPlan();
    const page = await scrape(metrics);
    expect(page.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(page.find('nodejs_eventloop_lag_seconds')).toHaveLength(1);
    expect((await metrics.text()).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('counts apart for two guards in one process', async () => {
    const [one, other] = [metricsOfPlan(), metricsOfPlan()];
    one.storeFailed();
    expect((await scrape(one)).value('ripcord_store_write_failures_total')).toBe(1);
    expect((await scrape(other)).value('ripcord_store_write_failures_total')).toBe(0);
  });
});

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const startAtZero: readonly Series[] = [
  ...[search, control].flatMap((probe): readonly Series[] => [
    { name: 'ripcord_probe_attempts_total', labels: { probe } },
    { name: 'ripcord_probe_duration_seconds_count', labels: { probe } },
    { name: 'ripcord_probe_last_success_timestamp_seconds', labels: { probe } },
    { name: 'ripcord_scheduler_skipped_runs_total', labels: { probe } },
    ...failureReasons.map((reason) => ({ name: 'ripcord_probe_failures_total', labels: { probe, reason } })),
  ]),
  ...['runs', 'failures', 'errors'].map((what) => ({
    name: `ripcord_check_${what}_total`,
    labels: { check: orphans },
  })),
  ...rollbackTriggers.map((trigger) => ({ name: 'ripcord_rollbacks_total', labels: { trigger } })),
  ...rollbackTriggers.map((trigger) => ({ name: 'ripcord_rollback_failures_total', labels: { trigger } })),
  ...phaseStates.map((state) => ({ name: 'ripcord_phase_state', labels: { phase: keys, state } })),
  { name: 'ripcord_check_last_run_timestamp_seconds', labels: { check: orphans } },
  { name: 'ripcord_decision_last_evaluation_timestamp_seconds', labels: {} },
  { name: 'ripcord_recommendation_open', labels: {} },
  { name: 'ripcord_rollback_armed', labels: {} },
  { name: 'ripcord_scheduler_lag_seconds_count', labels: {} },
  { name: 'ripcord_target_query_seconds_total', labels: {} },
  { name: 'ripcord_target_up', labels: {} },
];

describe('before anything has happened', () => {
  test.each(startAtZero)('$name $labels is there, and 0', async ({ name, labels }) => {
    expect((await scrape(metricsOfPlan())).value(name, labels)).toBe(0);
  });

  test('the build is named', async () => {
    expect((await scrape(metricsOfPlan())).find('ripcord_build_info')).toMatchObject([
      { labels: { version: '1.2.3', revision: 'abc123' }, value: 1 },
    ]);
  });

  test('a guard that has seen nothing says that it is blind, and a check that never ran is unknown', async () => {
    const page = await scrape(metricsOfPlan());
    expect(page.value('ripcord_guard_blind')).toBe(1);
    expect(page.value('ripcord_check_status', { check: orphans, status: 'unknown' })).toBe(1);
  });

  test.each(['run_start_timestamp_seconds', 'watch_end_timestamp_seconds', 'run_worked_seconds', 'threshold_ratio'])(
    'ripcord_%s is absent, not 0',
    async (name) => {
      expect((await scrape(metricsOfPlan())).find(`ripcord_${name}`)).toEqual([]);
    },
  );
});
