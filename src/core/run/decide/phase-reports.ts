import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import type { PhaseId } from '../../kernel/ids.ts';
import { between, type Instant, seconds } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { isUnderWay } from '../../response/rollback.ts';
import { type Reason, troublesOf } from '../../verdicts/verdict.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { PhaseInput } from '../input.ts';
import { latestPhase, type PhaseState } from '../phases.ts';
import { isBreach, isDeclined, unseen } from '../standing.ts';
import { type RunState, stageOf } from '../state.ts';

type Start = Extract<PhaseInput, { kind: 'phase-start' }>;

/** Why the run as a whole lets no phase start now. */
function refuseNow(state: RunState): Refusal | undefined {
  const { recommendations, rollback, held, blind, baseline, capture } = state;
  const broken = unseen(state.verdicts).find(({ minor }) => minor !== true); // what is evidence only holds nobody up
  const open = openRecommendation(recommendations);
  const stage = stageOf(state);
  if (stage === 'closed') return refuse('closed', 'the run is closed', 'an open run', 'Open one: ripcord run open');
  if (isUnderWay(rollback))
    return refuse('rolling-back', 'a rollback is under way', 'a run at rest', 'Wait for its report');
  if (stage === 'watching')
    return refuse(
      'watching',
      'the watch after a rollback goes on',
      'the end of the watch',
      'Wait for it, or close the run',
    );
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
  if (blind !== undefined)
    return refuse(
      'blind',
      `the guard is blind: no evidence from ${blind.probes.join(', ')}`,
      'every probe answering or failing',
      'Look at the daemon’s log and the target',
    );
  if (broken !== undefined)
    return refuse(
      'blind',
      `the guard is blind: ${broken.summary}`,
      'every check able to look',
      'Look at the target, or mend the check in the plan',
    );
  return undefined;
}

function refusePhase(state: RunState, phase: PhaseState): Refusal | undefined {
  if (phase.state === 'running')
    return refuse(
      'running',
      `${phase.phase} is running already`,
      'a phase that is not running',
      'Wait for it, or stop it',
    );
  if (phase.state === 'finished')
    return refuse('finished', `${phase.phase} has been applied`, 'a phase that has not', 'Go on with the next one');
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

/** What makes going on unwise though it calls for no rollback: a backup chain that is broken, a replica that lags. */
function refuseHolding({ verdicts }: RunState): Refusal | undefined {
  const holding = [...verdicts.values()].find(({ verdict }) => verdict.because === 'holds');
  if (holding === undefined) return undefined;
  return refuse(
    'holds',
    holding.verdict.summary,
    'nothing that makes another phase unwise',
    'Mend it, or switch the check off in the plan',
  );
}

/** The next phase starts only when nothing is broken that nobody has decided about. */
function refuseBreach(state: RunState): Refusal | undefined {
  const standing = [...state.verdicts.values()].find(
    ({ verdict }) => isBreach(verdict) && !isDeclined(state.verdicts, verdict),
  );
  if (standing === undefined) return undefined;
  const { criterion, summary } = standing.verdict;
  return refuse(
    'breach',
    `${criterion} is breached: ${summary}`,
    'every criterion well',
    'Mend it, or decide on the recommendation',
  );
}

/** The next phase waits so long for the guard to have seen what the last one did; a slow probe cannot hold it longer. */
export const settlingTime = seconds(60);
const unsettled: readonly Reason[] = ['too-few-readings', 'slower-but-young', 'broken-but-young'];

/** The next phase must not start before it is known what the last one did: it would be blamed for it. */
function refuseUnsettled(state: RunState, phase: PhaseState, now: Instant): Refusal | undefined {
  const last = latestPhase(state.phases);
  const ended = last?.clock?.endedAt;
  if (last === undefined || ended === undefined || last.phase === phase.phase) return undefined;
  const open = [...state.verdicts.values()].find(({ verdict }) => unsettled.includes(verdict.because));
  if (open === undefined || between(ended, now) > settlingTime) return undefined;
  return refuse(
    'unsettled',
    `${last.phase} has just ended, and what it did is not known yet: ${open.verdict.summary}`,
    'every probe compared since then',
    'Try again in a moment; it is waited for a minute at most',
  );
}

function start(plan: Plan, state: RunState, input: Start, now: Instant): Decision {
  const phase = find(state, input.phase);
  const planned = plan.phases.find(({ id }) => id === input.phase);
  if (phase === undefined || planned === undefined) return no(unknownPhase(state, input.phase));
  const refusal =
    refuseNow(state) ??
    refusePhase(state, phase) ??
    refuseBreach(state) ??
    refuseHolding(state) ??
    refuseUnsettled(state, phase, now);
  if (refusal !== undefined) return no(refusal);
  if (input.boundary === undefined) return nothing;
  // A probe too slow to have been compared since an earlier phase may show that phase's doing.
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
    troubled: troubled.flatMap(({ verdict }) => troublesOf(verdict)),
  });
}

const find = (state: RunState, id: PhaseId): PhaseState | undefined => state.phases.find(({ phase }) => phase === id);

const unknownPhase = (state: RunState, id: PhaseId): Refusal =>
  refuse(
    'unknown-phase',
    `the plan has no phase ${id}`,
    `one of ${state.phases.map(({ phase }) => phase).join(', ')}`,
    'Check the phase’s id',
  );

type Report = Exclude<PhaseInput, Start | { readonly kind: 'phase-lost' }>;

/** What a wrapper says again because it did not hear the answer. */
function isKnown(phase: PhaseState, report: Report): boolean {
  if (report.kind === 'phase-finish') return phase.state === 'finished';
  if (report.kind === 'phase-fail') return phase.state === 'failed' || phase.state === 'undone';
  return (
    report.kind === 'phase-spawned' &&
    phase.child?.pid === report.child.pid &&
    phase.child.startTicks === report.child.startTicks
  );
}

/** An earlier attempt's wrapper may still be about; what it says is not about the attempt that runs now. */
function refuseAttempt({ supervisor, phase }: PhaseState, tag: string | undefined): Refusal | undefined {
  if (tag === undefined || supervisor === undefined || supervisor.tag === tag) return undefined;
  return refuse('another-attempt', `another attempt of ${phase} has begun since`, 'a report of the latest attempt');
}

/** A late word from a phase that was lost is recorded; one from a phase that nobody started is refused. */
export function decidePhase(plan: Plan, state: RunState, input: PhaseInput, now: Instant): Decision {
  const denied = input.kind === 'phase-lost' ? undefined : refuseWithoutRight(plan, input.by, 'report-phases');
  if (denied !== undefined) return no(denied);
  if (input.kind === 'phase-start') return start(plan, state, input, now);
  const phase = find(state, input.phase);
  if (phase === undefined) return no(unknownPhase(state, input.phase));
  if (input.kind !== 'phase-lost') {
    const stranger = refuseAttempt(phase, input.tag);
    if (stranger !== undefined) return no(stranger);
    if (isKnown(phase, input)) return nothing;
  }
  if (phase.state !== 'running' && phase.state !== 'unknown') {
    return no(refuse('not-running', `${input.phase} is ${phase.state}`, 'a running phase', 'Start it: ripcord phase'));
  }
  const common = { v: 1, at: now, phase: input.phase } as const;
  switch (input.kind) {
    case 'phase-spawned':
      return record({ type: 'phase-spawned', ...common, child: input.child });
    case 'phase-progress':
      return record({ type: 'phase-progressed', ...common, fraction: Math.min(1, Math.max(0, input.fraction)) });
    case 'phase-finish':
      return record({ type: 'phase-finished', ...common });
    case 'phase-fail':
      return record({ type: 'phase-failed', ...common, exitCode: input.exitCode, because: input.because });
    case 'phase-lost':
      return phase.state === 'unknown' ? nothing : record({ type: 'phase-lost', ...common });
  }
}
