import { expect, test } from 'vitest';

import { instant, seconds } from '../../src/core/kernel/units.ts';
import { probe } from '../../src/core/plan/questions.ts';
import { askerOf } from '../../src/probes/ask.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { database } from '../support/database.ts';
import { httpServer } from './http-server.ts';

const at = instant(1_800_000_000_000);
const never = new AbortController().signal;
const unused = () => {
  throw new Error('an HTTP probe needs no connection and has no statement');
};
const statistics = {
  connection: { query: unused },
  notOf: [],
  guards: [],
  trusts: [],
  users: [],
  mix: () => undefined,
  marker: () => undefined,
  onInterval: () => undefined,
  hide: (text: string) => text,
};

const users = { asGuard: false, open: 0, visit: unused, write: unused };

test('an HTTP probe of the plan is answered', async () => {
  await using server = await httpServer((_, response) => response.end('caffeine'));
  const plan = probe.parse({ id: 'search', http: { url: server.url, expect: { contains: 'caffeine' } }, every: '2s' });
  const asker = askerOf(plan, { connection: unused, statements: unused, statistics, users });
  expect(asker).toMatchObject({ id: 'search', every: seconds(2) });
  expect(await asker.ask(at, never)).toMatchObject({ state: 'answered', probe: 'search', at });
});

test('a SQL probe of the plan runs the statements that apply at the moment', async () => {
  await using db = await database();
  await using connection = heldConnection({ url: db.url, name: '', readOnly: true, statementTimeout: seconds(5) });
  const plan = probe.parse({ id: 'count', sql: 'select nothing', after: { rename: 'select 1' } });
  const asker = askerOf(plan, {
    connection: () => connection,
    statements: ({ sql = '', after }) => [sql, ...Object.values(after)],
    statistics,
    users,
  });
  expect(await asker.ask(at, never)).toMatchObject({ state: 'answered', probe: 'count', at });
});

test('a statements probe and a Prometheus probe of the plan give readings', async () => {
  await using db = await database();
  await using connection = heldConnection({ url: db.url, name: '', readOnly: true, statementTimeout: seconds(5) });
  const parts = { connection: unused, statements: unused, users, statistics: { ...statistics, connection } };
  const statements = askerOf(probe.parse({ id: 'app', statements: {} }), parts);
  expect(await statements.ask(at, never)).toMatchObject({
    state: 'missing',
    because: expect.stringContaining('create'),
  });
  const prometheus = { url: 'http://127.0.0.1:1', query: 'up', unit: 's' };
  const asker = askerOf(probe.parse({ id: 'api', prometheus }), parts);
  expect(await asker.ask(at, never)).toMatchObject({ state: 'missing', because: expect.stringContaining('REFUSED') });
});
