import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { hashOf } from '../../src/core/kernel/hash.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { environment } from '../../src/core/plan/environment.ts';
import { findShortcomings } from '../../src/daemon/shortcomings.ts';
import type { TargetDesk } from '../../src/daemon/target-desk.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { database } from '../support/database.ts';

const plan = join(mkdtempSync(join(tmpdir(), 'ripcord-')), 'ripcord.yaml');
afterAll(() => rmSync(dirname(plan), { recursive: true }));
writeFileSync(plan, 'ripcord: 1\n');

async function shortcomings(url: string, target: object, read = 'ripcord: 1\n'): Promise<readonly string[]> {
  await using control = heldConnection({ url, name: 'control', readOnly: true, statementTimeout: seconds(5) });
  const desk = { control } as unknown as TargetDesk; // only its control connection is asked
  return await findShortcomings(desk, {
    environment: environment.parse({ target: { url, ...target } }),
    file: plan,
    hash: hashOf(read),
  });
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
