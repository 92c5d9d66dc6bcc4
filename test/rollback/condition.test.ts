import { afterAll, beforeAll, expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { awaitCondition, type Seen, testCondition } from '../../src/rollback/condition.ts';
import { systemClock } from '../../src/system/clock.ts';
import { type HeldConnection } from '../../src/target/connection.ts';
import { checksSession } from '../support/checks-session.ts';
import { httpServer, type TestServer } from '../probes/http-server.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { fakeClock } from '../support/fake-clock.ts';

let db: TestDatabase;
let target: HeldConnection;
let server: TestServer;
beforeAll(async () => {
  db = await database();
  target = checksSession(db.url);
  server = await httpServer((_, response) => response.writeHead(503).end());
});
afterAll(async () => {
  await target.close();
  await server[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const http = (status: number, url = server.url) => ({ http: { url, expect: { status } } });
const tcp = (port: string) => ({ tcp: `127.0.0.1:${port}` });

test.each<{
  readonly what: string;
  readonly condition: () => Parameters<typeof testCondition>[0];
  readonly seen: Seen;
}>([
  {
    what: 'an answer as wanted, with a placeholder in it',
    condition: () => ({ sql: "select '${env:SECRET}'", expect: { value: '${env:SECRET}' } }),
    seen: { holds: 'yes', saw: '[secret], as wanted' },
  },
  {
    what: 'another answer',
    condition: () => ({ sql: 'select 1', expect: 'no rows' }),
    seen: { holds: 'no', saw: '1 row, wanted none: (1)' },
  },
  {
    what: 'a statement that fails',
    condition: () => ({ sql: 'select * from nowhere', expect: 'no rows' }),
    seen: { holds: 'unknown', saw: expect.stringContaining('relation "nowhere" does not exist') },
  },
  {
    what: 'the wanted status',
    condition: () => http(503),
    seen: { holds: 'yes', saw: expect.stringContaining('503') },
  },
  {
    what: 'another status',
    condition: () => http(200),
    seen: { holds: 'no', saw: expect.stringContaining('answered 503, wanted 200') },
  },
  {
    what: 'a service that cannot be reached',
    condition: () => http(200, 'http://127.0.0.1:1/'),
    seen: { holds: 'unknown', saw: expect.stringContaining('ECONNREFUSED') },
  },
  {
    what: 'an open port',
    condition: () => tcp(new URL(server.url).port),
    seen: { holds: 'yes', saw: expect.stringContaining('accepts connections') },
  },
  {
    what: 'a closed port',
    condition: () => tcp('1'),
    seen: { holds: 'no', saw: expect.stringContaining('ECONNREFUSED') },
  },
  {
    what: 'an invalid address',
    condition: () => ({ tcp: '${env:SECRET}' }),
    seen: { holds: 'unknown', saw: expect.stringMatching(/^(?!.*nobody could look)/) },
  },
])('$what', async ({ condition, seen }) => {
  const fill = (text: string) => text.replace('${env:SECRET}', 'hunter-22');
  expect(await testCondition(condition(), { target, fill, secrets: ['hunter-22'] })).toEqual(seen);
});

test('a condition is tested until it holds, until the time is over, or until the signal aborts', async () => {
  const clock = fakeClock();
  const never = new AbortController();
  const no: Seen = { holds: 'no', saw: 'no' };
  let looks = 0;
  const late = awaitCondition(async () => (looks++, no), { clock, patience: seconds(2.5), signal: never.signal });
  await clock.advance(seconds(3));
  expect([await late, looks]).toEqual([{ ...no, interrupted: false }, 4]);

  const stuck = new Promise<Seen>(() => undefined);
  const waiting = awaitCondition(() => stuck, { clock: systemClock(), patience: seconds(60), signal: never.signal });
  never.abort();
  expect(await waiting).toMatchObject({ holds: 'unknown', interrupted: true });
});
