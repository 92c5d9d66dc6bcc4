const fenceMark = 'fence';

/** The lines outside fences, and a mark where a fence opens, ends or is never closed. */
function outsideFences(markdown: string): readonly string[] {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split('\n')) {
    const opening = /^(`{3,})\w*$/.exec(line)?.[1];
    if (fence === undefined) lines.push(opening === undefined ? line : fenceMark);
    else if (line === fence) lines.push(fenceMark);
    fence = fence === undefined ? opening : line === fence ? undefined : fence;
  }
  return fence === undefined ? lines : [...lines, '    a fence that nothing closes'];
}

/** The structure of a text as GitHub's Markdown shows it: one word for each line outside fences. */
export const structureOf = (markdown: string): readonly string[] => outsideFences(markdown).map(kindOf);

function kindOf(line: string): string {
  if (line === '' || line === fenceMark) return line;
  const heading = /^#+ /.exec(line)?.[0];
  if (heading !== undefined) return `heading ${heading.length - 1}`;
  if (line.startsWith('|')) return `row of ${columnsOf(line)}`;
  if (/^ *- \[[ x]\] /.test(line)) return 'point';
  if (/^ *- /.test(line)) return 'item';
  if (/^( {4}|\t)|^[>+=~]|^\d+[.)]\s|^[-_*]{3,}$/.test(line)) return `an accident: ${line}`;
  return 'text';
}

/** Cells end at a pipe without a backslash before it. Parsers differ on two backslashes, so there must be none. */
function columnsOf(row: string): string {
  const strict = row.replaceAll(/\\[\\|]/g, '').split('|').length;
  const loose = row.replaceAll(/\\\|/g, '').split('|').length;
  return strict === loose ? `${strict - 2} columns` : 'columns that parsers count differently';
}

/** Markup that remains after escapes, code spans, our own bold words and the tables' lines are removed. */
export function strayMarkup(markdown: string): readonly string[] {
  return outsideFences(markdown)
    .map((line) => line.replaceAll(/\\[!-/:-@[-`{-~]/g, '').replaceAll(/`[^`]+`/g, ''))
    .filter((line) => /[`<>~$]|\]\(|&[#a-z]/i.test(line) || line.replaceAll(/\*\*/g, '').includes('*'));
}
