import { worked } from '../core/evidence/phase-clock.ts';
import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { firstUpper } from '../core/kernel/sentence.ts';
import type { Binding } from '../core/response/events.ts';
import type { Approval } from '../core/response/recommendation.ts';
import { sayProcedure } from '../core/response/procedure.ts';
import { blocks, bold, code, type Inline, joined, list, type Markdown, line } from './markdown.ts';
import { perChapter } from './per-chapter.ts';
import { type Chapter, entriesOf, type Story } from './story.ts';
import { sayAsked, sayDecided } from './summary-deciding.ts';
import { counted, quoted, sayRole, sayWho, sentence } from './wording.ts';

/** How much of its estimate the phase at fault had used when its rollback was recommended. */
function sayPhaseTime({ phases, recommendation: { attributedTo, raisedAt } }: Chapter): string {
  const clock = phases.find(({ phase }) => phase === attributedTo)?.clock;
  if (attributedTo === undefined || clock === undefined) return '';
  return `By then ${attributedTo} had worked ${sayDuration(worked(clock, raisedAt))} of an estimated ${sayDuration(clock.estimate)}.`;
}

function sayProposal(chapter: Chapter): Markdown {
  const { id, raisedAt, expiresAt, procedure } = chapter.recommendation;
  const { estimate } = procedure.kind !== 'person' ? procedure : {};
  const length = estimate === undefined ? 'without an estimate' : `estimated at ${sayDuration(estimate)}`;
  const what = procedure.kind === 'person' ? 'nothing that Ripcord can run' : length;
  const when = `raised at ${sayMoment(raisedAt)}, to be answered by ${sayMoment(expiresAt)}`;
  const proposal = line`${bold('Proposed')} as ${code(id)}, ${when}: ${sayProcedure(procedure)} (${what}).`;
  return joined([proposal, sayPhaseTime(chapter), sayAsked(chapter.recommendation).trim()]);
}

function sayPermission(story: Story, { authority, rollback, recommendation }: Chapter): readonly Inline[] {
  const { notAutomaticBecause } = recommendation;
  if (rollback?.trigger !== 'automatic') {
    if (notAutomaticBecause.length === 0) return [];
    return [line`${bold('Why a person was asked')}: ${sentence(notAutomaticBecause.join('; '))}`];
  }
  const given = authority.preApprovals.find(({ id }) => id === rollback.by);
  const armed = authority.armed;
  const words = [
    ...(given === undefined
      ? [`The pre-approval ${rollback.by} covered it.`]
      : [
          `The pre-approval ${given.id}, activated by ${sayWho(story.plan, given.by)}, covered it until ${sayMoment(given.until)}, with ${counted(given.usesLeft, 'use')} left before this one.`,
        ]),
    ...(armed === undefined
      ? []
      : [`${sayWho(story.plan, armed.by)} had armed the run until ${sayMoment(armed.until)}.`]),
  ];
  return [line`${bold('Permission')}: ${words.join(' ')}`];
}

/** The role that counted, if the plan now gives the person another one. */
const asRole = ({ principals }: Story['plan'], by: string, role: string): string =>
  principals.find(({ id }) => id === by)?.role === role ? '' : `, as ${sayRole(role)}`;

const sayApproval =
  ({ plan }: Story) =>
  ({ by, role, at, reason, expiresAt }: Approval): Inline =>
    by === 'pre-approval'
      ? line`${bold('Approved')} at ${sayMoment(at)}, ${sentence(reason)}`
      : line`${bold('Approved')} at ${sayMoment(at)} by ${sentence(`${sayWho(plan, by)}${asRole(plan, by, role)}${quoted(reason)}`)} Good until ${sayMoment(expiresAt)}.`;

function sayWaivers(story: Story, { recommendation: { raisedAt } }: Chapter): readonly Inline[] {
  const waived = entriesOf(story, 'requirement-waived').filter(({ event }) => event.at <= raisedAt);
  return waived.map(
    ({ event: { requirement, by, reason, at } }) =>
      line`${bold('Waived')}: ${sentence(`${requirement}, at ${sayMoment(at)} by ${sayWho(story.plan, by)}${quoted(reason)}`)}`,
  );
}

/** Empty for an older journal, which does not record this. */
function sayFiles({ scripts }: Binding): Markdown {
  if (scripts === undefined) return line``;
  if (scripts.length === 0) return line`, no file of its commands`;
  const files = scripts.map(({ file, hash }) => line`${code(file)} (${code(hash)})`);
  return line`, files ${joined(files, ', ')}`;
}

function told(story: Story, chapter: Chapter): Markdown {
  const { acknowledgedBy, approvals, binding, state } = chapter.recommendation;
  const hasPerson = chapter.rollback === undefined || approvals.length === 0;
  return list([
    sayProposal(chapter),
    ...sayPermission(story, chapter),
    ...(acknowledgedBy === undefined ? [] : [line`${bold('Seen')} by ${sayWho(story.plan, acknowledgedBy)}.`]),
    ...approvals.map(sayApproval(story)),
    ...(hasPerson ? [line`${bold(firstUpper(state))}: ${sayDecided(story, chapter)}`] : []),
    ...sayWaivers(story, chapter),
    line`${bold('Bound to')}: plan ${code(binding.planHash)}, procedure ${code(binding.procedureHash)}, states of the phases ${code(binding.phasesHash)}${sayFiles(binding)}. An answer is valid only for exactly these.`,
  ]);
}

/** How each recommendation was answered, on whose authority, and what the answer was bound to. */
export const decidingSection = (story: Story): Markdown | undefined =>
  perChapter(story, 'How it was decided', (chapter) => blocks(told(story, chapter)));
