import { access, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { guardId, type RunId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, minutes } from '../../src/core/kernel/units.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { guardOf } from '../../src/target/guard-lock.ts';
import { apiClient } from '../support/api-client.ts';

const patience = { timeout: 20_000 };
const guard = guardId('miniature', 'test');

/** A first step that writes `begun`, waits for `go` and writes `ended`, all in the plan's folder, and a second step. */
const slow = {
  steps: [
    "{ id: slow, command: [sh, -c, 'touch begun; until [ -e go ]; do sleep 0.05; done; touch ended'] }",
    `{ id: tidy, sql: "insert into ran (what) values ('tidy')" }`,
  ],
  lookAt: async () => 'done' as const,
};

/** As a guard on another machine would have written it. */
function onAnotherHost<Event extends object>(event: Event): Event {
  return 'on' in event ? { ...event, on: { host: 'ops-2', bootId: '9e11' } } : event;
}

/** The daemon's store, through which the test can act as another process. */
function sharedStore() {
  let journal: Journal | undefined;
  let ahead = 0;
  const now = (): Instant => instant(Date.now() + ahead);
  return {
    async open(path: string): Promise<Journal> {
      const opened = await openJournal(path, now);
      journal = opened;
      return {
        ...opened,
        append: (run, seq, lease, events) => opened.append(run, seq, lease, events.map(onAnotherHost)),
      };
    },
    /** Another process finds that the lease has expired. */
    async takeOver(): Promise<void> {
      ahead += minutes(5);
      const claim = await journal?.claim(guard, 'db-2 process 7', minutes(60));
      if (claim?.state !== 'claimed') throw new Error('the lease was renewed meanwhile');
    },
    events: async (run: RunId) => ((await journal?.read(run)) ?? []).map(({ event }) => event.type),
  };
}

const start = ({ planFile, journal, port }: Miniature, open: (path: string) => Promise<Journal>): Promise<Daemon> =>
  serve({ plans: [{ file: planFile }], journal, listen: { host: '127.0.0.1', port }, logLevel: 'silent' }, open);

test('a guard that is taken over during a step waits for its end, records and starts nothing more, and says so', async () => {
  await using mini = await miniature(slow);
  await using undo = new AsyncDisposableStack();
  const store = sharedStore();
  const daemon = await start(mini, store.open);
  undo.defer(() => daemon.close());
  const client = apiClient(daemon, mini.token);
  await client.openRun();
  for (const phase of ['first', 'second']) {
    await client.begin(phase);
    await client.finish(phase);
  }
  await client.ask('/runs/current/rollback', { reason: 'the names are wrong' });
  const file = (name: string) => join(dirname(mini.planFile), name);
  const isThere = (name: string) =>
    access(file(name)).then(
      () => true,
      () => false,
    );
  undo.defer(() => writeFile(file('go'), ''));
  await expect.poll(() => isThere('begun'), patience).toBe(true);
  const { run } = await client.view();
  await expect.poll(() => store.events(run), patience).toContain('step-spawned');

  await store.takeOver();
  const unready = async () => {
    const answer = await fetch(`${daemon.url}/readyz`);
    return { status: answer.status, said: await answer.text() };
  };
  const says = 'another process took over guard miniature@test: db-2 process 7, epoch 2';
  await expect.poll(unready, patience).toMatchObject({ status: 503, said: expect.stringContaining(says) });
  expect((await client.view()) as object).toMatchObject({ guardIssues: expect.arrayContaining([says]) });
  const refused = { status: 503, because: 'taken-over', found: says };
  expect(await client.ask('/runs/current/hold', { reason: 'coffee' })).toMatchObject(refused);
  expect(await client.ask('/runs/current/phases/first/progress', { fraction: 0.5 })).toMatchObject(refused);

  const before = await store.events(run);
  const { identity } = { identity: (await client.view()).target };
  const locked = async () => (await guardOf(mini.db.url, identity)) !== undefined;
  expect(await locked()).toBe(true); // no other process may act while the step runs
  await writeFile(file('go'), '');
  await expect.poll(() => isThere('ended'), patience).toBe(true); // the step was not killed
  await expect.poll(locked, patience).toBe(false);
  await daemon.close();
  const { rows } = await mini.db.query('select what from ran');
  expect(rows).toEqual([]);

  {
    await using reader = await openJournalReader(mini.journal);
    const after = (await reader.read(run)).map(({ event }) => event.type);
    expect(after).toEqual(before);
    expect(after.at(-1)).toBe('step-spawned');
  }

  // The process that holds the guard now must not treat what it cannot see as gone.
  const next = await start(mini, openJournal);
  undo.defer(() => next.close());
  const asks = async () => (await apiClient(next, mini.token).view()).rollback?.asks;
  await expect.poll(asks, patience).toMatch(/^This step was started on ops-2, and this guard runs on /);
}, 60_000);

test('a guard that another process holds is refused at the start, before the target is queried', async () => {
  await using mini = await miniature(slow);
  const openHeld = async (path: string): Promise<Journal> => {
    const journal = await openJournal(path);
    await journal.claim(guard, 'db-2 process 7', minutes(60));
    return journal;
  };
  await expect(start(mini, openHeld)).rejects.toMatchObject({
    found: expect.stringMatching(/^guard miniature@test is held by another process: db-2 process 7, epoch 1, until /),
    exitCode: 75,
  });
  const daemon = await start(mini, openJournal); // nothing of the first start is left
  await daemon.close();
}, 30_000);
