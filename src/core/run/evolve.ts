import { evolveAuthority, noAuthority } from '../authority/state.ts';
import { hold, release } from '../evidence/phase-clock.ts';
import { type QuestionId, questionId, type StepId, undoRevision } from '../kernel/ids.ts';
import { type Instant, later } from '../kernel/units.ts';
import type { RecommendationEvent, RollbackEvent } from '../response/events.ts';
import { evolveFence } from '../response/fence.ts';
import { evolveRecommendations, openRecommendation } from '../response/recommendation.ts';
import { unnamedFaultsKey, keyOf, faultKeysOf, type Verdict } from '../verdicts/verdict.ts';
import type { EvidenceEvent, LifecycleEvent, PhaseEvent, RunEvent } from './events.ts';
import { byFamily } from './families.ts';
import { stopWorkStep, targetStep } from './questions.ts';
import { evolvePhase, holdPhase, releasePhase, runningPhase } from './phases.ts';
import { changeVerdicts, declineBreaches, startPhase, undoPhase } from './verdict-states.ts';
import { movesUndo } from './stale.ts';
import { type Hold, openRun, type RunState, startClock } from './state.ts';
import { shorten } from './wall-clock.ts';
import { endResponse, evolveRollingBack, evolveWatching } from './response.ts';

/** The question that the next event asks. */
const nextQuestion = ({ seq }: RunState): QuestionId => questionId(seq + 1);

function countAsked(state: RunState, step: StepId): RunState {
  const times = (state.timesAsked.get(step) ?? 0) + 1;
  return { ...state, timesAsked: new Map([...state.timesAsked, [step, times]]) };
}

const without = <Key extends keyof RunState>(state: RunState, key: Key): RunState => {
  const { [key]: _, ...rest } = state;
  return rest as RunState; // callers only pass keys that RunState declares optional
};

/**
 * Held by an operator, by an open recommendation, by a rollback until a phase starts again, or because every phase is
 * applied. A hold does not stop a running phase, so its time counts until a rollback ends it.
 */
function isHeld(state: RunState): boolean {
  const { held, recommendations, response, phases } = state;
  if (response.state === 'rolling-back') return true;
  if (runningPhase(phases) !== undefined) return false;
  const waits = held !== undefined || openRecommendation(recommendations) !== undefined;
  return waits || response.state !== 'idle' || phases.every(({ state: is }) => is === 'finished');
}

/** Time on hold does not count for the phases: their clocks stop and start with the hold. */
function settleClocks(before: RunState, state: RunState, at: Instant): RunState {
  if (isHeld(before) === isHeld(state)) return state;
  const [clock, phase] = isHeld(state) ? [hold, holdPhase] : [release, releasePhase];
  return {
    ...state,
    phases: state.phases.map((one) => phase(one, at)),
    ...(state.clock !== undefined && { clock: clock(state.clock, at) }),
  };
}

/** A second hold does not replace the first: resuming ends both, so the principal must have read both. */
function evolveHeld(state: RunState, { by, reason, at }: Hold): NonNullable<RunState['held']> {
  const { questionId: _, also = [], ...before } = state.held ?? {};
  const others = state.held === undefined ? [] : [...also, before as Hold];
  return { by, reason, at, questionId: nextQuestion(state), ...(others.length > 0 && { also: others }) };
}

function evolveLifecycle(state: RunState, event: Exclude<LifecycleEvent, { type: 'run-opened' }>): RunState {
  const { at } = event;
  switch (event.type) {
    case 'guard-restarted': {
      // A changed plan also voids waivers and arming, because its scripts may differ.
      const isSamePlan = event.planHash === state.plan.hash;
      const authority = isSamePlan ? state.authority : noAuthority;
      const plan = isSamePlan
        ? state.plan
        : { ...state.plan, hash: event.planHash, before: { hash: state.plan.hash, until: at } };
      const { setBackFrom, uptime } = event;
      const known = {
        ...(setBackFrom !== undefined && { setBackFrom, lastAt: at }),
        ...(uptime !== undefined && { uptime }),
      };
      const before = uptime === undefined ? without(state, 'uptime') : state; // an older mark may belong to another boot
      return { ...before, plan, authority, seeingSince: at, ...known };
    }
    case 'plan-recorded': {
      const { hash, text, settings } = event;
      return { ...state, recordedPlan: { hash, text, settings } };
    }
    case 'clock-ran-ahead':
      return shorten(state, event.length);
    case 'capture-started':
      return { ...state, capture: { since: at, length: event.length } };
    case 'capture-failed':
      return without(state, 'capture');
    case 'baseline-frozen':
      return { ...without(state, 'capture'), baseline: { baseline: event.baseline, hash: event.hash, frozenAt: at } };
    case 'run-held':
      return { ...state, held: evolveHeld(state, event) };
    case 'run-resumed':
      return without(state, 'held');
    case 'scripts-seen':
      return { ...state, scripts: event.scripts };
    case 'target-failed-over': {
      const { from, to } = event;
      const change = { kind: 'failover', questionId: nextQuestion(state), at, from, to } as const;
      return { ...countAsked(state, targetStep), target: to, targetChange: change };
    }
    case 'target-replaced': {
      const { from, to, byRestore } = event;
      if (byRestore === true) return { ...state, target: to };
      const change = { kind: 'replaced', questionId: nextQuestion(state), at, from, to } as const;
      return { ...countAsked(state, targetStep), targetChange: change };
    }
    case 'target-confirmed':
      return { ...without(state, 'targetChange'), target: state.targetChange?.to ?? state.target };
    case 'run-closed':
      return { ...state, closed: { at, by: event.by, reason: event.reason } };
  }
}

function isOver(faultKey: string, verdict: Verdict): boolean {
  const isAbout = faultKey === keyOf(verdict) || faultKey.startsWith(`${keyOf(verdict)}:`);
  if (!isAbout || verdict.status === 'unknown' || verdict.status === 'error') return false;
  const isWell = verdict.status === 'ok' && !verdict.warning;
  if (isWell) return true;
  // Faults beyond the named ones may still exist, so a cut list clears nothing; the same holds for a cut list at the start.
  if (verdict.more !== undefined || faultKey === unnamedFaultsKey(verdict)) return false;
  return verdict.objects !== undefined && verdict.inPart !== true && !faultKeysOf(verdict).includes(faultKey);
}

/** A fault that was seen well after a phase's start no longer counts as one from before it. */
function withVerdicts(state: RunState, changed: readonly Verdict[], at: Instant): RunState {
  const phases = state.phases.map((one) => ({
    ...one,
    troubled: one.troubled.filter((faultKey) => !changed.some((verdict) => isOver(faultKey, verdict))),
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

function evolvePhases(before: RunState, event: PhaseEvent): RunState {
  const state = {
    ...before,
    phases: before.phases.map((one) => (one.phase === event.phase ? evolvePhase(one, event) : one)),
  };
  switch (event.type) {
    case 'phase-started':
      return {
        ...state,
        response: endResponse(state.response),
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
  const next = { ...state, recommendations: evolveRecommendations(state.recommendations, event, state.seq + 1) };
  if (event.type !== 'recommendation-declined') return next;
  const evidence = state.recommendations.find(({ id }) => id === event.recommendation)?.evidence ?? [];
  return { ...next, verdicts: declineBreaches(state.verdicts, evidence) };
}

function countQuestion(state: RunState, event: RollbackEvent): RunState {
  if (event.type === 'step-asked') return countAsked(state, event.step);
  return event.type === 'rollback-blocked' ? countAsked(state, stopWorkStep) : state;
}

function evolveUndoing(so: RunState, event: RollbackEvent): RunState {
  const before = countQuestion(so, event);
  const fence = evolveFence(before.fence, event);
  const state = fence === undefined ? without(before, 'fence') : { ...before, fence };
  return { ...state, response: evolveRollingBack(state.response, event, state.seq + 1) };
}

/** Folds each family of events where its room implements it. */
function fold(state: RunState, event: RunEvent): RunState {
  return byFamily(event, {
    lifecycle: (one) => (one.type === 'run-opened' ? openRun(one) : evolveLifecycle(state, one)),
    phase: (one) => evolvePhases(state, one),
    evidence: (one) => evolveEvidence(state, one),
    authority: (one) => ({ ...state, authority: evolveAuthority(state.authority, one) }),
    recommendation: (one) => evolveAnswers(state, one),
    rollback: (one) => evolveUndoing(state, one),
    watch: (one) => ({ ...state, response: evolveWatching(state.response, one) }),
  });
}

/** Folds one event into the state. */
export function evolve(state: RunState | undefined, event: RunEvent): RunState {
  if (event.type === 'run-opened') return openRun(event);
  if (state === undefined) throw new TypeError(`a run begins with run-opened, not with ${event.type}`);
  const next = settleClocks(state, fold(state, event), event.at);
  const seq = state.seq + 1;
  const revision = movesUndo(state, event) ? undoRevision(seq) : state.undoRevision;
  return { ...next, seq, undoRevision: revision, lastAt: later(next.lastAt, event.at) };
}

export const evolveAll = (state: RunState | undefined, events: readonly RunEvent[]): RunState | undefined =>
  events.reduce<RunState | undefined>(evolve, state);
