import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { guardId } from '../../src/core/kernel/ids.ts';
import { instant, minutes } from '../../src/core/kernel/units.ts';
import { serve } from '../../src/daemon/serve.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

const listen = { host: '127.0.0.1', port: 0 };

/** Opens the stream of the current run. `ended` resolves with its text when the server ends it. */
async function follow({ url }: { readonly url: string }, token: string) {
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const response = await fetch(`${url}/api/v1/runs/current/events`, { headers });
  return { status: response.status, ended: response.text() };
}

test('the stream of a guard that cannot go on ends, and leaves the stream of another guard open', async () => {
  await using a = await miniature();
  await using b = await miniature();
  await writeFile(b.planFile, (await readFile(b.planFile, 'utf8')).replace('name: miniature', 'name: b'));
  const open = async (path: string): Promise<Journal> => {
    const journal = await openJournal(path);
    return {
      ...journal,
      async append(run, seq, lease, events) {
        const types = events.map((event) => ('type' in event ? event.type : ''));
        if (types.includes('stop-work-started')) throw new Error('an error that nobody expects');
        return journal.append(run, seq, lease, events);
      },
    };
  };
  const plans = [{ file: a.planFile }, { file: b.planFile }];
  const daemon = await serve({ plans, journal: a.journal, listen, logLevel: 'silent' }, open);
  const [first, second] = [apiClient(daemon, a.token), apiClient(daemon, b.token)];
  await first.ask('/runs', {});
  await second.openRun();
  await second.begin('first');
  await second.finish('first');
  const [calm, lost] = [await follow(daemon, a.token), await follow(daemon, b.token)];
  await second.ask('/runs/current/rollback', { reason: 'the names are wrong' });
  const said = await lost.ended;
  expect(said).toContain('event: rollback-started');
  expect(said).not.toContain('event: stop-work-started');
  expect(await Promise.race([calm.ended, first.view().then(() => 'still open')])).toBe('still open');
  const ended = calm.ended.catch(() => 'cut'); // the daemon cuts it when it is closed
  await daemon.close();
  await ended;
}, 60_000);

test('the stream of a guard that is taken over ends, and a new one is refused', async () => {
  await using mini = await miniature();
  let ahead = 0;
  let journal: Journal | undefined;
  const open = async (path: string) => {
    journal = await openJournal(path, () => instant(Date.now() + ahead));
    return journal;
  };
  const daemon = await serve(
    { plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' },
    open,
  );
  await apiClient(daemon, mini.token).ask('/runs', {});
  const { ended } = await follow(daemon, mini.token);
  ahead = minutes(5);
  expect(await journal?.claim(guardId('miniature', 'test'), 'db-2 process 7', minutes(60))).toMatchObject({
    state: 'claimed',
  });
  expect(await ended).toContain('event: run-opened');
  const again = await follow(daemon, mini.token);
  expect([again.status, JSON.parse(await again.ended)]).toMatchObject([503, { because: 'taken-over' }]);
  await daemon.close();
}, 60_000);
