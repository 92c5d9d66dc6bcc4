import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import type { Fault, Finding } from '../../src/core/evidence/finding.ts';
import { checkId } from '../../src/core/kernel/ids.ts';
import { millis } from '../../src/core/kernel/units.ts';
import { type HeldConnection } from '../../src/target/connection.ts';
import { checksSession } from '../support/checks-session.ts';
import { boundaryOf, schema, start } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { look } from './extent-ground.ts';

let db: TestDatabase;
let checks: HeldConnection;
let boundary: Boundary;
beforeAll(async () => {
  db = await database();
  await db.query('create table patients (id int)');
  checks = checksSession(db.url, { searchPath: ['public'] });
  boundary = { ...boundaryOf(schema, start), schema: await snapshotSchema(checks) };
});
beforeEach(
  async () => void (await db.query('truncate patients; insert into patients select generate_series(1, 1000)')),
);
afterAll(async () => {
  await checks.close();
  await db[Symbol.asyncDispose]();
});

test('a failed phase that emptied a table does not count as unchanged', async () => {
  await db.query('delete from patients');
  expect(await look(checks, { boundary, state: 'failed' })).toEqual({ extent: 'unknown', seen: 'no-difference' });
});

test.each([
  { phase: { state: 'unknown' }, came: { extent: 'unknown', seen: 'no-difference' } },
  { phase: { state: 'running' }, came: { extent: 'unknown', seen: 'no-difference' } },
  { phase: { state: 'finished' }, came: { extent: 'unknown' } },
  { phase: { state: 'failed', neverBegan: true }, came: { extent: 'not-at-all' } },
  { phase: { state: 'failed', neverBegan: true }, sessions: 1, came: { extent: 'unknown', seen: 'no-difference' } },
] as const)('$phase.state, never begun: $phase.neverBegan, is $came', async (row) => {
  expect(await look(checks, { boundary, ...row.phase }, 'sessions' in row ? row.sessions : 0)).toEqual(row.came);
});

test('a fault that a phase was not seen to cause does not count for the extent of a phase', async () => {
  const fault = { object: 'policy p on side.t', what: 'is gone', consequence: 'veto' } as const;
  const found = (more: Partial<Fault>): Finding => ({
    check: checkId('policies'),
    at: start,
    took: millis(1),
    status: 'breach',
    summary: 'policy p on side.t is gone',
    faults: [{ ...fault, ...more }],
  });
  const before = { ...boundary, open: {}, findings: [{ ...found({}), status: 'ok', faults: [] }] as const };
  const extent = async (more: Partial<Fault>, role?: string) =>
    look(checks, { state: 'failed', boundary: before }, 0, { runChecks: async () => [found(more)], role });
  const unknown = { extent: 'unknown', seen: 'no-difference' };
  expect(await extent({})).toEqual({ extent: 'partly' });
  expect(await extent({ onlyRecommend: 'it belongs to mallory' })).toEqual(unknown);
  expect(await extent({}, 'phases')).toEqual(unknown);
  expect(await extent({ seen: 'maker' }, 'phases')).toEqual({ extent: 'partly' });
});
