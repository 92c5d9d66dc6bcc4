import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, expect, test, vi } from 'vitest';

import { hashToken } from '../../src/runs/token-hash.ts';
import { readEvent } from '../../src/core/run/catalogue.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { plansOfRun } from '../../src/core/run/plan-of-run.ts';
import type { Foundation } from '../../src/daemon/foundation.ts';
import type { Recovered } from '../../src/daemon/recover.ts';
import { buildMonitoring } from '../../src/monitoring/monitoring.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { miniature, type Miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

afterEach(() => vi.restoreAllMocks());

const patience = { timeout: 20_000 };
const start = ({ planFile, journal, port }: Miniature, open = openJournal) =>
  serve({ plans: [{ file: planFile }], journal, listen: { host: '127.0.0.1', port }, logLevel: 'silent' }, open);

async function eventsOf({ journal }: Miniature): Promise<readonly RunEvent[]> {
  await using reader = await openJournalReader(journal);
  const [run] = await reader.runs();
  return run === undefined ? [] : (await reader.read(run.run)).map(({ event }) => readEvent(event));
}

interface Arming {
  readonly missing?: readonly string[];
}

/** Armed, with the pre-approval of the second phase, while the first one runs. */
async function armed(daemon: Daemon, { token }: Miniature): Promise<void> {
  const guard = apiClient(daemon, token);
  await guard.ask('/runs', {});
  await guard.ask('/runs/current/baseline', { for: '3s' }); // on a busy machine one second may be too few readings
  await expect.poll(async () => (await guard.view()).baseline, patience).toBeDefined();
  for (const requirement of (await guard.view()).requirements)
    await guard.ask('/runs/current/waive', { requirement, reason: 'a test' });
  await guard.ask('/runs/current/pre-approve', { pre_approval: 'undo' });
  await expect
    .poll(async () => ((await guard.ask('/runs/current/arm', {})) as Arming).missing, patience)
    .toBeUndefined();
  expect((await guard.view()).mode).toBe('armed');
}

/** A breach that the pre-approval would cover in the second phase. In the first phase it waits for an answer. */
async function breached(daemon: Daemon, mini: Miniature, phase: 'first' | 'second'): Promise<void> {
  const guard = apiClient(daemon, mini.token);
  if (phase === 'second') {
    await guard.begin('first');
    await guard.finish('first');
  }
  await guard.begin(phase);
  await mini.db.query('insert into broken values (1)');
}

async function asked(daemon: Daemon, { token }: Miniature, times = 1): Promise<void> {
  await expect.poll(async () => (await apiClient(daemon, token).view()).recommendations.length, patience).toBe(times);
}

const types = (events: readonly RunEvent[]) => events.map(({ type }) => type);
const afterRestart = (events: readonly RunEvent[]) =>
  events.slice(events.findIndex(({ type }) => type === 'guard-restarted'));

test('a pre-approval that an edited plan widens is void before the first evaluation', async () => {
  await using mini = await miniature();
  const before = await start(mini);
  await armed(before, mini);
  await breached(before, mini, 'first');
  await asked(before, mini);
  await before.close();
  const plan = await readFile(mini.planFile, 'utf8');
  await writeFile(mini.planFile, plan.replace('phases: [second], env', 'phases: [first, second], env'));
  const daemon = await start(mini);
  await asked(daemon, mini, 2); // raised again under the new plan, which proves an evaluation
  await daemon.close();
  const events = await eventsOf(mini);
  expect(types(afterRestart(events)).slice(0, 3)).toEqual(['guard-restarted', 'plan-recorded', 'pre-approval-ended']);
  expect(plansOfRun(events).map(({ text }) => text)).toEqual([plan, await readFile(mini.planFile, 'utf8')]);
  expect(types(events)).not.toContain('rollback-started');
}, 60_000);

/** A journal of a daemon that was killed before it stored a reading. */
async function openWithoutReadings(path: string): Promise<Journal> {
  return { ...(await openJournal(path)), writeReadings: async () => undefined };
}

test('after arming, a clock that is set back an hour leaves nothing armed', async () => {
  await using mini = await miniature();
  const before = await start(mini, openWithoutReadings);
  await armed(before, mini);
  await before.close();
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  const daemon = await start(mini);
  await breached(daemon, mini, 'second');
  await asked(daemon, mini);
  await daemon.close();
  const events = await eventsOf(mini);
  expect(types(afterRestart(events)).slice(0, 3)).toEqual(['guard-restarted', 'arming-expired', 'pre-approval-ended']);
  expect(types(events)).not.toContain('rollback-started');
}, 60_000);

test('nothing evaluates, writes or answers for the guard before the restart is recorded', async () => {
  await using mini = await miniature();
  const before = await start(mini);
  await armed(before, mini);
  await before.close();
  const known = (await eventsOf(mini)).length;

  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const appended: string[] = [];
  const sessions = async () => {
    const { rows } = await mini.db.query(
      "select application_name from pg_stat_activity where datname = current_database() and application_name like 'ripcord%'",
    );
    return rows.map(({ application_name: name }) => name);
  };
  const openSlow = async (path: string): Promise<Journal> => {
    const journal = await openJournal(path);
    return {
      ...journal,
      async append(run, seq, lease, events) {
        appended.push(...events.map(({ type }) => type));
        reached.resolve();
        await gate.promise;
        return journal.append(run, seq, lease, events);
      },
    };
  };
  const starting = start(mini, openSlow);
  await reached.promise;
  // An evaluation is due each second, a probe every 25 ms. Each of these round trips gives them time.
  for (let asks = 0; asks < 40; asks += 1) expect(await sessions()).toEqual(['ripcord control']);
  expect(appended).toEqual(['guard-restarted']);
  expect(await (await fetch(`${mini.url}/readyz`)).json()).toMatchObject({
    ready: false,
    because: ['miniature in test: it is starting'],
  });
  const dana = apiClient(mini, mini.token);
  for (const order of ['hold', 'disarm', 'phases/second/start'])
    expect(await dana.send(`/runs/current/${order}`, {})).toMatchObject({ because: 'guard-absent' });
  expect(appended).toEqual(['guard-restarted']);
  gate.resolve();
  await (await starting).close();
  expect((await eventsOf(mini)).at(known)?.type).toBe('guard-restarted');
}, 60_000);

test('a damaged journal is refused with the faulty entry before the target is queried', async () => {
  await using mini = await miniature();
  const before = await start(mini);
  await apiClient(before, mini.token).ask('/runs', {});
  await before.close();
  {
    using db = new DatabaseSync(mini.journal);
    db.exec('drop trigger entries_are_never_changed');
    db.exec(`update entries set event = replace(event, '"dana"', '"mona"') where seq = 1`);
  }
  const plan = await readFile(mini.planFile, 'utf8');
  await writeFile(mini.planFile, plan.replace(mini.db.url, 'postgres://nobody@127.0.0.1:1/nothing'));
  await expect(start(mini)).rejects.toThrow(/is damaged: run run-\S+ is broken at entry 1: contents with the hash/);
});

test('a token that has expired by the newest moment of the journal stays expired when the clock is set back', async () => {
  await using mini = await miniature();
  const before = await start(mini, openWithoutReadings);
  await apiClient(before, mini.token).ask('/runs', {});
  await before.close();
  const now = Date.now.bind(Date);
  const expires = `${new Date(now() - 600_000).toISOString().slice(0, 16)}Z`;
  const plan = await readFile(mini.planFile, 'utf8');
  const line = `  - { id: late, role: technical_lead, token_hash: '${hashToken('rip_late')}', token_expires: ${expires} }\n`;
  await writeFile(mini.planFile, plan.replace('pre_approvals:\n', `${line}pre_approvals:\n`));
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  const daemon = await start(mini);
  expect(await apiClient(daemon, 'rip_late').view()).toMatchObject({ status: 401 });
  await daemon.close();
});

test('the types prevent building anything that acts before the restart is recorded', () => {
  const tooEarly = (foundation: Foundation) => {
    // @ts-expect-error -- has no clock that waits, no conductor, no tokens, and not the mark of one that has recovered
    const recovered: Recovered = foundation;
    // @ts-expect-error -- nor can anything else make one
    const made: Recovered = { ...foundation, ...({} as Omit<Recovered, symbol>) };
    const metrics = { ...foundation.metrics, ...foundation.processMetrics };
    // @ts-expect-error -- nor can what watches the target be built from it
    const monitoring = () => buildMonitoring({ ...foundation, metrics, phaseLeases: { isHeard: () => true } });
    return [recovered, made, monitoring];
  };
  expect(tooEarly).toBeTypeOf('function'); // tsc checks this
});

test('no part of the daemon, the checks or the sampling uses a timer other than its clock', async () => {
  const folders = ['system', 'runs', 'probes', 'checks', 'baseline', 'monitoring', 'daemon'].map(
    (room) => `src/${room}`,
  );
  const files = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  );
  const timed = await Promise.all(
    files
      .flat()
      .filter((file) => file.endsWith('.ts'))
      .map(async (file) => (/\bset(Timeout|Interval|Immediate)\b/.test(await readFile(file, 'utf8')) ? [file] : [])),
  );
  // One yields to others without waiting for a time, one is the clock, one limits a single connection or request, and one
  // waits for the kernel.
  const timers = ['src/checks/slices.ts', 'src/system/clock.ts', 'src/system/name-lookup.ts', 'src/system/procfs.ts'];
  expect(timed.flat().toSorted()).toEqual(timers);
});
