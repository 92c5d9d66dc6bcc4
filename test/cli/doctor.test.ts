import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { whyNoCgroup } from '../../src/phases/command-cgroup.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { database } from '../support/database.ts';
import { temporaryRole } from '../target/role.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';

const planFor = (url: string, more = ', allow_superuser: true'): string =>
  changed(goodPlan, 'postgres://guard@db.example/demo', `${url}${more}`);

test('a complete setup is reported as well, part by part', async () => {
  await using dir = await folder();
  await using db = await database();
  await db.query('create table orphan (id int)');
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, planFor(db.url));
  const { exitCode, out } = await ripcord(['doctor', '--plan', plan, '--json']);
  const { well, found } = JSON.parse(out) as { well: boolean; found: readonly { part: string; state: string }[] };
  const limited = whyNoCgroup() !== undefined;
  expect(found.filter(({ part, state }) => part !== 'processes' && state !== 'well')).toEqual([
    { part: 'logins', state: 'limited', said: expect.stringContaining('one login watches and reads') },
    { part: 'logins', state: 'limited', said: expect.stringContaining('may be superusers') },
  ]);
  expect(found.find(({ part }) => part === 'processes')?.state).toBe(limited ? 'limited' : 'well');
  expect(new Set(found.map(({ part }) => part))).toEqual(
    new Set(['target', 'logins', 'clock', 'stops', 'processes', 'checks', 'judges', 'probes']),
  );
  expect([well, exitCode]).toEqual([true, 0]);
});

test('a missing right of a login is named with the grant that fixes it', async () => {
  await using dir = await folder();
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await db.query(`create table orphan (id int); grant execute on function pg_control_system() to ${role.name}`);
  await db.query('revoke select on pg_catalog.pg_stat_progress_create_index from public');
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, planFor(db.urlAs(role.name)));
  const { exitCode, out } = await ripcord(['doctor', '--plan', plan]);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/wrong +stops +the guard may not end sessions: grant pg_signal_backend to/);
  expect(out).toMatch(/wrong +checks +invalid-indexes: could not look: permission denied for\s+view/);
  expect(out).toMatch(/wrong +checks +no-orphan: could not look: permission denied for table orphan/);
});

test('an unreachable target is the only thing reported', async () => {
  await using dir = await folder();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, planFor('postgres://guard@127.0.0.1:1/demo'));
  const { exitCode, err } = await ripcord(['doctor', '--plan', plan]);
  expect(exitCode).toBe(3);
  expect(err).toContain('127.0.0.1:1');
});

test('a superuser is refused, and no query runs as one', async () => {
  await using dir = await folder();
  await using db = await database();
  await db.query('create table orphan (id int)');
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(plan, planFor(db.url, ''));
  const { exitCode, out } = await ripcord(['doctor', '--plan', plan]);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/wrong +logins +"postgres", the login of url, is a superuser: .* target.allow_superuser: true/s);
  expect(out).toMatch(/unknown +checks +not asked/);
  expect(out).toMatch(/unknown +probes +not asked/);
});

test('a missing schema of the path and a missing trusted role are reported with their places in the plan', async () => {
  await using dir = await folder();
  await using db = await database();
  const plan = join(dir.path, 'ripcord.yaml');
  await writeFile(
    plan,
    planFor(db.url, ', allow_superuser: true, search_path: [public, later], trusts: [nobody_here]'),
  );
  const { exitCode, out } = await ripcord(['doctor', '--plan', plan, '--json']);
  const { found } = JSON.parse(out) as { found: readonly object[] };
  expect(found).toContainEqual({
    part: 'logins',
    state: 'wrong',
    said: 'the database has no schema later, which environments.staging.target.search_path[1] names',
  });
  expect(found).toContainEqual({
    part: 'logins',
    state: 'wrong',
    said: 'the server has no role nobody_here, which environments.staging.target.trusts[0] names',
  });
  expect(exitCode).toBe(1);
});
