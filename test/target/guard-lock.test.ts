import { expect, test } from 'vitest';

import type { TargetIdentity } from '../../src/core/evidence/target.ts';
import { type GuardLock, GuardLockRefused, guardLockKey, takeGuardLock } from '../../src/target/guard-lock.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { hangingProxy } from './hanging-proxy.ts';
import { temporaryRole } from './role.ts';
import { until } from './until.ts';

const identityOf = (db: TestDatabase): TargetIdentity => ({
  system: '7',
  database: db.name,
  oid: '16385',
  timeline: '00000001',
  serverVersion: 150_018,
});

const refusalOf = async (taking: Promise<GuardLock>): Promise<GuardLockRefused> => {
  const refused = await taking.catch((error: unknown) => error);
  if (refused instanceof GuardLockRefused) return refused;
  throw new Error('wanted a refusal', { cause: refused });
};

/** The pid of the lock holder, as a second guard would learn it. */
const holder = async (db: TestDatabase): Promise<number> =>
  (await refusalOf(takeGuardLock(db.url, identityOf(db)))).holder?.pid ?? 0;

const endHolder = async (db: TestDatabase): Promise<void> => {
  const pid = await holder(db);
  await db.query('select pg_terminate_backend($1)', [pid]);
  await until(async () => (await db.query('select from pg_stat_activity where pid = $1', [pid])).rowCount === 0);
};

test('the second of two guards of one target is rejected and learns who the first is', async () => {
  await using db = await database();
  await using first = await takeGuardLock(db.url, identityOf(db));
  const refused = await refusalOf(takeGuardLock(db.url, identityOf(db)));
  expect(refused.holder).toMatchObject({
    pid: expect.any(Number),
    applicationName: 'ripcord guard-lock',
    clientAddress: '127.0.0.1',
    since: expect.stringMatching(/^\d{4}-\d\d-\d\d /),
  });
  expect(refused.message).toContain(
    `session ${refused.holder?.pid} (ripcord guard-lock, login postgres) from 127.0.0.1 since `,
  );
  expect(refused.exitCode).toBe(75);
  expect(await first.held()).toBe(true);
});

test('two databases of one server are guarded independently', async () => {
  await using db = await database();
  const identity = identityOf(db);
  await using _lock = await takeGuardLock(db.url, identity);
  await using neighbour = await takeGuardLock(db.url, { ...identity, database: `${db.name}_2` });
  await using cluster = await takeGuardLock(db.url, { ...identity, system: '8' });
  expect([await neighbour.held(), await cluster.held()]).toEqual([true, true]);
});

test('the key is a signed 64-bit number and never changes', () => {
  const key = guardLockKey({ system: '7000000000000000001', database: 'app' });
  expect(key).toBe(guardLockKey({ system: '7000000000000000001', database: 'app' }));
  expect(BigInt.asIntN(64, BigInt(key))).toBe(BigInt(key));
  expect(key).toMatchInlineSnapshot(`"1992012862126806539"`);
});

test('keys of either sign are found in pg_locks', async () => {
  await using db = await database();
  const signs = new Set<boolean>();
  for (let system = 0; signs.size < 2; system += 1) {
    const identity = { ...identityOf(db), system: String(system) };
    signs.add(guardLockKey(identity).startsWith('-'));
    await using lock = await takeGuardLock(db.url, identity);
    expect(await lock.held()).toBe(true);
  }
});

test('once released, the lock is free for another guard', async () => {
  await using db = await database();
  const first = await takeGuardLock(db.url, identityOf(db));
  await first[Symbol.asyncDispose]();
  expect(await first.held()).toBe(false);
  await using second = await takeGuardLock(db.url, identityOf(db));
  expect(await second.held()).toBe(true);
});

test('a lost session is reported, and the lock is taken again only on request', async () => {
  await using db = await database();
  await using lock = await takeGuardLock(db.url, identityOf(db));
  await endHolder(db);
  expect([await lock.held(), await lock.held()]).toEqual([false, false]);
  expect(await lock.retake()).toBe('held');
  expect(await lock.held()).toBe(true);
});

test('a lock that another guard took in between is not taken back', async () => {
  await using db = await database();
  await using lock = await takeGuardLock(db.url, identityOf(db));
  await endHolder(db);
  const other = await takeGuardLock(db.url, identityOf(db));
  const rival = { holder: { pid: await holder(db), applicationName: 'ripcord guard-lock' }, mayBeOurs: false };
  expect(await lock.retake()).toMatchObject(rival);
  expect([await lock.held(), await other.held()]).toEqual([false, true]);
  await other[Symbol.asyncDispose]();
  expect([await lock.retake(), await lock.held()]).toEqual(['held', true]);
});

test('retaking a held lock keeps its session, even with concurrent calls', async () => {
  await using db = await database();
  await using lock = await takeGuardLock(db.url, identityOf(db));
  const pid = await holder(db);
  expect(await Promise.all([lock.retake(), lock.retake()])).toEqual(['held', 'held']);
  expect(await holder(db)).toBe(pid);
});

test('a lock does not count as held if its server does not answer', { timeout: 15_000 }, async () => {
  await using db = await database();
  await using proxy = await hangingProxy(db.url);
  await using lock = await takeGuardLock(proxy.url, identityOf(db));
  proxy.hang();
  expect(await lock.held()).toBe(false);
});

test('an ordinary login can guard, and sees which other session does', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using _lock = await takeGuardLock(db.url, identityOf(db));
  const refused = await refusalOf(takeGuardLock(db.urlAs(role.name), identityOf(db)));
  expect(refused.holder).toEqual({
    pid: expect.any(Number),
    login: 'postgres',
    applicationName: 'ripcord guard-lock',
  });
});
