import { sayDuration, sayMoment } from '../core/kernel/duration.ts';
import { between, hours } from '../core/kernel/units.ts';
import { byCriterion } from '../core/verdicts/verdict.ts';
import type { Watch } from '../core/watch/watch.ts';
import { blocks, bold, type Inline, list, type Markdown, line } from './markdown.ts';
import { perChapter } from './per-chapter.ts';
import type { Chapter, Story } from './story.ts';
import { sayVerdict, sentence } from './wording.ts';

function sayEnd({ state, endedAt, countedTo }: Watch): string {
  if (state === 'settled') return `It settled at ${sayMoment(endedAt ?? countedTo)}.`;
  return `It is not over; the record counts up to ${sayMoment(countedTo)}.`;
}

function sayUnseen({ startedAt, countedTo, seen }: Watch): string {
  const lost = between(startedAt, countedTo) - seen;
  return lost < 1_000
    ? 'All of the time that passed was seen.'
    : `${sayDuration(between(startedAt, countedTo))} passed, of which ${sayDuration(lost as typeof seen)} was not counted because the guard was blind or down.`;
}

function sayWatch(watch: Watch): Markdown {
  const { length, seen, relapses } = watch;
  const items: readonly Inline[] = [
    line`${bold('Seen')}: ${seen === 0 ? 'none' : sayDuration(seen)} of ${sayDuration(length)}. ${sayUnseen(watch)}`,
    line`${bold('From')} ${sayMoment(watch.startedAt)}. ${sayEnd(watch)}`,
    ...(relapses.length === 0 ? [line`${bold('Relapses')}: none.`] : []),
    ...relapses.map(
      ({ at, evidence }) =>
        line`${bold('Relapse')} at ${sayMoment(at)}: ${sentence(evidence.map(sayVerdict).join('; '))}`,
    ),
    ...(length < hours(1)
      ? [
          line`The plan watches for ${sayDuration(length)}, which is ${bold('shorter than the hour that Ripcord recommends')}.`,
        ]
      : []),
  ];
  return list(items);
}

const told = ({ rollback, watch }: Chapter): Markdown | undefined => {
  if (rollback === undefined) return undefined;
  return watch === undefined
    ? line`The watch starts when every step of the rollback is done. It has not started.`
    : sayWatch(watch);
};

/** The last verdict of each criterion. The record holds changes only, so a verdict stands until the next. */
function sayCriteria({ state: { verdicts } }: Story): Markdown {
  const all = byCriterion([...verdicts.values()].map(({ verdict }) => verdict));
  const said = [...all].map(([criterion, status]) => `${criterion} ${status}`);
  return line`The criteria at the end of the record: ${said.join(', ') || 'none was judged'}.`;
}

/** The watch after each rollback. */
export function watchSection(story: Story): Markdown | undefined {
  const section = perChapter(story, 'The watch afterwards', told);
  return section === undefined ? undefined : blocks(section, sayCriteria(story));
}
