import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import { hashOf } from '../../kernel/hash.ts';
import { phaseId } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { BaselineInput, LifecycleInput, OpenInput } from '../input.ts';
import { hasTouched, runningPhase } from '../phases.ts';
import { changed } from '../stale.ts';
import { holdsBy, isHeldSo, modeOf, rollbackUnderWay, type RunState } from '../state.ts';
import { decideRestart } from './restart.ts';
import { distrusted } from './revoked.ts';

/** Opens a run. A journal has at most one open run. */
export function decideOpen(plan: Plan, open: RunState | undefined, input: OpenInput, now: Instant): Decision {
  const { run, plan: recorded, environment, target, by, uptime } = input;
  const denied = refuseWithoutRight(plan, by, 'operate');
  if (denied !== undefined) return no(denied);
  if (open !== undefined)
    return no(refuse('already-open', `run ${open.run} is open`, 'no open run', 'Close it first: ripcord run close'));
  const phases = plan.phases.map(({ id }) => phaseId(id));
  const { estimate } = plan.run;
  return record(
    {
      type: 'run-opened',
      v: 1,
      at: now,
      run,
      plan: { name: plan.name, hash: recorded.hash },
      environment,
      target,
      estimate,
      phases,
      by: by.id,
      ...(uptime !== undefined && { uptime }),
    },
    { type: 'plan-recorded', v: 1, at: now, ...recorded },
  );
}

/**
 * Arming depends on the baseline: it determines how soon a slowdown is detected and what counts as known. A principal
 * without the right to arm must therefore not replace the baseline of an armed guard. A capture does not disarm the run
 * either, because nobody would expect that side effect.
 */
function refuseArmed(state: RunState, now: Instant): Refusal | undefined {
  if (modeOf(state, now) !== 'armed') return undefined;
  return refuse(
    'armed',
    `the run is armed by ${state.authority.armed?.by ?? ''}`,
    'a run that is not armed while the baseline changes',
    'Disarm first: ripcord run disarm --reason …; arm again after you have read ripcord baseline show',
  );
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
            'Keep the current baseline; a new one needs a new run',
          ),
        );
      if (state.capture !== undefined)
        return no(refuse('capturing', 'a baseline is being captured', 'one capture at a time', 'Wait for its end'));
      const armed = refuseArmed(state, now);
      if (armed !== undefined) return no(armed);
      return record({ type: 'capture-started', v: 1, at: now, length: input.length, by: input.by.id });
    }
    case 'captured':
      // Without a current capture, this is the late result of an abandoned one.
      if (state.capture === undefined) return nothing;
      if (modeOf(state, now) === 'armed')
        return record({ type: 'capture-failed', v: 1, at: now, because: 'the run was armed in the meantime' });
      return record({ type: 'baseline-frozen', v: 1, at: now, baseline: input.baseline, hash: input.hash });
    case 'capture-failed':
      return state.capture === undefined
        ? nothing
        : record({ type: 'capture-failed', v: 1, at: now, because: input.because });
  }
}

function close(state: RunState, input: Extract<LifecycleInput, { kind: 'close' }>, now: Instant): Decision {
  const running = runningPhase(state.phases);
  if (rollbackUnderWay(state) !== undefined)
    return no(refuse('rolling-back', 'a rollback is under way', 'no rollback under way', 'Wait until it ends'));
  if (running !== undefined)
    return no(refuse('running', `${running.phase} is running`, 'no running phase', 'Wait for its end'));
  if (state.fence !== undefined) {
    const { role, lift } = state.fence;
    return no(
      refuse('fenced', `${role} cannot log in yet`, 'a role that can log in again', `Wait a minute, or run: ${lift}`),
    );
  }
  const open = openRecommendation(state.recommendations);
  if (open !== undefined) {
    const wanted = 'an answer from somebody who has the right';
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

/** Everybody sees all holds in each answer, and `resume` requires having read them, so their number is limited. */
const mostHolds = 10;

function hold(state: RunState, input: Extract<LifecycleInput, { kind: 'hold' }>, now: Instant): Decision {
  const { by, reason } = input;
  if (isHeldSo(state, by.id, reason)) return nothing;
  if (holdsBy(state, by.id).length < mostHolds) return record({ type: 'run-held', v: 1, at: now, by: by.id, reason });
  const found = `${by.id} already holds the run for ${mostHolds} reasons`;
  return no(
    refuse(
      'held',
      found,
      `at most ${mostHolds} reasons from one person at a time`,
      'It stays held: ripcord run status',
    ),
  );
}

/** Ends every hold, so the principal must have read them all. */
function resume({ held }: RunState, input: Extract<LifecycleInput, { kind: 'resume' }>, now: Instant): Decision {
  if (held === undefined) return nothing;
  const { by, questionId } = input;
  if (held.questionId !== questionId)
    return no(changed(`${held.by} has held the run since: ${held.reason}`, held.questionId, questionId));
  return record({ type: 'run-resumed', v: 1, at: now, by: by.id, questionId });
}

export function decideLifecycle(plan: Plan, state: RunState, input: LifecycleInput, now: Instant): Decision {
  if (input.kind === 'restart') return decideRestart(plan, state, input, now);
  if (input.kind === 'finding') {
    const before = state.findings.get(input.finding.check);
    const same = before?.status === input.finding.status && before.fingerprint === input.finding.fingerprint;
    return same ? nothing : record({ type: 'finding-changed', v: 1, at: now, finding: input.finding });
  }
  if (input.kind === 'scripts') {
    const isKnown = state.scripts !== undefined && hashOf(state.scripts) === hashOf(input.scripts);
    return isKnown ? nothing : record({ type: 'scripts-seen', v: 1, at: now, scripts: input.scripts });
  }
  if (input.kind === 'clock-ahead') return record({ type: 'clock-ran-ahead', v: 1, at: now, length: input.length });
  if (input.kind === 'revoked') return record(...distrusted(state, input.principals, now));
  const denied = refuseWithoutRight(plan, input.by, input.kind === 'close' ? 'operate' : 'hold');
  if (denied !== undefined) return no(denied);
  switch (input.kind) {
    case 'hold':
      return hold(state, input, now);
    case 'resume':
      return resume(state, input, now);
    case 'close':
      return close(state, input, now);
  }
}
