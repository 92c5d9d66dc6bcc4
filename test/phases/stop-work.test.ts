import { setTimeout } from 'node:timers/promises';

import { Client } from 'pg';
import { expect, test } from 'vitest';

import type { Clock } from '../../src/core/kernel/clock.ts';
import { after, type Instant, instant, millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { phaseId } from '../../src/core/kernel/ids.ts';
import { freshPhase } from '../../src/core/run/phases.ts';
import type { Quiet } from '../../src/core/response/events.ts';
import { quieten, roleOf, workedSince, type Worker, WorkGoesOn } from '../../src/phases/stop-work.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import { start } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { everyCase, testedMajors } from '../support/every-case.ts';
import { withLeftOver } from '../target/left-over.ts';
import { temporaryRole } from '../target/role.ts';
import { type OtherSession, sessionAs } from '../target/session-as.ts';

const rules = { kill_grace: millis(100), quiet_for: millis(1_500) };

type Meanwhile = (wait: number, now: Instant) => Promise<void>;

/** Time passes only during waits, five times as fast. `meanwhile` runs in each wait. */
function hurriedClock(meanwhile: Meanwhile): Clock {
  let [now, waits]: [Instant, number] = [start, 0];
  return {
    now: () => now,
    async wait(length) {
      now = after(now, millis(5 * length));
      await meanwhile((waits += 1), now);
    },
  };
}

const realClock: Clock = { now: () => instant(Date.now()), wait: (length) => setTimeout(length) };

/** Logs in again with a phase's application_name as soon as its session is ended. */
async function reconnecting(url: string, tag: string) {
  let on = true;
  const once = async (): Promise<void> => {
    const client = new Client({ connectionString: url, application_name: tag });
    const ended = new Promise<void>((resolve) => {
      client.on('error', () => resolve()).on('end', () => resolve());
    });
    await client.connect().catch(() => undefined);
    await Promise.race([ended, setTimeout(2_000)]);
    await client.end().catch(() => undefined);
    if (on) await once();
  };
  const going = once();
  return {
    async [Symbol.asyncDispose]() {
      on = false;
      await going;
    },
  };
}

/** A stranger keeps logging in with a phase's application_name. `allGone`: whether all processes are known to have ended. */
async function quietingUnderName(allGone: boolean) {
  await using db = await database();
  await using phases = await temporaryRole(db, 'login');
  await using other = await temporaryRole(db, 'login');
  const tag = `phase-${db.name}`;
  await using _taken = await reconnecting(db.urlAs(other.name), tag);
  await using connection = heldConnection({
    url: db.url,
    name: 'control',
    readOnly: true,
    statementTimeout: seconds(5),
  });
  const quick = { kill_grace: millis(100), quiet_for: millis(300) };
  const work = { groups: [], tags: [tag], role: phases.name };
  const common = { database: db.name, rules: quick, connection, clock: realClock };
  const proof = await quieten(work, { ...common, allGone: async () => allGone }).catch((error: unknown) => error);
  return { proof, stranger: `sessions of ${other.name} named ${tag}` };
}

test('a stranger who keeps using a phase’s name does not block the proof, and is named', async () => {
  const { proof, stranger } = await quietingUnderName(true);
  expect(proof).toMatchObject({ notCounted: [stranger] });
});

test.runIf(everyCase)('unless all processes are known to have ended, the stranger’s sessions count', async () => {
  expect((await quietingUnderName(false)).proof).toBeInstanceOf(WorkGoesOn);
});

async function quieting(
  url: string,
  name: string,
  work: string | Pick<Worker, 'since'>,
  meanwhile: Meanwhile = async () => undefined,
) {
  const clock = hurriedClock(meanwhile);
  await using connection = heldConnection({ url, name: 'control', readOnly: true, statementTimeout: seconds(5) });
  const of = typeof work === 'string' ? { role: work } : work;
  const proof = await quieten({ groups: [], tags: [], ...of }, { database: name, rules, connection, clock }).catch(
    (error: unknown) => error,
  );
  return { proof, clock };
}

/** Sessions of the phases' role that reconnect, like those of a pooler. */
async function comingBack(db: TestDatabase, role: string) {
  const sessions: OtherSession[] = [];
  const come = async () => void sessions.push(await sessionAs(db.urlAs(role), 'pooler'));
  await come();
  return {
    come,
    async [Symbol.asyncDispose]() {
      for (const one of sessions) await one[Symbol.asyncDispose]();
    },
  };
}

test('sessions that keep reconnecting prevent the proof, and are named after twenty seconds', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using pooler = await comingBack(db, role.name);
  const { proof, clock } = await quieting(db.url, db.name, role.name, async (wait) => {
    if (wait % 3 === 2) await pooler.come(); // never quiet for three searches, which would be enough
  });
  expect(proof).toBeInstanceOf(WorkGoesOn);
  expect(proof).toMatchObject({ left: [expect.stringMatching(/^session \d+ \(pooler\)$/)] });
  expect(clock.now() - start).toBeGreaterThan(seconds(20));
});

test('the quiet period starts again when the last of them was seen', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using pooler = await comingBack(db, role.name);
  let cameBack = start;
  const { proof } = await quieting(db.url, db.name, role.name, async (wait, now) => {
    if (wait !== 2) return;
    cameBack = now;
    await pooler.come();
  });
  expect((proof as Quiet).endedSessions).toBeGreaterThanOrEqual(2); // a session that is just ending may be found twice
  expect((proof as Quiet).since).toBeGreaterThan(cameBack);
});

test('a prepared transaction of the role outlives its session and prevents the proof', async () => {
  await using leftOver = await withLeftOver();
  const { url } = leftOver;
  const { proof } = await quieting(url, 'postgres', 'phases', async () => undefined);
  expect(proof).toMatchObject({
    left: ['prepared transaction left-over'],
    message: expect.stringContaining('ripcord confirm stop-work --again'),
  });
  await leftOver.admin.query("rollback prepared 'left-over'");
  const again = await quieting(url, 'postgres', 'phases', async () => undefined);
  expect(again.proof).toMatchObject({ endedSessions: 0 });
});

test('without a role, a transaction prepared since the phases began prevents the proof', async () => {
  await using leftOver = await withLeftOver();
  const begun = (at: number) => [
    { ...freshPhase(phaseId('a')), clock: { estimate: minutes(1), startedAt: instant(at), heldFor: millis(0) } },
  ];
  const since = (at: number) => ({ since: workedSince([freshPhase(phaseId('b')), ...begun(at)]) });
  expect(workedSince([freshPhase(phaseId('b'))])).toBeUndefined();
  const { proof } = await quieting(leftOver.url, 'postgres', since(Date.now()));
  expect(proof).toMatchObject({ left: ['prepared transaction left-over'] });
  const later = await quieting(leftOver.url, 'postgres', since(Date.now() + seconds(120)));
  expect(later.proof).toMatchObject({ endedSessions: 0 });
});

/** The work of phases, stopped in little time. `quiet` names what the proof does not cover, or the error. */
async function stopped(db: Pick<TestDatabase, 'url' | 'name'>, role: string, tags: readonly string[] = []) {
  await using connection = heldConnection({
    url: db.url,
    name: 'control',
    readOnly: true,
    statementTimeout: seconds(5),
  });
  const work = { groups: [], tags, role };
  const common = { database: db.name, connection };
  const clock = hurriedClock(async () => undefined);
  const proof = await quieten(work, { ...common, rules, clock }).catch((error: unknown) => error);
  return { proof, ...(await roleOf(work, common)) };
}

test('a session with a phase’s name in another database is ended before the proof', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login createrole');
  const tag = `phase-${db.name}`;
  await using elsewhere = await sessionAs(db.urlAs(role.name).replace(db.name, 'postgres'), tag);
  const working = elsewhere.query('select pg_sleep(60)').catch((error: unknown) => error);
  expect((await stopped(db, role.name, [tag])).proof).toMatchObject({ endedSessions: expect.any(Number) });
  expect(await working).toMatchObject({ code: '57P01' }); // ended by an administrator's command
});

test('another session of the phases’ role in another database is left alone, and is named as not covered', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using elsewhere = await sessionAs(db.urlAs(role.name).replace(db.name, 'postgres'), 'web');
  const { proof, beside } = await stopped(db, role.name, ['phase']);
  expect(proof).toMatchObject({ endedSessions: 0 });
  expect(beside).toEqual([`1 session of ${role.name} in database postgres`]);
  await elsewhere.query('select 1');
});

test('a role that was renamed prevents the proof, because its sessions cannot be found', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using _session = await sessionAs(db.urlAs(role.name), 'migrate');
  const renamed = `${role.name}_renamed`;
  await db.query(`alter role ${role.name} rename to ${renamed}`);
  const { proof } = await stopped(db, role.name);
  await db.query(`alter role ${renamed} rename to ${role.name}`);
  expect(proof).toMatchObject({ left: [expect.stringMatching(`^perhaps sessions of ${role.name}, a role that`)] });
});

test.each(testedMajors)(
  'an enabled subscription of the phases’ role prevents the proof, and one of a role of which it is a member is named, on %i',
  async (major) => {
    await using server = await startPostgres({ major, settings: { wal_level: 'logical' }, inMemory: true });
    await using admin = await sessionAs(server.url(), 'admin');
    await admin.query(
      'create role phases login; create role group_role; grant group_role to phases; create role guard login',
    );
    for (const [name, owner] of [
      ['of_phases', 'phases'],
      ['of_group', 'group_role'],
    ] as const) {
      // It never connects: its server does not answer.
      await admin.query(
        `create subscription ${name} connection 'host=127.0.0.1 port=1 password=x' publication p with (connect = false)`,
      );
      await admin.query(`alter role ${owner} superuser`); // older versions let only superusers own one
      await admin.query(`alter subscription ${name} owner to ${owner}; alter role ${owner} nosuperuser`);
      await admin.query(`alter subscription ${name} enable`);
    }
    const target = { url: server.url('postgres', 'guard'), name: 'postgres' };
    const { proof, left, beside } = await stopped(target, 'phases');
    const own = 'enabled subscription of_phases of phases';
    expect(proof).toBeInstanceOf(Error);
    expect([left, beside]).toEqual([[own], ['enabled subscription of_group of group_role']]);
    await admin.query('alter subscription of_phases disable');
    expect((await stopped(target, 'phases')).left).toEqual([]);
  },
);
