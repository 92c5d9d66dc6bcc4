import { missingApprovals, needsOf } from '../core/authority/approvals.ts';
import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { between } from '../core/kernel/units.ts';
import { validApprovals } from '../core/response/recommendation.ts';
import type { Rollback } from '../core/response/rollback.ts';
import { type Chapter, entriesOf, type Story } from './story.ts';
import { and, counted, quoted, sayContact, sayWho, sentence } from './wording.ts';

function sayTrigger(story: Story, one: Chapter['recommendation'], rollback: Rollback): string {
  const { raisedAt, approvals, orderedBy } = one;
  if (rollback.trigger === 'automatic') {
    const given = entriesOf(story, 'pre-approval-activated').findLast(
      ({ event }) => event.preApproval === rollback.by && event.at <= rollback.startedAt,
    );
    const by = given === undefined ? '' : `, which ${sayWho(story.plan, given.event.by)} had activated`;
    const did = rollback.state === 'done' ? 'rolled back' : 'began to roll back';
    return `Ripcord ${did} by itself, as the pre-approval ${rollback.by} allows${by}.`;
  }
  const people = [...new Set(approvals.map(({ by }) => sayWho(story.plan, by)))];
  const took = sayDuration(between(raisedAt, rollback.startedAt));
  const reasons = approvals.map(({ reason }) => `“${reason.trim()}”`).join(' and ');
  if (orderedBy !== undefined) {
    const others = people.filter((who) => who !== sayWho(story.plan, orderedBy));
    const approved = others.length === 0 ? '' : `, which ${and(others)} approved ${took} later`;
    return sentence(`${sayWho(story.plan, orderedBy)} ordered the rollback${approved}: ${reasons}`);
  }
  return sentence(`${and(people)} approved the rollback ${took} after it was recommended: ${reasons}`);
}

/** Who is to answer now, and who did not answer before. */
export function sayAsked({ addressedTo = [], unanswered = [] }: Chapter['recommendation']): string {
  const before = unanswered.length === 0 ? '' : ` Nobody answered ${and(unanswered)} before.`;
  return addressedTo.length === 0 ? before : ` Asked: ${and(addressedTo.map(sayContact))}.${before}`;
}

function sayWaiting({ plan, now, state }: Story, one: Chapter['recommendation']): string {
  const { id, expiresAt, procedure } = one;
  const valid = validApprovals(one, now);
  const needs = needsOf(plan, state.environment, procedure.kind);
  const { approvals, from } = missingApprovals(plan, needs, valid);
  const missing = counted(approvals, 'more approval');
  const given = and(valid.map(({ by }) => sayWho(plan, by)));
  const half = valid.length === 0 ? '' : `${given} approved. It still needs ${missing}. `;
  const until = sayMoment(expiresAt);
  if (expiresAt <= now) return `${half}Recommendation ${id} was not answered by ${until}, when its time ran out.`;
  const who = and(from.map((principal) => sayWho(plan, principal))) || 'nobody in the plan';
  return `${half}Recommendation ${id} waits for an answer until ${until}. These people can answer: ${who}.${sayAsked(one)}`;
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
      return sentence(`Recommendation ${one.id} was superseded: ${one.answer?.reason ?? 'it no longer applied'}`);
    case 'withdrawn':
      return sentence(`Recommendation ${one.id} was withdrawn: ${one.answer?.reason ?? 'the breach was gone'}`);
  }
}
