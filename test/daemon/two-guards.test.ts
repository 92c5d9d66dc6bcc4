import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, inject, test } from 'vitest';

import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { GuardLockRefused } from '../../src/target/guard-lock.ts';
import { type Miniature, miniature, threeSteps } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';
import { switchingProxy } from '../target/switching-proxy.ts';
import { everyCase } from '../support/every-case.ts';

/** Two guards that share only the target: each has its own journal, its own run and its own order to roll back. */
const guard = ({ planFile }: Miniature, name: string): Promise<Daemon> =>
  serve({
    plans: [{ file: planFile }],
    journal: join(dirname(planFile), `${name}.db`),
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });

const patience = { timeout: 20_000 };

function speakingTo(daemon: Daemon, { token }: Miniature) {
  const { ask, view, openRun, begin, finish } = apiClient(daemon, token);
  return {
    view,
    async applyAll() {
      await openRun();
      for (const phase of ['first', 'second']) {
        await begin(phase);
        await finish(phase);
      }
    },
    rollBack: () => ask('/runs/current/rollback', { reason: 'the names are wrong' }),
  };
}

/** Why another guard is refused, with the holder of the lock. */
async function refusal(mini: Miniature): Promise<GuardLockRefused> {
  const refused = await guard(mini, 'third').catch((error: unknown) => error);
  if (refused instanceof GuardLockRefused) return refused;
  throw new Error('wanted a refusal', { cause: refused });
}

test.runIf(everyCase)(
  'of two guards with separate journals exactly one acts, and the other says why it does not',
  async () => {
    await using undo = new AsyncDisposableStack();
    const proxy = undo.use(await switchingProxy(inject('postgres')));
    const way = (url: string) => Object.assign(new URL(url), { host: new URL(proxy.url).host }).href;
    const mini = undo.use(await miniature(threeSteps, { way }));
    const first = await guard(mini, 'first');
    undo.defer(() => first.close());
    const { exitCode, holder, message } = await refusal(mini);
    expect(exitCode).toBe(75);
    expect(message).toContain(`session ${holder?.pid} (ripcord guard-lock, login postgres) from 127.0.0.1 since`);
    const one = speakingTo(first, mini);
    await one.applyAll();

    proxy.leadTo('postgres://127.0.0.1:1'); // a network failure, and a fast second guard
    proxy.cut();
    const direct = { ...mini, planFile: `${mini.planFile}.direct` };
    await writeFile(direct.planFile, (await readFile(mini.planFile, 'utf8')).replace(way(mini.db.url), mini.db.url));
    const ours = 'select from pg_stat_activity where pid = $1';
    await expect.poll(async () => (await mini.db.query(ours, [holder?.pid])).rowCount, patience).toBe(0);
    const second = await guard(direct, 'second');
    undo.defer(() => second.close());
    const rival = (await refusal(direct)).holder?.pid;
    proxy.leadTo(mini.db.url);
    const two = speakingTo(second, mini);
    await two.applyAll();
    await Promise.all([one.rollBack(), two.rollBack()]);

    await expect.poll(async () => (await two.view()).stage, patience).toMatch(/^(watching|settled)$/);
    await expect.poll(async () => (await one.view()).stage, patience).toBe('blocked');
    const question = `Another session holds the guard lock: session ${rival} (ripcord guard-lock, login postgres) from 127.0.0.1 since`;
    expect((await one.view()).rollback?.asks).toContain(question);
    expect((await one.view()).rollback?.steps.map(({ state }) => state)).toEqual(Array(4).fill('waiting'));
    const { rows } = await mini.db.query('select what from ran order by at');
    expect(rows.map(({ what }) => what)).toEqual(['note', 'heal', 'tidy']);
  },
  60_000,
);
