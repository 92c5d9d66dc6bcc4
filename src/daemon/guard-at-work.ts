import { dirname, join } from 'node:path';

import type { Guard } from '../api/guard.ts';
import type { Round } from '../checks/schedule.ts';
import type { ConsumerFault } from '../consumers/consumer.ts';
import { reportFiles } from '../consumers/report-file.ts';
import { runConsumer } from '../consumers/runner.ts';
import { sayTarget } from '../core/evidence/target.ts';
import { type Instant, instant, minutes, seconds } from '../core/kernel/units.ts';
import type { RunState } from '../core/run/state.ts';
import type { GuardMetrics } from '../metrics/guard-metrics.ts';
import { buildMonitoring, type Monitoring } from '../monitoring/monitoring.ts';
import { targetChanges } from '../monitoring/target-change.ts';
import { type PhaseLeases, phaseLeases } from '../phases/phase-leases.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { type Scripts, scriptsOfPlan } from '../plan-files/script-binding.ts';
import { composeRollback } from '../rollback/compose.ts';
import { stepOutputIn } from '../rollback/step-output.ts';
import { repeat } from '../system/repeat.ts';
import { type EffectParts, performEffects } from './effects.ts';
import { layFoundation, type Shared } from './foundation.ts';
import { createGuard } from './guard.ts';
import { startHousekeeping } from './housekeeping.ts';
import { recover, type Recovered } from './recover.ts';

/**
 * One plan in one environment: built, recovered and started. Disposing it waits for the current rollback step and releases
 * the target and the lease.
 */
export interface GuardAtWork extends AsyncDisposable {
  readonly guard: Guard;
  readonly metrics: GuardMetrics;
  /** False once another process has taken over the guard. This one then only answers requests. */
  holdsLease(): boolean;
  openRun(): RunState | undefined;
  /** Deletes the readings that the plan no longer keeps. Resolves with the number of minutes deleted, each of one probe. */
  pruneReadings(now: Instant): Promise<number>;
}

/** How long the current step may still run when the guard is told to stop. */
const stepPatience = seconds(30);

/** The executor, which sleeps until it is woken. */
function buildExecutor(
  { loaded, lease, conductor, connections, clock, health }: Recovered,
  { checks }: Monitoring,
  scripts: Scripts,
  noteTarget: () => Promise<void>,
  storePath: string,
  failed: (error: unknown) => void,
) {
  const executor = composeRollback({
    loaded,
    scripts,
    conductor,
    lease,
    connections,
    clock,
    monitoring: { runChecks: () => checks.runAll(), noteTarget },
    output: stepOutputIn(`${storePath}-step-${lease.guard}`, health.during('storing a step’s output')),
    failed,
  });
  // No other guard may act while a step of ours runs, so the lock is released after it.
  const standDown = () => executor.standDown().then(connections.lock.letGo);
  lease.onLost(() => void standDown().catch(health.during('releasing the guard lock')));
  return executor;
}

/** The guard for its requests; this function opens no port. */
function buildGuard(
  recovered: Recovered,
  monitoring: Monitoring,
  ofPhases: PhaseLeases,
  scripts: Scripts,
  over: AbortSignal,
) {
  const { connections, health } = recovered;
  const unready = () => [...health.list(), ...connections.doubts(), ...monitoring.late()];
  return createGuard({ recovered, monitoring, phaseLeases: ofPhases, scripts, unready, over });
}

/** Work that events require and that must survive a crash. If another process takes over the guard, that process does it. */
function startConsumers(
  { lease, journal, clock, conductor, health }: Recovered,
  { report }: Guard,
  folder: string,
  undo: AsyncDisposableStack,
): void {
  const consumer = reportFiles({ guard: lease.guard, folder, report });
  const onFault = (fault?: ConsumerFault) => health.undelivered(consumer.name, fault);
  const reports = undo.use(runConsumer({ store: journal, consumer, clock, onFault }));
  conductor.listen(reports.wake);
  lease.onLost(reports.stop);
}

/**
 * Builds, recovers and starts the guard, in this order. Until the restart is recorded, no part evaluates, decides or accepts
 * a request. If a later part fails, what was opened is closed. Rejects with one clear message: the target or lease is in use,
 * the journal is damaged, or the target does not answer. Calls `failed` if it cannot continue a rollback.
 */
export async function startGuard(
  loaded: LoadedPlan,
  shared: Shared,
  failed: (error: unknown) => void,
): Promise<GuardAtWork> {
  await using undo = new AsyncDisposableStack();
  const recovered = await recover(await layFoundation(loaded, shared, undo), shared.clockIsRight);
  const { log, clock, metrics, health, connections, conductor, recorded, journal, lease, openRun } = recovered;
  const { plan, environment, folder, fill } = loaded;

  const metricsOfMonitoring = { ...metrics, eventLoopLag: recovered.processMetrics.eventLoopLag };
  const ofPhases = phaseLeases(plan.phase_lease, clock.now());
  const monitoring = await buildMonitoring({ ...recovered, metrics: metricsOfMonitoring, phaseLeases: ofPhases });
  const scripts = scriptsOfPlan(plan, environment.name, folder, fill);
  const noteTarget = targetChanges(recovered);
  const executor = buildExecutor(recovered, monitoring, scripts, noteTarget, shared.storePath, failed);
  const over = new AbortController();
  lease.onLost(() => over.abort());
  const guard = buildGuard(recovered, monitoring, ofPhases, scripts, over.signal);
  startConsumers(recovered, guard, join(dirname(shared.storePath), 'reports'), undo);
  const { evidenceStore, evaluator, capture, checks } = monitoring;
  const runRound = (round: Round) => void checks.runAll(round).catch(health.during('a round of checks'));
  const parts: EffectParts = { evidenceStore, evaluator, capture, executor, metrics, log, runRound };

  conductor.listen((entries, state) => performEffects(entries, state, parts));
  monitoring.start(undo);
  undo.defer(() => executor.stop(stepPatience));
  const state = conductor.state();
  if (state !== undefined && recorded.length > 0) performEffects(recorded, state, parts);
  startHousekeeping(recovered, monitoring, ofPhases, scripts, noteTarget, undo);
  // Retries a fence that could not be lifted, even if nothing else wakes the executor.
  undo.use(repeat(clock, minutes(1), async () => executor.wake(), health.during('continuing the rollback')));
  undo.defer(() => over.abort()); // first of all: nobody waits for events while the rest ends
  log.info({ target: sayTarget(connections.identity) }, 'the guard is at work');

  const built = undo.move();
  const holdsLease = () => lease.lost() === undefined;
  return {
    guard,
    metrics,
    holdsLease,
    // Once another process owns the guard, this one has no work in progress, and retention is the other one's decision.
    openRun: () => (holdsLease() ? openRun() : undefined),
    pruneReadings: async (now) => (holdsLease() ? journal.pruneReadings(instant(now - plan.keep_readings_for)) : 0),
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}
