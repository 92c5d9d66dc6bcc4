import { setTimeout } from 'node:timers/promises';

import { Client } from 'pg';
import { expect, test } from 'vitest';

import type { Clock } from '../../src/core/kernel/clock.ts';
import { after, type Instant, instant, millis, minutes, seconds } from '../../src/core/kernel/units.ts';
import { phaseId } from '../../src/core/kernel/ids.ts';
import { freshPhase } from '../../src/core/run/phases.ts';
import type { Quiet } from '../../src/core/response/events.ts';
import { quieten, workedSince, type Worker, WorkGoesOn } from '../../src/phases/stop-work.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { start } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { everyCase } from '../support/every-case.ts';
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
