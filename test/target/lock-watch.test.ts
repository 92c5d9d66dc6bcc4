import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Client } from 'pg';
import { expect, test } from 'vitest';

import { serve } from '../../src/daemon/serve.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { guardLockKey, guardOf, type Rival } from '../../src/target/guard-lock.ts';
import { identify } from '../../src/target/identity.ts';
import { watchLock } from '../../src/target/lock-watch.ts';
import { asksCatalogs } from '../../src/target/session-kinds.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import { type Miniature, miniature, threeSteps } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const patience = { timeout: 20_000 };

/** A lock whose session can be ended, and whose retakes return `answers`, one after the other. */
function aLock(...answers: readonly ('held' | Rival | 'no session')[]) {
  const left = [...answers];
  let ended = (): void => undefined;
  return {
    lost: false,
    held: async () => true,
    onLost: (listener: () => void) => void (ended = listener),
    release: async () => undefined,
    async retake() {
      const answer = left.shift() ?? 'no session';
      if (answer === 'no session') throw new Error('the server is starting');
      if (answer === 'held') this.lost = false;
      return answer;
    },
    end() {
      this.lost = true;
      ended();
    },
  };
}

const bob = { pid: 8, login: 'bob', applicationName: 'psql', clientAddress: '10.0.0.5', since: '02:14' };

test('a lock is lost from the moment its session ends until it is taken again', async () => {
  const lock = aLock('no session', { holder: bob, mayBeOurs: false }, 'held');
  const watch = watchLock(lock);
  let told = 0;
  watch.onLost(() => void (told += 1));
  await watch.retake();
  await watch.ask();
  expect([watch.lost(), told]).toEqual([undefined, 0]);
  lock.end();
  expect([watch.lost(), told]).toEqual(['the guard lock is lost: the session that held it has ended', 1]);
  await watch.retake();
  expect(watch.lost()).toBe('the guard lock is lost and cannot be taken again: the server is starting');
  await watch.retake();
  expect(watch.lost()).toBe(
    'another session holds the guard lock: session 8 (psql, login bob) from 10.0.0.5 since 02:14, which is not Ripcord',
  );
  await watch.retake();
  expect(watch.lost()).toBeUndefined();
});

test('a lock that the server reports as gone is taken again, even if its session still exists', async () => {
  const watch = watchLock({ ...aLock({ holder: undefined, mayBeOurs: true }), held: async () => false });
  await watch.ask();
  expect(watch.lost()).toContain('the guard’s own lost session');
});

test('a released lock is not taken again, whoever asks', async () => {
  const lock = aLock('held', 'held');
  let asked = 0;
  const count = async () => {
    asked += 1;
    return false;
  };
  const watch = watchLock({ ...lock, held: count });
  await watch.letGo();
  await watch.retake();
  await watch.ask();
  expect([watch.lost(), asked]).toEqual(['the guard lock was released, because another process is now the guard', 0]);
});

const guard = async ({ planFile, journal, token }: Miniature) => {
  const daemon = await serve({
    plans: [{ file: planFile }],
    journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  const ready = async () =>
    (await (await fetch(`${daemon.url}/readyz`)).json()) as { ready: boolean; because: readonly string[] };
  const metric = async () =>
    /^ripcord_guard_lock_held\{\S*\} (.*)$/m.exec(await (await fetch(`${daemon.url}/metrics`)).text())?.[1];
  return { daemon, ready, metric, ...apiClient(daemon, token) };
};

async function identityOf(url: string) {
  await using connection = heldConnection(asksCatalogs({ url }, 'test'));
  return await identify(connection);
}

test('while another session holds the lock, the guard names it and starts no phase; then it takes the lock again', async () => {
  await using mini = await miniature();
  await using undo = new AsyncDisposableStack();
  const { daemon, ready, metric, openRun, start, view } = await guard(mini);
  undo.defer(() => daemon.close());
  await openRun();
  expect([await metric(), (await ready()).ready]).toEqual(['1', true]);

  const identity = await identityOf(mini.db.url);
  const rival = new Client({
    connectionString: Object.assign(new URL(mini.db.url), { pathname: '/postgres' }).href,
    application_name: 'psql',
  });
  await rival.connect();
  const taken = rival.query('select pg_advisory_lock($1::bigint)', [guardLockKey(identity)]); // next in the queue
  await expect
    .poll(() => mini.db.query("select from pg_locks where locktype = 'advisory' and not granted"), patience)
    .toMatchObject({ rowCount: 1 });
  const ours = await guardOf(mini.db.url, identity);
  await mini.db.query('select pg_terminate_backend($1)', [ours?.pid]);
  await taken;

  const said =
    /^another session holds the guard lock: session \d+ \(psql, login postgres\) from 127\.0\.0\.1 since .*, which is not Ripcord/;
  await expect.poll(async () => (await ready()).because, patience).toEqual([expect.stringMatching(said)]);
  await expect.poll(metric, patience).toBe('0');
  expect(await view()).toMatchObject({ guardIssues: [expect.stringMatching(said)] });
  await expect.poll(async () => (await view()).blind?.probes, patience).toEqual(['guard-lock']);
  expect(await start('first')).toMatchObject({
    because: 'blind',
    found: expect.stringContaining('it does not hold the guard lock'),
  });

  await rival.end();
  await expect.poll(ready, patience).toMatchObject({ ready: true, because: [] });
  expect((await guardOf(mini.db.url, identity))?.applicationName).toBe('ripcord guard-lock');
  await expect.poll(() => start('first'), patience).toHaveProperty('tag');
}, 60_000);

test('after a server restart the lock is taken again at once, and a second guard is still rejected', async () => {
  await using server = await startPostgres({ inMemory: true });
  await using undo = new AsyncDisposableStack();
  const mini = await miniature(threeSteps, { server: server.url() });
  undo.defer(() => rm(dirname(mini.planFile), { recursive: true, force: true })); // its session does not survive the restart
  const { daemon, ready, metric, openRun, ask } = await guard(mini);
  undo.defer(() => daemon.close());
  await openRun();
  await server.restart();
  await expect.poll(ready, patience).toMatchObject({ ready: true, because: [] });
  await expect.poll(metric, patience).toBe('1');
  const second = { ...mini, journal: `${mini.journal}.second` };
  await expect(guard(second)).rejects.toThrow(
    /^Another session holds the guard lock of database .*: session \d+ \(ripcord guard-lock, login postgres\)/,
  );
  const { entries } = (await ask('/runs/current/events')) as { entries: { event: { type: string } }[] };
  expect(entries.filter(({ event }) => event.type.startsWith('target-'))).toEqual([]);
}, 60_000);
