import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import type { DryRun } from '../../src/rollback/dry-run.ts';
import { exitCodes } from '../../src/core/kernel/errors.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { serve } from '../../src/daemon/serve.ts';
import { ripcord } from '../cli/ripcord.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';
import { everyCase } from '../support/every-case.ts';

const patience = { timeout: 20_000 };

interface Events {
  readonly entries: readonly { readonly event: RunEvent }[];
}

test.runIf(everyCase)(
  'a person who read the plan from before a restart cannot arm, waive, pre-approve or order under the new plan',
  async () => {
    await using mini = await miniature();
    const { planFile, journal, token } = mini;
    const options = {
      plans: [{ file: planFile }],
      journal,
      listen: { host: '127.0.0.1', port: 0 },
      logLevel: 'silent',
    } as const;
    const first = await serve(options);
    const before = apiClient(first, token);
    await before.openRun();
    await before.begin('first');
    await before.finish('first');
    const read = await before.view();
    await first.close();
    const text = await readFile(planFile, 'utf8');
    await writeFile(planFile, `${text}\n# edited\n`);
    await using second = await serve(options).then((daemon) => ({ daemon, [Symbol.asyncDispose]: daemon.close }));
    const { send, view } = apiClient(second.daemon, token);
    const { plan } = await view();
    expect(plan.before?.hash).toBe(read.plan.hash);

    const plan_hash = read.plan.hash;
    const reason = 'as I read it';
    const orders = [
      ['arm', {}],
      ['waive', { requirement: 'rehearsal', reason }],
      ['pre-approve', { pre_approval: 'undo' }],
      ['rollback', { undo_revision: read.undoRevision, reason }],
    ] as const;
    for (const [path, body] of orders) {
      const answer = await send(`/runs/current/${path}`, { plan_hash, ...body });
      expect(answer).toMatchObject({ status: 409, because: 'changed', found: expect.stringContaining(plan.hash) });
    }
    const { entries } = (await send('/runs/current/events')) as Events;
    const types = entries.map(({ event }) => event.type);
    expect(types.filter((type) => /^(run-armed|requirement-|pre-approval-|recommendation-)/.test(type))).toEqual([]);

    const env = { RIPCORD_URL: second.daemon.url, RIPCORD_TOKEN: token };
    const waive = ['waive', 'rehearsal', '--reason', reason];
    expect(await ripcord(waive, env)).toMatchObject({
      exitCode: exitCodes.usage,
      err: expect.stringContaining(plan_hash),
    });
    await writeFile(`${planFile}.before`, text);
    const withOld = await ripcord([...waive, '--plan', `${planFile}.before`], env);
    expect(withOld).toMatchObject({ exitCode: 1, err: expect.stringContaining('which replaced it during this run') });
    expect((await ripcord(['run', 'status'], env)).out).toContain(`before that ${plan_hash}`);
    expect(await ripcord([...waive, '--plan', planFile], env)).toMatchObject({ exitCode: 0 });
  },
  60_000,
);

test.runIf(everyCase)(
  'a second order for the same phase, and an abort of a rollback that is over, have no other effect',
  async () => {
    await using mini = await miniature();
    const { planFile, journal, token } = mini;
    const listen = { host: '127.0.0.1', port: 0 };
    const daemon = await serve({ plans: [{ file: planFile }], journal, listen, logLevel: 'silent' });
    await using _closed = { [Symbol.asyncDispose]: daemon.close };
    const { openRun, begin, finish, view, send, ask } = apiClient(daemon, token);
    await openRun();
    for (const phase of ['first', 'second']) {
      await begin(phase);
      await finish(phase);
    }
    const { plan, undoRevision: undo_revision } = await view();
    const order = { plan_hash: plan.hash, undo_revision, reason: 'the last phase is wrong' };
    expect(await send('/runs/current/rollback', order)).toHaveProperty('rollback');
    await expect.poll(async () => (await view()).rollback?.state, patience).toBe('done');
    expect(await send('/runs/current/rollback', order)).toMatchObject({ status: 409, because: 'changed' });
    const { phases, rollback } = await view();
    expect(phases).toMatchObject([{ state: 'finished' }, { state: 'undone' }]);

    await ask('/runs/current/rollback', { phase: 'first', reason: 'this one, too' });
    const late = { rollback_id: rollback?.id, reason: 'stop it' };
    const refused = await send('/runs/current/abort', late);
    expect(refused).toMatchObject({ status: 409, because: expect.stringMatching(/^(changed|no-rollback)$/) });
    await expect.poll(async () => (await view()).phases[0]?.state, patience).toBe('undone');
  },
  60_000,
);

test.runIf(everyCase)(
  'a person who read a preview cannot order a rollback whose script was edited since',
  async () => {
    await using mini = await miniature();
    const { planFile, journal, token } = mini;
    const listen = { host: '127.0.0.1', port: 0 };
    const daemon = await serve({ plans: [{ file: planFile }], journal, listen, logLevel: 'silent' });
    await using _closed = { [Symbol.asyncDispose]: daemon.close };
    const { send, openRun, begin, view } = apiClient(daemon, token);
    await openRun();
    await begin('first');
    const read = (await send('/runs/current/rollback?phase=first')) as DryRun;
    const order = (undo_revision: number) =>
      send('/runs/current/rollback', {
        plan_hash: read.planHash,
        undo_revision,
        phase: 'first',
        reason: 'as I read it',
      });
    await writeFile(join(dirname(planFile), 'undo-first.js'), '// it does something else now\n');
    expect(await order(read.undoRevision)).toMatchObject({ status: 409, because: 'changed' });
    const { recommendations, undoRevision } = await view();
    expect(recommendations).toEqual([]);
    expect(await order(undoRevision)).toMatchObject({ rollback: { trigger: 'ordered' } });
  },
  60_000,
);
