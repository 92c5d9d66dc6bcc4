import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { serve } from '../../src/daemon/serve.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const patience = { timeout: 20_000 };

test('a report that cannot be written is reported as overdue while the guard stays ready, and is written once possible', async () => {
  await using mini = await miniature();
  const reports = join(dirname(mini.journal), 'reports');
  await writeFile(reports, 'somebody else’s file');
  const listen = { host: '127.0.0.1', port: mini.port };
  const daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  await using _ = { [Symbol.asyncDispose]: () => daemon.close() };
  const client = apiClient(daemon, mini.token);
  await client.ask('/runs', {});
  const { run } = await client.view();
  await client.ask('/runs/current/close', { reason: 'over' });
  const ready = async () => {
    const answer = await fetch(`${daemon.url}/readyz`);
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  const says = expect.stringMatching(
    /^report-files\/miniature@test has not handled entry \d+ of run \S+ since .* \(tried \w+( times)?\): E/,
  );
  await expect.poll(ready, patience).toMatchObject({ status: 200, ready: true, overdue: [says] });
  expect(await client.ask(`/runs/${run}`)).not.toHaveProperty('overdue'); // it belongs to the guard, and is shown with the open run
  await client.ask('/runs', {});
  expect(await client.view()).toMatchObject({ overdue: [says] });
  await rm(reports);
  await expect.poll(ready, patience).toMatchObject({ overdue: [] });
  expect(await readFile(join(reports, `miniature@test-${run}.md`), 'utf8')).toContain(run);
}, 60_000);

test('a -head that stays behind the journal is reported as overdue until it is written', async () => {
  await using mini = await miniature();
  const listen = { host: '127.0.0.1', port: mini.port };
  const daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  await using _ = { [Symbol.asyncDispose]: () => daemon.close() };
  const client = apiClient(daemon, mini.token);
  await client.openRun();
  const head = `${mini.journal}-head`;
  await rm(head);
  await mkdir(head); // cannot be replaced by a file
  await client.ask('/runs/current/hold', { reason: 'nobody may go on' });
  const ready = async () => (await fetch(`${daemon.url}/readyz`)).json();
  const says = expect.stringMatching(
    /journal\.db-head, which records the journal’s last entries, cannot be written: E/,
  );
  await expect.poll(ready, patience).toMatchObject({ ready: true, overdue: [says] });
  expect(await client.view()).toMatchObject({ overdue: [says] });
  const { entries } = (await client.send('/runs/current/events')) as { entries: readonly { seq: number }[] };
  await rm(head, { recursive: true });
  await expect.poll(ready, patience).toMatchObject({ overdue: [] });
  const { heads } = JSON.parse(await readFile(head, 'utf8')) as { heads: readonly { seq: number }[] };
  expect(heads[0]?.seq).toBeGreaterThanOrEqual(entries.at(-1)!.seq); // the guard may have written more meanwhile
}, 60_000);
