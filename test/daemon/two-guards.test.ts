import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { GuardLockRefused } from '../../src/target/guard-lock.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

/** Two guards that share nothing but the target: each has its own journal, its own run and its own order to roll back. */
const guard = ({ planFile }: Miniature, name: string): Promise<Daemon> =>
  serve({
    planFile,
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

/** Why a further guard is refused; it names who has the lock. */
async function refusal(mini: Miniature): Promise<GuardLockRefused> {
  const refused = await guard(mini, 'third').catch((error: unknown) => error);
  if (refused instanceof GuardLockRefused) return refused;
  throw new Error('wanted a refusal', { cause: refused });
}

test('of two guards with journals of their own exactly one acts, and the other says why it does not', async () => {
  await using mini = await miniature();
  await using undo = new AsyncDisposableStack();
  const first = await guard(mini, 'first');
  undo.defer(() => first.close());
  const { exitCode, holder, message } = await refusal(mini);
  expect(exitCode).toBe(75);
  expect(message).toContain(`session ${holder?.pid} (ripcord guard-lock) from 127.0.0.1 since`);
  const one = speakingTo(first, mini);
  await one.applyAll();

  await mini.db.query('select pg_terminate_backend($1, 5000)', [holder?.pid]); // a network failure, and somebody is quick
  const second = await guard(mini, 'second');
  undo.defer(() => second.close());
  const rival = (await refusal(mini)).holder?.pid;
  const two = speakingTo(second, mini);
  await two.applyAll();
  await Promise.all([one.rollBack(), two.rollBack()]);

  await expect.poll(async () => (await two.view()).stage, patience).toMatch(/^(watching|settled)$/);
  await expect.poll(async () => (await one.view()).stage, patience).toBe('blocked');
  const question = `The guard lock of the target is lost: session ${rival} (ripcord guard-lock) from 127.0.0.1 since`;
  expect((await one.view()).rollback?.asks).toContain(question);
  expect((await one.view()).rollback?.steps.map(({ state }) => state)).toEqual(Array(4).fill('waiting'));
  const { rows } = await mini.db.query('select what from ran order by at');
  expect(rows.map(({ what }) => what)).toEqual(['note', 'heal', 'tidy']);
}, 60_000);
