import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import type { Came } from '../../src/core/response/events.ts';
import type { PhaseState } from '../../src/core/run/phases.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { phaseExtents } from '../../src/phases/phase-extents.ts';
import { type HeldConnection } from '../../src/target/connection.ts';
import { checksSession } from '../support/checks-session.ts';
import { boundaryOf, schema, start } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { Night } from '../support/night.ts';

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

/** The extent of a phase that is undone together with another one, which caused the rollback. */
async function look(phase: Partial<PhaseState>, endedSessions = 0): Promise<Came | undefined> {
  const night = new Night();
  const phases = night.state.phases.map((one) => (one.phase === schema ? { ...one, boundary, ...phase } : one));
  const quiet = { endedProcesses: 0, endedSessions, since: start };
  const state = {
    ...night.state,
    phases,
    response: { state: 'rolling-back', rollback: { quiet } },
  } as unknown as RunState;
  const conductor = { state: () => state };
  const parts = { plan: night.plan, conductor, connections: { checks }, hide: hidesNothing, runChecks: async () => [] };
  return (await phaseExtents(parts, [schema])).get(schema);
}

test('a failed phase that emptied a table does not count as unchanged', async () => {
  await db.query('delete from patients');
  expect(await look({ state: 'failed' })).toEqual({ extent: 'unknown', seen: 'no-difference' });
});

test.each([
  { phase: { state: 'unknown' }, came: { extent: 'unknown', seen: 'no-difference' } },
  { phase: { state: 'running' }, came: { extent: 'unknown', seen: 'no-difference' } },
  { phase: { state: 'finished' }, came: { extent: 'unknown' } },
  { phase: { state: 'failed', neverBegan: true }, came: { extent: 'not-at-all' } },
  { phase: { state: 'failed', neverBegan: true }, sessions: 1, came: { extent: 'unknown', seen: 'no-difference' } },
] as const)('$phase.state, never begun: $phase.neverBegan, is $came', async (row) => {
  expect(await look(row.phase, 'sessions' in row ? row.sessions : 0)).toEqual(row.came);
});
