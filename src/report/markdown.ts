import { stripVTControlCharacters } from 'node:util';

/** Finished Markdown. Any other text is escaped when it is inserted. */
export interface Markdown {
  readonly markdown: string;
}
export type Inline = Markdown | string | number;

const raw = (markdown: string): Markdown => ({ markdown });

/**
 * Makes text well-formed and removes the characters that change the direction of writing, which can make a line read as
 * another.
 */
const plain = (text: string): string => text.toWellFormed().replaceAll(/[\u202A-\u202E\u2066-\u2069]/gu, '');

const oneLine = (text: string): string =>
  plain(text)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();

/** Escapes text so that nothing in it acts as markup, wherever it stands. Names such as `molecule_experiments` stay readable. */
function escape(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*[\]<>|~$]/g, String.raw`\$&`)
    .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\_`)
    .replaceAll(/&(?=#|[A-Za-z][A-Za-z0-9]*;)/g, String.raw`\&`)
    .replace(/^[#+=-]/, String.raw`\$&`)
    .replace(/^(\d+)([.)])(?=\s|$)/, String.raw`$1\$2`);
}

const render = (value: Inline): string => (typeof value === 'object' ? value.markdown : escape(String(value)));

/** Markdown from a template: inserted values are escaped unless they already are Markdown. */
export const line = (parts: TemplateStringsArray, ...values: readonly Inline[]): Markdown =>
  raw(parts.map((part, index) => part + (index < values.length ? render(values[index] ?? '') : '')).join(''));

/** A code span. Text that could end the span or a table cell becomes plain text. */
export function code(text: string): Markdown {
  const line = oneLine(text);
  return /[`|\\]/.test(line) || line === '' ? raw(escape(text)) : raw(`\`${line}\``);
}

export const bold = (value: Inline): Markdown => {
  const inner = render(value);
  return raw(inner === '' ? '' : `**${inner}**`);
};

/** The last lines of a program's output, inside a fence longer than any in the output. */
export function fenced(text: string, mostLines = 20): Markdown {
  const lines = plain(stripVTControlCharacters(text))
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .trimEnd()
    .split('\n');
  const left = lines.length - mostLines;
  const kept = left > 0 ? [`… ${left} earlier lines …`, ...lines.slice(left)] : lines;
  // Look for fences in the cleaned text, because removing a control character can join two runs.
  const longest = Math.max(2, ...[...kept.join('\n').matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return raw([`${fence}text`, ...kept, fence].join('\n'));
}

const cells = (values: readonly string[]): string => `| ${values.join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly (readonly Inline[])[]): Markdown =>
  raw([cells(head), cells(head.map(() => '---')), ...rows.map((row) => cells(row.map(render)))].join('\n'));

/** A list. Further lines of an item, such as a nested list, are indented under it. */
export const list = (items: readonly Inline[], marker = '- '): Markdown =>
  raw(items.map((item) => `${marker}${render(item).replaceAll('\n', '\n  ')}`).join('\n'));

/** Joins parts on one line, such as sentences. */
export const joined = (values: readonly Inline[], separator = ' '): Markdown =>
  raw(
    values
      .map(render)
      .filter((value) => value !== '')
      .join(separator),
  );

/** Joins blocks with blank lines; absent blocks leave no gap. */
export const blocks = (...parts: readonly (Markdown | undefined)[]): Markdown =>
  raw(parts.flatMap((part) => (part === undefined || part.markdown === '' ? [] : [part.markdown])).join('\n\n'));

export const heading = (level: 1 | 2 | 3, title: Inline): Markdown => raw(`${'#'.repeat(level)} ${render(title)}`);
