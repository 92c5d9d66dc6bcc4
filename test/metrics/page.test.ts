import { describe, expect, test } from 'vitest';

import { failureReasons } from '../../src/core/evidence/reading.ts';
import { families, guardLabels, processFamilies } from '../../src/metrics/families.ts';
import { phaseStates, rollbackTriggers } from '../../src/metrics/view.ts';
import { scrape } from './page.ts';
import { metricsPage } from '../../src/metrics/page.ts';
import { control, fill, keys, metricsOfPlan, metricsOfProcess, orphans, search } from './sample.ts';

describe('the page', () => {
  test.each(Object.entries(families))('has %s, with its type, its help and its labels', async (name, family) => {
    const [metrics, other] = [metricsOfPlan(), metricsOfPlan('shrink')];
    for (const one of [metrics, other]) fill(one);
    const page = await scrape(metricsOfProcess(), metrics, other);
    expect(page.types.get(name)).toBe(family.type);
    expect(page.body.split(`# HELP ${name} ${family.help}\n`)).toHaveLength(2);
    const series = page.find(family.type === 'histogram' ? `${name}_count` : name);
    const labels = new Set(series.map((one) => Object.keys(one.labels).toSorted().join()));
    const whose = Object.hasOwn(processFamilies, name) ? [] : guardLabels;
    expect([...labels]).toEqual([[...family.labels, ...whose].toSorted().join()]);
  });

  test('has the metrics of the process beside ours, and the content type that Prometheus 3 requires', async () => {
    const metrics = metricsOfProcess();
    const page = await scrape(metrics);
    expect(page.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(page.find('nodejs_eventloop_lag_seconds')).toHaveLength(1);
    expect((await metricsPage([metrics])).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('labels the series of two guards in one process', async () => {
    const [one, other] = [metricsOfPlan(), metricsOfPlan('shrink')];
    one.rollbackStarted('automatic');
    const page = await scrape(one, other);
    const automatic = page.find('ripcord_rollbacks_total', { trigger: 'automatic' });
    expect(automatic.map(({ labels: { plan, target }, value }) => ({ plan, target, value }))).toEqual([
      { plan: 'move', target: 'staging', value: 1 },
      { plan: 'shrink', target: 'staging', value: 0 },
    ]);
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
  test.each(startAtZero)('$name $labels exists, and is 0', async ({ name, labels }) => {
    expect((await scrape(metricsOfPlan())).value(name, labels)).toBe(0);
  });

  test('the build is named', async () => {
    expect((await scrape(metricsOfProcess())).find('ripcord_build_info')).toMatchObject([
      { labels: { version: '1.2.3', revision: 'abc123' }, value: 1 },
    ]);
  });

  test('a guard that is not running differs from one that is', async () => {
    const up = (await scrape(metricsOfProcess())).find('ripcord_guard_up');
    expect(up.map(({ labels: { plan }, value }) => [plan, value])).toEqual([
      ['move', 1],
      ['shrink', 0],
    ]);
  });

  test('a guard without any observation is blind, and a check that never ran is unknown', async () => {
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
