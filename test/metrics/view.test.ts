import { describe, expect, test } from 'vitest';

import { statuses } from '../../src/core/evidence/finding.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { scrape } from './page.ts';
import { control, inventory, keys, metricsOfPlan, orphans, run, schema, search, start, view } from './sample.ts';

const t0 = start / 1_000;

describe('a view', () => {
  test.each([
    { name: 'target_up', labels: {}, is: 1 },
    { name: 'guard_blind', labels: {}, is: 0 },
    { name: 'guard_lock_held', labels: {}, is: 1 },
    { name: 'target_mismatch', labels: {}, is: 0 },
    { name: 'clock_offset_seconds', labels: {}, is: -2.5 },
    { name: 'threshold_ratio', labels: { threshold: 'slowdown' }, is: 1.5 },
    { name: 'threshold_ratio', labels: { threshold: 'runtime' }, is: 2 },
    { name: 'latency_seconds', labels: { probe: search, statistic: 'p50' }, is: 0.032 },
    { name: 'latency_baseline_seconds', labels: { probe: search, statistic: 'p95' }, is: 0.04 },
    { name: 'latency_baseline_seconds', labels: { probe: control, statistic: 'p50' }, is: undefined },
    { name: 'latency_slowdown_ratio', labels: { probe: search }, is: 1.6 },
    { name: 'latency_slowdown_ratio', labels: { probe: control }, is: undefined },
    { name: 'baseline_readings', labels: { probe: search }, is: 300 },
    { name: 'baseline_captured_timestamp_seconds', labels: {}, is: t0 - 300 },
    { name: 'run_start_timestamp_seconds', labels: {}, is: t0 },
    { name: 'run_worked_seconds', labels: {}, is: 540 },
    { name: 'run_estimated_duration_seconds', labels: {}, is: 14_400 },
    { name: 'phase_start_timestamp_seconds', labels: { phase: schema }, is: t0 + 60 },
    { name: 'phase_start_timestamp_seconds', labels: { phase: keys }, is: undefined },
    { name: 'phase_end_timestamp_seconds', labels: { phase: inventory }, is: t0 + 60 },
    { name: 'phase_end_timestamp_seconds', labels: { phase: schema }, is: undefined },
    { name: 'phase_worked_seconds', labels: { phase: inventory }, is: 60 },
    { name: 'phase_worked_seconds', labels: { phase: schema }, is: 480 },
    { name: 'phase_estimated_duration_seconds', labels: { phase: keys }, is: 1_200 },
    { name: 'phase_progress_ratio', labels: { phase: schema }, is: 0.4 },
    { name: 'recommendation_open', labels: {}, is: 1 },
    { name: 'recommendation_info', labels: { recommendation: 'rec-2' }, is: 1 },
    { name: 'recommendation_expiry_timestamp_seconds', labels: {}, is: t0 + 2_400 },
    { name: 'rollback_armed', labels: {}, is: 1 },
    { name: 'watch_end_timestamp_seconds', labels: {}, is: t0 + 600 + 57 * 60 },
  ])('makes ripcord_$name $labels $is', async ({ name, labels, is }) => {
    const metrics = metricsOfPlan();
    metrics.show(view);
    expect((await scrape(metrics)).value(`ripcord_${name}`, labels)).toBe(is);
  });

  test.each([
    { name: 'run_mode', of: {}, is: { mode: 'armed' } },
    { name: 'run_state', of: {}, is: { state: 'recommending' } },
    { name: 'phase_state', of: { phase: schema }, is: { state: 'running' } },
    { name: 'phase_state', of: { phase: keys }, is: { state: 'not-started' } },
    { name: 'criterion_status', of: { criterion: 'performance' }, is: { status: 'breach' } },
    { name: 'criterion_status', of: { criterion: 'security' }, is: { status: 'unknown' } },
    { name: 'check_status', of: { check: orphans }, is: { status: 'unknown' } },
  ])('makes exactly one of the state set ripcord_$name $of 1: $is', async ({ name, of, is }) => {
    const metrics = metricsOfPlan();
    metrics.show(view);
    const set = (await scrape(metrics)).find(`ripcord_${name}`, of);
    expect(set.filter(({ value }) => value !== 0)).toMatchObject([{ labels: { ...of, ...is }, value: 1 }]);
  });

  test('leaves a criterion that nobody judges without a status, so it does not look well', async () => {
    const metrics = metricsOfPlan();
    metrics.show(view);
    const asked = (await scrape(metrics)).find('ripcord_criterion_status', { criterion: 'functionality' });
    expect(asked.map(({ value }) => value)).toEqual(statuses.map(() => 0));
  });
});

describe('what is gone is no longer exported', () => {
  test('the run, with all that belonged to it', async () => {
    const metrics = metricsOfPlan();
    metrics.show(view);
    const { run: _, ...without } = view;
    metrics.show(without);
    const page = await scrape(metrics);
    const left = page.samples.filter(({ name }) => /^ripcord_(run|phase|recommendation|watch)_/.test(name));
    expect([...new Set(left.map(({ name }) => name))]).toEqual([
      'ripcord_run_mode',
      'ripcord_run_state',
      'ripcord_phase_state',
      'ripcord_recommendation_open',
    ]);
    expect(left.every(({ value }) => value === 0)).toBe(true);
    expect(page.value('ripcord_rollback_armed')).toBe(0);
  });

  test('a probe, its latency and its baseline', async () => {
    const metrics = metricsOfPlan();
    metrics.show(view);
    const { baseline: _, ...without } = view;
    metrics.show({ ...without, latency: [{ probe: control, p50: seconds(0.001) }] });
    const page = await scrape(metrics);
    expect(page.find('ripcord_latency_seconds')).toMatchObject([{ labels: { probe: control } }]);
    expect(page.find('ripcord_latency_slowdown_ratio')).toEqual([]);
    expect(page.find('ripcord_baseline_readings')).toEqual([]);
  });

  test('an answered recommendation', async () => {
    const metrics = metricsOfPlan();
    metrics.show(view);
    const recommendations = run.recommendations.map((one) => ({ ...one, state: 'approved' as const }));
    metrics.show({ ...view, run: { ...run, recommendations } });
    const page = await scrape(metrics);
    expect(page.value('ripcord_recommendation_open')).toBe(0);
    expect(page.find('ripcord_recommendation_expiry_timestamp_seconds')).toEqual([]);
    expect(page.find('ripcord_recommendation_info')).toEqual([]);
  });
});
