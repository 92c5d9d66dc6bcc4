import { expect, test } from 'vitest';

import { rollbackId } from '../../src/core/kernel/ids.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import type { Fence } from '../../src/core/response/fence.ts';
import { systemClock } from '../../src/system/clock.ts';
import { liftFence } from '../../src/rollback/fence-lift.ts';
import { raiseFence } from '../../src/rollback/fence-raise.ts';
import { quieten } from '../../src/phases/stop-work.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { lookAtFence } from '../../src/target/fence.ts';
import { start } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { temporaryRole } from '../target/role.ts';
import { sessionAs } from '../target/session-as.ts';

/** Collects what the journal would store. */
function journal() {
  const intended: Fence[] = [];
  const intend = async (role: string, lift: string) =>
    void intended.push({ role, lift, rollback: rollbackId('r1-rollback'), raisedAt: start });
  return { intended, intend };
}
const canLogin = async (db: TestDatabase, role: string) =>
  (await db.query('select rolcanlogin from pg_roles where rolname = $1', [role])).rows[0]?.rolcanlogin;

test('the phases’ role loses its right to log in before its sessions end, and gets it back afterwards', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  const urls = [db.url];
  await using _session = await sessionAs(db.urlAs(role.name), 'migrate');
  const { intended, intend } = journal();
  expect(await raiseFence({ role: role.name, urls }, undefined, intend)).toEqual({ fenced: true });
  expect(intended).toMatchObject([{ role: role.name, lift: `alter role "${role.name}" login` }]);

  await using control = heldConnection({ url: db.url, name: 'control', readOnly: true, statementTimeout: seconds(5) });
  const rules = { kill_grace: millis(100), quiet_for: millis(200) };
  const quietening = { database: db.name, rules, connection: control, clock: systemClock() };
  const quiet = await quieten({ groups: [], tags: [], role: role.name }, quietening);
  expect(quiet.endedSessions).toBe(1);
  await expect(sessionAs(db.urlAs(role.name), 'migrate')).rejects.toThrow('is not permitted to log in');

  // A daemon that was killed after it recorded its intent raises the fence again, and records nothing more.
  const [fence] = intended;
  await db.query(`alter role ${role.name} login`);
  expect(await raiseFence({ role: role.name, urls }, fence, intend)).toEqual({ fenced: true });
  expect(await raiseFence({ role: role.name, urls }, fence, intend)).toEqual({ fenced: true });
  expect([intended.length, await canLogin(db, role.name)]).toEqual([1, false]);

  await liftFence(fence!, { urls });
  await liftFence(fence!, { urls });
  await using _next = await sessionAs(db.urlAs(role.name), 'the next phase');
});

test('a role that could not log in before stays unchanged', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'nologin');
  const { intended, intend } = journal();
  expect(await raiseFence({ role: role.name, urls: [db.url] }, undefined, intend)).toEqual({ fenced: true });
  expect(intended).toEqual([]);
});

test('a guard without the grants stops work without a fence, names the missing grants, and can fence with them', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using guard = await temporaryRole(db, 'login');
  const fencing = { role: role.name, urls: [db.urlAs(guard.name)] };
  const { intended, intend } = journal();
  const unfenced = await raiseFence(fencing, undefined, intend);
  expect(unfenced).toMatchObject({ fenced: false, unfencedBecause: expect.stringContaining('createrole') });
  expect([intended, await canLogin(db, role.name)]).toEqual([[], true]);

  const { lacks } = await lookAtFence(fencing);
  const [, statements = ''] = lacks[0]?.split('run: ') ?? [];
  for (const statement of statements.split('; ')) await db.query(statement);
  expect((await lookAtFence(fencing)).lacks).toEqual([]);
  expect(await raiseFence(fencing, undefined, intend)).toEqual({ fenced: true });
  const [fence] = intended;
  await db.query(`alter role ${guard.name} nocreaterole`);
  await expect(liftFence(fence!, fencing)).rejects.toMatchObject({
    found: `neither the guard nor the rollback may change ${role.name} any more`,
    wanted: `alter role "${guard.name}" createrole`,
    todo: `Run that, or as a superuser: alter role "${role.name}" login`,
  });
  await db.query(fence!.lift); // by hand
  await liftFence(fence!, fencing);
});

test('the login of the rollback steps raises the fence if the guard’s own login may not', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using guard = await temporaryRole(db, 'login');
  const { intend } = journal();
  const fencing = { role: role.name, urls: [db.urlAs(guard.name), db.url] };
  expect(await raiseFence(fencing, undefined, intend)).toEqual({ fenced: true });
  expect(await canLogin(db, role.name)).toBe(false);
});

test.each([
  { who: 'a superuser', isOwn: false, says: 'is a superuser: the guard cannot lock it out' },
  { who: 'the guard’s own login', isOwn: true, says: 'is also the login of the guard or of the rollback steps' },
])('$who is never fenced', async ({ isOwn, says }) => {
  await using db = await database();
  await using own = await temporaryRole(db, 'login createrole');
  const { intended, intend } = journal();
  const fencing = { role: isOwn ? own.name : 'postgres', urls: [db.url, db.urlAs(own.name)] };
  expect(await raiseFence(fencing, undefined, intend)).toMatchObject({
    fenced: false,
    unfencedBecause: expect.stringContaining(says),
  });
  expect(intended).toEqual([]);
});
