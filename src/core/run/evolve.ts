import { evolveAuthority, noAuthority } from '../authority/state.ts';
import { hold, release } from '../evidence/phase-clock.ts';
import type { Instant } from '../kernel/units.ts';
import type { RecommendationEvent, RollbackEvent } from '../response/events.ts';
import { evolveFence } from '../response/fence.ts';
import { evolveRecommendations, openRecommendation } from '../response/recommendation.ts';
import { evolveRollback, isCutShort, isUnderWay } from '../response/rollback.ts';
import { keyOf, troublesOf, type Verdict } from '../verdicts/verdict.ts';
import { evolveWatch, type WatchEvent } from '../watch/watch.ts';
import type { EvidenceEvent, LifecycleEvent, PhaseEvent, RunEvent } from './events.ts';
import { byFamily } from './families.ts';
import { evolvePhase, holdPhase, releasePhase, runningPhase } from './phases.ts';
import { changeVerdicts, declineBreaches, startPhase, undoPhase } from './standing.ts';
import { openRun, type RunState, startClock } from './state.ts';

const without = <Key extends keyof RunState>(state: RunState, key: Key): RunState => {
  const { [key]: _, ...rest } = state;
  return rest as RunState; // only ever called with a key that RunState declares optional
};

/**
 * Held by an operator, by a recommendation that waits for its answer, or by a rollback until a phase starts again; and at
 * rest when every phase is applied. A phase that runs is not stopped by a hold, so its time counts until a rollback ends it.
 */
function isHeld(state: RunState): boolean {
  const { held, recommendations, rollback, afterRollback, phases } = state;
  if (isUnderWay(rollback)) return true;
  if (runningPhase(phases) !== undefined) return false;
  const waits = held !== undefined || openRecommendation(recommendations) !== undefined;
  return waits || afterRollback === true || phases.every(({ state: is }) => is === 'finished');
}

/** Time held by the guard is not the phases': the clocks stop and go with the hold. */
function settleClocks(before: RunState, state: RunState, at: Instant): RunState {
  if (isHeld(before) === isHeld(state)) return state;
  const [clock, phase] = isHeld(state) ? [hold, holdPhase] : [release, releasePhase];
  return {
    ...state,
    phases: state.phases.map((one) => phase(one, at)),
    ...(state.clock !== undefined && { clock: clock(state.clock, at) }),
  };
}

function evolveLifecycle(state: RunState, event: Exclude<LifecycleEvent, { type: 'run-opened' }>): RunState {
  const { at } = event;
  switch (event.type) {
    case 'guard-restarted': {
      // A changed plan voids what was allowed under the old one: waivers and arming too, since its scripts may be others.
      const authority = event.planHash === state.plan.hash ? state.authority : noAuthority;
      const { setBackFrom } = event;
      const known = setBackFrom === undefined ? {} : { setBackFrom };
      return { ...state, plan: { ...state.plan, hash: event.planHash }, authority, seeingSince: at, ...known };
    }
    case 'capture-started':
      return { ...state, capture: { since: at, length: event.length } };
    case 'capture-failed':
      return without(state, 'capture');
    case 'baseline-frozen':
      return { ...without(state, 'capture'), baseline: { baseline: event.baseline, hash: event.hash, frozenAt: at } };
    case 'run-held':
      return { ...state, held: { by: event.by, reason: event.reason, at } };
    case 'run-resumed':
      return without(state, 'held');
    case 'scripts-seen':
      return { ...state, scripts: event.scripts };
    case 'run-closed':
      return { ...state, closed: { at, by: event.by, reason: event.reason } };
  }
}

function isOver(trouble: string, verdict: Verdict): boolean {
  const isAbout = trouble === keyOf(verdict) || trouble.startsWith(`${keyOf(verdict)}:`);
  if (!isAbout || verdict.status === 'unknown' || verdict.status === 'error') return false;
  const isWell = verdict.status === 'ok' && !verdict.warning;
  return isWell || (verdict.objects !== undefined && !troublesOf(verdict).includes(trouble));
}

/** What was seen well since a phase's start is no longer a trouble that was there before it. */
function withVerdicts(state: RunState, changed: readonly Verdict[], at: Instant): RunState {
  const phases = state.phases.map((one) => ({
    ...one,
    troubled: one.troubled.filter((trouble) => !changed.some((verdict) => isOver(trouble, verdict))),
  }));
  return { ...state, phases, verdicts: changeVerdicts(state.verdicts, changed, at) };
}

function evolveEvidence(state: RunState, event: EvidenceEvent): RunState {
  switch (event.type) {
    case 'verdicts-changed':
      return withVerdicts(state, event.verdicts, event.at);
    case 'finding-changed':
      return { ...state, findings: new Map([...state.findings, [event.finding.check, event.finding]]) };
    case 'guard-blinded':
      return { ...state, blind: { since: state.blind?.since ?? event.at, probes: event.probes } };
    case 'guard-sighted':
      return { ...without(state, 'blind'), seeingSince: event.at };
  }
}

/** With a phase that starts everything may be undone as if nothing had been tried before. */
const newLadder = (state: RunState): RunState =>
  without(without(without(state, 'afterRollback'), 'cutShort'), 'restoreFell');

function evolvePhases(before: RunState, event: PhaseEvent): RunState {
  const state = {
    ...before,
    phases: before.phases.map((one) => (one.phase === event.phase ? evolvePhase(one, event) : one)),
  };
  switch (event.type) {
    case 'phase-started':
      return {
        ...newLadder(state),
        clock: state.clock ?? startClock(state.estimate, event.at),
        verdicts: startPhase(state.verdicts),
      };
    case 'phase-undone':
      return { ...state, verdicts: undoPhase(state.verdicts, event.phase) };
    case 'phase-spawned':
    case 'phase-progressed':
    case 'phase-finished':
    case 'phase-failed':
    case 'phase-lost':
    case 'phase-cancel-started':
    case 'phase-cancel-done':
      return state;
  }
}

function evolveAnswers(state: RunState, event: RecommendationEvent): RunState {
  const next = { ...state, recommendations: evolveRecommendations(state.recommendations, event) };
  if (event.type !== 'recommendation-declined') return next;
  const evidence = state.recommendations.find(({ id }) => id === event.recommendation)?.evidence ?? [];
  return { ...next, verdicts: declineBreaches(state.verdicts, evidence) };
}

function evolveUndoing(before: RunState, event: RollbackEvent): RunState {
  const fence = evolveFence(before.fence, event);
  const state = fence === undefined ? without(before, 'fence') : { ...before, fence };
  const rollback = evolveRollback(state.rollback, event);
  if (rollback === undefined) return state;
  if (event.type === 'rollback-done') return { ...without(state, 'cutShort'), rollback };
  if (event.type === 'rollback-aborted' && isCutShort(rollback)) {
    const fell = rollback.procedure.kind === 'restore' ? { restoreFell: rollback.id } : {};
    return { ...state, rollback, cutShort: rollback, ...fell };
  }
  if (event.type !== 'rollback-started') return { ...state, rollback };
  return { ...without(state, 'watch'), rollback, afterRollback: true };
}

function evolveWatching(state: RunState, event: WatchEvent): RunState {
  const watch = evolveWatch(state.watch, event);
  return watch === undefined ? state : { ...state, watch };
}

/** Each family of events is folded by its room. */
function fold(state: RunState, event: RunEvent): RunState {
  return byFamily(event, {
    lifecycle: (one) => (one.type === 'run-opened' ? openRun(one) : evolveLifecycle(state, one)),
    phase: (one) => evolvePhases(state, one),
    evidence: (one) => evolveEvidence(state, one),
    authority: (one) => ({ ...state, authority: evolveAuthority(state.authority, one) }),
    recommendation: (one) => evolveAnswers(state, one),
    rollback: (one) => evolveUndoing(state, one),
    watch: (one) => evolveWatching(state, one),
  });
}

/** One event into the state. */
export function evolve(state: RunState | undefined, event: RunEvent): RunState {
  if (event.type === 'run-opened') return openRun(event);
  if (state === undefined) throw new TypeError(`a run begins with run-opened, not with ${event.type}`);
  const next = settleClocks(state, fold(state, event), event.at);
  return { ...next, seq: state.seq + 1, lastAt: event.at };
}

export const evolveAll = (state: RunState | undefined, events: readonly RunEvent[]): RunState | undefined =>
  events.reduce<RunState | undefined>(evolve, state);
