import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { hashToken } from '../../src/runs/token-hash.ts';
import { miniature, type Miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const start = (journal: string, minis: readonly Miniature[]) =>
  serve({
    plans: minis.map(({ planFile }) => ({ file: planFile })),
    journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });

test('a guard with an open run and no plan is absent, and no command for it reaches another guard', async () => {
  await using a = await miniature();
  await using b = await miniature();
  for (const [name, { planFile }] of Object.entries({ a, b })) {
    const text = (await readFile(planFile, 'utf8')).replace('name: miniature', `name: ${name}`);
    await writeFile(planFile, text.replace(hashToken(b.token), hashToken(a.token))); // Dana has one token for both
  }
  const both = await start(a.journal, [a, b]);
  const dana = apiClient(both, a.token);
  const { run } = (await dana.send('/runs?plan=b', {})) as RunView;
  await dana.send('/runs?plan=a', {});
  await both.close();

  const daemon = await start(a.journal, [a]);
  const client = apiClient(daemon, a.token);
  const sentence = `run ${run} is open in the journal, and nobody guards it`;
  const ready = await fetch(`${daemon.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ because: [expect.stringContaining(`b in test: ${sentence}`)] });
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(metrics).toContain('ripcord_guard_up{plan="b",target="test"} 0');
  expect(await client.send('/guards')).toMatchObject({
    guards: [
      { plan: 'a', ready: true },
      { plan: 'b', target: 'test', ready: false, because: [expect.stringContaining(sentence)] },
    ],
  });
  expect(await client.send('/runs/current/hold', { reason: 'meant for b' })).toMatchObject({ because: 'ambiguous' });
  expect(await client.send('/runs/current?plan=a')).not.toHaveProperty('held');
  const lena = apiClient(daemon, b.tokens.lena);
  expect(await lena.send('/runs/current')).toMatchObject({ status: 503, because: 'guard-absent' });
  await daemon.close();

  const again = await start(a.journal, [a, b]);
  expect(await (await fetch(`${again.url}/readyz`)).json()).toMatchObject({ because: [] });
  expect(await apiClient(again, a.token).send(`/runs/${run}/close?plan=b`, { reason: 'it is over' })).toMatchObject({
    stage: 'closed',
  });
  await again.close();
  const alone = await start(a.journal, [a]);
  expect(await (await fetch(`${alone.url}/readyz`)).json(), 'a closed run needs no guard').toMatchObject({
    because: [],
  });
  await alone.close();
}, 60_000);
