import { expect, test } from 'vitest';

import { statuses } from '../../src/core/evidence/finding.ts';
import { lateness } from '../../src/core/evidence/own-time.ts';
import { failureReasons } from '../../src/core/evidence/reading.ts';
import { after, millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { scrape } from './page.ts';
import { found, metricsOfPlan, metricsOfProcess, search, start } from './sample.ts';

test('an answered reading is an attempt with a latency and a time', async () => {
  const metrics = metricsOfPlan();
  metrics.reading({ state: 'answered', probe: search, at: start, took: seconds(0.02) });
  const page = await scrape(metrics);
  expect(page.value('ripcord_probe_attempts_total', { probe: search })).toBe(1);
  expect(page.value('ripcord_probe_duration_seconds_sum', { probe: search })).toBeCloseTo(0.02);
  expect(page.value('ripcord_probe_duration_seconds_bucket', { probe: search, le: '0.01' })).toBe(0);
  expect(page.value('ripcord_probe_duration_seconds_bucket', { probe: search, le: '0.025' })).toBe(1);
  expect(page.value('ripcord_probe_last_success_timestamp_seconds', { probe: search })).toBe(start / 1_000);
});

test('the parts of an answer’s time are summed, and those of the plan start at zero', async () => {
  const metrics = metricsOfPlan();
  expect((await scrape(metrics)).value('ripcord_probe_parts_total', { probe: search, part: 'tls' })).toBe(0);
  const reading = { state: 'answered', probe: search, at: start, took: seconds(0.02) } as const;
  metrics.reading({ ...reading, parts: { connect: seconds(0.001), first_byte: seconds(0.019) } });
  metrics.reading({ ...reading, parts: { connect: seconds(0.003) } });
  metrics.reading(reading);
  const page = await scrape(metrics);
  expect(page.value('ripcord_probe_part_seconds_total', { probe: search, part: 'connect' })).toBeCloseTo(0.004);
  expect(page.value('ripcord_probe_parts_total', { probe: search, part: 'connect' })).toBe(2);
  expect(page.value('ripcord_probe_part_seconds_total', { probe: search, part: 'first_byte' })).toBeCloseTo(0.019);
  expect(page.value('ripcord_probe_parts_total', { probe: search, part: 'tls' })).toBe(0);
});

test.each(failureReasons)('a reading that failed for %s is an attempt without a latency', async (reason) => {
  const metrics = metricsOfPlan();
  metrics.reading({ state: 'failed', probe: search, at: start, cause: { reason, message: 'no answer' } });
  const page = await scrape(metrics);
  expect(page.value('ripcord_probe_attempts_total', { probe: search })).toBe(1);
  expect(page.value('ripcord_probe_failures_total', { probe: search, reason })).toBe(1);
  expect(page.value('ripcord_probe_duration_seconds_count', { probe: search })).toBe(0);
  expect(page.value('ripcord_probe_last_success_timestamp_seconds', { probe: search })).toBe(0);
});

test('a skipped probe is no attempt', async () => {
  const metrics = metricsOfPlan();
  metrics.reading({ state: 'missing', probe: search, at: start });
  const page = await scrape(metrics);
  expect(page.value('ripcord_scheduler_skipped_runs_total', { probe: search })).toBe(1);
  expect(page.value('ripcord_probe_attempts_total', { probe: search })).toBe(0);
});

test.each([
  { because: lateness.busy, late: 1, skipped: 0 },
  { because: lateness.waiting, late: 1, skipped: 0 },
  { because: lateness.stopped, late: 1, skipped: 0 },
  { because: lateness.asking, late: 1, skipped: 1 },
  { because: 'the query yields nothing', late: 0, skipped: 1 },
])('$late late and $skipped skipped: $because', async ({ because, late, skipped }) => {
  const metrics = metricsOfPlan();
  metrics.reading({ state: 'missing', probe: search, at: start, because });
  const page = await scrape(metrics);
  expect(page.value('ripcord_probe_late_readings_total', { probe: search })).toBe(late);
  expect(page.value('ripcord_probe_attempts_total', { probe: search })).toBe(late - skipped > 0 ? 1 : 0);
  expect(page.value('ripcord_scheduler_skipped_runs_total', { probe: search })).toBe(skipped);
});

test('the event loop’s lag and the process’s own CPU time are on the page', async () => {
  const metrics = metricsOfProcess();
  metrics.eventLoopLag(millis(300));
  const page = await scrape(metrics);
  expect(page.value('ripcord_event_loop_lag_seconds_bucket', { le: '0.2' })).toBe(0);
  expect(page.value('ripcord_event_loop_lag_seconds_bucket', { le: '0.5' })).toBe(1);
  expect(page.value('ripcord_event_loop_busy_seconds_total', {})).toBe(12.5);
  expect(page.value('ripcord_cpu_wait_seconds_total', {})).toBe(0.75);
});

test.each([
  { status: 'ok', failures: 0, errors: 0 },
  { status: 'breach', failures: 1, errors: 0 },
  { status: 'unknown', failures: 0, errors: 1 },
  { status: 'error', failures: 0, errors: 1 },
] as const)('a check that ends as $status is $failures failures and $errors errors', async (row) => {
  const metrics = metricsOfPlan();
  metrics.checkFound(found(row.status));
  const page = await scrape(metrics);
  expect(page.value('ripcord_check_runs_total')).toBe(1);
  expect(page.value('ripcord_check_failures_total')).toBe(row.failures);
  expect(page.value('ripcord_check_errors_total')).toBe(row.errors);
  expect(page.value('ripcord_check_last_run_timestamp_seconds')).toBe(after(start, minutes(9)) / 1_000);
  expect(page.value('ripcord_check_last_duration_seconds')).toBe(0.25);
  const shown = statuses.map((status) => page.value('ripcord_check_status', { status }));
  expect(shown).toEqual(statuses.map((status) => (status === row.status ? 1 : 0)));
});

test('cost and lag of the guard are in seconds', async () => {
  const metrics = metricsOfPlan();
  metrics.targetCost(seconds(1.5));
  metrics.lag(seconds(0.004));
  const page = await scrape(metrics);
  expect(page.value('ripcord_target_query_seconds_total')).toBe(1.5);
  expect(page.value('ripcord_scheduler_lag_seconds_bucket', { le: '0.002' })).toBe(0);
  expect(page.value('ripcord_scheduler_lag_seconds_bucket', { le: '0.005' })).toBe(1);
});

test('rollbacks and their failures are counted by trigger', async () => {
  const metrics = metricsOfPlan();
  metrics.rollbackStarted('automatic');
  metrics.rollbackFailed('automatic');
  metrics.rollbackStarted('approved');
  const page = await scrape(metrics);
  expect(page.find('ripcord_rollbacks_total').map(({ value }) => value)).toEqual([1, 1, 0]);
  expect(page.value('ripcord_rollback_failures_total', { trigger: 'automatic' })).toBe(1);
  expect(page.value('ripcord_rollback_failures_total', { trigger: 'approved' })).toBe(0);
});

test('an evaluation sets its time', async () => {
  const metrics = metricsOfPlan();
  metrics.evaluated(start);
  expect((await scrape(metrics)).value('ripcord_decision_last_evaluation_timestamp_seconds')).toBe(start / 1_000);
});
