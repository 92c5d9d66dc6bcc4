import { randomUUID } from 'node:crypto';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

import type { HideText } from '../core/kernel/hide-text.ts';
import { printable } from '../core/kernel/printable.ts';

/** The meaning of a text, shown as a colour. The text says the same without it. */
export type Tone = 'bad' | 'warn' | 'good' | 'title' | 'quiet' | 'plain';
export type Paint = (tone: Tone, text: string) => string;

/**
 * Where a command's output goes. The output quotes the database, servers and people, so control characters in it must not act
 * on the terminal.
 */
export interface Terminal {
  /** Prints requested output, one or more lines, to standard output. */
  answer(text: string): void;
  /** Prints errors and other remarks to standard error. */
  tell(text: string): void;
  /** Replaces the previous progress line; does nothing if no person watches. An empty text removes the line. */
  progress(text: string): void;
  /** From now on, redacts these secrets in all output. */
  conceal(hide: HideText): void;
  readonly columns: number;
  /** Marks a text with a tone, which becomes a colour when it is printed on this terminal. */
  readonly paint: Paint;
}

/** What a terminal is made of: where it writes finished text, and how it shows a colour. */
export interface Screen {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly progress: (text: string) => void;
  readonly columns: number;
  readonly style: Paint;
}

const formats: Readonly<Record<Exclude<Tone, 'plain'>, Parameters<typeof styleText>[0]>> = {
  bad: ['bold', 'red'],
  warn: ['bold', 'yellow'],
  good: ['bold', 'green'],
  title: 'bold',
  quiet: 'dim',
};

export const plain: Paint = (_tone, text) => text;

const widest = 100;
const eraseLine = '\r\u001B[K';

const asItIs: HideText = (text) => text;

/** Colours as marks that no other text can contain, because nobody else knows the seal. */
function sealed(style: Paint): { readonly paint: Paint; readonly reveal: (text: string) => string } {
  const seal = randomUUID();
  const ends = (tone: string): readonly string[] => style(tone as Tone, seal).split(seal);
  const marks = new RegExp(`${seal}(begin|end)-([a-z]+);`, 'g');
  return {
    paint: (tone, text) => (style(tone, text) === text ? text : `${seal}begin-${tone};${text}${seal}end-${tone};`),
    reveal: (text) =>
      text.replaceAll(marks, (_, end: string, tone: string) => ends(tone)[end === 'begin' ? 0 : 1] ?? ''),
  };
}

export function terminalOn({ out, err, progress, columns, style }: Screen): Terminal {
  let hide = asItIs;
  const { paint, reveal } = sealed(style);
  const shown = (text: string): string => reveal(printable(hide(text)));
  return {
    answer: (text) => out(`${shown(text)}\n`),
    tell: (text) => err(`${shown(text)}\n`),
    progress: (text) => progress(shown(text)),
    conceal: (by) => void (hide = by),
    columns,
    paint,
  };
}

/** The terminal of this process. Uses colours only if a person watches and NO_COLOR is not set. */
export const ownTerminal = (stdout: WriteStream, stderr: WriteStream): Terminal =>
  terminalOn({
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    progress: (text) => void (stderr.isTTY && stderr.write(`${eraseLine}${text}`)),
    columns: Math.min(widest, stdout.columns ?? widest),
    style: (tone, text) => (tone === 'plain' ? text : styleText(formats[tone], text, { stream: stdout })),
  });
