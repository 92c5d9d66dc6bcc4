import { readFile, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { RunEvent } from '../../src/core/run/events.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { type Crowd, crowd, untilWaiting } from '../checks/catalogue/sessions.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { readFirst } from '../support/read-first.ts';

/** A real daemon and database: a phase waits for a lock that a long report holds, and readers queue behind the phase. */
let mini: Miniature;
let daemon: Daemon;

const patience = { timeout: 15_000, interval: 50 };
const tuned = '{ every: 200ms, waiting: 100ms, lasting: 2s, cancel_phase: true }';

beforeEach(async () => {
  mini = await miniature();
  const plan = await readFile(mini.planFile, 'utf8');
  await writeFile(mini.planFile, plan.replace('lock-queue: off', `lock-queue: ${tuned}`));
  await mini.db.query('create table molecule (id int)');
  daemon = await serve({
    plans: [{ file: mini.planFile }],
    journal: mini.journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
});
afterEach(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
});

const headers = () => ({ authorization: `Bearer ${mini.token}`, 'content-type': 'application/json' });
const get = async <Body>(path: string): Promise<Body> =>
  (await fetch(`${daemon.url}/api/v1${path}`, { headers: headers() })).json() as Promise<Body>;
const post = async (path: string, body: object = {}) => {
  const read = await readFirst(path, body, () => get('/runs/current'));
  return fetch(`${daemon.url}/api/v1/runs${path}`, { method: 'POST', headers: headers(), body: JSON.stringify(read) });
};
async function act(path: string, body: object = {}): Promise<void> {
  const response = await post(path, body);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
}
/** Retries: right after the freeze, the guard refuses because the checks have not run against the baseline yet. */
async function untilAllowed(path: string, body: object = {}): Promise<unknown> {
  let answer: unknown;
  const isAllowed = async () => {
    const response = await post(path, body);
    answer = await response.json();
    return response.ok;
  };
  await expect.poll(isAllowed, patience).toBe(true);
  return answer;
}
interface View {
  readonly verdicts: readonly { readonly subject: string; readonly because: string }[];
}
const events = async (): Promise<readonly RunEvent[]> =>
  (await get<{ entries: { event: RunEvent }[] }>('/runs/current/events')).entries.map(({ event }) => event);
const types = async () => (await events()).map(({ type }) => type);

/** Starts the first phase of a run with a baseline, and returns the application_name of its sessions. */
async function phaseRuns(arm: boolean): Promise<string> {
  await act('');
  await act('/current/baseline', { for: '800ms' });
  await expect.poll(types, patience).toContain('baseline-frozen');
  const { requirements } = await get<{ requirements: string[] }>('/runs/current');
  for (const requirement of arm ? requirements : []) await act('/current/waive', { requirement, reason: 'a test' });
  if (arm) await untilAllowed('/current/arm');
  const wrapper = { pid: process.pid, startTicks: '1', bootId: 'b' };
  const granted = (await untilAllowed('/current/phases/first/start', { wrapper, host: 'here' })) as { tag: string };
  return granted.tag;
}

/** A report that reads the table, the phase that wants to alter it, and two readers. */
async function queueBehind(tag: string): Promise<{ readonly all: Crowd; readonly said: Promise<string> }> {
  const all = await crowd(mini.db, 4);
  await all.client(0).query('begin; select * from molecule');
  await all.client(1).query(`set application_name = '${tag}'`);
  const said = all
    .client(1)
    .query('alter table molecule add column n int')
    .then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code ?? String(error),
    );
  await untilWaiting(mini.db, all.pids, 1);
  for (const reader of [2, 3]) all.start(reader, 'select * from molecule');
  return { all, said };
}

test('in an armed run, the phase’s statement is cancelled, the readers continue, and nothing is recommended', async () => {
  const tag = await phaseRuns(true);
  const { all, said } = await queueBehind(tag);
  await using _all = all;
  expect(await said).toBe('57014');
  await untilWaiting(mini.db, all.pids, 0);
  await expect.poll(types, patience).toContain('phase-cancel-done');
  expect(await events()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: 'phase-cancel-started', pid: all.pid(1), object: 'lock of public.molecule' }),
      expect.objectContaining({ type: 'phase-cancel-done', pid: all.pid(1), outcome: 'cancelled' }),
    ]),
  );
  const queue = async () =>
    (await get<View>('/runs/current')).verdicts.find(({ subject }) => subject === 'lock-queue')?.because;
  await expect.poll(queue, patience).toBe('well');
  expect(await types()).not.toContain('recommendation-raised');
});

test('in a run that is not armed, nothing is cancelled, and a lasting queue leads to a recommendation', async () => {
  const tag = await phaseRuns(false);
  const { all } = await queueBehind(tag);
  await using _all = all;
  await expect.poll(types, patience).toContain('recommendation-raised');
  expect(await types()).not.toContain('phase-cancel-started');
  await untilWaiting(mini.db, all.pids, 3);
});
