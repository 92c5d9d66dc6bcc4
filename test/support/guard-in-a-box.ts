import { betweenEvaluations } from '../../src/core/detection/limits.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { noOwnTime, type OwnTime } from '../../src/core/evidence/own-time.ts';
import type { Finding } from '../../src/core/evidence/finding.ts';
import { captureBaseline } from '../../src/core/detection/capture.ts';
import { type ProbeId, probeId, type RunId } from '../../src/core/kernel/ids.ts';
import { type Millis, millis, seconds } from '../../src/core/kernel/units.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { Step } from '../../src/core/response/step.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { type Conductor, createConductor } from '../../src/runs/conductor.ts';
import { loadRun } from '../../src/runs/recorded-run.ts';
import { createEvidenceStore, markAt } from '../../src/monitoring/evidence-store.ts';
import { circumstancesOf } from '../../src/core/run/circumstances.ts';
import { createEvaluator } from '../../src/monitoring/evaluator.ts';
import { repeat } from '../../src/system/repeat.ts';
import { startSampling } from '../../src/probes/sampling-loop.ts';
import { createExecutor, type Outcome } from '../../src/rollback/executor.ts';
import type { Guarding } from '../../src/target/guarded-target.ts';
import { dana, place, recordedPlan, target } from './builders.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { type MemoryJournal, memoryJournal } from './memory-journal.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import { rollbackOf } from '../../src/core/run/state.ts';

/** The guard's outside world, which a test controls. */
export interface World {
  /** How long each probe takes to answer; undefined if it does not answer. */
  latency: (probe: ProbeId) => Millis | undefined;
  /** How much of an answer's time is the guard's own. */
  own: (probe: ProbeId) => OwnTime;
  /** The outcome of a step. */
  take: (step: Step) => Outcome;
  onlyGuard: Guarding;
  readonly taken: string[];
}

/** The daemon's real parts with a fake clock and a simulated outside world. */
export interface Box extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly world: World;
  readonly journal: MemoryJournal;
  readonly conductor: Conductor;
  readonly run: RunId;
  /** The types of all events so far. */
  types(): readonly RunEvent['type'][];
  /** Every reading so far, in no particular order. */
  readings(): readonly Reading[];
  finding(finding: Finding): Promise<void>;
  /** Freezes a baseline of the readings in the last `length`. */
  baseline(length: Millis): Promise<void>;
}

/** `before`: a box whose daemon has ended. The new box continues its journal and its clock. */
export async function guardInABox(plan: Plan, run: RunId, before?: Pick<Box, 'journal' | 'clock'>): Promise<Box> {
  const { journal, clock } = before ?? { journal: memoryJournal(), clock: fakeClock() };
  const undo = new AsyncDisposableStack();
  const state = await loadRun(journal, run);
  const conductor = createConductor({
    journal,
    plan,
    clock,
    state,
    hide: hidesNothing.kept,
    refuseEnded: () => undefined,
  });
  const evidenceStore = createEvidenceStore(plan, clock.now());
  const circumstances = circumstancesOf(plan);
  const evaluator = createEvaluator({
    plan,
    conductor,
    evidenceStore,
    clock,
    since: clock.now(),
    catalogue: [],
    paces: new Map(),
    isHeard: () => true,
  });
  const readings = new Map<ProbeId, Reading[]>(plan.probes.map(({ id }) => [probeId(id), []]));
  const world: World = {
    latency: () => millis(20),
    own: () => noOwnTime,
    take: () => ({ ended: 'well', output: '' }),
    onlyGuard: 'yes',
    taken: [],
  };
  const failures: unknown[] = [];

  const executor = createExecutor({
    clock,
    place,
    rollback: () => rollbackOf(conductor.state()),
    record: async (event) => void (await conductor.submit({ kind: 'record', event })),
    mayAct: async () => {
      if (journal.lost !== undefined) throw journal.lost;
    },
    isOnlyGuard: async () => world.onlyGuard,
    stopWork: async () => ({ endedProcesses: 1, endedSessions: 1, since: clock.now() }),
    fence: () => undefined,
    liftFence: async () => undefined,
    phaseExtents: async () => new Map(),
    precondition: async () => undefined,
    take: async (step) => {
      world.taken.push(step.id);
      return world.take(step);
    },
    endOrphans: async () => ({ endedProcesses: 0, endedSessions: 0 }),
    prove: async () => undefined,
    output: { left: async () => '', forget: async () => undefined },
    failed: (error) => failures.push(error),
  });
  undo.defer(() => executor.stop(seconds(0)));
  conductor.listen((entries) => {
    for (const { event } of entries) {
      evaluator.noted(event);
      markAt(event, evidenceStore);
    }
    executor.wake();
  });
  if (conductor.state() === undefined) {
    await conductor.open({ kind: 'open', run, plan: recordedPlan(), environment: 'staging', target, by: dana });
  } else {
    await conductor.submit({ kind: 'restart', plan: recordedPlan() });
  }

  const sampling = startSampling({
    clock,
    onLag: () => undefined,
    onWake: () => undefined,
    ownTime: () => noOwnTime,
    onReading: (reading) => {
      evidenceStore.reading(reading, circumstances(conductor.state()));
      readings.get(reading.probe)?.push(reading);
    },
    probes: plan.probes.map(({ id, every }) => ({
      id: probeId(id),
      every,
      ask: async (at, signal): Promise<Reading> => {
        const took = world.latency(probeId(id));
        const probe = probeId(id);
        if ((took ?? 0) > every) await clock.wait(took ?? millis(0), signal).catch(() => undefined);
        if (took !== undefined) return { state: 'answered', probe, at, took, own: world.own(probe) };
        return { state: 'failed', probe, at, cause: { reason: 'timeout', message: 'no answer within 5 s' } };
      },
    })),
  });
  undo.defer(() => sampling.stop());
  undo.use(repeat(clock, betweenEvaluations, evaluator.evaluate, (error) => failures.push(error)));

  return {
    clock,
    world,
    journal,
    conductor,
    run,
    readings: () => [...readings.values()].flat(),
    types: () => journal.entries.map(({ event }) => event.type as RunEvent['type']),
    async finding(finding) {
      evidenceStore.finding(finding);
      await conductor.submit({ kind: 'finding', finding });
    },
    async baseline(length) {
      const from = clock.now();
      await clock.advance(length);
      const taken = new Map([...readings].map(([probe, all]) => [probe, all.filter(({ at }) => at >= from)]));
      const captured = captureBaseline({
        readings: taken,
        findings: [],
        environment: 'staging',
        target,
        from,
        to: clock.now(),
      });
      await conductor.submit({ kind: 'capture', length, by: dana });
      await conductor.submit({ kind: 'captured', ...captured });
    },
    async [Symbol.asyncDispose]() {
      await undo.disposeAsync();
      if (failures.length > 0) throw new AggregateError(failures, 'the guard failed in the background');
    },
  };
}
