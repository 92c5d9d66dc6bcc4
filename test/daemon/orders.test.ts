import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { DryRun } from '../../src/rollback/dry-run.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { ripcord } from '../cli/ripcord.ts';
import { type Miniature, miniature, secret } from '../crash/miniature.ts';
import { onPath } from '../metrics/programs.ts';
import { type ApiClient, apiClient } from '../support/api-client.ts';
import { type Mapped, mapped } from '../support/mapped.ts';

let mini: Miniature;
let daemon: Daemon;
let guard: ApiClient;
let env: Record<string, string>;

beforeEach(async () => {
  mini = await miniature();
  const listen = { host: '127.0.0.1', port: 0 };
  daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  env = { RIPCORD_URL: daemon.url, RIPCORD_TOKEN: mini.token };
  guard = apiClient(daemon, mini.token);
  await guard.openRun();
});
afterEach(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
});

const view = () => guard.view();

async function apply(phase: string): Promise<void> {
  await guard.begin(phase);
  await guard.finish(phase);
}

test('a rollback can be previewed, ordered and carried out although all is well, and is watched afterwards', async () => {
  await apply('first');
  await apply('second');

  const shown = await ripcord(['rollback', '--dry-run'], env);
  expect(shown).toMatchObject({ exitCode: 0 });
  expect(shown.out).toContain('Would undo second: about 1m. Nothing has been done yet.');
  expect(shown.out).toMatch(
    /second\/tidy .*insert into ran .*\n.*precondition now +holds +"select 1" gives some rows: 1 row, as wanted/,
  );
  const { out } = await ripcord(['rollback', '--dry-run', '--json'], env);
  const dryRun = JSON.parse(out) as DryRun;
  expect(dryRun.steps.map(({ step }) => step)).toEqual(['second/note', 'second/heal', 'second/tidy', 'second/verify']);
  const undoing = await ripcord(['rollback', '--phase', 'first', '--dry-run'], env);
  expect(undoing.out).toContain('an approval is bound to undo-first.js');
  expect(dryRun).not.toHaveProperty('remaining'); // no phase is running
  expect(dryRun.steps[2]).toMatchObject({ precondition: { asks: '"select 1" gives some rows', holds: 'yes' } });
  expect(out).not.toContain(secret);
  const restoring = await ripcord(['rollback', '--restore', '--dry-run'], env);
  expect(restoring.out).toContain('Would restore the whole database, which takes back second and first: ');
  expect((await view()).rollback).toBeUndefined();

  const unread = await ripcord(['rollback', '--reason', 'the names are wrong'], env);
  expect(unread).toMatchObject({ exitCode: 2, err: expect.stringContaining('first and second have been started') });
  const revision = String(dryRun.undoRevision);
  const ordered = await ripcord(['rollback', '--revision', revision, '--reason', 'the names are wrong'], env);
  expect(ordered).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^Ordered\./) });
  await expect.poll(async () => (await view()).stage, { timeout: 20_000 }).toMatch(/^(watching|settled)$/);
  expect(await view()).toMatchObject({
    rollback: { trigger: 'ordered', by: 'dana' },
    phases: [{ state: 'finished' }, { state: 'undone' }],
  });
  const canLogin = () => mini.db.query('select rolcanlogin from pg_roles where rolname = $1', [mini.role]);
  await expect.poll(async () => (await canLogin()).rows, { timeout: 5_000 }).toEqual([{ rolcanlogin: true }]);
  const { rows } = await mini.db.query('select what from ran order by what');
  expect(rows.map(({ what }) => what)).toEqual(expect.arrayContaining(['note', 'tidy']));
}, 60_000);

test('an order without a reason, or with nothing to undo, is refused', async () => {
  expect(await ripcord(['rollback'], env)).toMatchObject({ exitCode: 2, err: expect.stringContaining('--dry-run') });
  const refused = await ripcord(['rollback', '--reason', 'x'], env);
  expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining('no phase has changed anything') });
  expect(await ripcord(['abort', '--reason', 'x'], env)).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining('no rollback is under way'),
  });
}, 30_000);

test('the environment’s restore can be previewed and ordered at any time, even if no phase was started', async () => {
  expect(await ripcord(['rollback', '--restore', '--phase', 'first', '--dry-run'], env)).toMatchObject({ exitCode: 2 });
  const { out } = await ripcord(['rollback', '--restore', '--dry-run', '--json'], env);
  const dryRun = JSON.parse(out) as DryRun;
  expect(dryRun).toMatchObject({ phases: [], steps: [{ step: 'restore/bring-back' }], fences: mini.role });
  expect(dryRun.needs).toEqual({ approvals: 1, from: ['dana'] });
  expect(dryRun.loses).toEqual(['everything written since the backup; the number of rows is not known yet']);
  expect(await ripcord(['rollback', '--restore', '--reason', 'all is lost'], env)).toMatchObject({ exitCode: 0 });
  await expect.poll(async () => (await view()).stage, { timeout: 20_000 }).toMatch(/^(watching|settled)$/);
  expect((await view()).rollback).toMatchObject({ proposes: 'restore the database', trigger: 'ordered' });
  expect((await mini.db.query('select what from ran')).rows).toEqual([{ what: 'heal' }]);
}, 60_000);

const written = async (file: string): Promise<Mapped> => ({
  write: (text) => writeFile(file, `${text}\n`),
  [Symbol.asyncDispose]: async () => undefined,
});

test.each([
  { how: 'written anew', by: written },
  ...(onPath('python3') ? [{ how: 'changed in memory, so that none of its times moves', by: mapped }] : []),
])(
  'a script that is $how after the order does not run; after it is restored, it does',
  { timeout: 60_000 },
  async ({ by }) => {
    await apply('first');
    const script = join(dirname(mini.planFile), 'undo-first.js');
    const ordered = (await readFile(script, 'utf8')).trimEnd();
    await using file = await by(script);
    expect(await ripcord(['rollback', '--reason', 'the names are wrong'], env)).toMatchObject({ exitCode: 0 });
    await file.write('process.exit(1); // evil'.padEnd(ordered.length)); // while forward work is being stopped
    await expect
      .poll(async () => (await view()).rollback?.asks, { timeout: 20_000 })
      .toContain('undo-first.js has changed');
    const again = ['confirm', 'first/undo', '--again', '--reason', 'it was put back'];
    await file.write(ordered);
    expect(await ripcord(again, env)).toMatchObject({ exitCode: 0 });
    await expect.poll(async () => (await view()).stage, { timeout: 20_000 }).toMatch(/^(watching|settled)$/);
  },
);
