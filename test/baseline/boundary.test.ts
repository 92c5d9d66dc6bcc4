import { expect, test } from 'vitest';

import { captureBoundary } from '../../src/baseline/boundary.ts';
import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import { SchemaUnreadable } from '../../src/baseline/errors.ts';
import { startChecks } from '../../src/checks/schedule.ts';
import { runCheck } from '../../src/checks/user-sql.ts';
import { compareWithBoundary, expectationsOf } from '../../src/core/evidence/compare.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { type ProbeId, phaseId, probeId } from '../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { type HeldConnection, heldConnection } from '../../src/target/connection.ts';
import { database } from '../support/database.ts';
import { fakeClock } from '../support/fake-clock.ts';

const phase = phaseId('standardize');
const at = instant(1_800_000_000_000);
const [search, count, broken] = [probeId('search'), probeId('count'), probeId('broken')];
const answered = (probe: ProbeId, took: number): Reading => ({ state: 'answered', probe, at, took: millis(took) });
const failed: Reading = { state: 'failed', probe: broken, at, cause: { reason: 'timeout', message: 'late' } };
const readings = new Map<ProbeId, readonly Reading[]>([
  [search, [answered(search, 5), answered(search, 1), answered(search, 3)]],
  [count, []],
  [broken, [answered(broken, 2), failed, failed]],
]);

const held = (url: string): HeldConnection =>
  heldConnection({ url, name: 'boundary', readOnly: true, searchPath: ['public'], statementTimeout: seconds(5) });
const orphans = (asks: HeldConnection) => ({
  id: 'no-orphan',
  every: seconds(30),
  run: () =>
    runCheck({ id: 'no-orphan', expect: 'no rows', timeout: seconds(5) }, asks, {
      statements: ['select id from mixture where molecule_id not in (select id from molecule)'],
      baseline: undefined,
      now: () => at,
      hide: (text) => text,
    }),
});

test('a phase that is rolled back completely matches its boundary, and one that is half rolled back does not', async () => {
  await using db = await database();
  await db.query('create table molecule (id int primary key); create table mixture (id int, molecule_id int)');
  await using asks = held(db.url);
  const clock = fakeClock(at);
  const checks = startChecks({ checks: [orphans(asks)], clock, onFinding: () => undefined });
  const runChecks = () => checks.runAll();
  const expects = expectationsOf([{ id: 'no-orphan', expect: 'no rows' }]);
  const now = async () => ({ schema: await snapshotSchema(asks), findings: await runChecks(), expects });

  const boundary = await captureBoundary({ phase, asks, runChecks, readings, now: () => at });
  expect(boundary).toMatchObject({
    phase,
    at,
    findings: [{ check: 'no-orphan', status: 'ok' }],
    probes: [{ probe: search, p50: 3 }, { probe: count }, { probe: broken }],
  });
  expect(boundary.probes[1]).not.toHaveProperty('p50');
  expect(boundary.probes[2]).not.toHaveProperty('p50');
  expect(compareWithBoundary(boundary, await now()).outcome).toBe('same');

  await db.query('create index molecule_of on mixture (molecule_id); insert into mixture values (1, 17)');
  expect(compareWithBoundary(boundary, await now())).toMatchObject({
    outcome: 'different',
    differences: [
      'index public.molecule_of is new',
      'no-orphan is worse than at the boundary: 1 row, wanted none: (1)',
    ],
    unseen: [],
  });

  await db.query('drop index molecule_of; delete from mixture; alter table mixture rename to mixtures');
  expect(compareWithBoundary(boundary, await now())).toMatchObject({
    outcome: 'different',
    unseen: [expect.stringContaining('"mixture" does not exist')],
  });
  await db.query('alter table mixtures rename to mixture');
  expect(compareWithBoundary(boundary, await now()).outcome).toBe('same');
  await checks.stop();
});

test('a database that cannot be read gives no boundary', async () => {
  await using asks = held('postgres://nobody@127.0.0.1:1/nowhere');
  const taking = captureBoundary({ phase, asks, runChecks: () => Promise.resolve([]), readings, now: () => at });
  await expect(taking).rejects.toBeInstanceOf(SchemaUnreadable);
});
