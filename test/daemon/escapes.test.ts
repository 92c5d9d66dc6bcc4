import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { ripcord } from '../cli/ripcord.ts';
import { miniature } from '../crash/miniature.ts';
import { escapes, noCgroup } from '../phases/escapes.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const patience = { timeout: 30_000, interval: 50 };
const well = { exitCode: 0 };

const gone = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** What a rollback found of a phase whose command escaped in every way, with its wrapper alive or killed. */
async function rolledBack({ killWrapper }: { readonly killWrapper: boolean }) {
  await using undo = new AsyncDisposableStack();
  const escaping = undo.use(await escapes());
  const mini = undo.use(await miniature());
  const listen = { host: '127.0.0.1', port: 0 };
  const daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  undo.defer(() => daemon.close());
  const env = { ...mini.env, RIPCORD_URL: daemon.url };
  const dana = (...argv: readonly string[]) => ripcord(argv, env);
  const view = async () => JSON.parse((await dana('run', 'status', '--json')).out) as RunView;

  expect(await dana('run', 'open')).toMatchObject(well);
  expect(await dana('baseline', 'capture')).toMatchObject(well);
  const command = ['sh', '-c', 'exec "$@" > /dev/null', 'sh', ...escaping.command];
  const wrapper = spawn(process.execPath, [main, 'phase', 'first', '--', ...command], { env, stdio: 'ignore' });
  undo.defer(() => void (gone(wrapper) || wrapper.kill('SIGKILL')));
  await escaping.out();
  if (killWrapper) {
    wrapper.kill('SIGKILL');
    await once(wrapper, 'exit');
  }
  expect(await dana('rollback', '--phase', 'first', '--reason', 'a test')).toMatchObject(well);
  await expect.poll(async () => (await view()).rollback?.quiet, patience).toBeDefined();
  const alive = await escaping.alive();
  const status = (await dana('run', 'status')).out.replaceAll(/\s+/g, ' ');
  const report = (await dana('report')).out;
  return { alive, quiet: (await view()).rollback?.quiet, status, report };
}

test.each([{ killWrapper: false }, { killWrapper: true }])(
  'escaped work is ended, or the proof, the status and the report name what the guard cannot see ($killWrapper)',
  { timeout: 60_000 },
  async (how) => {
    const { alive, quiet, status, report } = await rolledBack(how);
    const unseen =
      noCgroup === undefined
        ? 'a process that moved to another cgroup, or that another service started, and has no tag'
        : 'a process of first that left its group and has no tag (no cgroup: ';
    if (noCgroup === undefined) expect(alive).toEqual([]);
    expect(quiet?.scope?.attempts).toMatchObject([
      { phase: 'first', attempt: 1, by: noCgroup === undefined ? 'cgroup' : 'tags' },
    ]);
    expect(quiet?.endedProcesses).toBeGreaterThan(0);
    expect(status).toContain(unseen);
    expect(report).toContain(unseen);
  },
);
