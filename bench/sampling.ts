import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Daemon, openRun, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import { bucketQuantile, bucketsBetween, type Page, sumOf } from './support/page.ts';
import type { Stage } from './support/stage.ts';
import { cpuMs } from './support/usage.ts';

const run = promisify(execFile);
const probes = 50;
/** The scrape interval of `prometheus.yml`: rendering the page costs the daemon something too. */
const betweenScrapes = 5_000;

const planFor = (url: string) => ({
  phases: [{ id: 'change', estimate: '1h', rollback: { steps: [{ id: 'undo', sql: 'select 1' }] } }],
  probes: Array.from({ length: probes }, (_, place) => ({ id: `page-${place + 1}`, http: { url }, every: '1s' })),
});

/** If the load did not run, its figure would mean nothing. */
function assertLoad(asked: number, failed: number, seconds: number): void {
  if (failed === 0 && asked > 0.95 * probes * seconds) return;
  throw new Error(`of ${probes * seconds} probes, ${asked} ran, and ${failed} of them failed`);
}

const between = (before: Page, later: Page, name: string): number => sumOf(later, name) - sumOf(before, name);

/**
 * The CPU time of the same request in a bare loop of Node, in milliseconds. Most of a probe's cost is what any Node process
 * pays for a request on a new connection. That depends on the machine and on the minute, so both are measured at the same time.
 */
async function bareLoop({ signal }: Stage, url: string, length: number): Promise<number> {
  const program = fileURLToPath(new URL('support/bare-loop.ts', import.meta.url));
  const warmUp = Math.min(30_000, length / 3);
  const { stdout } = await run(process.execPath, [program, url, String(warmUp), String(length - warmUp)], { signal });
  return Number(stdout);
}

async function scrapeFor(length: number, { metrics }: Daemon, { signal }: Stage): Promise<void> {
  for (let rest = length; rest > 0; rest -= betweenScrapes) {
    await setTimeout(Math.min(rest, betweenScrapes), undefined, { signal });
    if (rest > betweenScrapes) await metrics();
  }
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const url = await stage.httpTarget();
  const length = stage.quick ? 15_000 : 60_000;
  stage.say(`sampling: ${probes} HTTP probes a second for ${length / 1_000} s`);
  await using daemon = await startDaemon(stage, planFor(url), await stage.database('select 1'));
  // Until V8 has compiled the hot code, a probe costs nearly twice as much.
  await openRun(daemon, stage, stage.quick ? '15s' : '60s');

  const before = await daemon.metrics();
  const [began, used] = [performance.now(), cpuMs(daemon.pid)];
  const [bare] = await Promise.all([bareLoop(stage, url, length), scrapeFor(length, daemon, stage)]);
  const [spent, took] = [cpuMs(daemon.pid) - used, performance.now() - began];
  const later = await daemon.metrics();

  const asked = between(before, later, 'ripcord_probe_attempts_total');
  assertLoad(asked, between(before, later, 'ripcord_probe_failures_total'), took / 1_000);
  const lags = bucketsBetween(before, later, 'ripcord_scheduler_lag_seconds');
  const lag = (share: number) => bucketQuantile(lags, share) * 1_000;
  return [
    {
      name: 'cpu',
      what: 'CPU for each HTTP probe, the whole daemon counted',
      value: spent / asked,
      unit: 'ms',
    },
    { name: 'cpu', what: 'CPU for the same request in a bare loop of Node at the same time', value: bare, unit: 'ms' },
    { name: 'cpu', what: 'the first figure over the second', value: spent / asked / bare, unit: 'times', bar: 1.3 },
    { name: 'lag', what: 'lag of the sampling clock, p50', value: lag(0.5), unit: 'ms' },
    { name: 'lag', what: 'lag of the sampling clock, p99', value: lag(0.99), unit: 'ms', bar: 20 },
    {
      name: 'lag',
      what: 'due probes that were skipped',
      value: between(before, later, 'ripcord_scheduler_skipped_runs_total'),
      unit: 'times',
    },
  ];
}

export const sampling: Measurement<Stage> = { names: ['cpu', 'lag'], measure };
