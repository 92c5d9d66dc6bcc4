import { inject } from 'vitest';

import { captureBoundary } from '../../src/baseline/boundary.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import type { Came } from '../../src/core/response/events.ts';
import type { PhaseState } from '../../src/core/run/phases.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { phaseExtents } from '../../src/phases/phase-extents.ts';
import type { HeldConnection } from '../../src/target/connection.ts';
import { checksSession } from '../support/checks-session.ts';
import { schema, start } from '../support/builders.ts';
import { database } from '../support/database.ts';
import { Night } from '../support/night.ts';
import { temporaryRole } from '../target/role.ts';

/** The extent of a phase that is undone together with another one, which caused the rollback. */
export async function look(
  checks: HeldConnection,
  phase: Partial<PhaseState>,
  endedSessions = 0,
  more: Partial<Parameters<typeof phaseExtents>[0]> = {},
): Promise<Came | undefined> {
  const night = new Night();
  const phases = night.state.phases.map((one) => (one.phase === schema ? { ...one, ...phase } : one));
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

/** The extent of a phase that was never seen to begin, after somebody has done something since its boundary. */
export async function extentAfter(
  server: 'postgres' | 'postgres18',
  as: 'stranger' | 'phases',
  does: string,
  named = true,
  more = '',
  is: Partial<PhaseState> = {},
): Promise<Came | undefined> {
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
  await scratch.query(more.replaceAll('STRANGER', stranger.name).replaceAll('PHASES', phases.name));
  const role = named ? phases.name : undefined;
  const sources = { phase: schema, asks: connection, role, runChecks: async () => [], readings: new Map() };
  const before = await captureBoundary({ ...sources, now: () => start });
  await scratch.query(
    `set role ${as === 'stranger' ? stranger.name : phases.name}; ${does.replace('OWNER', owner.name)}; reset role`,
  );
  const came = await look(connection, { state: 'failed', boundary: before, ...is }, 0, { role });
  await scratch.query(`drop owned by ${stranger.name}, ${phases.name}, ${owner.name} cascade`);
  return came;
}
