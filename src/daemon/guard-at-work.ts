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
import { phaseLeases } from '../phases/phase-leases.ts';
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

/** One plan in one environment: built, recovered and started. Disposed of, it lets the step under way end and lets go of target and lease. */
export interface GuardAtWork extends AsyncDisposable {
  readonly guard: Guard;
  readonly metrics: GuardMetrics;
  /** False once another process has taken the guard over: this one then only answers what it is asked. */
  holdsLease(): boolean;
  openRun(): RunState | undefined;
  /** Deletes the readings that its plan does not keep any longer; how many minutes of a probe. */
  pruneReadings(now: Instant): Promise<number>;
}

/** How long a step under way may still take when the guard is told to stop. */
const stepPatience = seconds(30);

/** The executor, at rest until it is woken. */
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
    output: stepOutputIn(`${storePath}-step-${lease.guard}`, health.during('keeping what a step writes')),
    failed,
  });
  // Nobody else may act beside the step under way: the lock goes when that has ended.
  const standDown = () => executor.standDown().then(connections.lock.letGo);
  lease.onLost(() => void standDown().catch(health.during('letting the guard lock go')));
  return executor;
}

/** The guard as its requests see it; it listens to none. */
function buildGuard(recovered: Recovered, monitoring: Monitoring, scripts: Scripts) {
  const { loaded, clock, connections, health } = recovered;
  const ofPhases = phaseLeases(loaded.plan.phase_lease, clock.now());
  const unready = () => [...health.list(), ...connections.doubts(), ...monitoring.late()];
  return { guard: createGuard({ recovered, monitoring, phaseLeases: ofPhases, scripts, unready }), ofPhases };
}

/** What must be done about events though this process is killed. Another one that takes the guard over does it instead. */
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
 * Builds, recovers, starts: one after the other. Until the restart is on record nothing of it looks, decides or takes a request, and
 * what was opened is closed again when a later part fails. Rejects with one clear sentence: a target or lease in use, a damaged
 * journal, a target that does not answer. `failed` is told when it cannot go on with a rollback.
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
  const monitoring = await buildMonitoring({ ...recovered, metrics: metricsOfMonitoring });
  const scripts = scriptsOfPlan(plan, environment.name, folder, fill);
  const noteTarget = targetChanges(recovered);
  const executor = buildExecutor(recovered, monitoring, scripts, noteTarget, shared.storePath, failed);
  const { guard, ofPhases } = buildGuard(recovered, monitoring, scripts);
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
  // A fence that could not be lifted is tried again though nothing else happens.
  undo.use(repeat(clock, minutes(1), async () => executor.wake(), health.during('going on with the rollback')));
  log.info({ target: sayTarget(connections.identity) }, 'the guard is at work');

  const built = undo.move();
  const holdsLease = () => lease.lost() === undefined;
  return {
    guard,
    metrics,
    holdsLease,
    // Once another process has the guard, nothing here is under way, and what is kept is for that one to say.
    openRun: () => (holdsLease() ? openRun() : undefined),
    pruneReadings: async (now) => (holdsLease() ? journal.pruneReadings(instant(now - plan.keep_readings_for)) : 0),
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}
