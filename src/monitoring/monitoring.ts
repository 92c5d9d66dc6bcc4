import { type Capture, createCapture } from '../baseline/capture.ts';
import { betweenEvaluations } from '../core/detection/limits.ts';
import { asRecorded, type Finding, withoutSeen } from '../core/evidence/finding.ts';
import { withNamedFaults } from '../core/evidence/many-faults.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { GuardClock } from '../core/kernel/clock.ts';
import type { Instant } from '../core/kernel/units.ts';
import { circumstancesOf } from '../core/run/circumstances.ts';
import { sayClock, suspectClock } from '../core/run/wall-clock.ts';
import type { GuardJournal } from '../journal/under-lease.ts';
import type { GuardMetrics } from '../metrics/guard-metrics.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import { phaseCanceller } from '../phases/lock-queue-cancel.ts';
import type { PhaseLeases } from '../phases/phase-leases.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { startSampling } from '../probes/sampling-loop.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { Log } from '../system/log.ts';
import { repeat, type Repeating } from '../system/repeat.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import { ownTime } from '../target/own-time.ts';
import { sessionsAtWork } from '../target/sessions.ts';
import { createEvaluator, type Evaluator } from './evaluator.ts';
import { type EvidenceStore, createEvidenceStore } from './evidence-store.ts';
import { createPlannedChecks, type PlannedChecks } from './planned-checks.ts';
import { plannedProbes } from './planned-probes.ts';
import { noteProbeIssues } from './probe-issues.ts';
import { hiddenReading, type ReadingLog, readingLog } from './reading-log.ts';
import { rebuildEvidence } from './rebuild-evidence.ts';

/** Receives the health of monitoring itself: evaluations, failures, and the clock. */
export interface MonitoringHealth {
  /** Returns a handler for errors that occur while doing `what`. */
  during(what: string): (error: unknown) => void;
  /** Sets or clears the current problem with the clock. */
  clock(trouble: string | undefined): void;
  evaluated(): void;
  evaluationFailed(error: unknown): void;
}

export interface MonitoringParts {
  readonly phaseLeases: Pick<PhaseLeases, 'isHeard'>;
  readonly loaded: LoadedPlan;
  readonly connections: GuardedTarget;
  readonly conductor: Conductor;
  readonly journal: Pick<GuardJournal, 'readReadings' | 'writeReadings'>;
  readonly clock: GuardClock;
  readonly metrics: Pick<GuardMetrics, 'reading' | 'lag' | 'targetCost' | 'checkFound' | 'evaluated'> &
    Pick<ProcessMetrics, 'eventLoopLag'>;
  readonly health: MonitoringHealth;
  readonly log: Pick<Log, 'warn' | 'info'>;
}

/** Runs the probes, the checks and the evaluation of the criteria, and holds their evidence. */
export interface Monitoring {
  readonly evidenceStore: EvidenceStore;
  readonly readings: ReadingLog;
  readonly evaluator: Evaluator;
  readonly checks: PlannedChecks;
  readonly capture: Capture;
  /** Why probes get no readings now, one sentence per probe. */
  probeIssues(): readonly string[];
  /** Probes for which the guard is blind because it was late itself, one sentence each. The guard is then not ready. */
  late(): readonly string[];
  /** Starts evaluations, checks and probes. `undo` stops them in reverse order. */
  start(undo: AsyncDisposableStack): void;
}

/** Stores, publishes and records each finding. A breach triggers an evaluation at once. */
function findingTaker(
  { loaded, connections, conductor, metrics, health }: MonitoringParts,
  evidenceStore: EvidenceStore,
  evaluateNow: () => void,
): (finding: Finding) => void {
  const { openRun } = conductor;
  const { plan, environment } = loaded;
  const canceller = phaseCanceller({ plan, role: environment.target.role_for_phases, connections, conductor });
  return (finding: Finding) => {
    evidenceStore.finding(withoutSeen(finding));
    metrics.checkFound(withoutSeen(finding));
    const run = openRun();
    if (run === undefined) return;
    const { check } = finding;
    const inBaseline = run.baseline?.baseline.findings.find((one) => one.check === check);
    const named = withNamedFaults(finding, inBaseline, evidenceStore.checks().get(check)?.faultsSince);
    conductor.submit({ kind: 'finding', finding: asRecorded(named) }).catch(health.during('recording a finding'));
    if (finding.status === 'breach') evaluateNow();
    canceller(finding).catch(health.during('cancelling a statement of the phase'));
  };
}

interface Takers {
  readonly evidenceStore: EvidenceStore;
  readonly readings: ReadingLog;
  readonly capture: Capture;
  readonly circumstances: ReturnType<typeof circumstancesOf>;
  readonly issues: Pick<ReturnType<typeof noteProbeIssues>, 'saw'>;
}

/** Removes secrets from each reading, then publishes it, stores it, and adds it to a baseline that is being captured. */
const readingTaker =
  (
    { loaded, metrics, conductor }: MonitoringParts,
    { evidenceStore, readings, capture, circumstances, issues }: Takers,
  ): ((raw: Reading) => void) =>
  (raw) => {
    const reading = hiddenReading(raw, loaded.hide.kept);
    issues.saw(reading);
    metrics.reading(reading);
    const run = conductor.openRun();
    evidenceStore.reading(reading, circumstances(run));
    if (run === undefined) return;
    readings.add(reading);
    capture.reading(reading);
  };

/** The evaluator, and an `evaluate` that checks the clock first and then reports that an evaluation took place. */
function evaluation(
  { loaded, conductor, connections, clock, health, metrics, phaseLeases: { isHeard } }: MonitoringParts,
  evidenceStore: EvidenceStore,
  { asked: catalogue, paces }: PlannedChecks,
  since: Instant,
) {
  const { plan } = loaded;
  const unsure = () => [...connections.unsure(), ...suspectClock(clock.offset())];
  const evaluator = createEvaluator({
    plan,
    conductor,
    evidenceStore,
    clock,
    since,
    catalogue,
    paces,
    isHeard,
    unsure,
  });
  const evaluate = async () => {
    health.clock(sayClock(clock.offset()));
    await evaluator.evaluate();
    health.evaluated();
    metrics.evaluated(clock.now());
  };
  return { evaluator, evaluate };
}

const baselineCapture = (
  { loaded: { plan }, conductor, clock, connections }: MonitoringParts,
  checks: PlannedChecks,
  signal: AbortSignal,
): Capture =>
  createCapture({
    plan,
    conductor,
    clock,
    runChecks: () => checks.runAll('all, for a baseline'),
    concurrency: () => sessionsAtWork(connections.control),
    signal,
  });

/** Builds the monitoring of the target, with the evidence from the journal. It queries nothing until you start it. */
export async function buildMonitoring(parts: MonitoringParts): Promise<Monitoring> {
  const { loaded, log, clock, metrics, health, journal, connections, conductor } = parts;
  const { openRun } = conductor;
  const { plan, environment, hide } = loaded;
  const target = { ...environment.target, server: connections.server };
  const since = clock.now();
  const evidenceStore = createEvidenceStore(plan, since);
  const circumstances = circumstancesOf(plan);
  const readings = readingLog(journal, hide.kept);
  const unfinished = openRun();
  if (unfinished !== undefined)
    await rebuildEvidence({
      plan,
      state: unfinished,
      journal,
      evidenceStore,
      log: readings,
      now: since,
      circumstances,
    });

  let evaluations: Repeating | undefined;
  const onFinding = findingTaker(parts, evidenceStore, () => evaluations?.now());
  const { targetCost: cost } = metrics;
  const { state } = conductor;
  const checks = await createPlannedChecks({ plan, connections, target, clock, cost, hide, state, onFinding });
  const { evaluator, evaluate } = evaluation(parts, evidenceStore, checks, since);
  const stopping = new AbortController();
  const capture = baselineCapture(parts, checks, stopping.signal);
  const issues = noteProbeIssues(log);
  const onReading = readingTaker(parts, { evidenceStore, readings, capture, circumstances, issues });
  const probes = plannedProbes({ loaded, connections, conductor, capture });
  const saveReadings = async () => {
    const run = openRun();
    if (run !== undefined) await readings.flush(run.run, clock.now(), true).catch(health.during('saving readings'));
  };

  return {
    evidenceStore,
    readings,
    evaluator,
    checks,
    capture,
    probeIssues: issues.list,
    late: () => issues.late(evaluator.blind()),
    start(undo) {
      evaluations = undo.use(repeat(clock, betweenEvaluations, evaluate, health.evaluationFailed));
      checks.start();
      undo.defer(() => checks.stop());
      undo.defer(() => stopping.abort(new Error('the daemon was stopped')));
      undo.defer(saveReadings);
      const { lag: onLag, eventLoopLag: onWake } = metrics;
      const sampling = startSampling({ clock, probes, onLag, onWake, ownTime, onReading });
      undo.defer(() => sampling.stop());
    },
  };
}
