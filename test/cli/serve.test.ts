import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, open, readdir, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { journalBesideAll } from '../../src/cli/journal-beside.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { miniature, secret } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';
import { compileCache } from '../support/compile-cache.ts';
import { database } from '../support/database.ts';
import { folder } from './folder.ts';
import { main, running } from './process.ts';

async function planFor(path: string): Promise<string> {
  const file = join(path, 'ripcord.yaml');
  const text = changed(goodPlan, 'postgres://guard@db.example/demo', '"${env:DATABASE_URL}", allow_superuser: true');
  await writeFile(file, changed(text, 'select 1 from orphan', 'select 1 where false'));
  return file;
}

const serve = (plan: string, url: string) =>
  running([main, 'serve', '--plan', plan, '--listen', '127.0.0.1:0', '--log-level', 'error'], { DATABASE_URL: url });

test('serve prints its address, keeps its journal beside the plan, and stops when it is told to', async () => {
  await using db = await database();
  await using files = await folder();
  const { child, end, saw } = serve(await planFor(files.path), db.url);
  const [, url] = await saw('out', /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/);
  const health = await fetch(`${url}/healthz`);
  expect(health.status).toBe(200);
  await health.text();
  await access(join(files.path, '.ripcord', 'journal.db'));
  child.kill('SIGTERM');
  const { exitCode, err } = await end;
  expect({ exitCode, err }).toEqual({
    exitCode: 0,
    err: 'ripcord: SIGTERM: stopping; send the signal again to stop at once\n',
  });
});

test('serve warns that one login watches and reads, and that the logins may be superusers', async () => {
  await using db = await database();
  await using files = await folder();
  const plan = await planFor(files.path);
  const { child, end, saw } = running([main, 'serve', '--plan', plan, '--listen', '127.0.0.1:0'], {
    DATABASE_URL: db.url,
  });
  await saw('out', /^listening on /);
  child.kill('SIGTERM');
  const { err } = await end;
  expect(err).toContain('one login watches and reads (target.read_url is left out)');
  expect(err).toContain('the logins may be superusers (target.allow_superuser)');
});

test('the first signal ends a start that waits for a silent target', async () => {
  await using files = await folder();
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `postgres://guard@127.0.0.1:${(silent.address() as AddressInfo).port}/demo`;
  const { child, end } = serve(await planFor(files.path), url);
  await once(silent, 'connection');
  child.kill('SIGTERM');
  const [ended] = await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
  expect(ended).toBeDefined(); // the daemon hung up, and not the server
  expect(await end).toMatchObject({ exitCode: 0, out: '' });
  await new Promise((resolve) => silent.close(resolve));
}, 12_000);

test('serve stops when it is told to, also if nobody reads its log', async () => {
  await using mini = await miniature();
  const { PATH = '' } = process.env;
  const args = [main, 'serve', '--plan', mini.planFile, '--journal', mini.journal, '--listen', '127.0.0.1:0'];
  const path = join(dirname(mini.planFile), 'log');
  execFileSync('mkfifo', [path]);
  await using unread = await open(path, 'r+');
  const child = spawn(process.execPath, args, {
    env: { PATH, ...compileCache, RIPCORD_TEST_SECRET: secret },
    stdio: ['ignore', 'pipe', unread.fd],
  });
  using _ = { [Symbol.dispose]: () => void child.kill('SIGKILL') };
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  const client = apiClient({ url: /http:\S+/.exec(said.toString())?.[0] ?? '' }, mini.token);
  await client.ask('/runs', {});
  for (let turn = 0; turn < 50; turn += 1) {
    const view = await client.ask('/runs/current/hold', { reason: `${turn} ${'x'.repeat(1_900)}` });
    const { held } = view as { readonly held?: { readonly questionId: number } };
    await client.ask('/runs/current/resume', { question_id: held?.questionId });
  }
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await gone).toEqual([0, null]);
}, 60_000);

test('a second signal ends serve immediately, whatever it waits for', async () => {
  await using files = await folder();
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `postgres://guard@127.0.0.1:${(silent.address() as AddressInfo).port}/demo`;
  const { child, end, saw } = serve(await planFor(files.path), url);
  await once(silent, 'connection');
  child.kill('SIGTERM');
  await saw('err', /SIGTERM: stopping/);
  child.kill('SIGINT');
  expect(await end).toMatchObject({ exitCode: 130, out: '' });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

test('serve with an invalid plan prints every fault and exits with 2', async () => {
  await using files = await folder();
  const plan = join(files.path, 'ripcord.yaml');
  await writeFile(plan, changed(goodPlan, 'estimate: 1h', 'estimate: soon'));
  const { exitCode, out, err } = await serve(plan, '').end;
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(`${plan}:6:18: run.estimate: found "soon"`);
  expect(err).not.toContain('    at ');
});

test('serve refuses plans in several folders without a journal, whatever their order, and creates none', async () => {
  await using files = await folder();
  const folders = ['orders', 'search'].map((name) => join(files.path, name));
  for (const each of folders) await mkdir(each);
  const [orders, search] = [await planFor(folders[0]!), await planFor(folders[1]!)];
  for (const [first, second] of [
    [orders, search],
    [search, orders],
  ] as const) {
    const { exitCode, out, err } = await running([main, 'serve', '--plan', first, '--plan', second]).end;
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toMatch(
      /^ripcord: the plans are in 2 folders: .*; wanted plans in one folder, or the journal .*\. Give it: --journal PATH/,
    );
  }
  for (const each of folders) expect(await readdir(each)).toEqual(['ripcord.yaml']);
});

test('the journal of several plans is beside them if they are in one folder, also by two names of it', async () => {
  await using files = await folder();
  const [real, link] = [join(files.path, 'real'), join(files.path, 'link')];
  await mkdir(real);
  await symlink(real, link);
  expect(journalBesideAll([join(link, 'a.yaml'), join(real, 'b.yaml')])).toBe(join(link, '.ripcord', 'journal.db'));
});
