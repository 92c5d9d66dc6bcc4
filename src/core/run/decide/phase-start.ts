import { refuse, type Refusal } from '../../authority/refusal.ts';
import type { PhaseId } from '../../kernel/ids.ts';
import { between, type Instant, seconds } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { type Reason, faultKeysBefore } from '../../verdicts/verdict.ts';
import { sayBlindness, sayTargetChange } from '../blindness.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { PhaseInput } from '../input.ts';
import { latestPhase, type PhaseState } from '../phases.ts';
import { isBreach, isDeclined, unseen } from '../verdict-states.ts';
import { rollbackUnderWay, type RunState, stageOf } from '../state.ts';

export type Start = Extract<PhaseInput, { kind: 'phase-start' }>;

/** Why no phase can start at this stage of the run. */
function refuseStage(state: RunState): Refusal | undefined {
  const stage = stageOf(state);
  if (stage === 'closed') return refuse('closed', 'the run is closed', 'an open run', 'Open one: ripcord run open');
  if (rollbackUnderWay(state) !== undefined)
    return refuse('rolling-back', 'a rollback is under way', 'no rollback under way', 'Wait for its report');
  if (stage === 'watching')
    return refuse(
      'watching',
      'the watch after a rollback is not over',
      'the end of the watch',
      'Wait for it, or close the run',
    );
  return undefined;
}

/** Why no phase can start until somebody has acted. */
function refuseUnanswered({ recommendations, held, baseline, capture, targetChange }: RunState): Refusal | undefined {
  const open = openRecommendation(recommendations);
  if (open !== undefined)
    return refuse(
      'recommendation-open',
      `recommendation ${open.id} waits for its answer`,
      'an answered recommendation',
      `ripcord approve ${open.id} or ripcord decline ${open.id}`,
    );
  if (held !== undefined)
    return refuse('held', `${held.by} holds the run: ${held.reason}`, 'a run that is not held', 'ripcord run resume');
  if (baseline === undefined)
    return refuse(
      'no-baseline',
      'there is no baseline',
      'readings from before the change to compare with',
      'ripcord baseline capture',
    );
  if (capture !== undefined)
    return refuse(
      'capturing',
      'a baseline is being captured',
      'readings from before the change only',
      'Wait for its end',
    );
  if (targetChange !== undefined)
    return refuse(
      'target-changed',
      sayTargetChange(targetChange),
      'a person who has checked the target since then',
      'Check the target, then: ripcord confirm target --done --reason "..."',
    );
  return undefined;
}

/** Evidence-only checks block no phase, and neither does what the baseline already leaves out. */
function refuseBlind({ blind, verdicts }: RunState): Refusal | undefined {
  const broken = unseen(verdicts).find(({ minor, unseenBefore }) => minor !== true && unseenBefore !== true);
  if (blind !== undefined)
    return refuse(
      'blind',
      `the guard is blind: ${sayBlindness(blind.probes, (names) => names.join(', '))}`,
      'every probe answering or failing',
      'Check the daemon’s log and the target',
    );
  if (broken !== undefined)
    return refuse(
      'blind',
      `the guard is blind: ${broken.summary}`,
      'an answer from every check',
      'Check the target, or fix the check in the plan',
    );
  return undefined;
}

/** Why no phase of the run can start now. */
const refuseNow = (state: RunState): Refusal | undefined =>
  refuseStage(state) ?? refuseUnanswered(state) ?? refuseBlind(state);

function refusePhase(state: RunState, phase: PhaseState): Refusal | undefined {
  if (phase.state === 'running')
    return refuse(
      'running',
      `${phase.phase} is already running`,
      'a phase that is not running',
      'Wait for it, or stop it',
    );
  if (phase.state === 'finished')
    return refuse(
      'finished',
      `${phase.phase} is already applied`,
      'a phase that is not applied',
      'Continue with the next one',
    );
  const earlier = state.phases.slice(0, state.phases.indexOf(phase)).find((one) => one.state !== 'finished');
  if (earlier !== undefined)
    return refuse(
      'out-of-order',
      `${earlier.phase} is ${earlier.state}`,
      'every earlier phase finished',
      `Run ${earlier.phase} first`,
    );
  return undefined;
}

/** Faults that make another phase unwise but call for no rollback, such as a broken backup chain or a lagging replica. */
function refuseHolding({ verdicts }: RunState): Refusal | undefined {
  const holding = [...verdicts.values()].find(({ verdict }) => verdict.because === 'holds');
  if (holding === undefined) return undefined;
  return refuse(
    'holds',
    holding.verdict.summary,
    'nothing that makes another phase unwise',
    'Fix it, or switch the check off in the plan',
  );
}

/** Blocks the next phase while there is a breach that nobody has decided about. */
function refuseBreach(state: RunState): Refusal | undefined {
  const breach = [...state.verdicts.values()].find(
    ({ verdict }) => isBreach(verdict) && !isDeclined(state.verdicts, verdict),
  );
  if (breach === undefined) return undefined;
  const { criterion, summary } = breach.verdict;
  return refuse(
    'breach',
    `${criterion} is breached: ${summary}`,
    'no breached criterion',
    'Fix it, or answer the recommendation',
  );
}

/** How long the next phase waits until the guard has observed the effects of the last one; the limit for slow probes. */
export const settlingTime = seconds(60);
const unsettled: readonly Reason[] = ['too-few-readings', 'slower-pending', 'broken-pending'];

/** Until the effects of the last phase are known, a new phase would be blamed for them. */
function refuseUnsettled(state: RunState, phase: PhaseState, now: Instant): Refusal | undefined {
  const last = latestPhase(state.phases);
  const ended = last?.clock?.endedAt;
  if (last === undefined || ended === undefined || last.phase === phase.phase) return undefined;
  const open = [...state.verdicts.values()].find(({ verdict }) => unsettled.includes(verdict.because));
  if (open === undefined || between(ended, now) > settlingTime) return undefined;
  return refuse(
    'unsettled',
    `${last.phase} has just ended, and the guard does not know yet what it did: ${open.verdict.summary}`,
    'every probe compared since then',
    'Try again in a moment; this takes a minute at most',
  );
}

/** A command runs under the guard only if it comes from the plan that people have read, approved and armed. */
function refuseOtherPlan({ plan }: RunState, { phase, planHash }: Start): Refusal | undefined {
  if (planHash === undefined || planHash === plan.hash) return undefined;
  return refuse(
    'changed',
    `the command of ${phase} comes from a plan (${planHash}) that is not the guard’s (${plan.hash})`,
    'a command from the guard’s plan; the file was edited since the guard started, or is another file',
    'Undo the edit; or restart the daemon so that it reads the plan, check ripcord run status, and arm the run again',
  );
}

/** Decides whether a phase may start. An input with a boundary starts it. */
export function decidePhaseStart(plan: Plan, state: RunState, input: Start, now: Instant): Decision {
  const phase = findPhase(state, input.phase);
  const planned = plan.phases.find(({ id }) => id === input.phase);
  if (phase === undefined || planned === undefined) return no(unknownPhase(state, input.phase));
  const refusal =
    refuseOtherPlan(state, input) ??
    refuseNow(state) ??
    refusePhase(state, phase) ??
    refuseBreach(state) ??
    refuseHolding(state) ??
    refuseUnsettled(state, phase, now);
  if (refusal !== undefined) return no(refusal);
  if (input.boundary === undefined) return nothing;
  // A slow probe that has not been compared since an earlier phase may show the effects of that phase.
  const isLater = latestPhase(state.phases) !== undefined;
  const troubled = [...state.verdicts.values()].filter(
    ({ verdict, breachSince }) =>
      breachSince !== undefined || verdict.warning || (isLater && verdict.because === 'too-few-readings'),
  );
  return record({
    type: 'phase-started',
    v: 1,
    at: now,
    phase: phase.phase,
    attempt: phase.attempt + 1,
    estimate: planned.estimate,
    by: input.by.id,
    supervisor: input.supervisor,
    boundary: input.boundary,
    troubled: troubled.flatMap(({ verdict }) => faultKeysBefore(verdict)),
  });
}

export const findPhase = (state: RunState, id: PhaseId): PhaseState | undefined =>
  state.phases.find(({ phase }) => phase === id);

export const unknownPhase = (state: RunState, id: PhaseId): Refusal =>
  refuse(
    'unknown-phase',
    `the plan has no phase ${id}`,
    `one of ${state.phases.map(({ phase }) => phase).join(', ')}`,
    'Check the phase’s id',
  );
