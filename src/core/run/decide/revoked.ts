import type { PrincipalId } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/units.ts';
import { openRecommendation, validApprovals } from '../../response/recommendation.ts';
import type { RunEvent } from '../events.ts';
import type { RunState } from '../state.ts';

/** Approvals and permissions that were given with a token that is now revoked may have come from somebody else. */
export function distrusted(
  { authority, recommendations }: RunState,
  principals: readonly PrincipalId[],
  now: Instant,
): readonly RunEvent[] {
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
  return [
    ...(ownsArming ? [{ type: 'arming-expired', ...ended } as const] : []),
    ...unanswered.map(({ requirement, by }) => ({ type: 'waiver-ended', ...ended, requirement, by }) as const),
    // The run was armed because every requirement was met or waived.
    ...(armed !== undefined && !ownsArming && unanswered.length > 0
      ? [{ type: 'arming-expired', ...ended, because: 'requirement-open' } as const]
      : []),
    ...principals.flatMap(endedOf),
  ];
}
