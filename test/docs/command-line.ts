/** A stage of a line for a shell: its words, without what is set before it and where its output goes. */
export type Words = readonly string[];

const ends: ReadonlySet<string> = new Set(['|', '||', '&&', ';', '&']);

/** Quotes hold words together, `#` begins a comment, an operator ends a command. */
export function commandsIn(line: string): readonly Words[] {
  const commands: string[][] = [[]];
  const token = /\s+|#.*|\|\||&&|[|;&]|(?:"[^"]*"|'[^']*'|\$\([^)]*\)|\\.|[^\s|;&"'])+/g;
  let afterSpace = true;
  for (const [text] of line.matchAll(token)) {
    const isBreak = text.trim() === '';
    if (text.startsWith('#') && afterSpace) break;
    if (ends.has(text)) commands.push([]);
    else if (!isBreak) commands.at(-1)?.push(text.replaceAll(/["']/g, ''));
    afterSpace = isBreak;
  }
  return commands.filter((words) => words.length > 0);
}

/** What a document has a person type, by who reads it. */
export type Typed =
  | { readonly program: 'ripcord' | 'npx'; readonly args: Words }
  | { readonly program: 'npm'; readonly args: Words };

/** The one that matters of `DATABASE_URL=... npx ripcord init` or `systemd-run --scope -- ripcord phase ...`. */
export function typedIn(words: Words): Typed | undefined {
  const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const [first = '', second = ''] = words.slice(start);
  if (start < 0) return undefined;
  if (first === 'npm') return { program: 'npm', args: words.slice(start + 1) };
  if (first === 'npx' && second !== 'ripcord') return { program: 'npx', args: words.slice(start + 1) };
  const own = words.findIndex(
    (word, index) =>
      (word === 'ripcord' && (index === start || /^(?:npx|watch|exec|--)$/.test(words[index - 1] ?? ''))) ||
      word.endsWith('dist/main.js'),
  );
  return own < 0 ? undefined : { program: 'ripcord', args: words.slice(own + 1) };
}
