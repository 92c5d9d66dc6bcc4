import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { WrongServer } from '../../src/target/errors.ts';
import { type PostgresServer, startPostgres } from '../../tools/postgres/server.ts';
import { type Miniature, miniature, threeSteps } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';
import { everyCase } from '../support/every-case.ts';
import { sessionAs } from '../target/session-as.ts';
import { type SwitchingProxy, switchingProxy } from '../target/switching-proxy.ts';

const patience = { timeout: 20_000 };
let undo = new AsyncDisposableStack();
afterEach(async () => {
  const over = undo;
  undo = new AsyncDisposableStack();
  await over.disposeAsync();
});

const started = (options: Parameters<typeof startPostgres>[0] = {}) =>
  startPostgres({ ...options, inMemory: true }).then((server) => undo.use(server));

/** The answer of another session. */
async function as(url: string, statement: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: statement, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

interface Stage {
  readonly mini: Miniature;
  readonly primary: PostgresServer;
  readonly proxy: SwitchingProxy;
}

/** A plan whose target is reached through a proxy. */
async function stage(): Promise<Stage> {
  const primary = await started();
  const proxy = undo.use(await switchingProxy(primary.url()));
  const way = (url: string) => Object.assign(new URL(url), { host: new URL(proxy.url).host }).href;
  const mini = await miniature(threeSteps, { server: primary.url(), way });
  undo.defer(async () => {
    await Promise.resolve(mini[Symbol.asyncDispose]()).catch(() => undefined); // its database may be another one by now; the server ends too
    await rm(dirname(mini.planFile), { recursive: true, force: true });
  });
  return { mini, primary, proxy };
}

async function guard({ planFile, journal, token }: Miniature) {
  const listen = { host: '127.0.0.1', port: 0 };
  const daemon: Daemon = await serve({ plans: [{ file: planFile }], journal, listen, logLevel: 'silent' });
  undo.defer(() => daemon.close());
  const client = apiClient(daemon, token);
  const ready = async () =>
    (await (await fetch(`${daemon.url}/readyz`)).json()) as { ready: boolean; because: readonly string[] };
  const metric = async (name: string) =>
    Number(new RegExp(`^${name}\\{\\S*\\} (.*)$`, 'm').exec(await (await fetch(`${daemon.url}/metrics`)).text())?.[1]);
  const events = async () =>
    ((await client.ask('/runs/current/events')) as { entries: { event: { type: string } }[] }).entries.map(
      ({ event }) => event,
    );
  const confirm = async (step: string, answer: string) => {
    const question_id = (await client.view()).questions.find((one) => one.step === step)?.questionId;
    return client.ask('/runs/current/confirm', { question_id, step, answer, reason: 'looked' });
  };
  return { ...client, daemon, ready, metric, events, confirm };
}

/** Both phases are applied, and the run is armed: a breach from now on is undone without asking. */
async function armed(mini: Miniature) {
  const speaking = await guard(mini);
  const { ask, openRun, begin, finish } = speaking;
  await openRun();
  for (const phase of ['first', 'second']) {
    await begin(phase);
    await finish(phase);
  }
  for (const requirement of ['rehearsal', 'proved-backups', 'permissions', 'fence']) {
    await ask('/runs/current/waive', { requirement, reason: 'a test' });
  }
  await ask('/runs/current/pre-approve', { pre_approval: 'undo' });
  // A check that could not run in time prevents arming until it runs again.
  const arm = async () => ((await ask('/runs/current/arm', {})) as { detail?: string }).detail ?? 'armed';
  await expect.poll(arm, patience).toBe('armed');
  return speaking;
}

const blindTo = (view: RunView): readonly string[] => view.blind?.probes ?? [];

test('a hot standby is refused at the start with the right exit code, and nothing is changed', async () => {
  const { mini, primary, proxy } = await stage();
  proxy.leadTo((await started({ standbyOf: primary })).url());
  const refused = await guard(mini).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WrongServer);
  expect(refused).toMatchObject({ exitCode: 3, found: expect.stringContaining('this is a hot standby') });
}, 120_000);

test('an address that leads to another cluster in mid-run makes the guard blind and blocks the rollback', async () => {
  const { mini, primary, proxy } = await stage();
  const other = await started();
  await as(other.url(), `create database ${mini.db.name}`);
  const there = other.url(mini.db.name);
  for (const table of [
    'ran (what text not null, event text, at bigint generated always as identity)',
    'broken (id int)',
  ])
    await as(there, `create table ${table}`);
  await as(there, 'insert into broken values (1)'); // would be a breach in the target
  const { ask, view, ready, metric, events, confirm } = await armed(mini);

  proxy.leadTo(other.url());
  proxy.cut();
  await expect.poll(async () => blindTo(await view()), patience).toContain('target');
  const { ready: isReady, because } = await ready();
  expect(isReady).toBe(false);
  const both = /this is database \w+ \(oid \d+\) of cluster \d+; wanted database \w+ \(oid \d+\) of cluster \d+/;
  expect(because.join('\n')).toMatch(both);
  await expect.poll(async () => (await view()).probeIssues?.join(), patience).toMatch(both);
  expect((await view()).verdicts.filter(({ status }) => status === 'breach')).toEqual([]);
  expect([await metric('ripcord_target_mismatch'), await metric('ripcord_guard_lock_held')]).toEqual([1, 0]);

  await ask('/runs/current/rollback', { reason: 'the names are wrong' });
  await expect.poll(async () => (await view()).stage, { timeout: 60_000 }).toBe('blocked');
  expect((await view()).rollback?.asks).toMatch(both);
  expect(await as(there, 'select 1 from ran')).toEqual([]);
  expect((await events()).map(({ type }) => type)).not.toContain('stop-work-proved');

  proxy.leadTo(primary.url());
  proxy.cut();
  await expect.poll(async () => (await ready()).ready, patience).toBe(true);
  await confirm('stop-work', 'again');
  await expect.poll(async () => (await view()).stage, patience).toMatch(/^(watching|settled)$/);
  const { rows } = await mini.db.query('select what from ran order by at');
  expect(rows.map(({ what }) => what)).toEqual(['note', 'heal', 'tidy']);
  expect(await as(there, 'select 1 from ran')).toEqual([]);
}, 180_000);

test.runIf(everyCase)(
  'an address that leads to a copy of the target makes the guard blind, and nothing is changed there',
  async () => {
    const { mini, primary, proxy } = await stage();
    const { ask, view, ready, events } = await armed(mini);
    const clone = await started({ cloneOf: primary });
    const there = clone.url(mini.db.name);
    await mini.db.query("select pg_logical_emit_message(true, 'ripcord test', repeat('x', 1000000))"); // activity in the target
    const [[since] = []] = (await as(
      primary.url(),
      'select clock_timestamp()::text',
    )) as readonly (readonly string[])[];
    const asked = `select from pg_stat_activity where application_name = 'ripcord control' and state_change > '${since}'
    and query like '%pg_current_wal_flush_lsn%' and state = 'idle'`; // so the guard has seen how far the target has got
    await expect.poll(() => as(primary.url(), asked), patience).toHaveLength(1);

    proxy.leadTo(there);
    proxy.cut();
    await expect.poll(async () => (await ready()).because.join('\n'), patience).toMatch(/this is a copy of the target/);
    await as(there, 'insert into broken values (1)'); // would be a breach in the target
    await expect.poll(async () => blindTo(await view()), patience).toContain('target');
    await ask('/runs/current/rollback', { reason: 'the names are wrong' });
    await expect.poll(async () => (await view()).stage, { timeout: 60_000 }).toBe('blocked');
    expect(await as(there, 'select from ran')).toEqual([]);
    expect((await events()).map(({ type }) => type)).not.toContain('stop-work-proved');
  },
  120_000,
);

test.runIf(everyCase)(
  'a database that replaces the target counts only after a person confirms it',
  async () => {
    const { mini, primary } = await stage();
    const { view, events, start, confirm } = await armed(mini);
    const admin = primary.url();
    const { name } = mini.db;
    await as(admin, `alter database ${name} allow_connections false`);
    await as(admin, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    await expect.poll(() => as(admin, `select from pg_stat_activity where datname = '${name}'`), patience).toEqual([]);
    await as(admin, `create database ${name}_new template ${name}`);
    await as(admin, `alter database ${name} rename to ${name}_before`);
    await as(admin, `alter database ${name}_new rename to ${name}`);
    await as(primary.url(name), 'insert into broken values (1)');

    await expect.poll(async () => (await view()).targetChange?.kind, patience).toBe('replaced');
    await expect.poll(async () => blindTo(await view()), patience).toContain('target');
    expect(await start('second')).toMatchObject({ because: 'target-changed' });
    expect((await view()).rollback).toBeUndefined();
    expect(await confirm('target', 'again')).toMatchObject({ because: 'not-asked' });
    await confirm('target', 'done');
    await expect.poll(async () => (await view()).stage, patience).toMatch(/^(watching|settled)$/);
    expect((await events()).filter(({ type }) => type.startsWith('target-'))).toMatchObject([
      { type: 'target-replaced', from: { database: name }, to: { database: name } },
      { type: 'target-confirmed', by: 'dana', reason: 'looked' },
    ]);
    expect(await as(primary.url(name), 'select what from ran order by at')).toEqual([['note'], ['heal'], ['tidy']]);
    await as(admin, `drop database ${name}_before with (force)`);
  },
  120_000,
);

test.runIf(everyCase)(
  'a failover is recorded and the lock taken again, and the guard asks before it acts until a person confirms the target',
  async () => {
    const { mini, primary, proxy } = await stage();
    const standby = await started({ standbyOf: primary });
    const { view, events, metric, ready, confirm } = await armed(mini);
    const there = standby.url(mini.db.name);
    await mini.db.query('create table lost_by_nobody ()');
    await expect.poll(() => as(there, "select to_regclass('lost_by_nobody')"), patience).toEqual([['lost_by_nobody']]);
    proxy.leadTo(standby.url());
    proxy.cut();
    await expect.poll(async () => (await ready()).because.join(), patience).toContain('hot standby');

    await as(there, 'select pg_promote()');
    await expect.poll(async () => (await view()).targetChange?.kind, patience).toBe('failover');
    const [failover] = (await events()).filter(({ type }) => type === 'target-failed-over');
    expect(failover).toMatchObject({
      from: { timeline: '00000001' },
      to: { timeline: '00000002' },
      compared: { phase: 'second', differences: [expect.stringContaining('lost_by_nobody')], unseen: [] },
    });
    await expect.poll(() => metric('ripcord_guard_lock_held'), patience).toBe(1);
    const lock = "select from pg_stat_activity where application_name = 'ripcord guard-lock'";
    expect(await as(there, lock)).toHaveLength(1);

    await as(there, 'drop table lost_by_nobody');
    await as(there, 'insert into broken values (1)');
    await expect.poll(async () => (await view()).recommendations.length, patience).toBe(1);
    const [open] = (await view()).recommendations;
    expect(open?.notAutomaticBecause.join()).toContain('which nobody has confirmed yet');
    expect((await view()).rollback).toBeUndefined();
    await confirm('target', 'done');
    await expect.poll(async () => (await view()).stage, patience).toMatch(/^(watching|settled)$/);
    expect(await as(there, 'select what from ran order by at')).toEqual([['note'], ['heal'], ['tidy']]);
  },
  180_000,
);

test.runIf(everyCase)(
  'a command step does not run if its login leads to another cluster, even if the guard’s own login does not',
  async () => {
    const { mini, primary, proxy } = await stage();
    const other = await started();
    await as(other.url(), `create database ${mini.db.name}`);
    const direct = primary.url(mini.db.name);
    const byProxy = Object.assign(new URL(direct), { host: new URL(proxy.url).host }).href;
    const planned = await readFile(mini.planFile, 'utf8');
    const target = `target: { url: '${direct}', rollback_url: '${byProxy}', allow_superuser: true }`; // without a role nothing is fenced before
    const lines = planned.split('\n').filter((line) => !/id: (note|tidy)/.test(line));
    await writeFile(mini.planFile, lines.join('\n').replace(/target: \{.*\}/, target));
    const { ask, view, openRun, begin, finish } = await guard(mini);
    await openRun();
    for (const phase of ['first', 'second']) {
      await begin(phase);
      await finish(phase);
    }
    proxy.leadTo(other.url());
    proxy.cut();
    await ask('/runs/current/rollback', { phase: 'second', reason: 'a test' });
    await expect.poll(async () => (await view()).stage, patience).toBe('blocked');
    expect((await view()).rollback?.asks).toMatch(
      /does not try the step on a server .* this is database .* wanted database/,
    );
    expect((await view()).rollback?.steps.map(({ id, state }) => [id, state])).toContainEqual([
      'second/heal',
      'asking',
    ]);
    const { rows } = await mini.db.query('select 1 from ran');
    expect(rows).toEqual([]);
  },
  120_000,
);

test.runIf(everyCase)(
  'a restore may replace the target’s database, and the run then continues with the new one',
  async () => {
    const { mini, primary } = await stage();
    const { name } = mini.db;
    const script = fileURLToPath(new URL('swap-database.ts', import.meta.url));
    const planned = await readFile(mini.planFile, 'utf8');
    const swap = `steps: [{ id: bring-back, command: [node, '${script}', '${primary.url()}', ${name}] }, { id: look, sql: "insert into ran (what) values ('restored')" }] }`;
    await writeFile(
      mini.planFile,
      planned.replace(/(restore: \{.*?)steps:.*/, (_, before: string) => `${before}${swap}`),
    );
    const { ask, view, events, metric } = await armed(mini);
    const { oid } = (await view()).target;
    await ask('/runs/current/rollback', { restore: true, reason: 'all of it' });
    await expect.poll(async () => (await view()).stage, { timeout: 60_000 }).toMatch(/^(watching|settled|blocked)$/);
    const after = await view();
    expect(after.rollback?.asks).toBeUndefined();
    expect(after.target.oid).not.toBe(oid);
    expect(after.targetChange).toBeUndefined();
    const changes = (await events()).filter(({ type }) => type.startsWith('target-'));
    expect(changes).toMatchObject([{ type: 'target-replaced', byRestore: true, from: { oid }, to: after.target }]);
    expect(await as(primary.url(name), 'select what from ran')).toEqual([['restored']]);
    await expect.poll(() => metric('ripcord_target_mismatch'), patience).toBe(0);
    await as(primary.url(), `drop database ${name}_before with (force)`);
  },
  120_000,
);

test.runIf(everyCase)(
  'the next daemon finds a failover that happened while none ran, and refuses another database in the target’s place',
  async () => {
    const { mini, primary, proxy } = await stage();
    const first = await guard(mini);
    await first.openRun();
    const before = (await first.view()).target;
    await first.daemon.close();

    const { name } = mini.db;
    const standby = await started({ standbyOf: primary });
    await as(standby.url(), 'select pg_promote()');
    proxy.leadTo(standby.url());
    const second = await guard(mini);
    await expect.poll(async () => (await second.view()).targetChange?.kind, patience).toBe('failover');
    expect((await second.view()).target).toEqual({ ...before, timeline: '00000002' });
    await second.daemon.close();

    await as(standby.url(), `alter database ${name} rename to ${name}_before`);
    await as(standby.url(), `create database ${name} template ${name}_before`);
    await expect(guard(mini)).rejects.toMatchObject({
      exitCode: 2,
      found: expect.stringMatching(new RegExp(`this is database ${name} \\(oid \\d+\\) of cluster ${before.system}`)),
      wanted: expect.stringContaining(`database ${name} (oid ${before.oid}) of cluster ${before.system}`),
    });
  },
  120_000,
);

test('forward work is never recorded as stopped from a standby, which does not show the primary’s sessions', async () => {
  const { mini, primary, proxy } = await stage();
  const standby = await started({ standbyOf: primary });
  const { ask, view, events, openRun, begin } = await guard(mini);
  await openRun();
  await begin('first');
  await using phase = await sessionAs(mini.db.urlAs(mini.role), 'forward work');
  proxy.leadTo(standby.url());
  proxy.cut();
  await ask('/runs/current/rollback', { phase: 'first', reason: 'a test' });
  await expect.poll(async () => (await view()).stage, patience).toBe('blocked');
  expect((await view()).rollback?.asks).toContain('this is a hot standby');
  const types = (await events()).map(({ type }) => type);
  expect(types.filter((type) => /stop-work-proved|fence-raised|step-/.test(type))).toEqual([]);
  expect(await mini.db.query('select from pg_stat_activity where pid = $1', [phase.pid])).toMatchObject({
    rowCount: 1,
  });
}, 120_000);
