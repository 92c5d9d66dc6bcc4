import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import type { Reading } from '../../src/core/evidence/reading.ts';
import { bin, running } from '../cli/process.ts';
import { miniature, secret } from '../crash/miniature.ts';
import { httpServer } from '../probes/http-server.ts';
import { apiClient } from '../support/api-client.ts';
import { everyCase } from '../support/every-case.ts';

const nameServer = '127.0.0.9';
const patience = { timeout: 40_000, interval: 200 };
/** The daemon needs its own /etc/hosts and a name server on port 53. */
const mounts = ['/etc/hosts', '/etc/resolv.conf'].map((file) => `mount --bind ${file} ${file}`).join(' && ');
const mayMount = spawnSync('unshare', ['-m', 'sh', '-c', mounts]).status === 0;

/** A name server that answers nothing. */
async function silentNameServer() {
  const socket = createSocket('udp4').on('message', () => (asked += 1));
  let asked = 0;
  socket.bind(53, nameServer);
  await once(socket, 'listening');
  return { asked: () => asked, [Symbol.dispose]: () => void socket.close() };
}

test.runIf(everyCase && mayMount)(
  'names of other guards that no name server answers leave a healthy page answered',
  async () => {
    using silent = await silentNameServer();
    await using page = await httpServer((_, response) => response.end('well'));
    await using undo = new AsyncDisposableStack();
    const minis = { a: undo.use(await miniature()), b: undo.use(await miniature()), c: undo.use(await miniature()) };
    const folder = dirname(minis.a.planFile);
    const hosts = join(folder, 'hosts');
    const resolver = join(folder, 'resolv.conf');
    const healthy = '127.0.0.1 localhost app.a.test\n';
    await writeFile(hosts, `${healthy}127.0.0.1 db.b.test db.c.test\n`);
    await writeFile(resolver, `nameserver ${nameServer}\n`);
    const url = `http://app.a.test:${new URL(page.url).port}/`;
    for (const [name, { planFile }] of Object.entries(minis)) {
      const text = (await readFile(planFile, 'utf8')).replace('name: miniature', `name: ${name}`);
      const probe = `probes:\n  - { id: page, http: { url: '${url}' }, every: 100ms, timeout: 1s }\n`;
      const edited = name === 'a' ? text.replace('probes:\n', probe) : text.replace('127.0.0.1', `db.${name}.test`);
      await writeFile(planFile, edited);
    }
    const plans = Object.values(minis).map(({ planFile }) => `--plan ${planFile}`);
    const command = `${process.execPath} ${bin} serve --listen 127.0.0.1:0 --journal ${join(folder, 'journal.db')} ${plans.join(' ')} --log-level silent`;
    const script = `mount --bind ${hosts} /etc/hosts && mount --bind ${resolver} /etc/resolv.conf && exec ${command}`;
    const daemon = running(['-m', 'sh', '-c', script], { RIPCORD_TEST_SECRET: secret }, 'unshare');
    undo.defer(async () => {
      daemon.child.kill('SIGKILL');
      await daemon.end;
    });
    const [, at = ''] = await daemon.saw('out', /listening on (\S+)/);
    const a = apiClient({ url: at }, minis.a.token);
    await a.ask('/runs', {});
    const readings = async (state: Reading['state'], since = 0) => {
      const all = (await a.send('/runs/current/probes/page/readings')) as { readonly readings: readonly Reading[] };
      return all.readings.filter((one) => one.state === state && one.at > since);
    };
    await expect.poll(async () => (await readings('answered')).length, patience).toBeGreaterThan(5);

    const file = await open(hosts, 'r+');
    await file.write('#', healthy.length); // now only the silent name server could know the others
    await file.close();
    for (const { db } of [minis.b, minis.c])
      await db.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'ripcord%'",
      );
    const before = silent.asked();
    await expect.poll(() => silent.asked() - before, patience).toBeGreaterThan(8);
    const then = (await readings('answered')).at(-1)?.at;
    await expect.poll(async () => (await readings('answered', then)).length, patience).toBeGreaterThan(20);
    expect(await readings('failed')).toEqual([]);
  },
  90_000,
);
