import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { everyCase } from '../support/every-case.ts';

let mini: Miniature;
let daemon: Daemon;

beforeEach(async () => {
  mini = await miniature();
  // The check runs only at the start and at boundaries, so it finds what a phase broke when the next one starts.
  await writeFile(mini.planFile, (await readFile(mini.planFile, 'utf8')).replace('every: 200ms', 'every: 1h'));
  const listen = { host: '127.0.0.1', port: 0 };
  daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  await ask('/runs', {});
  await ask('/runs/current/baseline', {});
  await expect.poll(async () => (await view()).baseline, { timeout: 10_000 }).toBeDefined();
});
afterEach(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
});

interface Answered {
  readonly status: number;
  readonly body: { readonly tag?: string; readonly because?: string; readonly detail?: string };
}

async function ask(path: string, body?: object): Promise<Answered> {
  const headers = { authorization: `Bearer ${mini.token}`, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${daemon.url}/api/v1${path}`, init);
  return { status: response.status, body: (await response.json()) as Answered['body'] };
}
const view = async () => (await ask('/runs/current')).body as RunView;
const report = (phase: string, what: string, body: object) => ask(`/runs/current/phases/${phase}/${what}`, body);
const start = async (phase: string) =>
  report(phase, 'start', { wrapper: await identify(process.pid), host: hostname() });

test.runIf(everyCase)(
  'a second attempt is refused while a process or a session of the first is still running',
  async () => {
    const first = await start('first');
    const tag = first.body.tag ?? '';
    const command = spawn('sleep', ['60'], { env: { ...process.env, RIPCORD_TAG: tag }, stdio: 'ignore' });
    await report('first', 'fail', { tag, exit_code: 1, because: 'its wrapper was killed' });

    expect(await start('first')).toMatchObject({
      status: 409,
      body: { because: 'still-at-work', detail: expect.stringContaining(`process ${command.pid}`) },
    });
    command.kill('SIGKILL');
    await once(command, 'exit');

    const session = await mini.db.client();
    await session.query(`set application_name = '${tag}'`);
    expect(await start('first')).toMatchObject({
      status: 409,
      body: { because: 'still-at-work', detail: expect.stringMatching(/session \d+/) },
    });
    await session.end();
    expect((await start('first')).status).toBe(200);
  },
  30_000,
);

test.runIf(everyCase)(
  'findings of the boundary are judged before the phase may start, and are not attributed to it',
  async () => {
    const first = await start('first');
    await report('first', 'finish', { tag: first.body.tag });
    const notWell = async () =>
      (await view()).verdicts
        .filter(({ status, minor }) => status !== 'ok' && minor !== true)
        .map(({ summary }) => summary);
    await expect.poll(notWell, { timeout: 25_000 }).toEqual([]);
    await mini.db.query('insert into broken (id) values (1)'); // as what the first phase left behind may still do

    expect(await start('second')).toMatchObject({ status: 409 });
    expect(await view()).toMatchObject({
      phases: [{ state: 'finished' }, { state: 'not-started' }],
      recommendations: [{ state: 'open', attributedTo: 'first' }],
    });
  },
  60_000,
);

interface Events {
  readonly entries: readonly { readonly event: { readonly type: string; readonly child?: unknown } }[];
}

/** The processes that the journal records as a phase's. */
async function spawnedEvents(): Promise<readonly unknown[]> {
  const { entries } = (await ask('/runs/current/events')).body as unknown as Events;
  return entries.filter(({ event }) => event.type === 'phase-spawned').map(({ event }) => event.child);
}

test.runIf(everyCase)(
  'a process without the tag of the attempt is not recorded as the phase’s',
  async () => {
    const { tag } = (await start('first')).body;
    const us = await identify(process.pid);
    expect(await report('first', 'spawned', { child: us, tag })).toMatchObject({
      status: 409,
      body: {
        because: 'not-the-phase',
        detail: expect.stringContaining(`process ${process.pid} does not show the tag`),
      },
    });
    expect(await report('first', 'spawned', { child: us })).toMatchObject({ body: { because: 'not-the-phase' } });
    expect(await report('first', 'spawned', { child: us, tag: 'older' })).toMatchObject({
      body: { because: 'another-attempt' },
    });
    expect(await report('second', 'spawned', { child: us })).toMatchObject({ body: { because: 'not-running' } });
    expect(await spawnedEvents()).toEqual([]);
    expect((await report('first', 'progress', { tag })).body).toEqual({ goOn: true }); // the phase itself continues
  },
  30_000,
);

test.runIf(everyCase)(
  'a tagged process and the leader of its group are the phase’s; a process that only has the pid is not',
  async () => {
    const { tag } = (await start('first')).body;
    const env = { ...process.env, RIPCORD_TAG: tag };
    const command = spawn('sleep', ['60'], { env, stdio: 'ignore' });
    // The leader has replaced its environment, as sudo does; the process that it started before has not.
    const group = spawn('sh', ['-c', 'sleep 60 & exec env -u RIPCORD_TAG sleep 60'], {
      env,
      stdio: 'ignore',
      detached: true,
    });
    try {
      const [child, leader] = await Promise.all([command.pid ?? 0, group.pid ?? 0].map(identify));
      const stale = { ...child, startTicks: '1' };
      expect(await report('first', 'spawned', { child: stale, tag })).toMatchObject({
        body: { because: 'not-the-phase' },
      });
      for (const one of [child, leader]) {
        expect(await report('first', 'spawned', { child: one, tag })).toEqual({ status: 200, body: { goOn: true } });
      }
      expect(await spawnedEvents()).toEqual([child, leader]);
      process.kill(-(group.pid ?? 0), 'SIGKILL');
      await once(group, 'exit');
      // Reported again because the answer was lost: it is known, although it has ended by now.
      expect(await report('first', 'spawned', { child: leader, tag })).toMatchObject({ status: 200 });
    } finally {
      command.kill('SIGKILL');
      if (group.exitCode === null && group.signalCode === null) process.kill(-(group.pid ?? 0), 'SIGKILL');
    }
  },
  30_000,
);
