import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Client } from 'pg';
import { afterAll, expect, inject, test } from 'vitest';

import { hashOf } from '../../src/core/kernel/hash.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { criteria } from '../../src/core/plan/criteria.ts';
import { environment } from '../../src/core/plan/environment.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { expectedServer } from '../../src/target/expected-server.ts';
import { identify } from '../../src/target/identity.ts';
import { listMissingPermissions, findMissingPermissions } from '../../src/target/missing-permissions.ts';
import { database } from '../support/database.ts';
import { separateLogins } from '../support/logins.ts';
import { temporaryRole } from './role.ts';

const plan = join(mkdtempSync(join(tmpdir(), 'ripcord-')), 'ripcord.yaml');
afterAll(() => rmSync(dirname(plan), { recursive: true }));
writeFileSync(plan, 'ripcord: 1\n');

const wanted = (url: string, target: object, read = 'ripcord: 1\n') => ({
  plan: { criteria: criteria.parse(undefined) },
  environment: { name: 'test', ...environment.parse({ target: { url, allow_superuser: true, ...target } }) },
  file: plan,
  hash: hashOf(read),
});
const asked = (url: string) => heldConnection({ url, name: 'control', readOnly: true, statementTimeout: seconds(5) });

async function missingAt(url: string, target: object, read?: string): Promise<readonly string[]> {
  await using control = asked(url);
  return await listMissingPermissions({ control }, wanted(url, target, read)); // it uses no other connection
}

test('a login that may do everything lacks nothing', async () => {
  await using db = await database();
  expect(await missingAt(db.url, {})).toEqual([]);
});

test('a plan that was edited after it was read is named', async () => {
  await using db = await database();
  expect(await missingAt(db.url, {}, 'ripcord: 1 # before\n')).toEqual([
    `${plan} was edited: the guard uses the plan that it started with until you restart it`,
  ]);
});

test('permissions that a rollback lacks are listed before the run, each with the statement to run', async () => {
  await using db = await database();
  const guard = `guard_${db.name}`;
  await db.query(`create role ${guard} login`);
  const nowhere = db.urlAs(`nobody_${db.name}`);
  const found = await missingAt(db.urlAs(guard), { role_for_phases: 'migratr', rollback_url: nowhere });
  await db.query(`drop role ${guard}`);
  expect(found).toEqual([
    expect.stringContaining(`grant pg_signal_backend to "${guard}"`),
    expect.stringContaining(`grant pg_monitor to "${guard}"`),
    expect.stringContaining('no role "migratr"'),
    expect.stringContaining('rollback steps cannot log in'),
  ]);
});

test('a rollback login that leads to another cluster or database is reported with both identities', async () => {
  await using db = await database();
  await using other = await database();
  await using control = asked(db.url);
  const server = expectedServer();
  server.expect(await identify(control));
  const lacks = (rollback_url: string) => listMissingPermissions({ control, server }, wanted(db.url, { rollback_url }));
  const elsewhere = Object.assign(new URL(inject('postgres18')), { pathname: `/${db.name}` }).href;
  const admin = new Client({ connectionString: inject('postgres18') });
  await admin.connect();
  await admin.query(`create database ${db.name}`);
  const found = await lacks(elsewhere);
  await admin.query(`drop database ${db.name}`);
  await admin.end();
  expect(found).toEqual([
    expect.stringMatching(/^rollback steps would reach another server: .* of cluster \d+; wanted .* of cluster \d+/),
  ]);
  expect(await lacks(other.url)).toEqual([]); // a plan that swaps databases by name may want this
});

test('phases that log in as a superuser could not be stopped, and the guard says so', async () => {
  await using db = await database();
  const guard = `guard_${db.name}`;
  await db.query(`create role ${guard} login in role pg_monitor, pg_signal_backend`);
  const found = await missingAt(db.urlAs(guard), { role_for_phases: 'postgres' });
  await db.query(`drop role ${guard}`);
  expect(found).toEqual([expect.stringContaining('"postgres" is a superuser')]);
});

test('a missing permission that a person can waive is separate from one that nobody can', async () => {
  await using db = await database();
  const [guard, phases] = [`guard_${db.name}`, `phases_${db.name}`];
  await db.query(`create role ${guard} login in role pg_monitor, pg_signal_backend; create role ${phases} login`);
  const url = db.urlAs(guard);
  const found = async (role: string) => {
    await using control = asked(url);
    return await findMissingPermissions({ control }, wanted(url, { role_for_phases: role }));
  };
  const [ofPhases, ofSuper] = [await found(phases), await found('postgres')];
  await db.query(`drop role ${guard}, ${phases}`);
  expect(ofPhases).toEqual({ unfenced: [expect.stringContaining(`alter role "${guard}" createrole`)], others: [] });
  expect(ofSuper).toEqual({ unfenced: [], others: [expect.stringContaining('is a superuser')] });
});

test('the grant for the fence belongs to the rollback login if a different login watches', async () => {
  await using db = await database();
  await using logins = await separateLogins(db);
  await using phases = await temporaryRole(db, 'login');
  await using undo = await temporaryRole(db, 'login');
  const found = async (more: object) => {
    await using control = asked(logins.target.url);
    const target = { ...logins.target, role_for_phases: phases.name, ...more };
    return await findMissingPermissions({ control }, wanted(logins.target.url, target));
  };
  expect(await found({})).toMatchObject({
    unfenced: [expect.stringMatching(`^"${phases.name}" could log in again .* give the target a rollback_url`)],
  });
  expect(await found({ rollback_url: db.urlAs(undo.name) })).toMatchObject({
    unfenced: [expect.stringContaining(`alter role "${undo.name}" createrole`)],
    others: [],
  });
  await db.query(`alter role ${undo.name} createrole`);
  expect(await found({ rollback_url: db.urlAs(undo.name) })).toEqual({
    unfenced: [],
    others: [],
    fences: phases.name,
  });
});

test('excessive rights, and a dropped schema of the path, are noticed while the guard runs', async () => {
  await using db = await database();
  await using logins = await separateLogins(db);
  await db.query(`create schema app; grant pg_write_all_data to ${logins.reader}; alter role ${logins.reach} createdb`);
  const target = { ...logins.target, rollback_url: db.url, search_path: ['app'] };
  const excess = [
    expect.stringContaining(`revoke pg_write_all_data from "${logins.reader}"`),
    expect.stringContaining(`alter role "${logins.reach}" nocreatedb`),
  ];
  expect(await missingAt(logins.target.url, target)).toEqual(excess);
  await db.query('drop schema app');
  expect(await missingAt(logins.target.url, target)).toEqual([
    ...excess,
    'the database has no schema app, which environments.test.target.search_path[0] names',
  ]);
});
