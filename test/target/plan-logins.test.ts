import { readFile, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { exitCodes } from '../../src/core/kernel/errors.ts';
import { serve } from '../../src/daemon/serve.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';
import { type SeparateLogins, separateLogins } from '../support/logins.ts';

let mini: Miniature;
let logins: SeparateLogins;
let text: string;
beforeAll(async () => {
  mini = await miniature(waiting);
  logins = await separateLogins(mini.db);
  text = await readFile(mini.planFile, 'utf8');
});
afterAll(async () => {
  await logins[Symbol.asyncDispose]();
  await mini[Symbol.asyncDispose]();
});

/** A rollback whose only step waits forever. */
const waiting = {
  steps: ["{ id: pooler, wait: { tcp: '127.0.0.1:1' } }"],
  lookAt: async () => 'again' as const,
};

/** The guard of the plan, with these keys of its target in place of the superuser. */
async function guardWith(target: object, written = text) {
  const keys = JSON.stringify({ rollback_url: mini.db.url, ...target }).slice(1, -1);
  const plan = written.replace(/url: '[^']*'/, keys).replace(', allow_superuser: true', '');
  await writeFile(mini.planFile, plan);
  return serve({
    plans: [{ file: mini.planFile }],
    journal: mini.journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
}

async function asked(url: string, path: string, body?: string): Promise<Record<string, unknown>> {
  const method = body === undefined ? 'GET' : 'POST';
  const headers = { authorization: `Bearer ${mini.token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
  return (await answer.json()) as Record<string, unknown>;
}

const arm = (url: string) => apiClient({ url }, mini.token).ask('/runs/current/arm', {});

const refused = (found: string) =>
  expect.objectContaining({ exitCode: exitCodes.usage, found: expect.stringContaining(found) });

test('a guard does not start if a login may do more than its purpose needs', async () => {
  await mini.db.query(`grant pg_signal_backend to ${logins.reader}`);
  await expect(guardWith(logins.target)).rejects.toEqual(
    refused(`may do more than read; as a superuser, run: revoke pg_signal_backend from "${logins.reader}"`),
  );
  await mini.db.query(`revoke pg_signal_backend from ${logins.reader}`);
});

test('a guard does not start as a superuser that the plan does not allow, or with a search path that does not exist', async () => {
  await expect(guardWith({ url: mini.db.url })).rejects.toEqual(refused('is a superuser'));
  await expect(
    guardWith({ ...logins.target, read_url: mini.db.url, rollback_url: mini.db.urlAs(mini.role) }),
  ).rejects.toEqual(refused('the login of read_url, is a superuser'));
  const later = text.replace('search_path: [public]', 'search_path: [public, later]');
  await expect(guardWith(logins.target, later)).rejects.toEqual(
    refused('no schema later, which environments.test.target.search_path[1] names'),
  );
});

test('with separated logins the guard starts silently, and cannot be armed once a login may do more', async () => {
  await using daemon = { it: await guardWith(logins.target), [Symbol.asyncDispose]: () => daemon.it.close() };
  const { url } = daemon.it;
  expect(await asked(url, '/readyz')).toEqual({ ready: true, because: [], overdue: [], logins: [], turnedAway: [] });
  await asked(url, '/api/v1/runs', '{}');
  expect(await asked(url, '/api/v1/runs/current')).not.toHaveProperty('logins');
  await mini.db.query(`alter role ${logins.reader} createrole; grant pg_read_all_data to ${logins.guard}`);
  const missing = JSON.stringify(await arm(url));
  await mini.db.query(`alter role ${logins.reader} nocreaterole; revoke pg_read_all_data from ${logins.guard}`);
  expect(missing).toContain(`alter role \\"${logins.reader}\\" nocreaterole`);
  expect(missing).toContain(`revoke pg_read_all_data from \\"${logins.guard}\\"`);
  expect(JSON.stringify(await arm(url))).not.toContain('may do more');
  await asked(url, '/api/v1/runs/current/close', '{"reason":"it is over"}');
});

test('a single login for both purposes starts, and every report says so', async () => {
  const { guard, target } = logins;
  await mini.db.query(`alter role ${guard} bypassrls; grant pg_read_all_data to ${guard}`);
  await using _grants = {
    [Symbol.asyncDispose]: async () =>
      void (await mini.db.query(`alter role ${guard} nobypassrls; revoke pg_read_all_data from ${guard}`)),
  };
  await using daemon = { it: await guardWith({ url: target.url }), [Symbol.asyncDispose]: () => daemon.it.close() };
  const { url } = daemon.it;
  const said = [expect.stringContaining('one login watches and reads (target.read_url is left out)')];
  expect(await asked(url, '/readyz')).toEqual({ ready: true, because: [], overdue: [], logins: said, turnedAway: [] });
  await asked(url, '/api/v1/runs', '{}');
  expect(await asked(url, '/api/v1/runs/current')).toMatchObject({ logins: said });
  const { run } = await asked(url, '/api/v1/runs/current');
  const report = await fetch(`${url}/api/v1/runs/${String(run)}/report`, {
    headers: { authorization: `Bearer ${mini.token}` },
  });
  expect((await report.text()).split('\n').slice(0, 6).join('\n')).toContain('one login watches and reads');
});

test('a guard that restarts during a rollback goes on and reports what is wrong with its logins', async () => {
  const first = await guardWith(logins.target);
  const { openRun, begin, finish, ask, view } = apiClient(first, mini.token);
  await ask('/runs/current/close', { reason: 'it is over' });
  await openRun();
  for (const phase of ['first', 'second']) {
    await begin(phase);
    await finish(phase);
  }
  await ask('/runs/current/rollback', { reason: 'the names are wrong' });
  await expect.poll(async () => (await view()).rollback?.steps[0]?.state, { timeout: 20_000 }).toBe('started');
  await first.close();
  await mini.db.query(`grant pg_signal_backend to ${logins.reader}`);
  const second = await guardWith(logins.target);
  expect((await apiClient(second, mini.token).view()).stage).toBe('rolling-back');
  const missing = JSON.stringify(await arm(second.url));
  expect(missing).toContain('revoke pg_signal_backend from');
  await second.close();
}, 60_000);
