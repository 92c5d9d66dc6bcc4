import type { PhaseView, RecommendationView, RunView } from '../../core/run/view.ts';
import { type Instant, millis } from '../../core/kernel/units.ts';
import { type Facts, keyOf, type Verdict } from '../../core/verdicts/verdict.ts';
import type { Row } from '../layout.ts';
import { count } from '../../core/kernel/count.ts';
import { clockTime, past, roughly, until } from '../moments.ts';
import { projection } from './phases.ts';
import { list } from './verdicts.ts';

/** The numbers to recompute the verdict. */
function sayFacts({ rule, was, is, ratio, readings, since }: Facts, now: Instant): string {
  const parts = [
    `rule ${rule}`,
    was !== undefined && `was ${was}`,
    is !== undefined && `is ${is}`,
    ratio !== undefined && `${ratio}x`,
    readings !== undefined && `${readings} readings`,
    since !== undefined && `since ${clockTime(since, now)}`,
  ];
  return parts.filter((part) => part !== false).join('; ');
}

const evidenceRows = ({ criterion, summary, facts }: Verdict, now: Instant): readonly Row[] => [
  [criterion, { text: summary, tone: 'bad' }],
  ['', { text: sayFacts(facts, now), tone: 'quiet' }],
];

type Fact = readonly [name: string, text: string | undefined];

const rowsOf = (facts: readonly Fact[]): readonly Row[] =>
  facts.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [[{ text: name, tone: 'quiet' }, text]]));

function sayVoid({ ended, revoked, expiresAt }: RecommendationView['approvals'][number], now: Instant): string {
  if (revoked === true) return ', which no longer counts: the token was revoked';
  return ended === true || expiresAt <= now ? ', which has expired' : '';
}

const sayApprovals = ({ approvals, missing }: RecommendationView, now: Instant): string => {
  if (approvals.length === 0) return '';
  const each = approvals.map((one) => `${one.by} (${one.role}): ${one.reason}${sayVoid(one, now)}`);
  const more = missing === undefined ? '' : ` Still needed: ${sayMissing(missing)}.`;
  return `${each.join('; ')}.${more}`;
};

/** `1 more approval, by lena or omar`. */
export const sayMissing = ({ approvals, from }: NonNullable<RecommendationView['missing']>): string =>
  `${count(approvals, 'more approval')}, from ${from.join(' or ') || 'people whom the plan does not list'}`;

/** Shown if one approval is not enough, so that nobody waits for the second in vain. */
const sayNeeds = ({ approvals, missing }: RecommendationView): string | undefined =>
  missing === undefined || missing.approvals < 2 || approvals.length > 0
    ? undefined
    : `${missing.approvals} different people must approve`;

const sayAsked = ({ addressedTo = [], unanswered = [] }: RecommendationView): string => {
  const who = list(addressedTo.map(({ name, role, reach }) => `${name} (${role}), ${reach}`));
  if (unanswered.length === 0) return who;
  return `${who === '' ? '' : `${who}; `}nobody answered ${list(unanswered)}`;
};

/** How long the running phase still needs, to weigh against the rollback. */
function sayRest(phases: readonly PhaseView[]): string {
  const running = phases.find(({ state }) => state === 'running');
  if (running?.worked === undefined) return '';
  const left = millis((projection(running) ?? running.estimate) - running.worked);
  return left > 0 ? `; ${running.phase} needs about ${roughly(left)} more` : `; ${running.phase} is over its estimate`;
}

/** None of its evidence is a breach now. A recommendation that a person ordered, or that follows from one, has no evidence. */
const isGone = ({ evidence }: RecommendationView, verdicts: readonly Verdict[]): boolean =>
  evidence.length > 0 &&
  !evidence.some((then) => verdicts.some((now) => now.status === 'breach' && keyOf(now) === keyOf(then)));

const goneRow: Row = [
  { text: 'now', tone: 'quiet' },
  { text: 'the guard no longer sees the breach', tone: 'warn' },
];

/** At its expiry Ripcord asks the next contact. It rolls nothing back because nobody answered. */
const sayUntil = ({ expiresAt, notAutomaticBecause, procedure }: RecommendationView, now: Instant): string =>
  procedure.kind !== 'person' && notAutomaticBecause.length === 0
    ? 'the next evaluation: it is pre-approved, and nothing is missing any more'
    : `${until(expiresAt, now)}; without an answer, nothing is rolled back`;

/** What has joined since a person may have read it. */
const sayJoined = ({ joined = [] }: RecommendationView, now: Instant): string =>
  joined.map(({ at, what }) => `${past(at, now)}: ${what.join('; ')}`).join('\n');

function saySeen({ acknowledgedBy, acknowledgedAs, questionId }: RecommendationView): string {
  if (acknowledgedBy === undefined) return 'nobody yet';
  return acknowledgedAs === questionId ? acknowledgedBy : `${acknowledgedBy}, before more evidence joined`;
}
/** Undefined for an older journal, which does not record this. */
const sayBinding = ({ binding: { scripts } }: RecommendationView): string | undefined =>
  scripts &&
  (list(scripts.map(({ file }) => file)) || 'no file: Ripcord cannot tell when what its commands run changes');

/** Everything that a decision needs: why, what, how long, who, until when. */
export function recommendationRows(one: RecommendationView, { now, phases, verdicts }: RunView): readonly Row[] {
  const { evidence, attributedTo, proposes, procedure, notAutomaticBecause } = one;
  const takes = procedure.kind !== 'person' && procedure.estimate !== undefined;
  return [
    ...evidence.flatMap((verdict) => evidenceRows(verdict, now)),
    ...(isGone(one, verdicts) ? [goneRow] : []),
    ...rowsOf([
      ['attributed to', attributedTo ?? 'no single phase'],
      ['proposed', proposes],
      ['bound to', procedure.kind === 'person' ? undefined : sayBinding(one)],
      ['takes about', takes ? `${roughly(procedure.estimate)}${sayRest(phases)}` : undefined],
      ['not by itself', procedure.kind === 'person' ? undefined : notAutomaticBecause.join('\n')],
      ['raised', past(one.raisedAt, now)],
      ['question', String(one.questionId)],
      ['joined', sayJoined(one, now)],
      ['seen by', saySeen(one)],
      ['asked', sayAsked(one)],
      ['approved by', sayApprovals(one, now)],
      ['needs', sayNeeds(one)],
      [procedure.kind === 'person' ? 'may answer' : 'may approve', list(one.mayApprove) || 'nobody in the plan'],
      ['until', sayUntil(one, now)],
    ]),
  ];
}

/** Shows the same procedure without ordering it. */
function dryRun({ kind, phases }: RecommendationView['procedure']): readonly (readonly [string, string])[] {
  if (kind === 'unwind') return []; // nobody can order one
  const first = phases.at(-1); // the latest comes first in it
  const wish = kind === 'restore' ? ' --restore' : first === undefined ? '' : ` --phase ${first}`;
  return [[`ripcord rollback${wish} --dry-run`, 'see each step and what would be lost']];
}

/** The commands that a person may type now. */
export function answers(one: RecommendationView, { verdicts }: RunView): readonly (readonly [string, string])[] {
  const { procedure } = one;
  const of = `${one.id} --question ${one.questionId}`;
  const decline = `ripcord decline ${of} --reason "..."`;
  const acknowledge: readonly [string, string] = [`ripcord acknowledge ${of}`, 'tell the others that you are on it'];
  if (procedure.kind === 'person') return [[decline, 'say what you did by hand'], acknowledge];
  const approve: readonly [string, string] = isGone(one, verdicts)
    ? [`ripcord approve ${of} --even-if-gone --reason "..."`, 'roll back anyway']
    : [`ripcord approve ${of} --reason "..."`, 'roll back now'];
  return [approve, [decline, 'do not roll back'], acknowledge, ...dryRun(procedure)];
}

/** How the closed recommendations ended, one line each. */
export const earlierRows = (all: readonly RecommendationView[], now: Instant): readonly Row[] =>
  all
    .filter(({ state }) => state !== 'open')
    .map(({ id, state, answer, expiresAt }) => {
      const how =
        answer === undefined
          ? `unanswered, ${clockTime(expiresAt, now)}`
          : `by ${answer.by}, ${clockTime(answer.at, now)}: ${answer.reason}`;
      return [id, state, how];
    });
