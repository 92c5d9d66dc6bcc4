import { blocks, heading, type Markdown, line } from './markdown.ts';
import { type Chapter, mainChapters, type Story } from './story.ts';

/** A section with one part for each decision that had an effect. The parts get headings only if there are several. */
export function perChapter(
  story: Story,
  title: string,
  tell: (chapter: Chapter) => Markdown | undefined,
  intro?: Markdown,
): Markdown | undefined {
  const told = mainChapters(story).flatMap((chapter) => {
    const part = tell(chapter);
    return part === undefined ? [] : [{ chapter, part }];
  });
  if (told.length === 0) return undefined;
  const parts = told.map(({ chapter: { recommendation }, part }) =>
    told.length === 1 ? part : blocks(heading(3, line`Recommendation ${recommendation.id}`), part),
  );
  return blocks(heading(2, title), intro, ...parts);
}
