import { afterEach, expect, test, vi } from 'vitest';

import { hours, minutes } from '../../src/core/kernel/units.ts';
import { serve } from '../../src/daemon/serve.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

afterEach(() => vi.restoreAllMocks());

const patience = { timeout: 20_000 };
const wall = Date.now.bind(Date);
const setWall = (by: number) => vi.spyOn(Date, 'now').mockImplementation(() => wall() + by);

test('a guard whose clock differs from the wall clock says so everywhere, acts on nothing, and continues when they agree', async () => {
  await using mini = await miniature();
  await using undo = new AsyncDisposableStack();
  const { planFile, journal, token } = mini;
  const logged: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => logged.push(String(line)) > 0);
  const daemon = await serve({
    plans: [{ file: planFile }],
    journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'info',
  });
  undo.defer(() => daemon.close());
  const { openRun, start, view } = apiClient(daemon, token);
  const ready = async () => (await (await fetch(`${daemon.url}/readyz`)).json()) as { because: readonly string[] };
  const metric = async () => {
    const page = await (await fetch(`${daemon.url}/metrics`)).text();
    return Number(/^ripcord_clock_offset_seconds\{\S*\} (.*)$/m.exec(page)?.[1]);
  };
  await openRun();
  expect(Math.abs(await metric())).toBeLessThan(30);

  for (const [by, says] of [
    [hours(6), /^the wall clock is (6h|5h59m\S*|6h\S*) ahead of the guard’s clock/],
    [minutes(-10), /^the wall clock is \S+ behind the guard’s clock/],
  ] as const) {
    setWall(by);
    await expect.poll(async () => (await ready()).because, patience).toEqual([expect.stringMatching(says)]);
    await expect.poll(async () => (await view()).blind?.probes, patience).toEqual(['wall-clock']);
    expect(await view()).toMatchObject({ guardIssues: [expect.stringMatching(says)] });
    await expect.poll(async () => Math.abs((await metric()) - by / 1_000), patience).toBeLessThan(30);
    expect(await start('first')).toMatchObject({ because: 'blind', found: expect.stringContaining('the wall clock') });
    setWall(0);
    await expect.poll(ready, patience).toMatchObject({ ready: true, because: [] });
    await expect.poll(async () => (await view()).blind, patience).toBeUndefined();
  }
  await expect.poll(() => start('first'), patience).toHaveProperty('tag');
  expect(logged.filter((line) => line.includes('ahead of the guard’s clock'))).toHaveLength(1);
}, 90_000);
