import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

import { Client } from 'pg';

import { follow } from '../examples/cryoprotect/demo/follow.ts';
import { type Daemon, openRun, ripcord, startDaemon } from './support/daemon.ts';
import type { Figure, Measurement } from './support/figure.ts';
import { bucketQuantile, bucketsBetween } from './support/page.ts';
import type { Stage } from './support/stage.ts';

/** The faults that one hostile role creates at once; it adds another one in each round of the checks. */
const kinds = [
  {
    what: 'functions that run as their owner',
    one: (i: number) => `create function made_${i}() returns int language sql security definer as 'select 1'`,
  },
  { what: 'policies on its table', one: (i: number) => `create policy made_${i} on mine using (true)` },
  {
    what: 'grants',
    one: (i: number) => `create table made_${i} (id int); grant select on made_${i} to anon`,
  },
] as const;

const schema = `
  do $$ begin
    if to_regrole('anon') is null then create role anon; create role authenticated; create role hostile login; end if;
  end $$;
  grant usage on schema public to anon, authenticated; grant create on schema public to hostile;
  set session authorization hostile; create table mine (id int); reset session authorization;`;

const plan = {
  phases: [{ id: 'change', estimate: '1h', rollback: { steps: [{ id: 'undo', sql: 'select 1' }] } }],
  probes: [{ id: 'alive', sql: 'select 1', every: '500ms' }],
};

const betweenRounds = 6_000;
const patience = 60_000;

interface Asked {
  /** The duration of each answer. */
  readonly waits: number[];
  stop(): Promise<void>;
}

/** Queries the API four times a second, one request at a time. */
function ask(daemon: Daemon): Asked {
  const [waits, stopping] = [[] as number[], new AbortController()];
  const asking = (async () => {
    while (!stopping.signal.aborted) {
      const began = performance.now();
      const headers = { authorization: `Bearer ${daemon.token}` };
      const signal = AbortSignal.timeout(patience);
      await fetch(`${daemon.url}/api/v1/runs`, { headers, signal }).then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      );
      waits.push(performance.now() - began);
      await setTimeout(250);
    }
  })();
  return {
    waits,
    async stop() {
      stopping.abort();
      await asking;
    },
  };
}

/** The run's journal as text. */
async function sizeOf(daemon: Daemon): Promise<number> {
  const { entries } = await daemon.get<{ entries: readonly object[] }>('/runs/current/events');
  return JSON.stringify(entries).length;
}

async function make(database: string, kind: (typeof kinds)[number], from: number, to: number): Promise<void> {
  const client = new Client({ connectionString: Object.assign(new URL(database), { username: 'hostile' }).href });
  await client.connect();
  try {
    for (let i = from; i < to; i += 500) {
      const some = Array.from({ length: Math.min(500, to - i) }, (_, place) => kind.one(i + place));
      await client.query(some.join('; '));
    }
  } finally {
    await client.end();
  }
}

/** A phase is running, so a breach leads to a recommendation. */
async function startPhase(daemon: Daemon, stage: Stage): Promise<AsyncDisposable> {
  const events = await follow(daemon.url, daemon.token, stage.signal, () => undefined);
  const env = { ...process.env, RIPCORD_URL: daemon.url, RIPCORD_TOKEN: daemon.token };
  const [program = '', ...args] = ripcord(stage);
  const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
  const phase = spawn(program, [...args, 'phase', 'change', '--', ...command], { env, stdio: 'ignore' });
  await events.until('phase-spawned');
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(phase, 'exit');
      if (phase.exitCode === null) phase.kill('SIGTERM');
      await ended;
    },
  };
}

async function measureKind(stage: Stage, kind: (typeof kinds)[number]): Promise<readonly Figure[]> {
  const count = stage.quick ? 5_000 : 20_000;
  const rounds = stage.quick ? 3 : 8;
  const what = `${count.toLocaleString('en')} ${kind.what}`;
  stage.say(`faults: ${what}`);
  const database = await stage.database(schema);
  await using daemon = await startDaemon(stage, plan, database);
  await openRun(daemon, stage, '10s');
  await using _phase = await startPhase(daemon, stage);
  const before = await daemon.metrics();
  const asked = ask(daemon);
  await make(database, kind, 0, count);
  await setTimeout(35_000, undefined, { signal: stage.signal }); // every check has run
  const size = await sizeOf(daemon);
  for (let round = 0; round < rounds; round += 1) {
    await make(database, kind, count + round, count + round + 1);
    await setTimeout(betweenRounds, undefined, { signal: stage.signal });
  }
  await asked.stop();
  const grown = ((await sizeOf(daemon)) - size) / rounds / 1e6;
  const lags = bucketsBetween(before, await daemon.metrics(), 'ripcord_event_loop_lag_seconds');
  const common = { name: 'faults' } as const;
  return [
    { ...common, what: `${what}: longest wait for the API`, value: Math.max(...asked.waits), unit: 'ms', bar: 1_000 },
    { ...common, what: `${what}: lag of the event loop, p99`, value: bucketQuantile(lags, 0.99) * 1_000, unit: 'ms' },
    { ...common, what: `${what}: the journal grows by, a round with one more`, value: grown, unit: 'MB', bar: 0.5 },
  ];
}

async function measure(stage: Stage): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const kind of kinds) figures.push(...(await measureKind(stage, kind)));
  return figures;
}

/** What thousands of faults of one hostile role cost the guard. */
export const faults: Measurement<Stage> = { names: ['faults'], measure };
