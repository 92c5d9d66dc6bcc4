import type { Instant } from '../../kernel/units.ts';
import { isLapsed, openRecommendation } from '../../response/recommendation.ts';
import type { RunEvent } from '../events.ts';
import type { RunState } from '../state.ts';

/** What has expired by now. Recording it ensures that a clock that is set back revives nothing. */
export function expiries({ authority, recommendations }: RunState, now: Instant): readonly RunEvent[] {
  const { armed, preApprovals } = authority;
  const open = openRecommendation(recommendations);
  const late = (open?.approvals ?? []).filter((one) => one.ended !== true && isLapsed(one, now));
  return [
    ...(armed !== undefined && armed.until <= now ? [{ type: 'arming-expired', v: 1, at: now } as const] : []),
    ...preApprovals
      .filter(({ until }) => until <= now)
      .map(({ id }) => ({ type: 'pre-approval-ended', v: 1, at: now, preApproval: id, because: 'expired' }) as const),
    ...[...new Set(late.map(({ by }) => by))].flatMap((by): readonly RunEvent[] =>
      open === undefined || by === 'pre-approval'
        ? []
        : [{ type: 'approval-expired', v: 1, at: now, recommendation: open.id, by }],
    ),
  ];
}
