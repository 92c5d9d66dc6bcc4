import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';

import { captureBoundary } from '../../src/baseline/boundary.ts';
import { snapshotSchema } from '../../src/baseline/schema-snapshot.ts';
import type { Boundary } from '../../src/core/evidence/boundary.ts';
import type { Fault, Finding } from '../../src/core/evidence/finding.ts';
import { checkId } from '../../src/core/kernel/ids.ts';
import { millis } from '../../src/core/kernel/units.ts';
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
import { temporaryRole } from '../target/role.ts';

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
async function look(
  phase: Partial<PhaseState>,
  endedSessions = 0,
  more: Partial<Parameters<typeof phaseExtents>[0]> = {},
): Promise<Came | undefined> {
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
  return (await phaseExtents({ ...parts, ...more }, [schema])).get(schema);
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

describe.each(['postgres', 'postgres18'] as const)('beside a stranger, on %s', (server) => {
  /** The extent of a phase that was never seen to begin, after somebody has done something since its boundary. */
  async function extentAfter(as: 'stranger' | 'phases', does: string, named = true): Promise<Came | undefined> {
    await using scratch = await database(inject(server));
    await using stranger = await temporaryRole(scratch, 'login');
    await using phases = await temporaryRole(scratch, 'login');
    await using owner = await temporaryRole(scratch, '');
    await using connection = checksSession(scratch.urlAs(phases.name));
    const long = Array.from({ length: 30 }, (_, column) => `id as a_long_name_${column}`).join();
    await scratch.query(`grant ${owner.name} to ${phases.name}; create schema side authorization ${stranger.name};
      create schema app authorization ${owner.name}; create table public.patients (id int); alter table public.patients owner to ${owner.name};
      set role ${stranger.name}; create table side.old (id int primary key); create view side.wide as select ${long} from side.old;
      create function side.f() returns int return 1; reset role`);
    const role = named ? phases.name : undefined;
    const sources = { phase: schema, asks: connection, role, runChecks: async () => [], readings: new Map() };
    const before = await captureBoundary({ ...sources, now: () => start });
    await scratch.query(
      `set role ${as === 'stranger' ? stranger.name : phases.name}; ${does.replace('OWNER', owner.name)}; reset role`,
    );
    const came = await look({ state: 'failed', boundary: before }, 0, { role, connections: { checks: connection } });
    await scratch.query(`drop owned by ${stranger.name}, ${phases.name}, ${owner.name} cascade`);
    return came;
  }
  const nothingSeen = { extent: 'unknown', seen: 'no-difference' };

  test.each([
    { does: 'create table side.t (id int)', ofOthers: 2 },
    {
      does: 'create index i on side.old (id); create statistics side.s on (id + 1), (id + 2) from side.old',
      ofOthers: 2,
    },
    { does: 'drop table side.old cascade', ofOthers: 35 },
    { does: 'drop function side.f()', ofOthers: 1 },
    { does: 'alter table side.old enable row level security', ofOthers: 1 },
    { does: 'drop owned by current_user', ofOthers: 37 },
  ])('"$does" by the stranger does not count for the extent of a phase', async ({ does, ofOthers }) => {
    expect(await extentAfter('stranger', does)).toEqual({ ...nothingSeen, ofOthers });
  });

  test.each([
    { as: 'phases', does: 'set role OWNER; create table app.t (id int)' },
    { as: 'phases', does: 'alter table public.patients add column name text' },
    { as: 'phases', does: 'drop table public.patients' },
  ] as const)('"$does" by the phase counts', async ({ as, does }) => {
    expect(await extentAfter(as, does)).toEqual({ extent: 'partly' });
  });

  test('without a role in the plan, everything counts', async () => {
    expect(await extentAfter('stranger', 'create table side.t (id int)', false)).toEqual({ extent: 'partly' });
  });
});

test('a fault that only other roles can have caused does not count for the extent of a phase', async () => {
  const fault = { object: 'policy p on side.t', what: 'is gone', consequence: 'veto' } as const;
  const found = (more: Partial<Fault>): Finding => ({
    check: checkId('policies'),
    at: start,
    took: millis(1),
    status: 'breach',
    summary: 'policy p on side.t is gone',
    faults: [{ ...fault, ...more }],
  });
  const before = { ...boundary, findings: [{ ...found({}), status: 'ok', faults: [] }] as const };
  const extent = async (more: Partial<Fault>) =>
    look({ state: 'failed', boundary: before }, 0, { runChecks: async () => [found(more)] });
  expect(await extent({})).toEqual({ extent: 'partly' });
  expect(await extent({ onlyRecommend: 'it belongs to mallory' })).toEqual({
    extent: 'unknown',
    seen: 'no-difference',
  });
});
