import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import { expect, test } from 'vitest';

import { serve } from '../../src/daemon/serve.ts';
import { miniature, type Miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const soon = { timeout: 10_000 }; // less than a start waits for a target that does not answer

/** A server that accepts connections and says nothing. */
async function silentServer() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://guard@127.0.0.1:${port}/demo`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function edit({ planFile }: Miniature, change: (text: string) => string): Promise<void> {
  await writeFile(planFile, change(await readFile(planFile, 'utf8')));
}

test('a guard answers its phase while the start of another one waits for a silent target', async () => {
  await using silent = await silentServer();
  await using a = await miniature();
  await using b = await miniature();
  await edit(a, (text) => text.replace('name: miniature', 'name: a'));
  const listen = { host: '127.0.0.1', port: a.port };
  const alone = await serve({ plans: [{ file: a.planFile }], journal: a.journal, listen, logLevel: 'silent' });
  const client = apiClient(alone, a.token);
  await client.openRun();
  await client.begin('first');
  await alone.close();

  await edit(b, (text) => text.replace('name: miniature', 'name: b').replace(/url: '[^']+'/, `url: '${silent.url}'`));
  const stopping = new AbortController();
  const plans = [{ file: a.planFile }, { file: b.planFile }];
  const starting = serve({ plans, journal: a.journal, listen, logLevel: 'silent', signal: stopping.signal });
  let isUp = false;
  const ended = starting.then(
    () => (isUp = true),
    (error: unknown) => error,
  );
  const unready = async () => {
    const response = await fetch(`${a.url}/readyz`).catch(() => undefined);
    return response && ((await response.json()) as { readonly because: readonly string[] }).because;
  };
  await expect.poll(unready, soon).toEqual(['b in test: it is starting']);
  expect((await client.view()).phases[0]).toMatchObject({ phase: 'first', state: 'running' });
  expect(await apiClient({ url: a.url }, b.token).send('/runs/current')).toMatchObject({ because: 'guard-absent' });
  expect(isUp).toBe(false);
  const reason = new Error('the operator stops it');
  stopping.abort(reason);
  expect(await ended).toBe(reason);
  expect(await unready(), 'nothing listens any more').toBeUndefined();
}, 40_000);

test('a daemon that is closed ends the start of a guard that it tries again', async () => {
  await using silent = await silentServer();
  await using a = await miniature();
  await using b = await miniature();
  await edit(b, (text) => text.replace('name: miniature', 'name: b').replace(/url: '[^']+'/, `url: '${silent.url}'`));
  const plans = [{ file: a.planFile }, { file: b.planFile }];
  const listen = { host: '127.0.0.1', port: 0 };
  const daemon = await serve({ plans, journal: a.journal, listen, logLevel: 'silent' });
  await daemon.close();
  await expect(daemon.closed).resolves.toBeUndefined();
}, 25_000); // 15 s until it is up; another 15 s would be too much
