import { describe, expect, test } from 'vitest';

import { doubtOf, type Fault } from '../../src/core/evidence/finding.ts';
import { millis } from '../../src/core/kernel/units.ts';
import type { CatalogueId } from '../../src/core/plan/catalogue.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import { everyCase } from '../support/every-case.ts';
import { temporaryRole } from '../target/role.ts';
import { type OtherSession, sessionAs } from '../target/session-as.ts';
import { lookingAs } from './catalogue/harness.ts';
import { untilSo } from './catalogue/sessions.ts';
import { ground } from './stranger-ground.ts';
import { preparedCases, queueCases } from './queue-cases.ts';
import { type WaitCase, waitCases } from './wait-cases.ts';

const limitsOf: Partial<Record<CatalogueId, object>> = {
  'exclusive-locks': { held: millis(0) },
  'blocked-sessions': { waiting: millis(0), sessions: 0 },
  'lock-queue': { waiting: millis(0) },
};

/** The check's faults once all statements run or wait. */
async function faultsIn(server: 'postgres' | 'postgres18', { id, before = '', statements }: WaitCase, url?: string) {
  await using on = await ground(server, url);
  const { db, stranger, phases, asks } = on;
  await using app = await temporaryRole(db, 'login');
  const named = (text: string) =>
    text.replaceAll('PHASES', phases.name).replaceAll('STRANGER', stranger.name).replaceAll('APP', app.name);
  await db.query(
    named(`create schema app authorization PHASES; grant usage on schema app to STRANGER, APP;
      set role PHASES; create table app.orders (id int); create table app.more (id int);
      insert into app.orders values (1); reset role; ${before}`),
  );
  const { rows } = await db.query(`select 'app.orders'::regclass::oid::text as orders`);
  const logins = { phase: phases, 'phase, beside': phases, stranger, application: app };
  await using sessions = new AsyncDisposableStack();
  const open = new Map<string, OtherSession>();
  const waiting: Promise<unknown>[] = [];
  for (const { by, sql, waits: isWaiting } of statements) {
    const busy = open.get(by);
    // A session that waits can do nothing else.
    const session = busy ?? sessions.use(await sessionAs(db.urlAs(logins[by].name), by));
    open.set(by, session);
    const text = named(sql).replace('ORDERS', String(rows[0]?.orders));
    if (isWaiting === undefined) await session.query(text);
    else {
      waiting.push(session.query(text).catch(() => undefined));
      await untilSo(db, `select wait_event_type in ('Lock', 'BufferPin') from pg_stat_activity where pid = $1`, [
        session.pid,
      ]);
      open.delete(by);
    }
  }
  const scope = { phase: { role: phases.name, tags: [] } };
  const look = await lookingAs(asks, { id, scope, limits: limitsOf[id] ?? {} });
  const { faults = [] } = await look();
  await db.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = any($1)', [
    [phases.name, stranger.name, app.name],
  ]);
  await Promise.all(waiting);
  if (url !== undefined) await db.query(`rollback prepared 'held'`);
  return faults.filter(({ consequence }) => consequence === 'sustained');
}

const isSeen = (faults: readonly Fault[]): boolean => faults.some((fault) => doubtOf(fault) === undefined);

const servers = everyCase ? (['postgres', 'postgres18'] as const) : (['postgres18'] as const);

describe.each(servers)('on %s', (server) => {
  test.each([...waitCases, ...queueCases])('$id: $what; the phase is seen to do it: $seen', async (one) => {
    const faults = await faultsIn(server, one);
    expect(faults).not.toEqual([]);
    expect(isSeen(faults)).toBe(one.seen);
  });
});

test.each(preparedCases)('$id: $what; the phase is seen to do it: $seen', async (one) => {
  const settings = { max_prepared_transactions: '10' };
  await using server = await startPostgres({ major: 18, settings, inMemory: true });
  const faults = await faultsIn('postgres18', one, server.url());
  expect(faults).not.toEqual([]);
  expect(isSeen(faults)).toBe(one.seen);
});
