// `npm run bench:live`: the built guard on a live PostgreSQL under load. One baseline, a quiet time with checkpoints and
// vacuums in which nothing may be recommended, then an index really dropped again and again: is each drop recommended for
// rollback within the time that `ripcord baseline show` promised? Takes about 50 minutes.
//   --baseline 5m --quiet 30 (minutes) --repetitions 20
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { follow, type Followed } from '../../examples/cryoprotect/demo/follow.ts';
import type { Power } from '../../src/core/detection/detection-power.ts';
import { approvalOf, type Daemon, openRun, ripcord, startDaemon } from '../support/daemon.ts';
import { setStage, type Stage } from '../support/stage.ts';
import { disturb, fill, startLoad } from './load.ts';

const byTag = 'by-tag';
const plan = {
  baseline: { capture_for: '5m' },
  phases: [
    {
      id: 'change',
      estimate: '1h',
      rollback: { steps: [{ id: 'heal', sql: 'create index items_tag on items (tag)', timeout: '1m' }] },
    },
  ],
  probes: [
    { id: byTag, sql: 'select count(*) from items where tag = 4711', every: '200ms', timeout: '5s' },
    { id: 'by-key', sql: 'select abalance from pgbench_accounts where aid = 4711', every: '200ms', timeout: '5s' },
    { id: 'control', sql: 'select 1', every: '200ms', timeout: '5s', control: true },
  ],
  watch: { for: '1s' },
};

const tables = `
  create table items (id int primary key, tag int not null, text text not null);
  insert into items select i, i % 20000, repeat('x', 100) from generate_series(1, 200000) i;
  create index items_tag on items (tag);
  analyze items`;

interface Drop {
  readonly ratio: number;
  readonly took: number;
  readonly promised: number | undefined;
}

const { values } = parseArgs({
  options: {
    baseline: { type: 'string', default: '5m' },
    quiet: { type: 'string', default: '30' },
    repetitions: { type: 'string', default: '20' },
  },
});

/** The detection power for the largest slowdown that is not above the measured one. */
function promiseFor(power: readonly Power[], ratio: number): number | undefined {
  const detectionPower = power.find(({ probe }) => probe === byTag)?.recommends ?? [];
  return detectionPower.findLast(({ slowdown }) => slowdown <= ratio)?.p95;
}

async function quiet(events: Followed, database: string, minutes: number, signal: AbortSignal): Promise<number> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await disturb(database);
    await setTimeout(60_000, undefined, { signal });
  }
  return events.all.filter(({ type }) => type === 'recommendation-raised').length;
}

/** Runs the phase that drops the index, and returns what the guard recommends. */
async function drop(daemon: Daemon, stage: Stage, database: string, power: readonly Power[]): Promise<Drop> {
  const ending = new AbortController();
  const signal = AbortSignal.any([stage.signal, ending.signal, AbortSignal.timeout(300_000)]);
  const { seq } = await daemon.get<{ seq: number }>('/runs/current');
  const events = await follow(daemon.url, daemon.token, signal, () => undefined, seq);
  const [program = '', ...args] = ripcord(stage);
  const env = { ...process.env, DATABASE_URL: database, RIPCORD_URL: daemon.url, RIPCORD_TOKEN: daemon.token };
  const script = fileURLToPath(new URL('drop-index.ts', import.meta.url));
  const work = [...args, 'phase', 'change', '--', process.execPath, script];
  const phase = spawn(program, work, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(phase, 'exit');
  let said = '';
  phase.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    const raised = await events.until('recommendation-raised');
    const answer = `/runs/current/recommendations/${raised.recommendation}/approve`;
    await daemon.post(answer, await approvalOf(daemon));
    await events.until('watch-settled');
    await ended;
    const dropped = Number(/dropped (\d+)/.exec(said)?.[1]);
    const ratio = raised.evidence.find(({ subject }) => subject === byTag)?.facts.ratio ?? Number.NaN;
    return { ratio, took: raised.at - dropped, promised: promiseFor(power, ratio) };
  } finally {
    ending.abort();
    if (phase.exitCode === null) phase.kill('SIGTERM');
    await ended;
  }
}

const isKept = ({ took, promised }: Drop): boolean => promised !== undefined && took <= promised;

async function measure(signal: AbortSignal): Promise<number> {
  const [minutes, repetitions] = [Number(values.quiet), Number(values.repetitions)];
  await using undo = new AsyncDisposableStack();
  const stage = setStage({ quick: false, only: [], repetitions }, signal, undo);
  const database = await stage.database(tables);
  fill(database);
  undo.use(startLoad(database, 60 * minutes + 120 * repetitions + 1_200));
  const daemon = undo.use(await startDaemon(stage, plan, database));
  await setTimeout(5_000, undefined, { signal }); // the first answers of a cold server are no baseline
  await openRun(daemon, stage, values.baseline);
  const { power } = await daemon.get<{ power: readonly Power[] }>('/runs/current/baseline');
  const events = await follow(daemon.url, daemon.token, signal, () => undefined);
  const alarms = await quiet(events, database, minutes, signal);
  console.log(`quiet for ${minutes} minutes with checkpoints and vacuums: ${alarms} recommendations, wanted 0`);
  const drops: Drop[] = [];
  while (drops.length < repetitions) {
    const one = await drop(daemon, stage, database, power);
    drops.push(one);
    const promised = one.promised === undefined ? 'nothing promised' : `promised ${Math.round(one.promised)} ms`;
    console.log(`${drops.length}: ${one.ratio.toFixed(1)}x, recommended after ${Math.round(one.took)} ms, ${promised}`);
  }
  const kept = drops.filter(isKept).length;
  console.log(`${kept} of ${repetitions} drops recommended within the promised time, wanted 19 of 20`);
  return alarms === 0 && kept >= Math.ceil(repetitions * 0.95) ? 0 : 1;
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort(name));
process.exitCode = await measure(interrupted.signal);
