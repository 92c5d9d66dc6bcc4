import { type ErrorCode, LineCounter, parseDocument, type YAMLError } from 'yaml';

import type { Fault } from './fault.ts';
import { locate, type Located } from './line-numbers.ts';
import { type Excess, excessIn } from './yaml-bounds.ts';

const longest = 1_000_000;
/** Nobody reads more of a text that is no plan. */
const mostFaults = 100;

/** Explains the parser's codes to plan authors. The parser's own messages may quote the text, and so a secret (all but one). */
const syntax: Readonly<Record<ErrorCode, readonly [found: string, wanted: string]>> = {
  ALIAS_PROPS: ['an alias with an anchor or a tag', 'the alias alone'],
  BAD_ALIAS: ['an alias or anchor without a usable name', '*name or &name'],
  BAD_COLLECTION_TYPE: ['a tag that does not fit its value', 'a value without a tag'],
  BAD_DIRECTIVE: ['a directive that Ripcord does not know', 'a plan without % directives'],
  BAD_DQ_ESCAPE: ['an unknown escape in double quotes', 'single quotes, or the backslash doubled'],
  BAD_INDENT: ['wrong indentation', 'the keys of one mapping, and the items of one list, in one column'],
  BAD_PROP_ORDER: ['an anchor or tag before its indicator', 'it after the - or ?'],
  BAD_SCALAR_START: ['a character that YAML reserves at the start of a value', 'the value in quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['a second key on the same line', 'one key a line, or quotes round a text with ": " in it'],
  BLOCK_IN_FLOW: ['an indented block inside { } or [ ]', '{ } or [ ] inside them too'],
  DUPLICATE_KEY: ['a key again', 'each key only once'],
  IMPOSSIBLE: ['text that is not YAML', 'YAML'],
  KEY_OVER_1024_CHARS: ['a key of more than 1024 characters', 'a shorter key'],
  MISSING_CHAR: ['something unclosed or unseparated', 'a closing quote or bracket, a comma, a colon or a space'],
  MULTILINE_IMPLICIT_KEY: ['a key over several lines', 'the key on one line, followed by a colon'],
  MULTIPLE_ANCHORS: ['two anchors on one value', 'one'],
  MULTIPLE_DOCS: ['a second document after ---', 'one plan in one file'],
  MULTIPLE_TAGS: ['two tags on one value', 'a value without a tag'],
  NON_STRING_KEY: ['a key that is not text', 'a key of text'],
  RESOURCE_EXHAUSTION: ['nesting that is too deep', 'a plan that a person could read'],
  TAB_AS_INDENT: ['a tab as indentation', 'spaces'],
  TAG_RESOLVE_FAILED: ['a tag', 'a value without a tag'],
  UNEXPECTED_TOKEN: ['something that YAML does not allow here', 'quotes round it when it belongs to a text'],
};

const wholeFile = (found: string, wanted: string): readonly Fault[] => [
  { line: 1, column: 1, path: '', found, wanted },
];

/** Computed here because the parser misses line ends after some faults. */
function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return lines;
}

const excessive: Readonly<Record<Excess['bound'], readonly [found: string, wanted: string]>> = {
  levels: syntax.RESOURCE_EXHAUSTION,
  tokens: ['more words and signs than a plan may have', 'a plan that a person could read'],
  faults: syntax.IMPOSSIBLE,
};

/** The parser creates an error for each fault, and their stack traces, which nobody sees, would take most of its time. */
function withoutTraces<Result>(work: () => Result): Result {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const parsed = (text: string) =>
  withoutTraces(() =>
    parseDocument(text, {
      logLevel: 'error',
      prettyErrors: false,
      resolveKnownTags: false,
      stringKeys: true,
      uniqueKeys: false,
    }),
  );

/** Parses the text to data with positions, or returns the first syntax faults. A broken structure is not judged further. */
export function readYaml(text: string): Located | { readonly faults: readonly Fault[] } {
  if (text.length > longest) {
    return { faults: wholeFile(`${text.length} characters`, `at most ${longest}`) };
  }
  const lines = linesOf(text);
  const faultAt = (offset: number, found: string, wanted: string): Fault => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line, column: col, path: '', found, wanted };
  };
  const excess = excessIn(text);
  if (excess !== undefined) return { faults: [faultAt(excess.offset, ...excessive[excess.bound])] };
  const document = parsed(text);
  const toFault = ({ code, message, pos }: YAMLError): Fault => {
    const [meaning, wanted] = syntax[code];
    const found = code === 'MISSING_CHAR' ? `${message.charAt(0).toLowerCase()}${message.slice(1)}` : meaning;
    return faultAt(pos[0], found, wanted);
  };
  const errors = [...document.errors, ...document.warnings];
  const next = errors[mostFaults];
  const rest = next && faultAt(next.pos[0], `${errors.length - mostFaults} more such faults`, 'YAML');
  if (errors.length > 0) return { faults: [...errors.slice(0, mostFaults).map(toFault), ...(rest ? [rest] : [])] };
  if (document.directives?.yaml.explicit === true) return { faults: wholeFile(...syntax.BAD_DIRECTIVE) };
  if (document.contents === null) return { faults: wholeFile('an empty file', 'a plan') };
  return locate(document, lines);
}
