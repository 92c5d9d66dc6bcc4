import { refuse, refuseWithoutRight } from '../../authority/refusal.ts';
import { sayDuration } from '../../kernel/duration.ts';
import { hashOf } from '../../kernel/hash.ts';
import { phaseId, type PrincipalId } from '../../kernel/ids.ts';
import { after, between, type Instant, minutes } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { openRecommendation, validApprovals } from '../../response/recommendation.ts';
import { isUnderWay } from '../../response/rollback.ts';
import { cancelsWithoutOutcome } from './cancel.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { BaselineInput, LifecycleInput, OpenInput } from '../input.ts';
import { hasTouched, runningPhase } from '../phases.ts';
import type { RunState } from '../state.ts';
import { raise } from './raise.ts';

/** A run begins; at most one is open in a journal. */
export function decideOpen(plan: Plan, open: RunState | undefined, input: OpenInput, now: Instant): Decision {
  const { run, planHash, environment, target, by } = input;
  const denied = refuseWithoutRight(plan, by, 'operate');
  if (denied !== undefined) return no(denied);
  if (open !== undefined)
    return no(refuse('already-open', `run ${open.run} is open`, 'no open run', 'Close it first: ripcord run close'));
  const phases = plan.phases.map(({ id }) => phaseId(id));
  const { estimate } = plan.run;
  return record({
    type: 'run-opened',
    v: 1,
    at: now,
    run,
    plan: { name: plan.name, hash: planHash },
    environment,
    target,
    estimate,
    phases,
    by: by.id,
  });
}

export function decideBaseline(plan: Plan, state: RunState, input: BaselineInput, now: Instant): Decision {
  switch (input.kind) {
    case 'capture': {
      const denied = refuseWithoutRight(plan, input.by, 'operate');
      if (denied !== undefined) return no(denied);
      const touched = state.phases.find(hasTouched);
      if (touched !== undefined)
        return no(
          refuse(
            'too-late',
            `${touched.phase} is ${touched.state}`,
            'readings from before the change',
            'Keep the baseline there is; a new one needs a new run',
          ),
        );
      if (state.capture !== undefined)
        return no(refuse('capturing', 'a baseline is being captured', 'one capture at a time', 'Wait for its end'));
      return record({ type: 'capture-started', v: 1, at: now, length: input.length, by: input.by.id });
    }
    case 'captured':
      // Without a capture under way it is the late answer of one that was given up.
      return state.capture === undefined
        ? nothing
        : record({ type: 'baseline-frozen', v: 1, at: now, baseline: input.baseline, hash: input.hash });
    case 'capture-failed':
      return state.capture === undefined
        ? nothing
        : record({ type: 'capture-failed', v: 1, at: now, because: input.because });
  }
}

type Restart = Extract<LifecycleInput, { kind: 'restart' }>;

/** A clock that is corrected by less revives nothing that matters. */
const smallStep = minutes(1);

/**
 * The newest moment that the journal knows of, where now is earlier than that. Of one daemon the last event is the newest,
 * and hours may lie between two; readings from before a step that was found earlier tell nothing of another.
 */
function setBackFrom(state: RunState, { newestReading }: Restart, now: Instant): Instant | undefined {
  const isNews = newestReading !== undefined && newestReading > (state.setBackFrom ?? state.openedAt);
  const newest = isNews && newestReading > state.lastAt ? newestReading : state.lastAt;
  return newest > after(now, smallStep) ? newest : undefined;
}

type Ended = Extract<RunEvent, { type: 'pre-approval-ended' }>['because'];

const endPreApprovals = ({ authority }: RunState, because: Ended, now: Instant): readonly RunEvent[] =>
  authority.preApprovals.map(({ id }) => ({ type: 'pre-approval-ended', v: 1, at: now, preApproval: id, because }));

/**
 * What may have ended while nobody ran would be alive again, and who does not know the time acts on nobody's earlier word:
 * nothing is allowed any more, and what is open is asked anew.
 */
function distrustTime(plan: Plan, state: RunState, newest: Instant, now: Instant): readonly RunEvent[] {
  const because = 'clock-set-back';
  const ended: readonly RunEvent[] = [
    ...(state.authority.armed === undefined ? [] : [{ type: 'arming-expired', v: 1, at: now, because } as const]),
    ...endPreApprovals(state, because, now),
  ];
  const open = openRecommendation(state.recommendations);
  if (open === undefined) return ended;
  const superseded: RunEvent = {
    type: 'recommendation-superseded',
    v: 1,
    at: now,
    recommendation: open.id,
    because: `the clock was set back by ${sayDuration(between(now, newest))} at least: nobody knows how long ago it was asked`,
  };
  const events = [...ended, superseded];
  return [...events, ...raise(plan, events.reduce(evolve, state), open.evidence, open, now, open.unanswered)];
}

/** A changed plan voids what was allowed under the old one. */
function restart(plan: Plan, state: RunState, input: Restart, now: Instant): Decision {
  const { planHash } = input;
  const newest = setBackFrom(state, input, now);
  const known = newest === undefined ? {} : { setBackFrom: newest };
  const restarted: readonly RunEvent[] = [
    { type: 'guard-restarted', v: 1, at: now, planHash, ...known },
    ...cancelsWithoutOutcome(state, now),
    ...(planHash === state.plan.hash ? [] : endPreApprovals(state, 'plan-changed', now)),
  ];
  if (newest === undefined) return record(...restarted);
  return record(...restarted, ...distrustTime(plan, restarted.reduce(evolve, state), newest, now));
}

/** What was approved or allowed with a token that is revoked by now may have been somebody else's word. */
function distrust(
  { authority, recommendations }: RunState,
  principals: readonly PrincipalId[],
  now: Instant,
): Decision {
  const { armed, preApprovals, waivers } = authority;
  const open = openRecommendation(recommendations);
  const ended = { v: 1, at: now, because: 'token-revoked' } as const;
  const ownsArming = armed !== undefined && principals.includes(armed.by);
  const unanswered = waivers.filter(({ by }) => principals.includes(by));
  const endedOf = (by: PrincipalId): readonly RunEvent[] => [
    ...preApprovals
      .filter((one) => one.by === by)
      .map(({ id }) => ({ type: 'pre-approval-ended', ...ended, preApproval: id }) as const),
    ...(open !== undefined && validApprovals(open, now).some((one) => one.by === by)
      ? [{ type: 'approval-expired', ...ended, recommendation: open.id, by } as const]
      : []),
  ];
  return record(
    ...(ownsArming ? [{ type: 'arming-expired', ...ended } as const] : []),
    ...unanswered.map(({ requirement, by }) => ({ type: 'waiver-ended', ...ended, requirement, by }) as const),
    // It was armed because every requirement was met or answered for.
    ...(armed !== undefined && !ownsArming && unanswered.length > 0
      ? [{ type: 'arming-expired', ...ended, because: 'requirement-open' } as const]
      : []),
    ...principals.flatMap(endedOf),
  );
}

function close(state: RunState, input: Extract<LifecycleInput, { kind: 'close' }>, now: Instant): Decision {
  const running = runningPhase(state.phases);
  if (isUnderWay(state.rollback))
    return no(refuse('rolling-back', 'a rollback is under way', 'a run at rest', 'Wait for its end'));
  if (running !== undefined)
    return no(refuse('running', `${running.phase} is running`, 'no running phase', 'Wait for its end'));
  if (state.fence !== undefined) {
    const { role, lift } = state.fence;
    return no(
      refuse('fenced', `${role} cannot log in yet`, 'a role that can, as before', `Wait a minute, or run: ${lift}`),
    );
  }
  const open = openRecommendation(state.recommendations);
  if (open !== undefined) {
    const wanted = 'an answer by somebody who may give it';
    return no(
      refuse(
        'recommendation-open',
        `recommendation ${open.id} waits for its answer`,
        wanted,
        open.procedure.kind === 'person'
          ? `Act by hand, then say what you did: ripcord decline ${open.id} --reason …`
          : `ripcord decline ${open.id} with your reason, or approve it`,
      ),
    );
  }
  return record({ type: 'run-closed', v: 1, at: now, by: input.by.id, reason: input.reason });
}

export function decideLifecycle(plan: Plan, state: RunState, input: LifecycleInput, now: Instant): Decision {
  if (input.kind === 'restart') return restart(plan, state, input, now);
  if (input.kind === 'finding') {
    const before = state.findings.get(input.finding.check);
    const same = before?.status === input.finding.status && before.fingerprint === input.finding.fingerprint;
    return same ? nothing : record({ type: 'finding-changed', v: 1, at: now, finding: input.finding });
  }
  if (input.kind === 'scripts') {
    const isKnown = state.scripts !== undefined && hashOf(state.scripts) === hashOf(input.scripts);
    return isKnown ? nothing : record({ type: 'scripts-seen', v: 1, at: now, scripts: input.scripts });
  }
  if (input.kind === 'revoked') return distrust(state, input.principals, now);
  const denied = refuseWithoutRight(plan, input.by, input.kind === 'close' ? 'operate' : 'hold');
  if (denied !== undefined) return no(denied);
  switch (input.kind) {
    case 'hold':
      return state.held === undefined
        ? record({ type: 'run-held', v: 1, at: now, by: input.by.id, reason: input.reason })
        : nothing;
    case 'resume':
      return state.held === undefined ? nothing : record({ type: 'run-resumed', v: 1, at: now, by: input.by.id });
    case 'close':
      return close(state, input, now);
  }
}
