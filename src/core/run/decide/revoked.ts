import type { PrincipalId } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/units.ts';
import { openRecommendation, validApprovals } from '../../response/recommendation.ts';
import type { RunEvent } from '../events.ts';
import type { RunState } from '../state.ts';

/** What was approved or allowed with a token that is revoked by now may have been somebody else's word. */
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
    // It was armed because every requirement was met or answered for.
    ...(armed !== undefined && !ownsArming && unanswered.length > 0
      ? [{ type: 'arming-expired', ...ended, because: 'requirement-open' } as const]
      : []),
    ...principals.flatMap(endedOf),
  ];
}
