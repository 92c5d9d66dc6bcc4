import { describe, expect, test } from 'vitest';

import type { TargetIdentity } from '../../src/core/evidence/target.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { WrongServer } from '../../src/target/errors.ts';
import { type ExpectedServer, expectedServer, serverFor } from '../../src/target/expected-server.ts';
import { takeGuardLock } from '../../src/target/guard-lock.ts';
import { identify } from '../../src/target/identity.ts';
import { asksCatalogs, asksPlan, mayWrite, readsRows, triesRoles } from '../../src/target/session-kinds.ts';
import { openSession } from '../../src/target/single-session.ts';
import { usersPath } from '../../src/target/users-path.ts';
import { lookAtFence } from '../../src/target/fence.ts';
import { sqlProbe } from '../../src/probes/sql-probe.ts';
import { usersProbe } from '../../src/probes/users-probe.ts';
import { runUndoSql } from '../../src/rollback/undo-sql.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import { database } from '../support/database.ts';
import { answered } from '../support/builders.ts';
import { temporaryRole } from './role.ts';
import { switchingProxy } from './switching-proxy.ts';

const is: TargetIdentity = { system: '7', database: 'app', oid: '16385', timeline: '00000002', serverVersion: 150_018 };
const expecting = (identity = is): ExpectedServer => {
  const server = expectedServer();
  server.expect(identity);
  return server;
};
const at = 'database app at db:5432 as guard';
const requiring = (server: Pick<ExpectedServer, 'require'>, found: Partial<TargetIdentity>, standby = false) => {
  try {
    server.require({ ...is, ...found, standby, lockSessions: [] }, at);
    return 'right';
  } catch (error) {
    if (error instanceof WrongServer) return error.message;
    throw error;
  }
};

describe('the server that a new session reports', () => {
  test('is expected if it is the first', () => {
    const server = expectedServer();
    expect(requiring(server, {})).toBe('right');
    expect(server.expected).toEqual(is);
    expect(requiring(server, { system: '8' })).toContain('wanted database app (oid 16385) of cluster 7');
  });

  test('is never expected if it is a standby', () => {
    const server = expectedServer();
    expect(requiring(server, { timeline: '' }, true)).toMatch(/this is a hot standby .* wanted the primary/);
    expect(server.expected).toBeUndefined();
  });

  test.each<{ what: string; found: Partial<TargetIdentity>; says: RegExp; cluster: boolean }>([
    {
      what: 'another cluster',
      found: { system: '8' },
      says: /db:5432 .* of cluster 8; wanted .* cluster 7/,
      cluster: true,
    },
    {
      what: 'another database',
      found: { database: 'b' },
      says: /this is database b .* wanted database app/,
      cluster: false,
    },
    {
      what: 'a new database in its place',
      found: { oid: '99' },
      says: /\(oid 99\).*\(oid 16385\).*confirm target/,
      cluster: false,
    },
    {
      what: 'an old primary',
      found: { timeline: '00000001' },
      says: /timeline 00000001, which a failover/,
      cluster: true,
    },
  ])('is wrong if it is $what, with both identities and the address in the message', ({ found, says, cluster }) => {
    const server = expecting();
    expect(requiring(server, found)).toMatch(says);
    expect(server.wrong()).toEqual([expect.stringMatching(says)]);
    expect(requiring(server.held, {})).toBe('right');
    expect(server.wrong()).toHaveLength(1); // an existing session does not show where new ones lead
    expect(requiring(server, {})).toBe('right');
    expect(server.wrong()).toEqual([]);
    expect(requiring(server.cluster, found) !== 'right').toBe(cluster);
  });

  test('is the target after a failover: it must be recorded, and is a doubt until it is', () => {
    const server = expecting();
    expect(requiring(server, { timeline: '00000003' })).toBe('right');
    expect(server.changed()).toEqual({ ...is, timeline: '00000003' });
    expect(server.wrong()).toEqual([expect.stringContaining('failed over from timeline 00000002 to 00000003')]);
    const { epoch } = server;
    server.expect({ ...is, timeline: '00000003' });
    expect([server.changed(), server.wrong(), server.epoch - epoch]).toEqual([undefined, [], 1]);
  });

  test('is a copy if another login holds the guard lock, even with the same process id', () => {
    const server = expecting();
    server.lockIsHeldBy(() => ({ pid: 812, login: '16390' }));
    const found = (login: string) => () =>
      server.require({ ...is, standby: false, lockSessions: [{ pid: 812, login }] }, at, server.mark());
    expect(found('16390')).not.toThrow();
    expect(found('16391')).toThrow(/process 812\) is not there/);
  });

  test('is checked for the cluster alone if the plan leads a login to another database', () => {
    const server = expecting();
    expect(serverFor(server, 'postgres://u@h/app', 'postgres://g@h/app')).toBe(server);
    expect(serverFor(server, 'postgres://u@h/postgres', 'postgres://g@h/app')).toBe(server.cluster);
  });
});

/** Every kind of session, opened as its user opens it. Resolves with what the session reports. */
const kinds: readonly (readonly [string, (url: string, server: ExpectedServer) => Promise<unknown>])[] = [
  ...(
    [
      ['checks, control and identity', asksCatalogs],
      ['probes and plan SQL', asksPlan],
      ['rows', readsRows],
      ['reach', triesRoles],
      [
        'rollback login',
        (target: { url: string }, name: string) => mayWrite({ login: 'url', ...target }, name, seconds(5)),
      ],
    ] as const
  ).map(
    ([name, kind]) =>
      [
        name,
        (url: string, server: ExpectedServer) => openSession(kind({ url, server }, 'x')).then((one) => one.close()),
      ] as const,
  ),
  [
    'guard lock',
    (url, server) => takeGuardLock(url, is, { server: server.cluster }).then((lock) => lock[Symbol.asyncDispose]()),
  ],
  ['fence', (url, server) => lookAtFence({ role: 'postgres', urls: [url], server: server.cluster })],
  [
    'SQL step',
    async (url, server) => {
      const outcome = await runUndoSql('create table undone ()', 't', seconds(5), {
        url,
        login: 'rollback_url',
        server,
      });
      if (outcome.ended === 'badly') throw new Error(outcome.question);
    },
  ],
  [
    'users',
    async (url, server) => {
      const path = usersPath({ url, asGuard: false, most: 1, apart: millis(0), server });
      const visit = await path.visit('select 1', { timeout: seconds(5), signal: new AbortController().signal });
      if ('error' in visit) throw visit.error;
    },
  ],
];

describe.each([{ major: 15 }, { major: 18 }] as const)(
  'a session that reaches another server on PostgreSQL $major',
  ({ major }) => {
    test('is rejected, whatever its kind, by another cluster, a standby and a database in the target’s place', async () => {
      await using primary = await startPostgres({ major, inMemory: true });
      await using other = await startPostgres({ major, inMemory: true });
      for (const one of [primary, other]) {
        await using admin = heldConnection({
          url: one.url(),
          name: 'admin',
          readOnly: false,
          statementTimeout: seconds(30),
        });
        await admin.query('create database app');
      }
      await using standby = await startPostgres({ standbyOf: primary, inMemory: true });
      const server = expectedServer();
      await using first = heldConnection(asksCatalogs({ url: primary.url('app') }, 'first'));
      await identify(first, server);
      await first.close();
      for (const [, open] of kinds) {
        await expect(open(primary.url('app'), server)).resolves.not.toThrow();
        await expect(open(other.url('app'), server)).rejects.toThrow(
          /this is database \w+ .*wanted database app .* of cluster/s,
        );
        await expect(open(standby.url('app'), server)).rejects.toThrow(/this is a hot standby/);
      }

      await using admin = heldConnection({
        url: primary.url(),
        name: 'admin',
        readOnly: false,
        statementTimeout: seconds(30),
      });
      await admin.query('alter database app rename to app_before');
      await admin.query('create database app');
      for (const [kind, open] of kinds) {
        if (kind === 'guard lock' || kind === 'fence') continue; // these belong to the cluster, which is the same
        await expect(open(primary.url('app'), server)).rejects.toThrow(/ripcord confirm target --done/);
      }
      await using app = heldConnection({
        url: primary.url('app'),
        name: 'admin',
        readOnly: false,
        statementTimeout: seconds(30),
      });
      expect((await app.query('select from pg_tables where tablename = $1', ['undone'])).rows).toEqual([]);
    }, 120_000);
  },
);

test('a held connection is rejected by a standby, continues after its promotion, and leaves the old primary', async () => {
  await using primary = await startPostgres({ inMemory: true });
  await using standby = await startPostgres({ standbyOf: primary, inMemory: true });
  await using proxy = await switchingProxy(primary.url());
  const server = expectedServer();
  await using held = heldConnection(asksCatalogs({ url: proxy.url, server }, 'checks'));
  const port = async () => (await held.query("select current_setting('port')")).rows[0]?.[0];
  expect(await port()).toBe(String(primary.port));
  proxy.leadTo(standby.url());
  proxy.cut();
  await expect.poll(() => port().catch((error: unknown) => error)).toBeInstanceOf(WrongServer);
  expect(server.wrong()).toEqual([expect.stringContaining('this is a hot standby')]);

  await using admin = heldConnection({
    url: standby.url(),
    name: 'admin',
    readOnly: false,
    statementTimeout: seconds(30),
  });
  await admin.query('select pg_promote()');
  expect(await port()).toBe(String(standby.port));
  expect(server.changed()?.timeline).toBe('00000002');
  server.expect(server.changed()!);

  proxy.leadTo(primary.url()); // the old primary still runs and does not know
  expect(await port().catch((error: unknown) => error)).toMatchObject({
    found: expect.stringContaining('left behind'),
  });
}, 60_000);

describe('a copy of the target that was started as a primary', () => {
  test('is detected by every kind of session, because the target has written since', async () => {
    await using primary = await startPostgres({ inMemory: true });
    await using admin = heldConnection(mayWrite({ url: primary.url(), login: 'url' }, 'admin', seconds(30)));
    await admin.query('create database app');
    await using clone = await startPostgres({ cloneOf: primary, inMemory: true });
    await admin.query("select pg_logical_emit_message(false, 'ripcord test', repeat('x', 1000000))");
    await admin.query('create table public.flushed ()'); // its commit makes all earlier WAL durable
    const server = expectedServer();
    await using first = heldConnection(asksCatalogs({ url: primary.url('app') }, 'first'));
    await identify(first, server);
    for (const [, open] of kinds) {
      await expect(open(clone.url('app'), server)).rejects.toThrow(
        /this is a copy of the target.*or the target set back/,
      );
      await expect(open(primary.url('app'), server)).resolves.not.toThrow();
    }
  }, 60_000);

  test('is detected by every kind of session while the guard holds its lock', async () => {
    await using primary = await startPostgres({ inMemory: true });
    await using admin = heldConnection(mayWrite({ url: primary.url(), login: 'url' }, 'admin', seconds(30)));
    await admin.query('create database app');
    await using clone = await startPostgres({ cloneOf: primary, inMemory: true });
    await using ahead = heldConnection(mayWrite({ url: clone.url(), login: 'url' }, 'admin', seconds(30)));
    await ahead.query("select pg_logical_emit_message(false, 'ripcord test', repeat('x', 1000000))");
    await ahead.query('create table public.flushed ()');
    const server = expectedServer();
    await using first = heldConnection(asksCatalogs({ url: primary.url('app') }, 'first'));
    const identity = await identify(first, server);
    await using lock = await takeGuardLock(primary.url(), identity, { server: server.cluster });
    server.lockIsHeldBy(() => lock.heldBy);
    for (const [kind, open] of kinds) {
      if (kind === 'guard lock') continue;
      await expect(open(clone.url('app'), server)).rejects.toThrow(
        /the session that has the guard’s lock \(process \d+\) is not there/,
      );
      await expect(open(primary.url('app'), server)).resolves.not.toThrow();
    }
  }, 60_000);
});

test('a restarted server is the same server', async () => {
  await using one = await startPostgres({ inMemory: true });
  const server = expectedServer();
  await using held = heldConnection(asksCatalogs({ url: one.url(), server }, 'checks'));
  await held.query('select 1');
  await one.restart();
  await expect.poll(() => held.query('select 1').catch(() => undefined)).toBeDefined();
  expect([server.wrong(), server.changed()]).toEqual([[], undefined]);
}, 60_000);

test('a reading that another server would answer is missing, with the reason, on either path', async () => {
  await using db = await database();
  const server = expecting();
  await using held = heldConnection(asksPlan({ url: db.url, server }, 'probes-1'));
  const users = usersPath({ url: db.url, asGuard: false, most: 4, apart: millis(0), server });
  const plan = { id: 'alive', every: seconds(1), timeout: seconds(5) };
  const readings = [];
  for (const probe of [
    sqlProbe(plan, held, { statements: () => ['select 1'] }),
    usersProbe(plan, { statements: () => ['select 1'], users }),
    usersProbe({ ...plan, transaction: 'select 1' }, { statements: () => ['select 1'], users }),
  ])
    readings.push(await probe.ask(answered(0, 1).at, new AbortController().signal));
  expect(new Set(readings.map(({ state }) => state))).toEqual(new Set(['missing']));
  expect(readings).toEqual(
    readings.map(() => expect.objectContaining({ because: expect.stringContaining('wanted database app') })),
  );
});

test('a users’ login that may not read the cluster identifier is checked by the rest, and the guard says so', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using held = heldConnection(asksCatalogs({ url: db.url }, 'x'));
  const server = expecting(await identify(held));
  await db.query('revoke execute on function pg_control_system() from public');
  const told: boolean[] = [];
  const visit = (url: string) =>
    usersPath({
      url,
      asGuard: false,
      most: 1,
      apart: millis(0),
      server,
      onCluster: (isRead) => void told.push(isRead),
    }).visit('select 1', { timeout: seconds(5), signal: new AbortController().signal });
  expect(await visit(db.urlAs(role.name))).toMatchObject({ state: 'answered' });
  expect(told).toEqual([false]);
  await using other = await database();
  expect(await visit(Object.assign(new URL(other.url), { username: role.name }).href)).toMatchObject({
    state: 'unreached',
    error: expect.any(WrongServer),
  });
});

test('any other login that may not read the cluster identifier is rejected with the grant it needs', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using held = heldConnection(asksCatalogs({ url: db.url }, 'x'));
  const server = expecting(await identify(held));
  await db.query('revoke execute on function pg_control_system() from public');
  await expect(openSession(readsRows({ url: db.urlAs(role.name), server }, 'rows'))).rejects.toThrow(
    `grant execute on function pg_control_system() to "${role.name}"`,
  );
});
