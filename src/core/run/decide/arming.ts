import { decidesAlone, sayNotAlone } from '../../authority/approvals.ts';
import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import { isRequirement, mayBeUnfenced, openRequirements } from '../../authority/requirements.ts';
import { rightsOf } from '../../authority/roles.ts';
import { baselineFaults, fewestReadings, oldestBaseline } from '../../detection/capture.ts';
import { sayDuration } from '../../kernel/duration.ts';
import { after, type Instant, type Millis } from '../../kernel/units.ts';
import { rightToApprove } from '../../plan/authority.ts';
import type { Plan } from '../../plan/plan.ts';
import { sayBlindness } from '../blindness.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { AuthorityInput } from '../input.ts';
import { refuseOtherPlan } from '../stale.ts';
import { unseen } from '../verdict-states.ts';
import type { RunState } from '../state.ts';

const limits = { maxAge: oldestBaseline, minReadings: fewestReadings };

/** A grant after the baseline capture is itself a breach, because a role can do more than before. */
function sayUnfenced(lack: string, { baseline }: RunState): string {
  const late =
    baseline === undefined
      ? ''
      : ' (then run ripcord baseline capture again: compared with the old baseline, the grant is a breach)';
  return `${lack}${late}; or waive it: ripcord waive fence --reason …`;
}

type Armed = Extract<AuthorityInput, { kind: 'arm' }>;

/** The plan limits how long a run may stay armed. */
function refuseLength({ answering: { armed_for: most } }: Plan, length: Millis): Refusal | undefined {
  if (length <= most) return undefined;
  const found = `arming for ${sayDuration(length)}`;
  const wanted = `at most ${sayDuration(most)}, as the plan says in answering.armed_for`;
  return refuse('bad-request', found, wanted, 'Arm it for a shorter time, and again when that ends');
}

/** Everything that must be fixed before the run can be armed, in one answer. */
function refuseArming(plan: Plan, state: RunState, input: Armed, now: Instant): Refusal | undefined {
  const { missingPermissions = [], unfenced = [] } = input;
  const open = openRequirements(plan, state.authority);
  const missing = [
    ...(state.closed !== undefined ? ['the run is closed'] : []),
    ...(state.baseline === undefined ? ['there is no baseline: ripcord baseline capture'] : []),
    ...(state.baseline === undefined ? [] : baselineFaults(state.baseline.baseline, now, limits)).map(
      (fault) => `the baseline: ${fault}`,
    ),
    ...(state.capture === undefined ? [] : ['another baseline is being captured: wait for its end']),
    ...(state.blind !== undefined ? [sayBlindness(state.blind.probes, (names) => names.join(', '))] : []),
    ...missingPermissions,
    ...(mayBeUnfenced(state.authority) ? [] : unfenced.map((lack) => sayUnfenced(lack, state))),
    ...unseen(state.verdicts).flatMap(({ unseenBefore, summary }) => (unseenBefore === true ? [] : [summary])),
    ...open.map((requirement) => `${requirement} is not met: ripcord waive ${requirement} --reason …`),
  ];
  if (missing.length === 0) return undefined;
  const todo = 'Do what is missing, then arm the run again';
  return { ...refuse('not-ready', 'the run cannot be armed', 'every requirement met or waived', todo), missing };
}

function preApprove(
  plan: Plan,
  state: RunState,
  input: Extract<AuthorityInput, { kind: 'pre-approve' }>,
  now: Instant,
): Decision {
  const { by, preApproval } = input;
  const proposal = plan.pre_approvals.find(({ id }) => id === preApproval);
  if (proposal === undefined) {
    const known = plan.pre_approvals.map(({ id }) => id).join(', ') || 'the plan proposes none';
    return no(
      refuse('unknown-pre-approval', `the plan has no pre-approval ${preApproval}`, `one of: ${known}`, 'Check its id'),
    );
  }
  if (by.role !== proposal.by_role) {
    return no(refuse('wrong-role', `${by.id} is ${by.role}`, `a ${proposal.by_role}, as the plan says`, 'Ask one'));
  }
  const right = rightToApprove(proposal.do);
  const denied = refuseWithoutRight(plan, by, right);
  if (denied !== undefined) return no(denied);
  // One person activates a pre-approval, so that person must be able to decide alone.
  if (!decidesAlone(plan, right, by)) {
    return no(
      refuse(
        'not-allowed',
        sayNotAlone(by),
        'a principal who decides alone',
        'Name such a role in by_role in the plan',
      ),
    );
  }
  const { uses, for: length } = proposal;
  return record({
    type: 'pre-approval-activated',
    v: 1,
    at: now,
    preApproval,
    by: by.id,
    until: after(now, length),
    uses,
    planHash: state.plan.hash,
    ...(state.scripts !== undefined && { scripts: state.scripts }),
  });
}

export function decideAuthority(plan: Plan, state: RunState, input: AuthorityInput, now: Instant): Decision {
  const { by } = input;
  if (input.kind === 'disarm') {
    // Disarming is always safe, so the right to arm or the right to hold is enough. An unarmed run stays unarmed.
    const may = rightsOf(plan, by.role).some((right) => right === 'arm' || right === 'hold');
    const denied = may ? undefined : refuseWithoutRight(plan, by, 'hold');
    if (denied !== undefined) return no(denied);
    return state.authority.armed === undefined
      ? nothing
      : record({ type: 'run-disarmed', v: 1, at: now, by: by.id, reason: input.reason });
  }
  const denied = refuseWithoutRight(plan, by, input.kind) ?? refuseOtherPlan(state, input.planHash);
  if (denied !== undefined) return no(denied);
  switch (input.kind) {
    case 'arm': {
      const length = input.length ?? plan.answering.armed_for;
      const refusal = refuseLength(plan, length) ?? refuseArming(plan, state, input, now);
      if (refusal !== undefined) return no(refusal);
      return record({ type: 'run-armed', v: 1, at: now, by: by.id, until: after(now, length) });
    }
    case 'waive': {
      const { requirement, reason } = input;
      if (!isRequirement(plan, requirement)) {
        const wanted = openRequirements(plan, state.authority).join(', ') || 'none is open';
        return no(
          refuse(
            'unknown-requirement',
            `there is no requirement ${requirement}`,
            `one of: ${wanted}`,
            'Check its name',
          ),
        );
      }
      return record({ type: 'requirement-waived', v: 1, at: now, requirement, by: by.id, reason });
    }
    case 'pre-approve':
      return preApprove(plan, state, input, now);
  }
}
