import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { follow, type Followed } from '../examples/cryoprotect/demo/follow.ts';
import type { RunEvent } from '../src/core/run/events.ts';
import { quantile } from '../src/core/evidence/quantile.ts';
import { type Daemon, openRun, ripcord, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import type { Stage } from './support/stage.ts';

const work = fileURLToPath(new URL('support/phase-work.ts', import.meta.url));
const killGrace = 300;
/** One repetition takes about three seconds; one that takes longer than this hangs. */
const patience = 60_000;

const plan = {
  stop_work: { kill_grace: `${killGrace}ms` },
  phases: [{ id: 'change', estimate: '1h', rollback: { steps: [{ id: 'heal', sql: 'delete from broken' }] } }],
  probes: [{ id: 'alive', sql: 'select 1', every: '25ms', timeout: '1s' }],
  // It is not about slowness, which so short a baseline could not tell.
  criteria: { performance: { ignore_stalls_under: '500ms', must_detect: { slower_than: '10000%', within: '10m' } } },
  checks: [{ id: 'unbroken', criterion: 'integrity', sql: 'select id from broken', every: '100ms', timeout: '1s' }],
  pre_approvals: [
    {
      id: 'undo',
      by_role: 'database_administrator',
      criteria: ['integrity'],
      phases: ['change'],
      environments: ['bench'],
      do: 'phase-rollback',
    },
  ],
  watch: { for: '500ms' },
};

/** By the moments in the journal, in milliseconds after the verdict that started the rollback. */
interface Times {
  readonly intent: number;
  /** When the last process and session was gone. */
  readonly gone: number;
  readonly proved: number;
}

async function untilRolledBack(events: Followed): Promise<Times> {
  const { at: verdict } = await events.until('rollback-started');
  const { at: intent } = await events.until('stop-work-started');
  const { at: proved, quiet } = await events.until('stop-work-proved');
  await events.until('rollback-done');
  return { intent: intent - verdict, gone: quiet.since - verdict, proved: proved - verdict };
}

/** Everything that an operator does before the phase: a run of its own, a baseline, and leave to act. */
async function arm(daemon: Daemon, stage: Stage): Promise<void> {
  await openRun(daemon, stage, '1s');
  await daemon.post('/runs/current/waive', { requirement: 'rehearsal', reason: 'a measurement' });
  await daemon.post('/runs/current/pre-approve', { pre_approval: 'undo' });
  await daemon.post('/runs/current/arm');
}

/** The wrapper passes the first signal on, which the work does not heed; at the second it ends the work by force. */
async function endByForce(phase: ChildProcess, ended: Promise<unknown>): Promise<void> {
  phase.kill('SIGTERM');
  await Promise.race([ended, setTimeout(500)]);
  phase.kill('SIGTERM');
  await ended;
}

/** One run: a phase breaks integrity, the guard stops it and undoes it by itself. */
async function repetition(daemon: Daemon, stage: Stage, database: string): Promise<Times> {
  await arm(daemon, stage);
  const ending = new AbortController();
  const signal = AbortSignal.any([stage.signal, ending.signal, AbortSignal.timeout(patience)]);
  const said: string[] = [];
  const events = await follow(daemon.url, daemon.token, signal, (event: RunEvent) => said.push(event.type));
  const [program = '', ...args] = ripcord(stage);
  const env = { ...process.env, DATABASE_URL: database, RIPCORD_URL: daemon.url, RIPCORD_TOKEN: daemon.token };
  const phase = spawn(program, [...args, 'phase', 'change', '--', process.execPath, work], { env, stdio: 'ignore' });
  const ended = once(phase, 'exit');
  try {
    const times = await untilRolledBack(events).catch((cause: unknown) => {
      throw new Error(`the rollback did not get to its end: ${said.join(', ')}`, { cause });
    });
    await ended;
    await daemon.post('/runs/current/close', { reason: 'measured' });
    return times;
  } finally {
    ending.abort();
    if (phase.exitCode === null) await endByForce(phase, ended);
  }
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const { repetitions } = stage;
  stage.say(`stop: ${repetitions} rollbacks`);
  const database = await stage.database('create table broken (id int primary key)');
  await using daemon = await startDaemon(stage, plan, database);
  const all: Times[] = [];
  while (all.length < repetitions) {
    all.push(await repetition(daemon, stage, database));
    if (all.length % 50 === 0) stage.say(`stop: ${all.length} of ${repetitions}`);
  }
  const of = (what: keyof Times, share: number) =>
    quantile(
      all.map((times) => times[what]),
      share,
    ) ?? Number.NaN;
  const figure = { name: 'stop', unit: 'ms' } as const;
  const count = `of ${repetitions}`;
  return [
    { ...figure, what: `verdict to the first stop-work intent, p50 ${count}`, value: of('intent', 0.5) },
    { ...figure, what: `verdict to the first stop-work intent, p99 ${count}`, value: of('intent', 0.99), bar: 100 },
    { ...figure, what: `verdict to forward work gone, p99 ${count}`, value: of('gone', 0.99) },
    { ...figure, what: `verdict to forward work proved stopped, p50 ${count}`, value: of('proved', 0.5) },
    {
      ...figure,
      what: `verdict to forward work proved stopped, p99 ${count}`,
      value: of('proved', 0.99),
      bar: 5_000 + killGrace,
    },
  ];
}

export const stopWork: Measurement<Stage> = { names: ['stop'], measure };
