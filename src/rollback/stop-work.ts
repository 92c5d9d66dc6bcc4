import { hostname } from 'node:os';

import type { Clock } from '../core/kernel/clock.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import { after, between, type Instant, millis, seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { ProcessIdentity, Quiet } from '../core/response/events.ts';
import type { PhaseState } from '../core/run/phases.ts';
import { endProcesses } from '../phases/end-processes.ts';
import { taggedWithAny } from '../phases/tagged-processes.ts';
import type { HeldConnection } from '../target/connection.ts';
import { endSessions, phaseSessions, type PhaseSessions, preparedTransactions } from '../target/sessions.ts';

/** Something of the phases is still there after it was told to end. */
export class WorkGoesOn extends RipcordError {
  readonly left: readonly string[];
  constructor(left: readonly string[]) {
    super({
      found: `still there: ${left.join('; ')}`,
      wanted: 'no process, session or prepared transaction of the phases',
      todo: 'End it by hand, then let the rollback go on: ripcord confirm stop-work --again --reason "…"',
    });
    this.left = left;
  }
}

/** Whose processes and sessions are meant. */
export interface Worker {
  /** Leaders of process groups on this host. */
  readonly groups: readonly ProcessIdentity[];
  /** What marks the environment of the processes and names the sessions. */
  readonly tags: readonly string[];
  /** A role whose every session in the database is the worker's. */
  readonly role?: string | undefined;
}

export interface Quietening {
  readonly database: string;
  readonly rules: EnvironmentPlan['stop_work'];
  readonly connection: Pick<HeldConnection, 'query'>;
  readonly clock: Clock;
}

/** Beyond the grace: how long to go on trying before a person is asked. */
const patience = seconds(20);
const betweenLooks = millis(100);

/** The work of the phases. A process on another host is told to stop by its next heartbeat; here its sessions are ended. */
export function forwardWork(phases: readonly PhaseState[], role: string | undefined): Worker {
  const here = phases.filter(({ supervisor }) => supervisor?.host === hostname());
  const tags = phases.flatMap(({ supervisor }) => (supervisor === undefined ? [] : [supervisor.tag]));
  return { tags, groups: here.flatMap(({ child }) => (child === undefined ? [] : [child])), role };
}

const sessionsOf = ({ tags, role }: Worker, database: string): PhaseSessions => ({
  database,
  applicationNames: tags,
  ...(role !== undefined && { role }),
});

/** What can be seen of the worker now, one phrase each. */
export async function whatIsLeft(
  worker: Worker,
  { connection, database }: Pick<Quietening, 'connection' | 'database'>,
): Promise<readonly string[]> {
  const processes = await taggedWithAny(worker.tags);
  const sessions = await phaseSessions(connection, sessionsOf(worker, database));
  const prepared = worker.role === undefined ? [] : await preparedTransactions(connection, worker.role);
  return [
    ...processes.map(({ pid }) => `process ${pid}`),
    ...sessions.map(({ pid, applicationName }) => `session ${pid} (${applicationName})`),
    ...prepared.map(({ gid }) => `prepared transaction ${gid}`),
  ];
}

/**
 * Ends the worker's processes, also those that left their group, and its sessions, by role and by name; then looks until
 * nothing of it has been seen for `quiet_for`. Rejects with WorkGoesOn, or with the target's error.
 */
export async function quieten(worker: Worker, quietening: Quietening): Promise<Quiet> {
  const { database, rules, connection, clock } = quietening;
  const { groups, tags } = worker;
  const deadline = after(clock.now(), millis(rules.kill_grace + rules.quiet_for + patience));
  let [endedProcesses, endedSessions] = [0, 0];
  let quietSince: Instant | undefined;
  let lastSeen: readonly string[] = []; // what comes back again and again may be away for a moment
  for (;;) {
    if (quietSince === undefined) {
      const ending = endProcesses({ groups, tags, grace: rules.kill_grace, clock });
      const [processes, sessions] = await Promise.all([ending, endSessions(connection, sessionsOf(worker, database))]);
      endedProcesses += processes.ended;
      endedSessions += sessions.length;
    }
    const left = await whatIsLeft(worker, quietening);
    if (left.length > 0) lastSeen = left;
    const now = clock.now();
    quietSince = left.length > 0 ? undefined : (quietSince ?? now);
    if (quietSince !== undefined && between(quietSince, now) >= rules.quiet_for) {
      return { endedProcesses, endedSessions, since: quietSince };
    }
    if (now > deadline) throw new WorkGoesOn(lastSeen);
    await clock.wait(betweenLooks);
  }
}
