import { sayDuration, sayMoment, sayTime } from '../core/kernel/duration.ts';
import { between, hours } from '../core/kernel/units.ts';
import { leftToPeople, openQuestion } from '../core/response/rollback.ts';
import { blocks, bold, heading, type Inline, joined, type Markdown, line } from './markdown.ts';
import { proofOf, undoneAt } from './proof.ts';
import { type Chapter, mainChapters, sayPhaseName, type Story } from './story.ts';
import { sayDecided } from './summary-deciding.ts';
import { and, counted, sayVerdict, sayWho, sentence } from './wording.ts';

/** What went wrong, and since when. */
function sayTrouble(story: Story, { recommendation: { evidence, attributedTo }, seenAt }: Chapter): string {
  const [first, ...more] = evidence;
  if (first === undefined) return '';
  const breach = sentence(`At ${sayMoment(seenAt)} the guard saw a breach of ${sayVerdict(first)}`);
  const others =
    more.length === 0
      ? ''
      : ` With it came ${counted(more.length, 'more breach', 'more breaches')}: ${and(more.map(({ criterion, subject }) => `${criterion} of ${subject}`))}.`;
  const where =
    attributedTo === undefined
      ? ' It cannot be attributed to one phase.'
      : ` The record points to ${sayPhaseName(story, attributedTo)}: when it started, this was not there yet.`;
  return breach + where + others;
}

/** What was undone. */
function sayUndone(story: Story, chapter: Chapter): Inline {
  const { recommendation, rollback } = chapter;
  const { procedure } = recommendation;
  if (rollback === undefined) {
    return procedure.kind === 'person'
      ? sentence(`Ripcord had no step that it could take itself: ${procedure.because}`)
      : 'Nothing was undone.';
  }
  if (rollback.state !== 'done') {
    const done = rollback.steps.filter(({ state }) => state === 'done').length;
    const steps = `${done} of ${counted(rollback.steps.length, 'step')} done`;
    const question = openQuestion(rollback);
    if (rollback.because !== undefined) return sentence(`It ended before its first step: ${rollback.because}`);
    if (rollback.state === 'aborted') {
      const left = leftToPeople(rollback);
      const given = `The rollback was aborted, ${steps}: what is undone stays undone.`;
      return left.length === 0 ? given : line`${given} ${bold('Left to people')}: ${and(left)}.`;
    }
    if (question === undefined) return `The rollback is still under way, ${steps}.`;
    return line`${bold('The rollback waits for a person')}, ${steps}. ${sentence(question)}`;
  }
  const undone = undoneAt(story, chapter);
  const took = undone === undefined ? '' : `, which took ${sayDuration(between(rollback.startedAt, undone))}`;
  const did = procedure.kind === 'restore' ? 'restored the database' : `undid ${and(rollback.procedure.phases)}`;
  return `Ripcord stopped forward work and then ${did}${took}.`;
}

/** Whether the rollback was proved. */
function sayProved(story: Story, chapter: Chapter): Inline {
  if (chapter.rollback === undefined) return '';
  const proof = proofOf(story, chapter);
  switch (proof.state) {
    case 'proved':
      return 'Ripcord compared it with its snapshot from before the change, as far as that covers it, and found no difference. “Verification” names what was compared and what was not.';
    case 'accepted': {
      const who = and(proof.by.map((by) => sayWho(story.plan, by)));
      return line`${bold('It was not proved by comparison')} with the snapshot from before the change: ${who} accepted it by hand.`;
    }
    case 'open':
      if (chapter.rollback.steps.some(({ step, state }) => step.kind === 'verify' && state === 'asking')) return '';
      return 'It has not been compared yet with its snapshot from before the change.';
  }
}

function sayRelapses({ watch }: Chapter): Inline {
  const [relapse] = watch?.relapses ?? [];
  if (relapse === undefined) return 'without a relapse';
  const why = relapse.evidence.map(sayVerdict).join('; ');
  return line`${bold(`with a relapse at ${sayTime(relapse.at)} UTC`)} (${why}); Ripcord undoes nothing because of a relapse, so a person must judge it`;
}

/** How the watch ended. */
function sayWatched({ state: { closed } }: Story, chapter: Chapter): Inline {
  const { rollback, watch } = chapter;
  if (rollback === undefined) return '';
  if (watch === undefined) return 'The watch has not started.';
  const [seen, length] = [watch.seen === 0 ? 'none' : sayDuration(watch.seen), sayDuration(watch.length)];
  const relapses = sayRelapses(chapter);
  const short = watch.length < hours(1) ? 'The plan’s watch is shorter than the recommended hour.' : '';
  const told = (watched: Inline): Inline => (short === '' ? watched : line`${watched} ${short}`);
  if (watch.state === 'settled') return told(line`The watch settled after ${seen}, ${relapses}.`);
  if (closed !== undefined) {
    return told(
      line`${bold('The run was closed before the watch was over')}: ${seen} of ${length} was seen, ${relapses}.`,
    );
  }
  return told(line`The watch is not over: ${seen} of ${length} has been seen so far, ${relapses}.`);
}

/** Phases of which nobody knows how far they got. */
function sayUnknown({ state: { phases } }: Story): Inline {
  const lost = phases.filter(({ state }) => state === 'unknown').map(({ phase }) => phase);
  if (lost.length === 0) return '';
  return line`${bold(`Unknown how far ${and(lost)} got`)}: its wrapper was lost, and it has not been undone.`;
}

function sayStanding({ state: { phases, closed } }: Story): string {
  const named = (wanted: string) => phases.filter(({ state }) => state === wanted).map(({ phase }) => phase);
  const parts = [
    ['applied', 'finished'],
    ['running', 'running'],
    ['failed', 'failed'],
    ['undone', 'undone'],
    ['not started', 'not-started'],
  ] as const;
  const said = parts.flatMap(([words, state]) => {
    const some = named(state);
    return some.length === 0 ? [] : [`${words}: ${and(some)}`];
  });
  const run = closed === undefined ? 'The run is open' : `The run was closed at ${sayMoment(closed.at)}`;
  return `${run}; ${said.join('; ')}.`;
}

const quietRun = ({ state }: Story): string =>
  state.baseline === undefined
    ? 'No rollback was recommended: there was no baseline, so the guard could only observe.'
    : 'No rollback was recommended and none was made.';

/** The whole story: one paragraph for each decision that had an effect, and the current state of the run. */
export function summarySection(story: Story): Markdown {
  const chapters = mainChapters(story);
  const told = chapters.map((chapter) =>
    joined([
      sayTrouble(story, chapter),
      sayDecided(story, chapter),
      sayUndone(story, chapter),
      sayProved(story, chapter),
      sayWatched(story, chapter),
    ]),
  );
  const left = story.chapters.length - chapters.length;
  const others =
    left === 0
      ? ''
      : `${counted(left, 'earlier recommendation')} had no effect (expired or superseded); see the timeline.`;
  const ending = joined([sayUnknown(story), others, sayStanding(story)]);
  return blocks(heading(2, 'Summary'), ...(told.length === 0 ? [line`${quietRun(story)}`] : told), ending);
}
