import { expect, test, vi } from 'vitest';

import { phaseId } from '../../src/core/kernel/ids.ts';
import type { PhaseState } from '../../src/core/run/phases.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { lostWork } from '../../src/monitoring/lost-work.ts';
import { fakeClock } from '../support/fake-clock.ts';

type Connection = Parameters<typeof lostWork>[0];
const clock = fakeClock();
const [lost, silent, failed] = ['lost', 'silent', 'failed'].map(phaseId);
const phase = (id: typeof lost, state: PhaseState['state'], tag: string) =>
  ({ phase: id, state, attempt: 1, troubled: [], supervisor: { host: 'elsewhere', tag, wrapper: {} } }) as unknown;
const state = {
  target: { database: 'app' },
  phases: [phase(lost, 'unknown', 'lost-1'), phase(silent, 'unknown', 'silent-1'), phase(failed, 'failed', 'failed-1')],
} as unknown as RunState;

/** A server that has a session for every tag except the silent one's. */
const seen = {
  query: (_sql: string, values: readonly unknown[] = []) =>
    Promise.resolve({
      fields: [],
      ms: 0,
      rows: JSON.stringify(values).includes('silent-1') ? [] : [['1', 'app', 'session']],
    }),
} as unknown as Connection;
const unseen = { query: () => Promise.reject(new Error('gone')) } as unknown as Connection;

test('a lost phase is at work while one of its sessions is seen; other phases are not searched for', async () => {
  expect([...(await lostWork(seen, clock)(state))]).toEqual([lost]);
});

test('if the search fails, no lost phase counts as at work', async () => {
  expect([...(await lostWork(unseen, clock)(state))]).toEqual([]);
});

test('a search over all processes is reused for five seconds', async () => {
  const query = vi.fn(seen.query);
  const now = fakeClock();
  const atWork = lostWork({ query }, now);
  await Promise.all([atWork(state), atWork(state)]);
  const once = query.mock.calls.length;
  await now.advance(4_999);
  await atWork(state);
  expect(query.mock.calls.length).toBe(once);
  await now.advance(1);
  await atWork(state);
  expect(query.mock.calls.length).toBe(2 * once);
});
