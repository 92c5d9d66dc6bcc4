import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

/** What a text means, for those who see colours; it says the same without them. */
export type Tone = 'bad' | 'warn' | 'good' | 'title' | 'quiet' | 'plain';
export type Paint = (tone: Tone, text: string) => string;

/** Where a command's words go. */
export interface Terminal {
  /** A line, or several, of what was asked for: standard output. */
  answer(text: string): void;
  /** What a person should know beside it, such as errors: standard error. */
  tell(text: string): void;
  /** Shows how far it is in place of what it showed before; nothing where nobody watches. Empty: takes it away. */
  progress(text: string): void;
  readonly columns: number;
  readonly paint: Paint;
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

/** The terminal of this process. Colours only where a person watches and NO_COLOR is not set. */
export function ownTerminal(stdout: WriteStream, stderr: WriteStream): Terminal {
  const columns = Math.min(widest, stdout.columns ?? widest);
  return {
    answer: (text) => void stdout.write(`${text}\n`),
    tell: (text) => void stderr.write(`${text}\n`),
    progress: (text) => void (stderr.isTTY && stderr.write(`${eraseLine}${text}`)),
    columns,
    paint: (tone, text) => (tone === 'plain' ? text : styleText(formats[tone], text, { stream: stdout })),
  };
}

/**
 * Without the characters that would move the cursor, colour the screen or turn the direction of writing: texts come from
 * the database and from people. Line ends stay.
 */
export const printable = (text: string): string =>
  text.replaceAll('\r\n', '\n').replaceAll(/[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/gu, ' ');
