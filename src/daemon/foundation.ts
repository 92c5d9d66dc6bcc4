import { partsOf } from '../core/evidence/parts.ts';
import { sameCluster, sameTarget, sayIdentity } from '../core/evidence/target.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { checkId, type GuardId, guardId, phaseId, probeId } from '../core/kernel/ids.ts';
import { switchedOn } from '../core/plan/catalogue.ts';
import { loginNotes } from '../core/plan/logins.ts';
import { readEvent } from '../core/run/catalogue.ts';
import { isRestoring } from '../core/run/decide/target.ts';
import { rollbackOf, rollbackUnderWay, type RunState } from '../core/run/state.ts';
import type { Journal, RunSummary } from '../journal/journal.ts';
import type { GuardJournal } from '../journal/under-lease.ts';
import { createGuardMetrics, type GuardMetrics } from '../metrics/guard-metrics.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import { discreetJournal } from '../plan-files/discreet-journal.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { loadRun } from '../runs/recorded-run.ts';
import { type HeldLease, holdLease } from '../runs/hold-lease.ts';
import { createLog, factsOf, type Log } from '../system/log.ts';
import { openGuardedTarget, type GuardedTarget } from '../target/guarded-target.ts';
import { requireLogins } from '../target/plan-logins.ts';
import { createHealth, type Health } from './health.ts';

/** What the guards of one process share. */
export interface Shared {
  readonly store: Journal;
  /** Reports and the output of steps are stored beside it. */
  readonly storePath: string;
  readonly processMetrics: ProcessMetrics;
  readonly logLevel: string;
  /** A person's confirmation of a clock that is far ahead of the journal. */
  readonly clockIsRight?: boolean | undefined;
  /** The process stops: ends a start at once, whatever it waits for. Does not end a guard at work. */
  readonly stopping?: AbortSignal | undefined;
}

/** What the rest of the daemon is built on. It has neither a clock nor a conductor, so no part of it can act yet. */
export interface Foundation {
  readonly loaded: LoadedPlan;
  readonly log: Log;
  readonly metrics: GuardMetrics;
  readonly processMetrics: ProcessMetrics;
  readonly health: Health;
  /** This process's lease on the guard. */
  readonly lease: HeldLease;
  /** The store, which writes only under the lease. */
  readonly journal: GuardJournal;
  readonly connections: GuardedTarget;
  /** The guard's newest run, as the journal has it. */
  readonly newest: RunState | undefined;
}

class WrongTarget extends RipcordError {
  constructor(state: RunState, found: string) {
    super(
      {
        found: `this is ${found}`,
        wanted: `the target of the open run ${state.run}: ${sayIdentity(state.target)}`,
        todo: 'Give the url of that target, restore it under its name, or use another journal for another target',
      },
      exitCodes.usage,
    );
  }
}

/**
 * Requires every later session to reach the run's target. If the target changed since the last daemon stopped, such as by a
 * failover or a restore in progress, the next daemon finds that out and records it.
 */
async function expectTargetOf(
  run: RunState,
  { identity, server, askAnew }: GuardedTarget,
  stopping: AbortSignal | undefined,
): Promise<void> {
  const isNamesake = sameCluster(run.target, identity) && run.target.database === identity.database;
  if (!sameTarget(run.target, identity) && !(isNamesake && isRestoring(rollbackOf(run))))
    throw new WrongTarget(run, sayIdentity(identity));
  if (run.target.oid === identity.oid && run.target.timeline === identity.timeline) return;
  server.expect(run.target);
  await askAnew(undefined, stopping);
}

/**
 * Adopts a target that is still the same database, although the plan, the estimates, the restore steps and above all the
 * rollback's login differ.
 */
class OpenUnderAnother extends RipcordError {
  readonly run: RunSummary;
  constructor(guard: GuardId, run: RunSummary) {
    super(
      {
        found: `this is guard ${guard}`,
        wanted: `${run.guard}, of which run ${run.run} is open on the same target`,
        todo: 'Start with that plan and --env, or close that run there first',
      },
      exitCodes.usage,
    );
    this.run = run;
  }
}

/**
 * Refuses to start while another guard has an open run on our target. Otherwise a wrong --env or a renamed plan would leave
 * that run unguarded.
 */
async function mustBeOursAlone(journal: GuardJournal, guard: GuardId, { identity }: GuardedTarget): Promise<void> {
  const other = (await journal.runs()).find(({ guard: of, first, last }) => {
    if (of === guard || first === undefined || last?.type === 'run-closed') return false;
    const opened = readEvent(first);
    return opened.type === 'run-opened' && sameTarget(opened.target, identity);
  });
  if (other !== undefined) throw new OpenUnderAnother(guard, other);
}

/** The journal, wrapped to report every durable write: only a write shows that the journal can be written. */
const tellingOf = (journal: Journal, onWritten: () => void): Journal => ({
  ...journal,
  async append(...entry) {
    const entries = await journal.append(...entry);
    onWritten();
    return entries;
  },
  async writeReadings(...readings) {
    await journal.writeReadings(...readings);
    onWritten();
  },
});

/**
 * A missing grant must not leave a rollback half done or a role locked out. In that case this logs the error, and nothing new
 * starts.
 */
async function mustHaveLogins(
  loaded: LoadedPlan,
  connections: GuardedTarget,
  unfinished: RunState | undefined,
  log: Log,
  stopping: AbortSignal | undefined,
) {
  const mustGoOn = rollbackUnderWay(unfinished) !== undefined || unfinished?.fence !== undefined;
  const at = { server: connections.server, signal: stopping };
  await requireLogins(connections.control, loaded, at).catch((error: unknown) => {
    stopping?.throwIfAborted();
    if (!mustGoOn) throw error;
    log.error(factsOf(error), 'the logins do not have the required rights; the running rollback continues');
  });
}

/** Closes the connections when the process stops during `work`, so that nothing waits for a silent target. */
async function endingWith<Done>(
  stopping: AbortSignal | undefined,
  connections: GuardedTarget,
  work: () => Promise<Done>,
): Promise<Done> {
  stopping?.throwIfAborted();
  const end = () => void connections[Symbol.asyncDispose]().then(undefined, () => undefined); // whoever waits is told
  stopping?.addEventListener('abort', end, { once: true });
  try {
    return await work();
  } finally {
    stopping?.removeEventListener('abort', end);
  }
}

/** Takes the guard's lease and its target, and rebuilds the newest run. Writes no events. */
export async function layFoundation(
  loaded: LoadedPlan,
  { store, processMetrics, logLevel, stopping }: Shared,
  undo: AsyncDisposableStack,
): Promise<Foundation> {
  const { plan, environment, hide } = loaded;
  const log = createLog(logLevel, hide, { plan: plan.name, target: environment.name });
  for (const warning of [...loaded.warnings, ...loginNotes(environment.target)]) log.warn({}, warning);
  const planned = new Map(plan.probes.map((probe) => [probeId(probe.id), probe]));
  const metrics = createGuardMetrics({
    plan: plan.name,
    target: environment.name,
    probes: [...planned.keys()],
    partsOf: (probe) => partsOf(planned.get(probe) ?? {}),
    checks: [...plan.checks.map(({ id }) => id), ...switchedOn(plan)].map(checkId),
    phases: plan.phases.map(({ id }) => phaseId(id)),
  });
  const health = createHealth(log, processMetrics);
  const lease = undo.use(
    await holdLease({
      journal: tellingOf(discreetJournal(store, hide.kept), health.journalWorks),
      guard: guardId(plan.name, environment.name),
      failed: health.during('renewing the lease'),
    }),
  );
  lease.onLost(health.takenOver);
  const { journal, guard } = lease;
  const connections = undo.use(
    await openGuardedTarget({
      plan,
      target: environment.target,
      cost: metrics.targetCost,
      onUnread: (said) => log.warn({}, said),
      signal: stopping,
    }),
  );
  const newest = await endingWith(stopping, connections, async () => {
    const [head] = await journal.runs(guard);
    const found = head && (await loadRun(journal, head.run, hide.kept));
    const unfinished = found?.closed === undefined ? found : undefined;
    await mustBeOursAlone(journal, guard, connections);
    if (unfinished !== undefined) await expectTargetOf(unfinished, connections, stopping);
    await mustHaveLogins(loaded, connections, unfinished, log, stopping);
    return found;
  });
  return { loaded, log, metrics, processMetrics, health, lease, journal, connections, newest };
}
