import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { between, type Instant, type Millis, times } from '../core/kernel/units.ts';
import { blocks, type Inline, type Markdown, table } from './markdown.ts';
import { proofOf, undoneAt } from './proof.ts';
import { type Chapter, entriesOf, type Story } from './story.ts';
import { perChapter } from './per-chapter.ts';

interface Moment {
  readonly what: string;
  readonly at: Instant;
}

/** Since when the readings or findings themselves were bad. For runtime that would only be the phase's start. */
function beganAt({ recommendation: { evidence } }: Chapter): Instant | undefined {
  const since = evidence.flatMap(({ criterion, facts }) =>
    criterion === 'runtime' || facts.since === undefined ? [] : [facts.since],
  );
  return since.length === 0 ? undefined : (Math.min(...since) as Instant);
}

const answers = {
  approved: 'Approved',
  declined: 'Declined',
  superseded: 'Superseded',
  withdrawn: 'Withdrawn',
} as const;

/** When the recommendation was answered, and how. */
function answered(
  { entries }: Story,
  { recommendation: { id, state, answer }, rollback }: Chapter,
): Moment | undefined {
  if (rollback?.trigger === 'automatic') return { what: 'Triggered under a pre-approval', at: rollback.startedAt };
  if (state === 'expired') {
    const expiry = entries.find(({ event }) => event.type === 'recommendation-expired' && event.recommendation === id);
    return expiry === undefined ? undefined : { what: 'Expired unanswered', at: expiry.event.at };
  }
  return answer === undefined || state === 'open' ? undefined : { what: answers[state], at: answer.at };
}

const stoppedAt = (story: Story, { rollback }: Chapter): Instant | undefined =>
  entriesOf(story, 'stop-work-proved').find(({ event }) => event.rollback === rollback?.id)?.event.at;

/** A rollback that a person ordered has no breach behind it. */
const breachSeenAt = ({ recommendation, seenAt }: Chapter): Instant | undefined =>
  recommendation.evidence.length === 0 ? undefined : seenAt;

function moments(story: Story, chapter: Chapter): readonly Moment[] {
  const proof = proofOf(story, chapter);
  const proved = proof.state === 'accepted' ? 'Accepted by hand, not proved' : 'Compared with the boundary';
  const { recommendation, watch } = chapter;
  const isOrdered = recommendation.orderedBy !== undefined;
  const some: readonly { readonly what: string; readonly at: Instant | undefined }[] = [
    { what: 'Trouble began, according to the readings', at: beganAt(chapter) },
    { what: 'Breach seen', at: breachSeenAt(chapter) },
    { what: isOrdered ? 'Rollback ordered' : 'Rollback recommended', at: recommendation.raisedAt },
    ...[answered(story, chapter)].filter((moment) => moment !== undefined),
    { what: 'Forward work stopped', at: stoppedAt(story, chapter) },
    { what: 'Undone', at: undoneAt(story, chapter) },
    { what: proved, at: proof.state === 'open' ? undefined : proof.at },
    { what: 'First relapse', at: watch?.relapses[0]?.at },
    { what: 'Watch settled', at: watch?.endedAt },
  ];
  return some.flatMap(({ what, at }) => (at === undefined ? [] : [{ what, at }]));
}

const sayGap = (length: Millis): string => (length === 0 ? 'at once' : sayDuration(length));

function momentsTable(story: Story, chapter: Chapter): Markdown {
  const all = moments(story, chapter);
  const rows = all.map(({ what, at }, index) => {
    const before = all[index - 1];
    return [what, sayMoment(at).slice(0, 19), before === undefined ? '' : sayGap(between(before.at, at))];
  });
  return table(['Moment', 'When (UTC)', 'After the row above'], rows);
}

interface Span {
  readonly what: string;
  readonly took: Millis | undefined;
  readonly expected: Millis | undefined;
  readonly whose: string;
}

function spanRow({ what, took, expected, whose }: Span): readonly (readonly Inline[])[] {
  if (took === undefined) return [];
  const share = expected === undefined ? undefined : times(took, expected);
  const beside = expected === undefined ? 'none' : `${sayDuration(expected)} (${whose})`;
  return [[what, sayDuration(took), beside, share === undefined ? '' : `${share.toFixed(2)}x`]];
}

const since = (start: Instant | undefined, end: Instant | undefined): Millis | undefined =>
  start === undefined || end === undefined ? undefined : between(start, end);

function spansTable(story: Story, chapter: Chapter): Markdown | undefined {
  const { recommendation, rollback, watch } = chapter;
  const { raisedAt, expiresAt, procedure, orderedBy } = recommendation;
  const asksNobody = rollback?.trigger === 'automatic' || orderedBy !== undefined;
  const proof = proofOf(story, chapter);
  const end = proof.state === 'open' ? undefined : proof.at;
  const estimate = procedure.kind !== 'person' ? procedure.estimate : undefined;
  const full = story.plan.environments[story.state.environment]?.estimate.rollback;
  const spans: readonly Span[] = [
    {
      what: 'From the recommendation to its answer',
      took: asksNobody ? undefined : since(raisedAt, answered(story, chapter)?.at),
      expected: between(raisedAt, expiresAt),
      whose: 'time to answer',
    },
    {
      what: 'The rollback, from its start to its end',
      took: since(rollback?.startedAt, end),
      expected: estimate,
      whose: 'its estimate',
    },
    {
      what: 'From the breach to the end of the rollback',
      took: since(breachSeenAt(chapter), end),
      expected: full,
      whose: `estimate for ${story.state.environment}`,
    },
    {
      what: 'The watch, from its start to its end',
      took: since(watch?.startedAt, watch?.endedAt),
      expected: watch?.length,
      whose: 'its length',
    },
  ];
  const rows = spans.flatMap(spanRow);
  return rows.length === 0 ? undefined : table(['Span', 'Took', 'Allowed or estimated', 'Of that'], rows);
}

/** Every relevant moment, the time between them, and how that compares with the estimates. */
export function timesSection(story: Story): Markdown | undefined {
  return perChapter(story, 'Key times', (chapter) => blocks(momentsTable(story, chapter), spansTable(story, chapter)));
}
