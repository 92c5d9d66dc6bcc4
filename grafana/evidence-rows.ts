import { statuses } from '../src/core/evidence/finding.ts';
import type { Row } from './dashboard.ts';
import { lines, stateTimeline } from './panels.ts';
import { daemon, guard, stateSet, words } from './states.ts';

export const latency: Row = {
  title: 'Latency',
  height: 9,
  panels: [
    {
      width: 12,
      ...lines({
        title: 'Slowdown against the limit',
        description: 'Latency by the baseline of each probe: 1 is as before. Only more than the limit is a breach.',
        queries: [
          { expr: `ripcord_latency_slowdown_ratio{${guard}}`, legend: '{{probe}}' },
          { expr: `ripcord_threshold_ratio{${guard}, threshold="slowdown"}`, legend: 'limit' },
        ],
        unit: 'none',
      }),
    },
    {
      width: 12,
      ...lines({
        title: 'Latency against the baseline',
        description: 'Median latency of each probe now, and frozen before the change.',
        queries: [
          { expr: `ripcord_latency_seconds{${guard}, statistic="p50"}`, legend: '{{probe}}' },
          { expr: `ripcord_latency_baseline_seconds{${guard}, statistic="p50"}`, legend: '{{probe}} baseline' },
        ],
        unit: 's',
      }),
    },
  ],
};

export const checks: Row = {
  title: 'Checks and probes',
  height: 8,
  panels: [
    {
      width: 12,
      ...stateTimeline({
        title: 'Checks',
        description:
          'What each check found last. Breaches that the baseline has are shown here too, but judge nothing.',
        queries: [stateSet('ripcord_check_status', 'status', statuses, 'check')],
        words: words('gone', ...statuses),
      }),
    },
    {
      width: 12,
      ...lines({
        title: 'Failed questions',
        description: 'Questions without a right answer in time. Each counts as infinitely slow.',
        queries: [
          {
            expr: `sum by (probe, reason) (rate(ripcord_probe_failures_total{${guard}}[$__rate_interval])) > 0`,
            legend: '{{probe}}: {{reason}}',
          },
        ],
        unit: 'ops',
      }),
    },
  ],
};

/** Whether the guard can be trusted, and what it costs. */
export const self: Row = {
  title: 'The guard itself',
  height: 8,
  panels: [
    {
      width: 4,
      ...lines({
        title: 'Cost to the database',
        description: 'Share of one database session that the guard keeps busy.',
        queries: [{ expr: `rate(ripcord_target_query_seconds_total{${guard}}[$__rate_interval])`, legend: 'busy' }],
        unit: 'percentunit',
      }),
    },
    {
      width: 4,
      ...lines({
        title: 'Lateness of questions',
        description: 'Of a hundred questions, 99 are asked sooner after their due time. Late answers look slow.',
        queries: [
          {
            expr: `histogram_quantile(0.99, sum by (le) (rate(ripcord_scheduler_lag_seconds_bucket{${guard}}[$__rate_interval])))`,
            legend: 'late',
          },
        ],
        unit: 's',
      }),
    },
    {
      width: 4,
      ...lines({
        title: 'Left undone',
        description:
          'Due questions that were not asked, writes that the journal refused, and connections to the API that were turned away. All should be 0.',
        queries: [
          {
            expr: `sum(rate(ripcord_scheduler_skipped_runs_total{${guard}}[$__rate_interval]))`,
            legend: 'not asked',
          },
          { expr: `rate(ripcord_store_write_failures_total{${daemon}}[$__rate_interval])`, legend: 'not written' },
          { expr: `sum(rate(ripcord_api_rejections_total{${daemon}}[$__rate_interval]))`, legend: 'turned away' },
        ],
        unit: 'ops',
      }),
    },
    {
      width: 4,
      ...lines({
        title: 'The guard’s own lateness',
        description:
          'Readings that do not count because the guard itself was late, its busy time, and its waiting for a CPU. All far below 1.',
        queries: [
          {
            expr: `sum(rate(ripcord_probe_late_readings_total{${guard}}[$__rate_interval])) / sum(rate(ripcord_probe_attempts_total{${guard}}[$__rate_interval]))`,
            legend: 'readings lost',
          },
          { expr: `rate(ripcord_event_loop_busy_seconds_total{${daemon}}[$__rate_interval])`, legend: 'busy' },
          { expr: `rate(ripcord_cpu_wait_seconds_total{${daemon}}[$__rate_interval])`, legend: 'waits for a CPU' },
        ],
        unit: 'percentunit',
      }),
    },
    {
      width: 4,
      ...lines({
        title: 'Processor',
        description: 'Share of one processor core that the daemon uses, with all of its guards.',
        queries: [{ expr: `rate(process_cpu_seconds_total{${daemon}}[$__rate_interval])`, legend: 'processor' }],
        unit: 'percentunit',
      }),
    },
    {
      width: 4,
      ...lines({
        title: 'Clock',
        description:
          'How far the wall clock is ahead of the guard’s own. If they differ by more than a minute, the guard does nothing without asking.',
        queries: [{ expr: `ripcord_clock_offset_seconds{${guard}}`, legend: 'ahead' }],
        unit: 's',
      }),
    },
  ],
};
