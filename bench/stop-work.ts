import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { follow, type Followed } from '../examples/cryoprotect/demo/follow.ts';
import type { RunEvent } from '../src/core/run/events.ts';
import type { RunView } from '../src/core/run/view.ts';
import { quantile } from '../src/core/evidence/quantile.ts';
import { approvalOf, type Daemon, openRun, type PlanParts, ripcord, startDaemon } from './support/daemon.ts';
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
  // This plan does not test slowness, which such a short baseline cannot detect.
  criteria: { performance: { ignore_stalls_under: '500ms', must_detect: { slower_than: '10000%', within: '10m' } } },
  checks: [{ id: 'unbroken', criterion: 'integrity', sql: 'select id from broken', every: '100ms', timeout: '1s' }],
  watch: { for: '500ms' },
};
const preApproval = {
  id: 'undo',
  by_role: 'database_administrator',
  criteria: ['integrity'],
  phases: ['change'],
  environments: ['bench'],
  do: 'phase-rollback',
};
const role = 'bench_phases';

/** The two ways to order a rollback. */
interface Way {
  readonly name: string;
  /** Describes the start of the measured time. */
  readonly from: string;
  readonly plan: PlanParts;
  /** The contents of the database at the start. */
  readonly sql: string;
  /** The role of the phase's sessions; the guard's own login if absent. */
  readonly role?: string;
  /** What an operator does between the baseline and the phase. */
  readonly prepare: (daemon: Daemon) => Promise<void>;
  /** Makes the breach lead to a rollback. Returns when it requested that, by this process's clock. */
  readonly order?: (daemon: Daemon, events: Followed) => Promise<number>;
}

const table = 'create table broken (id int primary key)';

const ways: readonly Way[] = [
  {
    name: 'stop',
    from: 'verdict',
    plan: { ...plan, pre_approvals: [preApproval] },
    sql: table,
    async prepare(daemon) {
      const { plan } = await daemon.get<RunView>('/runs/current');
      const read = { plan_hash: plan.hash };
      await daemon.post('/runs/current/waive', { ...read, requirement: 'rehearsal', reason: 'a measurement' });
      await daemon.post('/runs/current/pre-approve', { ...read, pre_approval: preApproval.id });
      await daemon.post('/runs/current/arm', read);
    },
  },
  {
    name: 'approval',
    from: 'approval',
    plan: { ...plan, role_for_phases: role },
    sql: `create role ${role} login; ${table}; grant select, insert on broken to ${role}`,
    role,
    prepare: async () => undefined,
    async order(daemon, events) {
      const { recommendation } = await events.until('recommendation-raised');
      const approval = await approvalOf(daemon);
      const asked = wallClock();
      await daemon.post(`/runs/current/recommendations/${recommendation}/approve`, approval);
      return asked;
    },
  },
];

/** In milliseconds, like the times of events. */
const wallClock = (): number => performance.timeOrigin + performance.now();

/** Milliseconds after the verdict or approval that started the rollback, by the times in the journal. */
interface Times {
  readonly intent: number;
  /** From sending the approval until a client was told of the intent, which is after it became durable. */
  readonly told: number;
  /** When the last process and session had ended. */
  readonly gone: number;
  readonly proved: number;
}

async function untilRolledBack(daemon: Daemon, events: Followed, order: Way['order']): Promise<Times> {
  const ordering = order?.(daemon, events);
  const { at: begun } = await events.until('rollback-started');
  const { at: intent } = await events.until('stop-work-started');
  const told = wallClock();
  const { at: proved, quiet } = await events.until('stop-work-proved');
  await events.until('rollback-done');
  // The next phase of this role can start only when the role can log in again.
  if (quiet.fenced === true) await events.until('fence-lifted');
  return {
    intent: intent - begun,
    told: told - ((await ordering) ?? begun),
    gone: quiet.since - begun,
    proved: proved - begun,
  };
}

/** The wrapper passes on the first signal, which the work ignores; at the second signal it kills the work. */
async function endByForce(phase: ChildProcess, ended: Promise<unknown>): Promise<void> {
  phase.kill('SIGTERM');
  await Promise.race([ended, setTimeout(500)]);
  phase.kill('SIGTERM');
  await ended;
}

/** One run: a phase breaks integrity, and the guard stops and undoes it. */
async function repetition(daemon: Daemon, stage: Stage, database: string, way: Way): Promise<Times> {
  await openRun(daemon, stage, '1s');
  await way.prepare(daemon);
  const ending = new AbortController();
  const signal = AbortSignal.any([stage.signal, ending.signal, AbortSignal.timeout(patience)]);
  const said: string[] = [];
  const events = await follow(daemon.url, daemon.token, signal, (event: RunEvent) => said.push(event.type));
  const [program = '', ...args] = ripcord(stage);
  const login = Object.assign(new URL(database), way.role === undefined ? {} : { username: way.role }).href;
  const env = { ...process.env, DATABASE_URL: login, RIPCORD_URL: daemon.url, RIPCORD_TOKEN: daemon.token };
  const phase = spawn(program, [...args, 'phase', 'change', '--', process.execPath, work], { env, stdio: 'ignore' });
  const ended = once(phase, 'exit');
  try {
    const times = await untilRolledBack(daemon, events, way.order).catch((cause: unknown) => {
      throw new Error(`the rollback did not finish: ${said.join(', ')}`, { cause });
    });
    await ended;
    await daemon.post('/runs/current/close', { reason: 'measured' });
    return times;
  } finally {
    ending.abort();
    if (phase.exitCode === null) await endByForce(phase, ended);
  }
}

function figuresOf({ name, from, order }: Way, all: readonly Times[]): readonly Figure[] {
  const figure = (what: string, key: keyof Times, share: number, bar?: number): Figure => ({
    name,
    unit: 'ms',
    what: `${what}, p${share * 100} of ${all.length}`,
    value:
      quantile(
        all.map((times) => times[key]),
        share,
      ) ?? Number.NaN,
    ...(bar !== undefined && { bar }),
  });
  const told = 'approval sent to a client told of the durable intent';
  return [
    figure(`${from} to the first stop-work intent`, 'intent', 0.5),
    figure(`${from} to the first stop-work intent`, 'intent', 0.99, 100),
    ...(order === undefined ? [] : [figure(told, 'told', 0.5), figure(told, 'told', 0.99)]),
    figure(`${from} to forward work gone`, 'gone', 0.99),
    figure(`${from} to forward work proved stopped`, 'proved', 0.5),
    figure(`${from} to forward work proved stopped`, 'proved', 0.99, 5_000 + killGrace),
  ];
}

async function measureWay(stage: Stage, way: Way): Promise<readonly Figure[]> {
  const { repetitions } = stage;
  const { name } = way;
  stage.say(`${name}: ${repetitions} rollbacks`);
  const database = await stage.database(way.sql);
  await using daemon = await startDaemon(stage, way.plan, database);
  const all: Times[] = [];
  while (all.length < repetitions) {
    all.push(await repetition(daemon, stage, database, way));
    if (all.length % 50 === 0) stage.say(`${name}: ${all.length} of ${repetitions}`);
  }
  return figuresOf(way, all);
}

/** The two variants: ordered by a pre-approval, and by a person with a fence for the phases' role. */
export const stopWork: readonly Measurement<Stage>[] = ways.map((way) => ({
  names: [way.name],
  measure: (stage) => measureWay(stage, way),
}));
