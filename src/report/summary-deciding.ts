import { whoMay } from '../core/authority/roles.ts';
import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { between } from '../core/kernel/units.ts';
import type { Rollback } from '../core/response/rollback.ts';
import { type Chapter, entriesOf, type Story } from './story.ts';
import { and, quoted, sayWho, sentence } from './wording.ts';

function sayTrigger(story: Story, { raisedAt, approvals }: Chapter['recommendation'], rollback: Rollback): string {
  if (rollback.trigger === 'automatic') {
    const given = entriesOf(story, 'pre-approval-activated').findLast(
      ({ event }) => event.preApproval === rollback.by && event.at <= rollback.startedAt,
    );
    const by = given === undefined ? '' : `, which ${sayWho(story.plan, given.event.by)} had activated beforehand`;
    const did = rollback.state === 'done' ? 'rolled back' : 'began to roll back';
    return `Ripcord ${did} by itself, as the pre-approval ${rollback.by} allows${by}.`;
  }
  const people = [...new Set(approvals.map(({ by }) => sayWho(story.plan, by)))];
  const took = sayDuration(between(raisedAt, rollback.startedAt));
  const reasons = approvals.map(({ reason }) => `“${reason.trim()}”`).join(' and ');
  return sentence(`${and(people)} approved the rollback ${took} after it was recommended: ${reasons}`);
}

function sayWaiting({ plan, now }: Story, { id, approvals, expiresAt }: Chapter['recommendation']): string {
  const given = approvals.map(({ by }) => sayWho(plan, by));
  const half = given.length === 0 ? '' : `${and(given)} approved, but another approval is needed beside it. `;
  const until = sayMoment(expiresAt);
  if (expiresAt <= now) return `${half}Recommendation ${id} was not answered by ${until}, when its time ran out.`;
  const asked = whoMay(plan, 'approve-phase-rollback').map((who) => sayWho(plan, who));
  return `${half}Recommendation ${id} waits for an answer until ${until}. Who may give it: ${and(asked) || 'nobody in the plan'}.`;
}

/** Who or what decided, in one or two sentences. */
export function sayDecided(story: Story, { recommendation: one, rollback }: Chapter): string {
  if (rollback !== undefined) return sayTrigger(story, one, rollback);
  switch (one.state) {
    case 'open':
      return sayWaiting(story, one);
    case 'approved':
      return 'The rollback was approved, but the record does not show that it began.';
    case 'declined': {
      const { by = 'somebody', reason = '' } = one.answer ?? {};
      return sentence(`${sayWho(story.plan, by)} declined to roll back${quoted(reason)}`);
    }
    case 'expired':
      return `Nobody answered within ${sayDuration(between(one.raisedAt, one.expiresAt))}, so recommendation ${one.id} expired.`;
    case 'superseded':
      return sentence(`Recommendation ${one.id} was withdrawn: ${one.answer?.reason ?? 'it no longer fitted'}`);
  }
}
