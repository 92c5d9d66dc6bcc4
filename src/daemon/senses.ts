import { betweenLooks } from '../core/detection/limits.ts';
import { type Finding, withoutSeen } from '../core/evidence/finding.ts';
import type { Reading } from '../core/evidence/reading.ts';
import { startSampling } from '../probes/sampling-loop.ts';
import { circumstancesOf } from './circumstances.ts';
import { plannedAskers } from './askers.ts';
import { type Capture, createCapture } from './capture.ts';
import { type EvidenceKeeper, evidenceKeeper } from './evidence-keeper.ts';
import type { Foundation } from './foundation.ts';
import { createLooker, type Looker } from './look.ts';
import { noteObstacles } from './obstacles.ts';
import { type ReadingLog, readingLog } from './reading-log.ts';
import { phaseCanceller } from './phase-cancel.ts';
import { rebuildEvidence } from './rebuild.ts';
import { repeat } from './repeat.ts';
import { sessionsAtWork } from '../target/sessions.ts';
import { type PlannedChecks, startPlannedChecks } from './planned-checks.ts';

/** Everything that looks at the target, and what it has seen. */
export interface Senses {
  readonly keeper: EvidenceKeeper;
  readonly readings: ReadingLog;
  readonly looker: Looker;
  readonly checks: PlannedChecks;
  readonly capture: Capture;
  /** Why probes are not answered now, one sentence each. */
  obstacles(): readonly string[];
}

/** Starts looks, checks and probes; each is stopped by `undo` in the reverse order. */
export async function startSenses(foundation: Foundation, undo: AsyncDisposableStack): Promise<Senses> {
  const { loaded, log, clock, metrics, troubles, journal, desk, conductor, openRun } = foundation;
  const { plan, environment } = loaded;
  const { url, role_for_phases: role } = environment.target;
  const since = clock.now();
  const keeper = evidenceKeeper(plan, since);
  const circumstances = circumstancesOf(plan);
  const readings = readingLog(journal);
  const unfinished = openRun();
  if (unfinished !== undefined)
    await rebuildEvidence({ plan, state: unfinished, journal, keeper, log: readings, now: since, circumstances });

  let checks: PlannedChecks | undefined;
  const looker = createLooker({
    plan,
    conductor,
    keeper,
    clock,
    since,
    catalogue: () => checks?.asked ?? [],
    paces: () => checks?.paces ?? new Map(),
  });
  const look = async () => {
    await looker.look();
    troubles.looked();
    metrics.evaluated(clock.now());
  };
  const looks = undo.use(repeat(clock, betweenLooks, look, troubles.lookFailed));

  const canceller = phaseCanceller({ plan, role, desk, conductor });
  const onFinding = (finding: Finding) => {
    keeper.finding(withoutSeen(finding));
    metrics.checkFound(finding);
    if (openRun() === undefined) return;
    conductor.submit({ kind: 'finding', finding: withoutSeen(finding) }).catch(troubles.during('recording a finding'));
    if (finding.status === 'breach') looks.now();
    canceller(finding).catch(troubles.during('cancelling a statement of the phase'));
  };
  const { targetCost: cost } = metrics;
  const started = await startPlannedChecks({ plan, desk, url, role, clock, cost, state: conductor.state, onFinding });
  checks = started;
  undo.defer(() => started.stop());

  const stopping = new AbortController();
  const capture = createCapture({
    plan,
    conductor,
    clock,
    runChecks: () => started.runAll('all, for a baseline'),
    concurrency: () => sessionsAtWork(desk.control),
    signal: stopping.signal,
  });
  undo.defer(() => stopping.abort(new Error('the daemon was stopped')));

  const obstacles = noteObstacles(log);
  const onReading = (reading: Reading) => {
    obstacles.saw(reading);
    metrics.reading(reading);
    const run = openRun();
    keeper.reading(reading, circumstances(run));
    if (run === undefined) return;
    readings.add(reading);
    capture.reading(reading);
  };
  const probes = plannedAskers(foundation, capture);
  const sampling = startSampling({ clock, probes, onLag: metrics.lag, onReading });
  undo.defer(async () => {
    await sampling.stop();
    const run = openRun();
    if (run !== undefined) await readings.flush(run.run, clock.now(), true).catch(troubles.during('saving readings'));
  });
  return { keeper, readings, looker, checks: started, capture, obstacles: obstacles.list };
}
