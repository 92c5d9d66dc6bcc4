import type { Hash, PreApprovalId, PrincipalId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { AuthorityEvent, HeldFile } from './events.ts';

export interface ActivePreApproval {
  readonly id: PreApprovalId;
  readonly by: PrincipalId;
  readonly until: Instant;
  readonly usesLeft: number;
  readonly planHash: Hash;
  readonly scripts?: readonly HeldFile[];
}

export interface Waiver {
  readonly requirement: string;
  readonly by: PrincipalId;
  readonly reason: string;
  readonly at: Instant;
}

/** What people have allowed so far. */
export interface Authority {
  readonly armed?: { readonly by: PrincipalId; readonly until: Instant };
  readonly waivers: readonly Waiver[];
  readonly preApprovals: readonly ActivePreApproval[];
}

export const noAuthority: Authority = { waivers: [], preApprovals: [] };

const disarmed = ({ waivers, preApprovals }: Authority): Authority => ({ waivers, preApprovals });

export function evolveAuthority(authority: Authority, event: AuthorityEvent): Authority {
  switch (event.type) {
    case 'run-armed':
      return { ...authority, armed: { by: event.by, until: event.until } };
    case 'run-disarmed':
    case 'arming-expired':
      return disarmed(authority);
    case 'requirement-waived': {
      const { requirement, by, reason, at } = event;
      return { ...authority, waivers: [...authority.waivers, { requirement, by, reason, at }] };
    }
    case 'waiver-ended': {
      const { requirement, by } = event;
      const left = authority.waivers.filter((one) => one.requirement !== requirement || one.by !== by);
      return { ...authority, waivers: left };
    }
    case 'pre-approval-activated': {
      const { preApproval: id, by, until, uses, planHash, scripts } = event;
      const others = authority.preApprovals.filter((one) => one.id !== id);
      const active = { id, by, until, usesLeft: uses, planHash, ...(scripts !== undefined && { scripts }) };
      return { ...authority, preApprovals: [...others, active] };
    }
    case 'pre-approval-used':
      return {
        ...authority,
        preApprovals: authority.preApprovals.map((one) =>
          one.id === event.preApproval ? { ...one, usesLeft: one.usesLeft - 1 } : one,
        ),
      };
    case 'pre-approval-ended':
      return { ...authority, preApprovals: authority.preApprovals.filter(({ id }) => id !== event.preApproval) };
  }
}
