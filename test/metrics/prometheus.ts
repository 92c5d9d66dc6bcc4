import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';
import { vi } from 'vitest';
import { z } from 'zod';

import { freePort } from '../../tools/postgres/server.ts';

const series = z
  .object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })
  .transform(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
const answer = z.object({ data: z.object({ result: z.array(series) }) });

export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** The series that the query returns now; rejects with Prometheus' own message if the query is invalid. */
  ask(query: string): Promise<readonly z.output<typeof series>[]>;
}

async function serve(page: () => Promise<{ contentType: string; body: string }>) {
  const server = createServer((_, response) => {
    void page().then(({ contentType, body }) => response.setHeader('content-type', contentType).end(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, target: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/**
 * A real Prometheus that scrapes `page` five times a second, as the instance `guard`. Resolves after the first scrape: it
 * takes five seconds until Prometheus looks for targets at all.
 */
export async function startPrometheus(page: () => Promise<{ contentType: string; body: string }>): Promise<Prometheus> {
  await using undo = new AsyncDisposableStack();
  const { server, target } = await serve(page);
  undo.defer(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-prometheus-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const config = `scrape_configs: [{ job_name: ripcord, scrape_interval: 200ms, scrape_timeout: 200ms,
    static_configs: [{ targets: ['${target}'], labels: { instance: guard } }] }]`;
  await writeFile(join(folder, 'prometheus.yml'), config);
  const port = await freePort();
  const child = execa(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { reject: false, stdio: 'ignore' },
  );
  undo.defer(async () => {
    child.kill('SIGTERM');
    await child;
  });

  const ask: Prometheus['ask'] = async (query) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    if (!response.ok) throw new Error(await response.text());
    return answer.parse(await response.json()).data.result;
  };
  const scrapes = () => ask('count_over_time(ripcord_build_info[10s])').catch(() => []); // it may not listen yet
  await vi.waitUntil(async () => ((await scrapes())[0]?.value ?? 0) >= 3, { timeout: 20_000, interval: 100 });
  const owned = undo.move();
  return { url: `http://127.0.0.1:${port}`, ask, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
