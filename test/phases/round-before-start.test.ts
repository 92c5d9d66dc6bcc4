import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { catalogueIds } from '../../src/core/plan/catalogue.ts';
import { serve } from '../../src/daemon/serve.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

test('an expensive check that failed blocks a phase only as long as the cause of the failure lasts', async () => {
  await using mini = await miniature();
  await mini.db.query('create table parent (id int primary key); create table child (id int references parent)');
  const plan = await readFile(mini.planFile, 'utf8');
  const others = catalogueIds.filter((id) => id !== 'orphans').map((id) => `${id}: off`);
  await writeFile(mini.planFile, plan.replace(/^catalogue: .*$/m, `catalogue: { ${others.join(', ')} }`));
  const listen = { host: '127.0.0.1', port: 0 };
  const daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  await using _daemon = { [Symbol.asyncDispose]: () => daemon.close() };
  const guard = apiClient(daemon, mini.token);
  const start = () => guard.start('first');
  await guard.openRun();

  await mini.db.query('begin');
  await mini.db.query('lock table child in access exclusive mode');
  await expect.poll(start, { timeout: 20_000 }).toMatchObject({ detail: expect.stringContaining('child_id_fkey') });
  await mini.db.query('commit');
  await expect.poll(start, { timeout: 20_000 }).toHaveProperty('tag');
}, 60_000);
