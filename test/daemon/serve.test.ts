import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';

let mini: Miniature;
let daemon: Daemon;

const options = () => ({
  plans: [{ file: mini.planFile }],
  journal: mini.journal,
  listen: { host: '127.0.0.1', port: 0 },
  logLevel: 'silent',
});
interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}
const ask = (path: string, { headers, ...more }: Asked = {}) =>
  fetch(`${daemon.url}${path}`, { ...more, headers: { authorization: `Bearer ${mini.token}`, ...headers } });
const got = async <Body>(path: string): Promise<Body> => (await ask(path)).json() as Promise<Body>;
const act = (path: string, body: object = {}) =>
  ask(`/api/v1${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

beforeAll(async () => {
  mini = await miniature();
  daemon = await serve(options());
});
afterAll(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
});

describe('access', () => {
  test.each([
    { path: '/healthz', status: 200 },
    { path: '/readyz', status: 200 },
    { path: '/metrics', status: 200 },
    { path: '/api/v1/runs/current', status: 401 },
    { path: '/api/v1/runs', status: 401 },
    { path: '/api/v1/runs/current/events', status: 401 },
    { path: '/nothing', status: 404 },
  ])('without a token, $path answers $status', async ({ path, status }) => {
    const response = await fetch(`${daemon.url}${path}`);
    expect(response.status).toBe(status);
    if (status >= 400) expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  test('an unknown token is refused without its text', async () => {
    const response = await fetch(`${daemon.url}/api/v1/runs/current`, {
      headers: { authorization: 'Bearer rip_stolen' },
    });
    const problem = await response.text();
    expect(response.status).toBe(401);
    expect(problem).toContain('no token of a principal of a plan');
    expect(problem).not.toContain('rip_stolen');
  });
});

describe('a second daemon is refused with one clear message', () => {
  test('if it uses the same journal', async () => {
    await expect(serve(options())).rejects.toThrow(/journal/);
  });

  test('if it uses the same target with another journal', async () => {
    await expect(serve({ ...options(), journal: `${mini.journal}.other` })).rejects.toThrow(/holds the guard lock/);
  });
});

describe('a failed start is explained and leaves nothing behind', () => {
  test('if the port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    await using other = await miniature();
    const { planFile, journal } = other;
    const start = () =>
      serve({ plans: [{ file: planFile }], journal, listen: { host: '127.0.0.1', port }, logLevel: 'silent' });
    await expect(start()).rejects.toThrow(/in use by another process/);
    await new Promise((resolve) => taken.close(resolve));
    await (await start()).close();
  });

  test('if the plan does not exist', async () => {
    await expect(serve({ ...options(), plans: [{ file: '/nowhere/ripcord.yaml' }] })).rejects.toThrow(/cannot be read/);
  });
});

describe('a run', () => {
  test('is opened, measured, and shown with its baseline, readings, metrics and report', async () => {
    expect((await act('/runs')).status).toBe(201);
    expect((await act('/runs')).status).toBe(409);
    expect((await act('/runs/current/baseline', { for: '800ms' })).status).toBe(202);
    await expect
      .poll(async () => (await ask('/api/v1/runs/current')).json(), { timeout: 10_000 })
      .toHaveProperty('baseline');

    const baseline = (await (await ask('/api/v1/runs/current/baseline')).json()) as { baseline: { probes: unknown[] } };
    expect(baseline.baseline.probes).toMatchObject([{ probe: 'alive', failed: 0 }]);
    const { readings } = (await (await ask('/api/v1/runs/current/probes/alive/readings')).json()) as {
      readings: { at: number }[];
    };
    expect(readings.length).toBeGreaterThan(5);
    const fromThird = await ask(`/api/v1/runs/current/probes/alive/readings?from=${readings[2]?.at}`);
    expect(((await fromThird.json()) as { readings: unknown[] }).readings[0]).toEqual(readings[2]);
    expect((await ask('/api/v1/runs/current/probes/alive/readings?from=yesterday')).status).toBe(400);
    await expect
      .poll(async () => (await ask('/metrics')).text())
      .toMatch(/ripcord_latency_baseline_seconds\{probe="alive",statistic="p50",plan="[^"]+",target="[^"]+"\} 0/);
    expect(await (await ask('/api/v1/runs/current/report')).text()).toContain('miniature');
    const { entries } = (await (await ask('/api/v1/runs/current/events')).json()) as {
      entries: { event: { type: string } }[];
    };
    expect(entries.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining(['run-opened', 'capture-started', 'baseline-frozen']),
    );
  });

  test('refuses invalid bodies and says what is wrong', async () => {
    const response = await act('/runs/current/waive', { requirement: 'rehearsal', raeson: 'x' });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/reason/);
    const broken = await ask('/api/v1/runs/current/hold', {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(broken.status).toBe(400);
  });

  test('streams its events from any position, each once and in order', async () => {
    const stop = new AbortController();
    const response = await ask('/api/v1/runs/current/events?after=1', {
      headers: { accept: 'text/event-stream' },
      signal: stop.signal,
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    await act('/runs/current/hold', { reason: 'to be seen' });
    let text = '';
    while (!text.includes('run-held')) text += (await reader.read()).value ?? '';
    stop.abort();
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids[0]).toBe(2);
    expect(ids).toEqual(ids.map((_, index) => index + 2));
    const { held } = await got<RunView>('/api/v1/runs/current');
    await act('/runs/current/resume', { question_id: held?.questionId });
  });

  test('continues with its readings after the daemon was stopped', async () => {
    const { openedAt } = await got<{ openedAt: number }>('/api/v1/runs/current');
    // Readings that arrive while the opening is being written belong to no run yet, and are not kept.
    const since = `?from=${new Date(openedAt + 500).toISOString()}`;
    const before = await got<{ readings: { at: number }[] }>(`/api/v1/runs/current/probes/alive/readings${since}`);
    await daemon.close();
    daemon = await serve(options());
    const after = await got<{ readings: { at: number }[] }>(`/api/v1/runs/current/probes/alive/readings${since}`);
    // A reading that was in progress is known only afterwards, and comes before those that it delayed.
    const last = before.readings.at(-1)?.at ?? 0;
    const known = before.readings.filter(({ at }) => at < last - 250);
    expect(known.length).toBeGreaterThan(5);
    expect(after.readings).toEqual(expect.arrayContaining(known));
    const { entries } = await got<{ entries: { event: { type: string } }[] }>('/api/v1/runs/current/events');
    expect(entries.map(({ event }) => event.type)).toContain('guard-restarted');
  });

  test('does not continue in another environment, whose rollback login differs', async () => {
    await daemon.close();
    const renamed = `${mini.planFile}.renamed`;
    await writeFile(renamed, (await readFile(mini.planFile, 'utf8')).replaceAll(/\btest(?=:|\])/g, 'staging'));
    await expect(serve({ ...options(), plans: [{ file: renamed }] })).rejects.toThrow(
      /this is guard miniature@staging; wanted miniature@test, of which run run-\S+ is open on the same target/,
    );
    daemon = await serve(options());
  });

  test.each(['/api/v1/runs/run-0/events', '/api/v1/runs/run-0', '/api/v1/runs/run-0/report'])(
    '%s does not exist',
    async (path) => {
      expect((await ask(path)).status).toBe(404);
    },
  );

  test('has no secret in its metrics, its log or its plan’s hash', async () => {
    const shown = [await (await ask('/metrics')).text(), await (await ask('/api/v1/runs/current')).text()].join('\n');
    expect(shown).not.toContain(mini.token);
    expect((await readFile(mini.planFile, 'utf8')).includes(mini.token)).toBe(false);
  });
});

test('a run shows what stops the guard from working, for as long as it does', async () => {
  await act('/runs');
  const guardIssues = async () => (await got<{ guardIssues?: readonly string[] }>('/api/v1/runs/current')).guardIssues;
  expect(await guardIssues()).toBeUndefined();
  await rename(mini.journal, `${mini.journal}.away`);
  await expect.poll(guardIssues, { timeout: 10_000 }).toEqual([expect.stringContaining(mini.journal)]);
  await rename(`${mini.journal}.away`, mini.journal);
  await expect.poll(guardIssues, { timeout: 10_000 }).toBeUndefined();
});
