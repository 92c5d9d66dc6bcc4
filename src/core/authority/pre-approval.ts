import { type Hash, type PhaseId, preApprovalId, type PreApprovalId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { PreApprovalPlan } from '../plan/authority.ts';
import { isWithin } from '../plan/moments.ts';
import type { Plan } from '../plan/plan.ts';
import type { Criterion } from '../verdicts/verdict.ts';
import type { HeldFile } from './events.ts';
import type { ActivePreApproval, Authority } from './state.ts';

/** What the guard wants to do without approval. */
export interface CoverageRequest {
  readonly criteria: readonly Criterion[];
  readonly phases: readonly PhaseId[];
  readonly environment: string;
  readonly procedure: string;
  readonly planHash: Hash;
  /** The changes in the files that it would run, compared with `scripts`; one sentence each. */
  readonly changedSince: (scripts: readonly HeldFile[]) => readonly string[];
}

export type Coverage =
  | { readonly covered: true; readonly by: PreApprovalId }
  /** One sentence for each condition that is missing. */
  | { readonly covered: false; readonly missing: readonly string[] };

/** Why it is not valid now, regardless of what it covers. */
function lapse(active: ActivePreApproval | undefined, request: CoverageRequest, now: Instant): readonly string[] {
  if (active === undefined) return ['it is not activated'];
  const changed = active.scripts === undefined ? [] : request.changedSince(active.scripts);
  return [
    ...(active.until <= now ? ['it has expired'] : []),
    ...(active.usesLeft < 1 ? ['it is used up'] : []),
    ...(active.planHash === request.planHash ? [] : ['it was given for another plan']),
    ...changed,
  ];
}

const named = (procedure: string): string => `${procedure === 'unwind' ? 'an' : 'a'} ${procedure}`;

function faults(proposal: PreApprovalPlan, request: CoverageRequest, now: Instant): readonly string[] {
  const criteria = request.criteria.filter((one) => !proposal.criteria.includes(one));
  const phases = request.phases.filter((one) => !proposal.phases.includes(one));
  return [
    ...criteria.map((one) => `it does not cover the criterion ${one}`),
    ...phases.map((one) => `it does not cover the phase ${one}`),
    ...(proposal.environments.includes(request.environment) ? [] : [`it does not cover ${request.environment}`]),
    ...(proposal.do === request.procedure ? [] : [`it allows ${named(proposal.do)}, not ${named(request.procedure)}`]),
    ...proposal.not_during
      .filter((hours) => isWithin(hours, now))
      .map(({ text }) => `it does not allow it during ${text} UTC`),
  ];
}

/** Whether an active pre-approval covers the whole request: every criterion, and every phase that would be undone. */
export function coverage(plan: Plan, authority: Authority, request: CoverageRequest, now: Instant): Coverage {
  const armed = authority.armed !== undefined && authority.armed.until > now;
  const missing = armed ? [] : ['the run is not armed'];
  if (plan.pre_approvals.length === 0)
    return { covered: false, missing: [...missing, 'the plan proposes no pre-approval'] };
  for (const proposal of plan.pre_approvals) {
    const active = authority.preApprovals.find(({ id }) => id === proposal.id);
    const reasons = [...lapse(active, request, now), ...faults(proposal, request, now)];
    if (reasons.length > 0) missing.push(`pre-approval ${proposal.id}: ${reasons.join(', ')}`);
    else if (armed) return { covered: true, by: preApprovalId(proposal.id) };
    else return { covered: false, missing }; // only arming is missing
  }
  return { covered: false, missing };
}
