import { Client } from 'pg';
import { expect, inject, test } from 'vitest';

import { between, instant, seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { TargetRefused } from '../../src/target/errors.ts';
import { endSessions, phaseSessions, preparedTransactions, serverTime } from '../../src/target/sessions.ts';
import { database } from '../support/database.ts';
import { temporaryRole } from './role.ts';
import { withLeftOver } from './left-over.ts';
import { sessionAs } from './session-as.ts';
import { until } from './until.ts';

const held = (url: string) => heldConnection({ url, name: '', readOnly: true, statementTimeout: seconds(5) });

test('a phase’s sessions are those of its role in its database and those with its names in any, never the guard’s', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using byRole = await sessionAs(db.urlAs(role.name), 'migrate');
  await using byName = await sessionAs(db.url, 'ripcord phase 7');
  await using _stranger = await sessionAs(db.url, 'web');
  const elsewhere = db.urlAs(role.name).replace(db.name, 'postgres');
  await using named = await sessionAs(elsewhere, 'ripcord phase 7');
  await using _unnamed = await sessionAs(elsewhere, 'web');
  await using connection = held(db.urlAs(role.name));
  await using _guard = await sessionAs(db.urlAs(role.name), 'ripcord probe');
  const of = { database: db.name, role: role.name, applicationNames: ['ripcord phase 7'] };
  const found = await phaseSessions(connection, of);
  expect(found).toEqual([
    { pid: byRole.pid, role: role.name, applicationName: 'migrate', state: 'idle', queryStart: expect.any(Number) },
    { pid: byName.pid, role: 'postgres', applicationName: 'ripcord phase 7' }, // the login cannot see another role's state
    {
      pid: named.pid,
      role: role.name,
      applicationName: 'ripcord phase 7',
      state: 'idle',
      queryStart: expect.any(Number),
      elsewhere: 'postgres',
    },
  ]);
  expect(Math.abs(between(instant(Date.now()), found[0]?.queryStart ?? instant(0)))).toBeLessThan(seconds(60));
});

test('a session with a phase’s name is a stranger’s if it began later and is unrelated to the phases’ role', async () => {
  await using db = await database();
  await using phases = await temporaryRole(db, 'login');
  await using stranger = await temporaryRole(db, 'login');
  await using member = await temporaryRole(db, 'login');
  await using mayBecome = await temporaryRole(db, 'login');
  await db.query(`grant ${phases.name} to ${member.name}; grant ${mayBecome.name} to ${phases.name}`);
  await using connection = held(db.url);
  const since = await serverTime(connection);
  const roles = [phases, stranger, member, mayBecome];
  await using sessions = new AsyncDisposableStack();
  for (const { name } of roles) sessions.use(await sessionAs(db.urlAs(name), 'phase'));
  sessions.use(await sessionAs(db.url, 'phase')); // a superuser
  const strangers = async (strangersSince: number | undefined, role?: string) => {
    const of = { database: db.name, applicationNames: ['phase'], ...(role !== undefined && { role }) };
    const found = await phaseSessions(connection, { ...of, ...(strangersSince !== undefined && { strangersSince }) });
    expect(found).toHaveLength(5);
    return found.filter((one) => one.stranger === true).map((one) => one.role);
  };
  expect(await strangers(since, phases.name)).toEqual([stranger.name]);
  expect(await strangers((await serverTime(connection)) + 1, phases.name)).toEqual([]); // they began before
  expect(await strangers(since, 'nobody')).toEqual([]);
  expect(await strangers(since)).toEqual([]);
  expect(await strangers(undefined, phases.name)).toEqual([]);
  await using blind = held(db.urlAs(stranger.name)); // this login cannot see when other sessions began
  const of = { database: db.name, role: phases.name, applicationNames: ['phase'], strangersSince: since };
  const seen = await phaseSessions(blind, of);
  expect(seen.filter((one) => one.stranger === true).map((one) => one.role)).toEqual([stranger.name]);
});

test('without a role only the names count, and without either no session belongs to a phase', async () => {
  await using db = await database();
  await using named = await sessionAs(db.url, 'backfill');
  await using connection = held(db.url);
  const pids = async (applicationNames: string[]) =>
    (await phaseSessions(connection, { database: db.name, applicationNames })).map(({ pid }) => pid);
  expect(await pids(['backfill'])).toEqual([named.pid]);
  expect(await pids([])).toEqual([]);
});

test('ended sessions are returned, and are gone', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using one = await sessionAs(db.urlAs(role.name), 'a');
  await using two = await sessionAs(db.urlAs(role.name), 'b');
  await using connection = held(db.url);
  const of = { database: db.name, role: role.name, applicationNames: [] };
  expect((await endSessions(connection, of)).map(({ pid }) => pid)).toEqual([one.pid, two.pid]);
  await until(async () => (await phaseSessions(connection, of)).length === 0);
  expect(await endSessions(connection, of)).toEqual([]);
});

test('without the grant the guard learns which one it needs, and with it can end the sessions', async () => {
  await using db = await database();
  await using guard = await temporaryRole(db, 'login');
  await using role = await temporaryRole(db, 'login');
  await using _session = await sessionAs(db.urlAs(role.name), 'migrate');
  await using connection = held(db.urlAs(guard.name));
  const of = { database: db.name, role: role.name, applicationNames: [] };
  const refused = endSessions(connection, of);
  await expect(refused).rejects.toThrow(TargetRefused);
  await expect(refused).rejects.toThrow(`grant pg_signal_backend to "${guard.name}"`);
  await db.query(`grant pg_signal_backend to ${guard.name}`);
  expect(await endSessions(connection, of)).toHaveLength(1);
});

test('a superuser’s session that cannot be ended is reported and does not protect the others', async () => {
  await using db = await database();
  await using guard = await temporaryRole(db, 'login in role pg_signal_backend');
  await using role = await temporaryRole(db, 'login');
  await using superuser = await sessionAs(db.url, 'migrate');
  await using _ordinary = await sessionAs(db.urlAs(role.name), 'migrate');
  await using connection = held(db.urlAs(guard.name));
  const of = { database: db.name, applicationNames: ['migrate'] };
  await expect(endSessions(connection, of)).rejects.toThrow('Give the phases a login that is no superuser');
  await until(async () => (await phaseSessions(connection, of)).length === 1);
  expect(await phaseSessions(connection, of)).toMatchObject([{ pid: superuser.pid }]);
});

test.each([15, 18] as const)(
  'prepared transactions of every role that the phases’ role can act as are listed, whatever their database, on %i',
  async (major) => {
    await using leftOver = await withLeftOver(major);
    const { url, admin, phase } = leftOver;
    await admin.query(`create role app_owner; create role inner_owner; grant app_owner to phases; grant inner_owner to app_owner;
      create role stranger login; create role svc; grant svc to stranger with admin option`);
    await using stranger = await sessionAs(url.replace('postgres@', 'stranger@'), 'web');
    await stranger.query('grant svc to phases');
    const prepare = async (role: string) =>
      void (await admin.query(`set role ${role}; begin; prepare transaction 'of ${role}'; reset role`));
    for (const role of ['app_owner', 'inner_owner', 'stranger', 'svc', 'postgres']) await prepare(role);
    await using connection = held(url);
    const listed = async (role?: string, since?: number) => {
      const of = { database: 'postgres', role, since: since === undefined ? undefined : instant(since) };
      return (await preparedTransactions(connection, of)).map(({ gid }) => gid);
    };
    const [of, everybodys] = [
      ['left-over', 'of app_owner', 'of inner_owner'],
      ['left-over', 'of app_owner', 'of inner_owner', 'of stranger', 'of svc', 'of postgres'],
    ];
    expect(await listed('phases')).toEqual(of);
    expect(await listed('phases', 0)).toEqual(of);
    // Any of them may be the phases', if they were prepared late enough.
    expect(await listed(undefined, 0)).toEqual(everybodys);
    expect(await listed('postgres', 0)).toEqual(everybodys);
    expect(await listed('postgres')).toEqual(['of postgres']);
    expect(await listed(undefined, await serverTime(connection))).toEqual([]);
    expect(await preparedTransactions(connection, { database: 'another', since: instant(0) })).toEqual([]);
    await phase.query("rollback prepared 'left-over'");
    expect(await listed('phases')).toEqual(of?.slice(1));
  },
);

test.each([
  { server: 'postgres', attributes: 'login' },
  { server: 'postgres18', attributes: 'login' },
  { server: 'postgres18', attributes: 'login createrole' },
] as const)(
  'a membership that a stranger ($attributes) grants relates no session to the phases’ role, on $server',
  async ({ server, attributes }) => {
    await using db = await database(inject(server));
    await using phases = await temporaryRole(db, 'login');
    await using service = await temporaryRole(db, 'login');
    await using stranger = await temporaryRole(db, attributes);
    await db.query(`grant ${service.name} to ${stranger.name} with admin option;
      set role ${stranger.name}; grant ${service.name} to ${phases.name}; reset role`);
    await using connection = held(db.url);
    const since = await serverTime(connection);
    await using _session = await sessionAs(db.urlAs(service.name), 'phase');
    const of = { database: db.name, role: phases.name, applicationNames: ['phase'], strangersSince: since };
    expect(await phaseSessions(connection, of)).toMatchObject([{ role: service.name, stranger: true }]);
    if (attributes.includes('createrole')) {
      await db.query(`grant ${phases.name} to ${stranger.name} with admin option`);
      const [own] = await phaseSessions(connection, of);
      expect(own, 'it administers the phases’ role').not.toHaveProperty('stranger');
      await db.query(`revoke ${phases.name} from ${stranger.name}`);
    }
    await db.query(`set role ${stranger.name}; revoke ${service.name} from ${phases.name}; reset role`);
  },
);

test('a phase’s session that takes the guard’s name still belongs to the phase', async () => {
  await using db = await database();
  await using phases = await temporaryRole(db, 'login');
  const url = new URL(db.urlAs(phases.name));
  url.searchParams.set('application_name', 'ripcord x');
  const disguised = new Client({ connectionString: url.href });
  disguised.on('error', () => undefined);
  await disguised.connect();
  await using connection = held(db.url);
  const of = { database: db.name, role: phases.name, applicationNames: [] };
  expect((await phaseSessions(connection, of)).map(({ applicationName }) => applicationName)).toEqual(['ripcord x']);
  await endSessions(connection, of);
  await expect.poll(async () => (await phaseSessions(connection, of)).length).toBe(0);
  await disguised.end().catch(() => undefined);
});
