import { decidesAlone, sayNotAlone } from '../../authority/approvals.ts';
import { refuse, type Refusal } from '../../authority/refusal.ts';
import type { Principal } from '../../authority/roles.ts';
import type { Instant } from '../../kernel/units.ts';
import { rightToApprove } from '../../plan/authority.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Recommendation, validApprovals } from '../../response/recommendation.ts';
import type { Rollback } from '../../response/rollback.ts';
import type { RunState } from '../state.ts';

/** Declining stops all questions about a breach, so declining after an approval takes somebody who decides alone. */
export function refuseOverruling(plan: Plan, open: Recommendation, by: Principal, now: Instant): Refusal | undefined {
  const right = rightToApprove(open.procedure.kind);
  const others = validApprovals(open, now).filter((one) => one.by !== by.id);
  if (others.length === 0 || decidesAlone(plan, right, by)) return undefined;
  const approved = others.map((one) => one.by).join(' and ');
  const deciding = plan.principals.filter((one) => decidesAlone(plan, right, one)).map(({ id }) => id);
  return refuse(
    'not-allowed',
    `${sayNotAlone(by)}, and ${approved} approved ${open.id}`,
    'an answer from somebody who decides alone, or one given before anybody approved',
    `Talk to ${[approved, ...deciding].join(' or ')}`,
  );
}

/**
 * Ending a rollback, or confirming a step that the guard does not find done, overrules the people who approved the
 * rollback. Only somebody who decides alone or one of the approvers may do that. If the plan no longer has any of them, the
 * right is enough.
 */
export function refuseOverrulingRollback(
  plan: Plan,
  { recommendations }: RunState,
  { recommendation, procedure, startedAt }: Rollback,
  by: Principal,
): Refusal | undefined {
  const right = rightToApprove(procedure.kind);
  const of = recommendations.find(({ id }) => id === recommendation);
  const approvals = of === undefined ? [] : validApprovals(of, startedAt); // the approvals behind the rollback
  const may = plan.principals.filter(
    (one) => decidesAlone(plan, right, one) || approvals.some((given) => given.by === one.id),
  );
  if (may.length === 0 || may.some(({ id }) => id === by.id)) return undefined;
  return refuse(
    'not-allowed',
    `${sayNotAlone(by)}, and has not approved ${recommendation}`,
    'an answer from somebody who decides alone, or from somebody who approved it',
    `Talk to ${may.map(({ id }) => id).join(' or ')}`,
  );
}
