import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { expect, test, vi } from 'vitest';

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

test.each(['the environment', 'a file'])(
  'no command for such a guard reaches another one if its plan has the hashes of its tokens from %s',
  async (from) => {
    await using a = await miniature();
    await using b = await miniature();
    vi.stubEnv('RIPCORD_TEST_HASH_OF_DANA', hashToken(a.token));
    await writeFile(join(dirname(b.planFile), 'dana.hash'), `${hashToken(a.token)}\n`);
    const instead = from === 'a file' ? 'token_hash_file: dana.hash' : "token_hash: '${env:RIPCORD_TEST_HASH_OF_DANA}'";
    for (const [name, { planFile }] of Object.entries({ a, b })) {
      const text = (await readFile(planFile, 'utf8')).replace('name: miniature', `name: ${name}`);
      await writeFile(planFile, text.replace(`token_hash: '${hashToken(b.token)}'`, instead)); // Dana has one token for both
    }
    const both = await start(a.journal, [a, b]);
    await apiClient(both, a.token).send('/runs?plan=b', {});
    await apiClient(both, a.token).send('/runs?plan=a', {});
    await both.close();
    const daemon = await start(a.journal, [a]);
    const client = apiClient(daemon, a.token);
    expect(await client.send('/runs/current/hold', { reason: 'meant for b' })).toMatchObject({ because: 'ambiguous' });
    expect(await client.send('/runs/current?plan=a')).not.toHaveProperty('held');
    await daemon.close();
    vi.unstubAllEnvs();
  },
  60_000,
);

test('an open run whose given plan cannot be read is not said to lack a plan', async () => {
  await using a = await miniature();
  await using b = await miniature();
  for (const [name, { planFile }] of Object.entries({ a, b }))
    await writeFile(planFile, (await readFile(planFile, 'utf8')).replace('name: miniature', `name: ${name}`));
  const both = await start(a.journal, [a, b]);
  await apiClient(both, b.token).send('/runs', {});
  await both.close();
  await writeFile(b.planFile, (await readFile(b.planFile, 'utf8')).replace('watch:', 'wacth:'));
  const daemon = await start(a.journal, [a, b]);
  const { because } = (await (await fetch(`${daemon.url}/readyz`)).json()) as { because: readonly string[] };
  await daemon.close();
  expect(because).toEqual([
    `${basename(b.planFile)}: the guard is not at work; the daemon’s log says why`,
    expect.stringContaining(`none of those that the daemon can read. If it is in ${basename(b.planFile)}, correct`),
  ]);
}, 60_000);
