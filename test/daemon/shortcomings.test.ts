import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { hashOf } from '../../src/core/kernel/hash.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { environment } from '../../src/core/plan/environment.ts';
import { findShortcomings, lookForShortcomings } from '../../src/daemon/shortcomings.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { database } from '../support/database.ts';

const plan = join(mkdtempSync(join(tmpdir(), 'ripcord-')), 'ripcord.yaml');
afterAll(() => rmSync(dirname(plan), { recursive: true }));
writeFileSync(plan, 'ripcord: 1\n');

const wanted = (url: string, target: object, read = 'ripcord: 1\n') => ({
  environment: environment.parse({ target: { url, ...target } }),
  file: plan,
  hash: hashOf(read),
});
const asked = (url: string) => heldConnection({ url, name: 'control', readOnly: true, statementTimeout: seconds(5) });

async function shortcomings(url: string, target: object, read?: string): Promise<readonly string[]> {
  await using control = asked(url);
  return await findShortcomings({ control }, wanted(url, target, read)); // it asks no other
}

test('a login that may do everything lacks nothing', async () => {
  await using db = await database();
  expect(await shortcomings(db.url, {})).toEqual([]);
});

test('a plan that was edited since it was read is named', async () => {
  await using db = await database();
  expect(await shortcomings(db.url, {}, 'ripcord: 1 # before\n')).toEqual([
    `${plan} was edited: the guard goes on with the plan that it began with until it is restarted`,
  ]);
});

test('what a rollback would need is named beforehand, each with what to run', async () => {
  await using db = await database();
  const guard = `guard_${db.name}`;
  await db.query(`create role ${guard} login`);
  const nowhere = db.urlAs(`nobody_${db.name}`);
  const found = await shortcomings(db.urlAs(guard), { role_for_phases: 'migratr', rollback_url: nowhere });
  await db.query(`drop role ${guard}`);
  expect(found).toEqual([
    expect.stringContaining(`grant pg_signal_backend to "${guard}"`),
    expect.stringContaining(`grant pg_monitor to "${guard}"`),
    expect.stringContaining('no role "migratr"'),
    expect.stringContaining('rollback steps cannot log in'),
  ]);
});

test('phases that log in as a superuser could not be stopped', async () => {
  await using db = await database();
  const guard = `guard_${db.name}`;
  await db.query(`create role ${guard} login in role pg_monitor, pg_signal_backend`);
  const found = await shortcomings(db.urlAs(guard), { role_for_phases: 'postgres' });
  await db.query(`drop role ${guard}`);
  expect(found).toEqual([expect.stringContaining('"postgres" is a superuser')]);
});

test('what somebody may answer for is told from what nobody can', async () => {
  await using db = await database();
  const [guard, phases] = [`guard_${db.name}`, `phases_${db.name}`];
  await db.query(`create role ${guard} login in role pg_monitor, pg_signal_backend; create role ${phases} login`);
  const url = db.urlAs(guard);
  const found = async (role: string) => {
    await using control = asked(url);
    return await lookForShortcomings({ control }, wanted(url, { role_for_phases: role }));
  };
  const [ofPhases, ofSuper] = [await found(phases), await found('postgres')];
  await db.query(`drop role ${guard}, ${phases}`);
  expect(ofPhases).toEqual({ unfenced: [expect.stringContaining(`alter role "${guard}" createrole`)], others: [] });
  expect(ofSuper).toEqual({ unfenced: [], others: [expect.stringContaining('is a superuser')] });
});
