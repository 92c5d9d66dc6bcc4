import type { AuthorityEvent } from '../core/authority/events.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import { counted, quoted } from './wording.ts';

const ends: Readonly<Record<Extract<AuthorityEvent, { type: 'pre-approval-ended' }>['because'], string>> = {
  expired: 'its time ran out',
  'plan-changed': 'the plan that it was given for has changed',
  'token-revoked': 'the token that gave it was revoked',
  'clock-set-back': 'the clock was set back, so it is unknown how long ago it was given',
};

const armingEnds: Readonly<
  Record<NonNullable<Extract<AuthorityEvent, { type: 'arming-expired' }>['because']>, string>
> = {
  'token-revoked': 'the token that gave it was revoked',
  'requirement-open': 'a requirement is open again',
  'clock-set-back': 'the clock was set back',
};

/** Describes what people allowed. */
export function sayAuthority(event: AuthorityEvent): string {
  switch (event.type) {
    case 'run-armed':
      return `${event.by} armed the run until ${sayMoment(event.until)}: activated pre-approvals count from now on`;
    case 'run-disarmed':
      return `${event.by} disarmed the run${quoted(event.reason)}`;
    case 'arming-expired':
      return event.because === undefined
        ? 'The arming ended because its time ran out: the guard asks before it acts'
        : `The arming ended because ${armingEnds[event.because]}: the guard asks before it acts`;
    case 'requirement-waived':
      return `${event.by} waived the requirement ${event.requirement}${quoted(event.reason)}`;
    case 'waiver-ended':
      return `The requirement ${event.requirement} is open again: the token with which ${event.by} waived it was revoked`;
    case 'pre-approval-activated': {
      const { by, preApproval, uses, until } = event;
      return `${by} activated the pre-approval ${preApproval}, for ${counted(uses, 'use')} until ${sayMoment(until)}`;
    }
    case 'pre-approval-used':
      return `The pre-approval ${event.preApproval} was used for ${event.recommendation}`;
    case 'pre-approval-ended':
      return `The pre-approval ${event.preApproval} ended: ${ends[event.because]}`;
  }
}
