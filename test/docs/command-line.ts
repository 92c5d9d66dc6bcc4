/** The words of one command in a shell line, without redirections. */
export type Words = readonly string[];

const ends: ReadonlySet<string> = new Set(['|', '||', '&&', ';', '&']);

/** Splits a shell line. Quotes group words, `#` starts a comment, an operator ends a command. */
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

/** A command that a document tells a person to type, by the program that parses it. */
export type Typed =
  | { readonly program: 'ripcord' | 'npx'; readonly args: Words }
  | { readonly program: 'npm'; readonly args: Words };

/** Finds the relevant command in `DATABASE_URL=... npx ripcord init` or `systemd-run --scope -- ripcord phase ...`. */
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
