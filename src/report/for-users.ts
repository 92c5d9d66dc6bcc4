import { sayMoment } from '../core/kernel/duration.ts';
import { proofOf } from './proof.ts';
import { type Chapter, mainChapters, type Story } from './story.ts';

const isWell = (story: Story, chapter: Chapter): boolean => {
  const { watch } = chapter;
  return proofOf(story, chapter).state === 'proved' && watch?.state === 'settled' && watch.relapses.length === 0;
};

/**
 * A text for people outside the team. Present only if it is true: every rollback was proved, and every watch settled without
 * a relapse.
 */
export function wordsForUsers(story: Story): readonly string[] {
  const chapters = mainChapters(story);
  const last = chapters.at(-1);
  if (last === undefined || !chapters.every((chapter) => isWell(story, chapter))) return [];
  const proof = proofOf(story, last);
  if (proof.state === 'open') return [];
  const [from, to] = [last.seenAt, proof.at].map((moment) => sayMoment(moment).slice(0, 16));
  return [
    `A text that the record supports: “Between ${from} and ${to} UTC, maintenance may have disturbed the service. It was undone. What we compared afterwards is as it was before, and we saw nothing wrong while we watched.”`,
  ];
}
