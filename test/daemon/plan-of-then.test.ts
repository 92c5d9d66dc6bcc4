import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { hashToken, newToken } from '../../src/runs/token-hash.ts';
import { serve } from '../../src/daemon/serve.ts';
import { miniature, type Miniature, secret } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const start = ({ planFile, journal, port }: Miniature) =>
  serve({ plans: [{ file: planFile }], journal, listen: { host: '127.0.0.1', port }, logLevel: 'silent' });

interface Plans {
  readonly plans: readonly { readonly text: string }[];
}

test('a run is shown and reported with the plan that guarded it, whatever the file contains now', async () => {
  await using mini = await miniature();
  const before = await start(mini);
  const first = apiClient(before, mini.token);
  const { run } = (await first.ask('/runs', {})) as RunView;
  await first.ask('/runs/current/close', { reason: 'it was only opened' });
  await before.close();
  const text = await readFile(mini.planFile, 'utf8');
  await writeFile(mini.planFile, text.replace('{ id: first, estimate: 5m,', '{ id: first, estimate: 9h,'));

  const daemon = await start(mini);
  const { ask } = apiClient(daemon, mini.token);
  const old = (await ask(`/runs/${run}`)) as RunView;
  expect(old.phases[0]).toMatchObject({ phase: 'first', estimate: 300_000 });
  const plans = (await ask(`/runs/${run}/plan`)) as Plans;
  expect(plans.plans.map((one) => one.text)).toEqual([text]);
  expect(text).not.toContain(secret);
  const { run: newer } = (await ask('/runs', {})) as RunView;
  expect(((await ask(`/runs/${newer}`)) as RunView).phases[0]).toMatchObject({ estimate: 9 * 3_600_000 });
  expect(await ask('/runs/run-20200101-000000/plan')).toMatchObject({ because: 'unknown-run' });
  await daemon.close();
}, 60_000);

test('principals of a plan do not see another plan’s runs in the same journal, and the guard takes over none of them', async () => {
  await using mini = await miniature();
  const first = await start(mini);
  const opened = apiClient(first, mini.token);
  const { run } = (await opened.ask('/runs', {})) as RunView;
  await first.close();
  const text = await readFile(mini.planFile, 'utf8');
  const rename = (now: string) => writeFile(mini.planFile, now.replace('name: miniature', 'name: other'));
  await rename(text);
  await expect(start(mini)).rejects.toThrow(
    `this is guard other@test; wanted miniature@test, of which run ${run} is open`,
  );
  await writeFile(mini.planFile, text);
  const again = await start(mini);
  await apiClient(again, mini.token).ask('/runs/current/close', { reason: 'it was only opened' });
  await again.close();

  const eve = newToken();
  await rename(text.replaceAll(hashToken(mini.token), hashToken(eve)));
  const daemon = await start(mini);
  const { ask } = apiClient(daemon, eve);
  const seen = ['', '/events', '/report', '/plan', '/baseline', '/rollback', '/probes/alive/readings'];
  for (const path of seen.flatMap((part) => [`/runs/${run}${part}`, `/runs/current${part}`]))
    expect(await ask(path)).toMatchObject({ status: 404, because: 'unknown-run' });
  expect(await ask('/runs')).toEqual({ runs: [] });
  expect(await ask('/guards')).toEqual({ guards: [{ plan: 'other', target: 'test', ready: true, because: [] }] });
  expect(await ask('/runs', {})).toMatchObject({ plan: { name: 'other' } });
  await daemon.close();
}, 60_000);
