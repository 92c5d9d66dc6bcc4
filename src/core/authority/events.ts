import type { Hash, PreApprovalId, PrincipalId, RecommendationId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';

interface At {
  readonly v: 1;
  readonly at: Instant;
}

export interface HeldFile {
  readonly file: string;
  readonly hash: Hash;
}

/** The recorded acts of principals. Expiries are events too, so that a clock that is set back revives nothing. */
export type AuthorityEvent =
  | (At & { readonly type: 'run-armed'; readonly by: PrincipalId; readonly until: Instant })
  | (At & { readonly type: 'run-disarmed'; readonly by: PrincipalId; readonly reason: string })
  /**
   * It ended by time or, if `because` says so, because its token was revoked, because nobody answers for a requirement any
   * more, or because nobody knows how much of its time is left.
   */
  | (At & {
      readonly type: 'arming-expired';
      readonly because?: 'token-revoked' | 'requirement-open' | 'clock-set-back';
    })
  | (At & {
      readonly type: 'requirement-waived';
      readonly requirement: string;
      readonly by: PrincipalId;
      readonly reason: string;
    })
  | (At & {
      readonly type: 'waiver-ended';
      readonly requirement: string;
      readonly by: PrincipalId;
      readonly because: 'token-revoked';
    })
  | (At & {
      readonly type: 'pre-approval-activated';
      readonly preApproval: PreApprovalId;
      readonly by: PrincipalId;
      readonly until: Instant;
      readonly uses: number;
      /** The plan for which it was given; another plan voids it. */
      readonly planHash: Hash;
      /** The contents of the procedures' files at that time; absent in older journals. */
      readonly scripts?: readonly HeldFile[];
    })
  | (At & {
      readonly type: 'pre-approval-used';
      readonly preApproval: PreApprovalId;
      readonly recommendation: RecommendationId;
    })
  | (At & {
      readonly type: 'pre-approval-ended';
      readonly preApproval: PreApprovalId;
      readonly because: 'expired' | 'plan-changed' | 'token-revoked' | 'clock-set-back';
    });
