import { hostname } from 'node:os';

import type { Clock } from '../core/kernel/clock.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import { after, between, type Instant, instant, millis, minutes, seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { Child, ProcessIdentity, Quiet } from '../core/response/events.ts';
import { type PhaseState, attemptsOf } from '../core/run/phases.ts';
import type { HeldConnection } from '../target/connection.ts';
import { TargetRefused } from '../target/errors.ts';
import { roleAtLarge } from '../target/role-at-large.ts';
import {
  endSessions,
  phaseSessions,
  type PhaseSessions,
  preparedTransactions,
  serverTime,
  type Session,
} from '../target/sessions.ts';
import { type Ending, endProcesses } from './end-processes.ts';
import { StillRunning } from './errors.ts';
import type { Marks } from './find-cgroups.ts';
import { workOf } from './tagged-processes.ts';

/** Processes, sessions or prepared transactions of the phases are still there after an attempt to end them. */
export class WorkGoesOn extends RipcordError {
  readonly left: readonly string[];
  constructor(left: readonly string[]) {
    super({
      found: `still there: ${left.join('; ')}`,
      wanted: 'no process, session or prepared transaction of the phases',
      todo: 'End it by hand, then continue the rollback: ripcord confirm stop-work --again --reason "…"',
    });
    this.left = left;
  }
}

/** Identifies the processes and sessions of phases. */
export interface Worker extends Marks {
  /** Leaders of process groups on this host. */
  readonly groups: readonly ProcessIdentity[];
  /** Tags in the processes' environment and in the names of their cgroups and sessions. */
  readonly tags: readonly string[];
  /** A role whose sessions in the database all belong to the worker. */
  readonly role?: string | undefined;
  /** When its first phase began. Without a role, what was prepared in the database since then may be the worker's. */
  readonly since?: Instant | undefined;
}

export interface Quietening {
  readonly database: string;
  readonly rules: EnvironmentPlan['stop_work'];
  readonly connection: Pick<HeldConnection, 'query'>;
  readonly clock: Clock;
  /**
   * Whether the kernel's own lists prove that every process of the worker is gone, so that none can open a session any more.
   * Absent if that cannot be known.
   */
  readonly allGone?: () => Promise<boolean>;
}

/** A connection that a process began before its end may wait for the server this long at most. */
const onTheWay = seconds(5);
/** Limits the list: a stranger may use a phase's name with any number of roles. */
const mostStrangers = 20;

/** How long to retry after the grace period before asking a person. */
const patience = seconds(20);
const betweenLooks = millis(100);

/** The recorded cgroups, regardless of their owner. */
export const cgroupsOf = (children: readonly (Child | undefined)[]): NonNullable<Marks['cgroups']> =>
  children.flatMap((child) =>
    child?.containment !== undefined && 'cgroup' in child.containment ? child.containment.cgroup : [],
  );

/** The work of the phases. A process on another host stops at its next heartbeat; only its sessions can be ended here. */
export function forwardWork(phases: readonly PhaseState[], role: string | undefined): Worker {
  const here = phases.filter(({ supervisor }) => supervisor?.host === hostname());
  const tags = phases.flatMap(({ supervisor }) => (supervisor === undefined ? [] : [supervisor.tag]));
  const cgroups = cgroupsOf(phases.flatMap(attemptsOf).map(({ child }) => child));
  return { tags, cgroups, groups: here.flatMap(({ child }) => (child === undefined ? [] : [child])), role };
}

/** The server's clock may differ from the guard's by this much. */
const clocksDiffer = minutes(1);

/** A little before the first of these phases began; undefined if none has. */
export function workedSince(phases: readonly PhaseState[]): Instant | undefined {
  const begun = phases.flatMap(({ boundary, clock }) => boundary?.at ?? clock?.startedAt ?? []);
  return begun.length === 0 ? undefined : instant(Math.min(...begun) - clocksDiffer);
}

const sessionsOf = ({ tags, role }: Worker, database: string, strangersSince?: number): PhaseSessions => ({
  database,
  applicationNames: tags,
  ...(role !== undefined && { role }),
  ...(strangersSince !== undefined && { strangersSince }),
});

/** What the worker's role does on the server beside the sessions that can be ended. */
export const roleOf = async (
  { role, tags }: Worker,
  { connection, database }: Pick<Quietening, 'connection' | 'database'>,
) =>
  role === undefined
    ? { left: [], beside: [] }
    : await roleAtLarge(connection, { role, database, applicationNames: tags });

const saySession = ({ pid, applicationName, elsewhere, background }: Session): string =>
  `session ${pid} (${background ?? applicationName})${elsewhere === undefined ? '' : ` in database ${elsewhere}`}`;

interface Left {
  /** One phrase each. */
  readonly left: readonly string[];
  /** Whether a process is among them. */
  readonly works: boolean;
  /** Sessions that only use a name of the worker. */
  readonly strangers: readonly Session[];
}

async function lookAround(
  worker: Worker,
  { connection, database }: Pick<Quietening, 'connection' | 'database'>,
  strangersSince?: number,
): Promise<Left> {
  const { processes, cgroups } = await workOf(worker);
  const sessions = await phaseSessions(connection, sessionsOf(worker, database, strangersSince));
  const { role, since } = worker;
  const nobodys = role === undefined && since === undefined;
  const prepared = nobodys ? [] : await preparedTransactions(connection, { database, role, since });
  const atLarge = await roleOf(worker, { connection, database });
  const own = sessions.filter(({ stranger }) => stranger !== true);
  const left = [
    ...processes.map(({ pid }) => `process ${pid}`),
    ...cgroups.map((folder) => `a process in ${folder}`),
    ...own.map(saySession),
    ...prepared.map(({ gid }) => `prepared transaction ${gid}`),
    ...atLarge.left,
  ];
  const works = processes.length > 0 || cgroups.length > 0;
  return { left, works, strangers: sessions.filter(({ stranger }) => stranger === true) };
}

/** What is left of the worker now, one phrase each. */
export const whatIsLeft = async (
  worker: Worker,
  quietening: Pick<Quietening, 'connection' | 'database'>,
): Promise<readonly string[]> => (await lookAround(worker, quietening)).left;

/** The server time after which no new session can be the worker's; undefined while that is unknown. */
async function strangersFrom({ role }: Worker, { connection, allGone }: Quietening): Promise<number | undefined> {
  if (role === undefined || allGone === undefined || !(await allGone())) return undefined;
  return (await serverTime(connection)) + onTheWay;
}

const sayStranger = ({ role, applicationName }: Session): string => `sessions of ${role} named ${applicationName}`;

/** A stranger's session does not block the rollback: if it cannot be ended, it stays. */
async function endStrangers(connection: Quietening['connection'], of: PhaseSessions): Promise<void> {
  await endSessions(connection, of).catch((error: unknown) => {
    if (!(error instanceof TargetRefused)) throw error;
  });
}

/** Returns the processes that could not be ended. Rejects with any other error. */
async function endOrTell(ending: Ending): Promise<{ readonly ended: number; readonly stays?: StillRunning }> {
  try {
    return await endProcesses(ending);
  } catch (error) {
    if (error instanceof StillRunning) return { ended: 0, stays: error };
    throw error;
  }
}

/**
 * Ends the worker's processes, including those that left their group, and its sessions, by role and by name. Then searches
 * until nothing of it has been seen for `quiet_for`. A process that only its wrapper may end gets the same time as sessions
 * that reconnect: the wrapper ends it when it learns of the rollback. Rejects with WorkGoesOn, StillRunning, or the target's
 * error.
 */
export async function quieten(worker: Worker, quietening: Quietening): Promise<Quiet> {
  const { database, rules, connection, clock } = quietening;
  const deadline = after(clock.now(), millis(rules.kill_grace + rules.quiet_for + patience));
  let [endedProcesses, endedSessions] = [0, 0];
  let quietSince: Instant | undefined;
  let goesOn: StillRunning | WorkGoesOn = new WorkGoesOn([]); // the last search may miss what keeps coming back
  let since: number | undefined;
  const notCounted = new Set<string>();
  for (;;) {
    let stays: StillRunning | undefined;
    if (quietSince === undefined) {
      const ending = endOrTell({ ...worker, grace: rules.kill_grace, clock });
      const [processes, sessions] = await Promise.all([ending, endSessions(connection, sessionsOf(worker, database))]);
      endedProcesses += processes.ended;
      endedSessions += sessions.length;
      stays = processes.stays; // the next search may not see it, for example if only its group is known
    }
    const { left, works, strangers } = await lookAround(worker, quietening, since);
    if (works) since = undefined;
    else if (left.length > 0) since ??= await strangersFrom(worker, quietening);
    for (const one of strangers) if (notCounted.size < mostStrangers) notCounted.add(sayStranger(one));
    if (strangers.length > 0 && quietSince !== undefined) await endStrangers(connection, sessionsOf(worker, database));
    if (left.length > 0) goesOn = new WorkGoesOn(left);
    if (stays !== undefined) goesOn = stays;
    const now = clock.now();
    quietSince = left.length > 0 || stays !== undefined ? undefined : (quietSince ?? now);
    if (quietSince !== undefined && between(quietSince, now) >= rules.quiet_for) {
      const named = notCounted.size === 0 ? {} : { notCounted: [...notCounted] };
      return { endedProcesses, endedSessions, since: quietSince, ...named };
    }
    if (now > deadline) throw goesOn;
    await clock.wait(betweenLooks);
  }
}
