import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { expect, test } from 'vitest';

import { catalogueIds } from '../../src/core/plan/catalogue.ts';
import type { RunView } from '../../src/core/run/view.ts';
import { serve } from '../../src/daemon/serve.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { miniature } from '../crash/miniature.ts';

test('a check that reads much and could not look holds a phase no longer than what stood in its way', async () => {
  await using mini = await miniature();
  await mini.db.query('create table parent (id int primary key); create table child (id int references parent)');
  const plan = await readFile(mini.planFile, 'utf8');
  const others = catalogueIds.filter((id) => id !== 'orphans').map((id) => `${id}: off`);
  await writeFile(mini.planFile, plan.replace(/^catalogue: .*$/m, `catalogue: { ${others.join(', ')} }`));
  const listen = { host: '127.0.0.1', port: 0 };
  const daemon = await serve({ planFile: mini.planFile, journal: mini.journal, listen, logLevel: 'silent' });
  await using _daemon = { [Symbol.asyncDispose]: () => daemon.close() };
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${mini.token}`, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${daemon.url}/api/v1${path}`, init)).json();
  };
  const start = async () =>
    ask('/runs/current/phases/first/start', { wrapper: await identify(process.pid), host: hostname() });
  await ask('/runs', {});
  await ask('/runs/current/baseline', {});
  await expect.poll(async () => ((await ask('/run')) as RunView).baseline, { timeout: 20_000 }).toBeDefined();

  await mini.db.query('begin');
  await mini.db.query('lock table child in access exclusive mode');
  await expect.poll(start, { timeout: 20_000 }).toMatchObject({ detail: expect.stringContaining('child_id_fkey') });
  await mini.db.query('commit');
  await expect.poll(start, { timeout: 20_000 }).toHaveProperty('tag');
}, 60_000);
