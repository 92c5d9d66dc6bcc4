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

/** The recorded acts of principals. Expiries are events too, so that a clock set back revives nothing. */
export type AuthorityEvent =
  | (At & { readonly type: 'run-armed'; readonly by: PrincipalId; readonly until: Instant })
  | (At & { readonly type: 'run-disarmed'; readonly by: PrincipalId; readonly reason: string })
  /**
   * By time; or, where it says so, since its token was revoked, nobody answers for a requirement any more, or nobody knows how
   * much of its time is left.
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
      /** The plan that was read when it was given; another plan voids it. */
      readonly planHash: Hash;
      /** What the files held then that procedures run; absent in an older journal. */
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
