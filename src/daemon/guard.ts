import type { Guard } from '../api/guard.ts';
import { cannotFail } from '../checks/self-test.ts';
import { refuse } from '../core/authority/refusal.ts';
import { rightsOf } from '../core/authority/roles.ts';
import type { RunId } from '../core/kernel/ids.ts';
import { loginNotes } from '../core/plan/logins.ts';
import { no } from '../core/run/decision.ts';
import type { Input } from '../core/run/input.ts';
import { silentTriggers } from '../core/verdicts/drill.ts';
import { metricsView } from '../metrics/build-view.ts';
import { type DetectionPower, detectionPower } from '../monitoring/detection-power.ts';
import { beat } from '../phases/heartbeat.ts';
import type { PhaseLeases } from '../phases/phase-leases.ts';
import { phaseStarter } from '../phases/phase-start.ts';
import { recordChild } from '../phases/reported-child.ts';
import type { Scripts } from '../plan-files/script-binding.ts';
import { dryRunOf } from '../rollback/dry-run.ts';
import { noRun } from '../runs/conductor.ts';
import { openRun } from '../runs/open-run.ts';
import { serialQueue } from '../system/serial-queue.ts';
import { singleFlight } from '../system/single-flight.ts';
import { findMissingPermissions } from '../target/missing-permissions.ts';
import { discreetGuard } from './discreet-guard.ts';
import { guardReads, type ReadsParts } from './guard-reads.ts';
import type { Recovered } from './recover.ts';

export interface GuardParts extends ReadsParts {
  readonly phaseLeases: PhaseLeases;
  readonly scripts: Scripts;
  readonly over: AbortSignal;
}

/** Looks up what the gauges are derived from when they are scraped, because nobody reads them in between. */
async function showMetrics(parts: GuardParts, view: Guard['view']): Promise<void> {
  const { loaded, conductor, clock, connections, metrics, health } = parts.recovered;
  const { evidenceStore, evaluator } = parts.monitoring;
  const state = conductor.openRun();
  const shown = state === undefined ? undefined : await view(state.run);
  const now = {
    targetUp: health.isTargetUp(),
    blind: evaluator.blind().length > 0,
    lockHeld: connections.lock.lost() === undefined,
    overdue: health.overdue().length,
    mismatch: connections.server.wrong().length > 0,
    clockOffset: clock.offset(),
  };
  metrics.show(metricsView({ plan: loaded.plan, state, view: shown, recent: evidenceStore.recent(), ...now }));
}

/** Checking whether the run may be armed takes time. A person who disarms it meanwhile takes precedence. */
const disarmedMeanwhile = refuse(
  'disarmed',
  'somebody disarmed the run while the guard checked whether it may be armed',
  'no disarm during that check',
  'Ask who did, then arm it again',
);

/** Records in the run that a token has ended: its owner's approvals no longer count. */
const distrust = ({ conductor, tokens }: Recovered) =>
  conductor.submit({ kind: 'revoked', principals: tokens.revoked() });

/** Takes an input, after checking what it depends on: scripts, ended tokens, and for arming, missing requirements. */
function takeInputs(
  { recovered, monitoring: { checks }, scripts }: GuardParts,
  power: DetectionPower,
): Guard['submit'] {
  const { loaded, conductor, connections } = recovered;
  const { plan } = loaded;
  const armingChecks = serialQueue();
  let disarmed = 0;
  const arm = async (run: RunId, input: Extract<Input, { kind: 'arm' }>) => {
    const before = disarmed;
    const frozen = conductor.state()?.baseline;
    const weaknesses = frozen === undefined ? [] : await power.weaknesses(frozen);
    const silent = [...cannotFail(plan, checks.asked), ...silentTriggers(plan)];
    const { unfenced, others } = await armingChecks(() => findMissingPermissions(connections, loaded));
    if (disarmed !== before) return no(disarmedMeanwhile);
    return conductor.submit({ ...input, unfenced, missingPermissions: [...others, ...weaknesses, ...silent] }, run);
  };
  return async (run, input) => {
    if (input.kind === 'phase-spawned') return recordChild(recovered, run, input);
    if (input.kind === 'approve' || input.kind === 'order' || input.kind === 'pre-approve')
      await conductor.submit({ kind: 'scripts', scripts: await scripts.lookAfresh() }, run);
    if (input.kind === 'approve') await distrust(recovered); // a daemon may have died between the revocation and this record
    if (input.kind === 'disarm') disarmed += 1;
    return input.kind === 'arm' ? arm(run, input) : conductor.submit(input, run);
  };
}

/** Predicts what a rollback would do now. Identical requests at the same time share one query of the target. */
function dryRuns({ recovered, scripts }: GuardParts): Guard['dryRun'] {
  const { loaded, connections, conductor, clock } = recovered;
  const shared = singleFlight();
  return async (wanted) => {
    const state = conductor.state();
    if (state === undefined) return { refused: noRun };
    const key = JSON.stringify([state.run, state.plan.hash, state.undoRevision, wanted.phase, wanted.restore]);
    return shared(key, () => dryRunOf({ loaded, connections, scripts, state, wanted, now: clock.now() }));
  };
}

/** The daemon, as the HTTP routes see it. */
export function createGuard(parts: GuardParts): Guard {
  const { recovered, monitoring, phaseLeases, unready, over } = parts;
  const { loaded, lease, conductor, clock, connections, tokens, health } = recovered;
  const { evidenceStore, evaluator, checks } = monitoring;
  const { plan } = loaded;
  const power = detectionPower(plan);
  const current = conductor.state;
  const reads = guardReads(parts);
  const guard: Guard = {
    ...reads,
    name: { plan: plan.name, target: loaded.environment.name },
    over,
    rightsOf: (role) => rightsOf(plan, role),
    principalOf: tokens.whose,
    async revokeToken(input) {
      const revoked = await tokens.revoke(input);
      if (conductor.state() !== undefined) await distrust(recovered);
      return revoked;
    },
    current,
    open: (by) => openRun(recovered, by),
    submit: takeInputs(parts, power),
    startPhase: phaseStarter({
      loaded,
      conductor,
      connections,
      clock,
      phaseLeases,
      monitoring: {
        runChecks: () => checks.runAll(),
        evaluate: evaluator.evaluate,
        recentReadings: evidenceStore.recent,
        seldom: checks.seldom,
      },
    }),
    excuseSilence: () => phaseLeases.excuse(clock.now()),
    beat: (run, phase, by, tag, fraction) =>
      beat({ conductor, lease, phaseLeases, clock }, run, phase, by, tag, fraction),
    follow: (listener, signal) => conductor.listen((entries) => listener(entries), signal),
    async detectionPower() {
      const frozen = current()?.baseline;
      if (frozen === undefined) return undefined;
      return { power: await power.power(frozen), weaknesses: await power.weaknesses(frozen) };
    },
    dryRun: dryRuns(parts),
    unready,
    overdue: health.overdue,
    logins: () => loginNotes(loaded.environment.target),
    showMetrics: () => showMetrics(parts, reads.view),
    now: clock.now,
    captureFor: () => plan.baseline.capture_for,
  };
  return discreetGuard(guard, loaded.hide.shown);
}
