import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { start } from '../examples/cryoprotect/demo/processes.ts';
import { strengthsOf } from '../src/core/detection/slowness.ts';
import { isLateness } from '../src/core/evidence/own-time.ts';
import { median } from '../src/core/evidence/quantile.ts';
import type { Reading } from '../src/core/evidence/reading.ts';
import { probeId } from '../src/core/kernel/ids.ts';
import { instant } from '../src/core/kernel/units.ts';
import { type Plan, planSchema } from '../src/core/plan/plan.ts';
import { readEvent } from '../src/core/run/catalogue.ts';
import { evolve } from '../src/core/run/evolve.ts';
import type { RunState } from '../src/core/run/state.ts';
import { circumstancesOf } from '../src/core/run/circumstances.ts';
import { createEvidenceStore } from '../src/monitoring/evidence-store.ts';
import type { OpaqueEvent } from '../src/journal/journal.ts';
import { molecules } from './memory.ts';
import { type Daemon, openRun, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import { bucketQuantile, bucketsBetween, sumOf } from './support/page.ts';
import type { Stage } from './support/stage.ts';

/** Kinds of clients without a token, each with this many simultaneous connections. The bar applies to the first kind. */
const floods = [
  { kind: 'bodies', connections: 8, what: 'eight endless bodies' },
  { kind: 'heads', connections: 8, what: 'eight endless heads' },
  { kind: 'pipelined', connections: 8, what: 'pipelined requests on eight connections' },
  { kind: 'metrics', connections: 8, what: '/metrics on eight connections' },
  { kind: 'tokens', connections: 8, what: 'wrong tokens on eight connections' },
  { kind: 'connections', connections: 500, what: '500 connections that say nothing' },
] as const;

const planFor = (url: string) => ({
  phases: [{ id: 'change', estimate: '1h', rollback: { steps: [{ id: 'undo', sql: 'select 1' }] } }],
  probes: [
    { id: 'page', http: { url }, every: '500ms' },
    { id: 'molecule', sql: 'select name from molecule where id = 7', every: '500ms' },
  ],
});

async function readingsSince(daemon: Daemon, plan: Plan, from: number): Promise<readonly Reading[]> {
  const since = new Date(from).toISOString();
  const answers = plan.probes.map(({ id }) =>
    daemon.get<{ readings: readonly Reading[] }>(`/runs/current/probes/${id}/readings?from=${since}`),
  );
  return (await Promise.all(answers)).flatMap(({ readings }) => readings).toSorted((a, b) => a.at - b.at);
}

async function stateOf(daemon: Daemon): Promise<RunState> {
  const { entries } = await daemon.get<{ entries: readonly { event: OpaqueEvent }[] }>('/runs/current/events');
  const state = entries.map(({ event }) => readEvent(event)).reduce<RunState | undefined>(evolve, undefined);
  if (state === undefined) throw new Error('there is no run');
  return state;
}

/**
 * The closest that the evidence of any probe came to an alarm, in percent of one, as if a phase had started with the first
 * reading.
 */
function strongest(plan: Plan, state: RunState, readings: readonly Reading[]): number {
  const evidenceStore = createEvidenceStore(plan, instant(readings[0]?.at ?? 0));
  const circumstances = circumstancesOf(plan)(state);
  let most = 0;
  for (const reading of readings) {
    evidenceStore.reading(reading, circumstances);
    const { slowness, scales } = evidenceStore.probes().get(probeId(reading.probe)) ?? {};
    if (slowness === undefined || scales === undefined) continue;
    const { grey, strict } = strengthsOf(slowness, scales);
    most = Math.max(most, grey, strict);
  }
  return most * 100;
}

/** How long a principal with a new connection waits for the status during the flood. */
async function askAsPrincipal(daemon: Daemon, stage: Stage, length: number): Promise<readonly number[]> {
  const took: number[] = [];
  for (const end = performance.now() + length; performance.now() < end;) {
    const began = performance.now();
    const headers = { authorization: `Bearer ${daemon.token}`, connection: 'close' };
    const answer = await fetch(`${daemon.url}/api/v1/runs`, { headers, signal: stage.signal }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    took.push(answer?.ok === true ? performance.now() - began : Number.POSITIVE_INFINITY);
    await setTimeout(250, undefined, { signal: stage.signal });
  }
  return took;
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const length = stage.quick ? 15_000 : 45_000;
  await using daemon = await startDaemon(stage, planFor(await stage.httpTarget()), await stage.database(molecules));
  const plan = planSchema.parse(JSON.parse(daemon.plan));
  stage.say('flood: a baseline');
  await openRun(daemon, stage, stage.quick ? '40s' : '60s');
  const state = await stateOf(daemon);
  const program = fileURLToPath(new URL('support/flooder.ts', import.meta.url));

  const figures: Figure[] = [];
  for (const { kind, connections, what } of [{ kind: undefined, connections: 0, what: 'nobody else' }, ...floods]) {
    stage.say(`flood: ${what} for ${length / 1_000} s`);
    const before = await daemon.metrics();
    const command = [process.execPath, program, String(kind), daemon.url, String(connections)];
    await using flood = kind === undefined ? undefined : await start(command, {}, 'flooding');
    const from = Date.now();
    const waits = await askAsPrincipal(daemon, stage, length);
    const to = Date.now();
    await flood?.[Symbol.asyncDispose]();
    const later = await daemon.metrics();
    const readings = (await readingsSince(daemon, plan, from)).filter(({ at }) => at <= to);
    const late = readings.filter((one) => one.state === 'missing' && isLateness(one.because)).length;
    const lags = bucketsBetween(before, later, 'ripcord_event_loop_lag_seconds');
    const common = { name: 'flood' } as const;
    const [busy, waiting] = ['ripcord_event_loop_busy_seconds_total', 'ripcord_cpu_wait_seconds_total'].map(
      (name) => (sumOf(later, name) - sumOf(before, name)) / ((to - from) / 1_000),
    );
    figures.push(
      {
        ...common,
        what: `${what}: evidence of any probe, of an alarm`,
        value: strongest(plan, state, readings),
        unit: '%',
        bar: 1,
      },
      {
        ...common,
        what: `${what}: readings missing because the guard was late`,
        value: (late / readings.length) * 100,
        unit: '%',
      },
      { ...common, what: `${what}: the guard’s event loop is busy`, value: (busy ?? Number.NaN) * 100, unit: '%' },
      { ...common, what: `${what}: the guard waits for a CPU`, value: (waiting ?? Number.NaN) * 100, unit: '%' },
      { ...common, what: `${what}: lag of the event loop, p99`, value: bucketQuantile(lags, 0.99) * 1_000, unit: 'ms' },
      { ...common, what: `${what}: a principal is answered, median`, value: median(waits) ?? Number.NaN, unit: 'ms' },
      {
        ...common,
        what: `${what}: a principal is not answered`,
        value: waits.filter((one) => !Number.isFinite(one)).length,
        unit: 'times',
      },
    );
    await setTimeout(2_000, undefined, { signal: stage.signal });
  }
  return figures;
}

export const flood: Measurement<Stage> = { names: ['flood'], measure };
