import { sayDuration } from '../../kernel/duration.ts';
import { between, type Instant, later } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { isBeforeSteps } from '../../response/rollback.ts';
import { type Decision, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { LifecycleInput } from '../input.ts';
import { rollbackUnderWay, type RunState } from '../state.ts';
import { cancelsWithoutOutcome } from './cancel.ts';
import { expiries } from './expiries.ts';
import { raise } from './raise.ts';
import { distrusted } from './revoked.ts';

type Restart = Extract<LifecycleInput, { kind: 'restart' }>;
type Ended = Extract<RunEvent, { type: 'pre-approval-ended' }>['because'];

const endPreApprovals = ({ authority }: RunState, because: Ended, now: Instant): readonly RunEvent[] =>
  authority.preApprovals.map(({ id }) => ({ type: 'pre-approval-ended', v: 1, at: now, preApproval: id, because }));

/**
 * After the clock was set back, something that expired while the guard was down would be valid again. As the time is
 * unknown, the guard trusts no earlier permission: it revokes all of them and raises open recommendations again.
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
    because: `the clock was set back by at least ${sayDuration(between(now, newest))}, so it is unknown how long ago it was raised`,
  };
  const events = [...ended, superseded];
  return [...events, ...raise(plan, events.reduce(evolve, state), open.evidence, open, now, open.unanswered)];
}

const goOnAsApproved =
  'The plan was edited during the rollback. The remaining steps are still those that were approved under the plan before the edit. Continue with them: ripcord confirm stop-work --again; or end the rollback: ripcord abort.';

/** A rollback between two steps does not justify another rollback, and must not continue under a plan it was not approved for. */
function holdRollback(state: RunState, now: Instant): readonly RunEvent[] {
  const rollback = rollbackUnderWay(state);
  if (rollback === undefined || isBeforeSteps(rollback) || rollback.aborting !== undefined) return [];
  return [{ type: 'rollback-blocked', v: 1, at: now, rollback: rollback.id, question: goOnAsApproved }];
}

/** A changed plan voids everything that was allowed under the old one; `before` is the state before the change. */
const planChanged = (before: RunState, now: Instant): readonly RunEvent[] => [
  ...endPreApprovals(before, 'plan-changed', now),
  ...holdRollback(before, now),
];

const cutCapture = ({ capture }: RunState, now: Instant): readonly RunEvent[] =>
  capture === undefined
    ? []
    : [{ type: 'capture-failed', v: 1, at: now, because: 'the daemon was restarted while it was captured' }];

/**
 * The restart and everything that follows from it, in one append, so that later decisions see all of it. `now` is before the
 * newest recorded moment only if the clock was set back by more than the guard tolerates (`resumeAt`).
 */
export function decideRestart(plan: Plan, state: RunState, input: Restart, now: Instant): Decision {
  const { plan: recorded, uptime, revoked = [] } = input;
  const { hash: planHash } = recorded;
  const newest = input.newest === undefined ? state.lastAt : later(state.lastAt, input.newest);
  const isSetBack = newest > now;
  const events: RunEvent[] = [];
  let last = state;
  const follow = (of: (now: RunState) => readonly RunEvent[]) => {
    const more = of(last);
    events.push(...more);
    last = more.reduce(evolve, last);
  };
  follow(() => [
    {
      type: 'guard-restarted',
      v: 1,
      at: now,
      planHash,
      ...(isSetBack && { setBackFrom: newest }),
      ...(uptime !== undefined && { uptime }),
    },
  ]);
  if (planHash !== state.recordedPlan?.hash) follow(() => [{ type: 'plan-recorded', v: 1, at: now, ...recorded }]);
  follow((so) => cancelsWithoutOutcome(so, now));
  if (planHash !== state.plan.hash) follow(() => planChanged(state, now));
  follow((so) => distrusted(so, revoked, now));
  follow((so) => cutCapture(so, now));
  follow((so) => (isSetBack ? distrustTime(plan, so, newest, now) : expiries(so, now)));
  return record(...events);
}
