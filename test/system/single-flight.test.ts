import { expect, test } from 'vitest';

import { serve } from '../../src/daemon/serve.ts';
import { singleFlight } from '../../src/system/single-flight.ts';
import { miniature } from '../crash/miniature.ts';
import { apiClient } from '../support/api-client.ts';

test('callers with the same key share one run, and different keys run one after the other', async () => {
  const looking = singleFlight();
  let [now, most, looks] = [0, 0, 0];
  const look = async () => {
    most = Math.max(most, (now += 1));
    looks += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    now -= 1;
    return looks;
  };
  const answers = await Promise.all(['a', 'a', 'b', 'a'].map((what) => looking(what, look)));
  expect([answers, most, looks]).toEqual([[1, 1, 2, 1], 1, 2]);
  expect(await looking('a', look)).toBe(3);
});

test('a failure reaches its callers, and the next caller starts a new run', async () => {
  const looking = singleFlight();
  const fails = () => Promise.reject(new Error('the target is gone'));
  const asked = ['a', 'a', 'b'].map((what) => looking(what, fails));
  for (const one of asked) await expect(one).rejects.toThrow('the target is gone');
  await expect(looking('a', async () => 'there')).resolves.toBe('there');
});

test('sixty previews or armings at once cost the target no more connections than one', async () => {
  await using mini = await miniature();
  const { planFile, journal, token, db } = mini;
  const daemon = await serve({
    plans: [{ file: planFile }],
    journal,
    listen: { host: '127.0.0.1', port: 0 },
    logLevel: 'silent',
  });
  await using _closed = { [Symbol.asyncDispose]: daemon.close };
  const { send, openRun, begin, view } = apiClient(daemon, token);
  await openRun();
  await begin('first');
  const plan_hash = (await view()).plan.hash;

  let most = 0;
  const flooding = new AbortController();
  const count = async () => {
    while (!flooding.signal.aborted) {
      const { rows } = await db.query(
        'select count(*)::int as n from pg_stat_activity where datname = current_database()',
      );
      most = Math.max(most, Number(rows[0]?.n));
    }
  };
  const counting = count();
  const many = Array.from({ length: 60 });
  await Promise.all([
    ...many.map(() => send('/runs/current/rollback?phase=first')),
    ...many.map(() => send('/runs/current/arm', { plan_hash })),
  ]);
  flooding.abort();
  await counting;
  expect(most).toBeLessThan(25);
}, 60_000);
