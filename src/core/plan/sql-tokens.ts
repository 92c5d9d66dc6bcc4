const start = String.raw`[A-Za-z_\u0080-\uffff]`;
export const word = String.raw`${start}[\w$\u0080-\uffff]*`;
/** The order matters: the first match wins. Lexical structure: PostgreSQL manual, 4.1. */
const tokens = new RegExp(
  [
    String.raw`(?<line>--[^\n\r]*)`,
    String.raw`(?<block>\/\*)`,
    String.raw`(?<unicode>[uU]&")`,
    String.raw`(?<escaped>[eE]'(?:[^'\\]|\\[\s\S]|'')*')`,
    String.raw`(?<string>'(?:[^']|'')*')`,
    String.raw`(?<dollar>\$(?<tag>(?:${start}[\w\u0080-\uffff]*)?)\$[\s\S]*?\$\k<tag>\$)`,
    String.raw`(?<quoted>"(?:[^"]|"")*")`,
    String.raw`(?<word>${word})`,
    String.raw`(?<number>\$?\d[\w.]*)`,
    String.raw`(?<operator>(?:(?!--|\/\*)[-+*\/<>=~!@#%^&|${'`'}?])+)`,
    String.raw`(?<other>[\s\S])`,
  ].join('|'),
  'y',
);

/** Block comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 1;
  let at = from;
  while (depth > 0 && at < text.length) {
    const two = text.slice(at, at + 2);
    if (two === '/*') depth += 1;
    if (two === '*/') depth -= 1;
    at += two === '/*' || two === '*/' ? 2 : 1;
  }
  return at;
}

/** The server folds only these letters in every encoding. */
export const lowered = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** One token, under the name of its kind. */
export interface SqlToken {
  readonly escaped?: string;
  readonly string?: string;
  readonly dollar?: string;
  readonly quoted?: string;
  readonly word?: string;
  readonly number?: string;
  readonly operator?: string;
  /** A single character, such as a bracket or a semicolon. */
  readonly other?: string;
  /** The position after it. */
  readonly end: number;
}

/** The tokens of a text without comments and blanks; `unreadable` ends them: a name as `U&"..."`, or a quote that does not end. */
export function* sqlTokens(text: string): Generator<SqlToken | 'unreadable', undefined> {
  let at = 0;
  while (at < text.length) {
    tokens.lastIndex = at;
    const found = tokens.exec(text)?.groups;
    if (found === undefined || found['unicode'] !== undefined || /^['"]$/.test(found['other'] ?? '')) {
      yield 'unreadable';
      return;
    }
    at = found['block'] === undefined ? tokens.lastIndex : endOfComment(text, tokens.lastIndex);
    const isBlank = found['block'] !== undefined || found['line'] !== undefined || /^\s$/.test(found['other'] ?? '');
    if (!isBlank) yield { ...found, end: at };
  }
}
