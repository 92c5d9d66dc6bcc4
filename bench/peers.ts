import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { onPath } from '../test/metrics/programs.ts';
import { freePort } from '../tools/postgres/server.ts';
import type { Figure, Measurement } from './support/figure.ts';
import type { Stage } from './support/stage.ts';
import { cpuMs } from './support/usage.ts';

/** The usual tools for the same job: Prometheus scrapes the blackbox exporter, which requests the page. */
const exporters = 'prometheus-blackbox-exporter';
const probes = 50;

const running = (child: ChildProcess): AsyncDisposable & { readonly pid: number } => ({
  pid: child.pid ?? 0,
  async [Symbol.asyncDispose]() {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await ended;
  },
});

const start = (program: string, args: readonly string[]) => running(spawn(program, [...args], { stdio: 'ignore' }));

/** Fifty jobs with one target each: Prometheus spreads them over the second, as our sampling does. */
const configOf = (exporter: number, url: string): string =>
  JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '900ms' },
    scrape_configs: Array.from({ length: probes }, (_, place) => ({
      job_name: `page-${place}`,
      metrics_path: '/probe',
      params: { module: ['http_2xx'], target: [url] },
      static_configs: [{ targets: [`127.0.0.1:${exporter}`] }],
    })),
  });

async function measure(stage: Stage): Promise<readonly Figure[]> {
  if (!onPath('prometheus') || !onPath(exporters)) {
    stage.say(`peers: skipped, because prometheus and ${exporters} are not both on the PATH`);
    return [];
  }
  const [url, folder, exporter, server] = [
    await stage.httpTarget(),
    await stage.folder(),
    await freePort(),
    await freePort(),
  ];
  const files = { modules: join(folder, 'blackbox.yml'), config: join(folder, 'prometheus.yml') };
  await writeFile(files.modules, 'modules: { http_2xx: { prober: http, http: { preferred_ip_protocol: ip4 } } }');
  await writeFile(files.config, configOf(exporter, url));
  await using blackbox = start(exporters, [
    `--config.file=${files.modules}`,
    `--web.listen-address=127.0.0.1:${exporter}`,
  ]);
  await using prometheus = start('prometheus', [
    `--config.file=${files.config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${server}`,
  ]);
  const length = stage.quick ? 10_000 : 60_000;
  stage.say(`peers: blackbox exporter and Prometheus, ${probes} probes a second for ${length / 1_000} s`);
  await setTimeout(length / 2, undefined, { signal: stage.signal });
  const used = () => [cpuMs(blackbox.pid), cpuMs(prometheus.pid)] as const;
  const [before, began] = [used(), performance.now()];
  await setTimeout(length, undefined, { signal: stage.signal });
  const after = used();
  const asked = (probes * (performance.now() - began)) / 1_000;
  const [exporting, scraping] = [after[0] - before[0], after[1] - before[1]];
  return [
    { name: 'peers', what: 'CPU for each probe of the blackbox exporter', value: exporting / asked, unit: 'ms' },
    { name: 'peers', what: 'and of the Prometheus that scrapes it', value: scraping / asked, unit: 'ms' },
  ];
}

export const peers: Measurement<Stage> = { names: ['peers'], measure };
