import { stripVTControlCharacters } from 'node:util';

/** Finished Markdown. Everything else is text, and is escaped when it is put into some. */
export interface Markdown {
  readonly markdown: string;
}
export type Inline = Markdown | string | number;

const raw = (markdown: string): Markdown => ({ markdown });

/** Well-formed, and without the characters that turn the direction of writing: they can make a line read as another. */
const plain = (text: string): string => text.toWellFormed().replaceAll(/[\u202A-\u202E\u2066-\u2069]/gu, '');

const oneLine = (text: string): string =>
  plain(text)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();

/** Text as itself: nothing in it is markup, wherever it stands. Names such as `molecule_experiments` stay readable. */
function escape(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*[\]<>|~$]/g, String.raw`\$&`)
    .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\_`)
    .replaceAll(/&(?=#|[A-Za-z][A-Za-z0-9]*;)/g, String.raw`\&`)
    .replace(/^[#+=-]/, String.raw`\$&`)
    .replace(/^(\d+)([.)])(?=\s|$)/, String.raw`$1\$2`);
}

const render = (value: Inline): string => (typeof value === 'object' ? value.markdown : escape(String(value)));

/** Markdown from a template: what is put in is escaped, unless it is Markdown already. */
export const line = (parts: TemplateStringsArray, ...values: readonly Inline[]): Markdown =>
  raw(parts.map((part, index) => part + (index < values.length ? render(values[index] ?? '') : '')).join(''));

/** A code span; text that could end one, or a table's cell, is shown as text. */
export function code(text: string): Markdown {
  const line = oneLine(text);
  return /[`|\\]/.test(line) || line === '' ? raw(escape(text)) : raw(`\`${line}\``);
}

export const bold = (value: Inline): Markdown => {
  const inner = render(value);
  return raw(inner === '' ? '' : `**${inner}**`);
};

/** What a program wrote, its last lines. The fence is longer than any in it. */
export function fenced(text: string, mostLines = 20): Markdown {
  const lines = plain(stripVTControlCharacters(text))
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .trimEnd()
    .split('\n');
  const left = lines.length - mostLines;
  const kept = left > 0 ? [`… ${left} earlier lines …`, ...lines.slice(left)] : lines;
  // Of what is left, since taking a control character away can join two runs.
  const longest = Math.max(2, ...[...kept.join('\n').matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return raw([`${fence}text`, ...kept, fence].join('\n'));
}

const cells = (values: readonly string[]): string => `| ${values.join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly (readonly Inline[])[]): Markdown =>
  raw([cells(head), cells(head.map(() => '---')), ...rows.map((row) => cells(row.map(render)))].join('\n'));

/** A list; lines after an item's first, such as a list of its own, are indented under it. */
export const list = (items: readonly Inline[], marker = '- '): Markdown =>
  raw(items.map((item) => `${marker}${render(item).replaceAll('\n', '\n  ')}`).join('\n'));

/** One after the other, such as sentences. */
export const joined = (values: readonly Inline[], separator = ' '): Markdown =>
  raw(
    values
      .map(render)
      .filter((value) => value !== '')
      .join(separator),
  );

/** Blocks with a blank line between them; absent ones leave no gap. */
export const blocks = (...parts: readonly (Markdown | undefined)[]): Markdown =>
  raw(parts.flatMap((part) => (part === undefined || part.markdown === '' ? [] : [part.markdown])).join('\n\n'));

export const heading = (level: 1 | 2 | 3, title: Inline): Markdown => raw(`${'#'.repeat(level)} ${render(title)}`);
