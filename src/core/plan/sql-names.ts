/**
 * What a statement may name, by its words alone: the server is asked what stands behind them before the statement is sent.
 * Rather a word too many than one too few.
 */
export interface SqlNames {
  /** Words that may name a relation, function, type or column; those without quotes in lower case. */
  readonly words: ReadonlySet<string>;
  /** Those of them that may name a schema: a dot follows. */
  readonly schemas: ReadonlySet<string>;
  /** Operators, and what is written beside them without a space. */
  readonly operators: ReadonlySet<string>;
  /** Names without a schema, also as a text of one name (`'orders'::regclass`): which relation each means, the path decides. */
  readonly alone: ReadonlySet<string>;
}

/** What the grammar looks up by its symbol though the text says a word (gram.y, `makeSimpleA_Expr`). */
const spokenOperators: Readonly<Record<string, readonly string[]>> = {
  in: ['=', '<>'],
  between: ['<', '>', '<=', '>='],
  like: ['~~', '!~~'],
  ilike: ['~~*', '!~~*'],
  similar: ['~', '!~'],
  distinct: ['='],
  nullif: ['='],
  case: ['='],
  using: ['='],
  natural: ['='],
  cycle: ['=', '<>'],
};

/** Fully reserved, and so the name of nothing unless quoted or after a dot (PostgreSQL manual, appendix C). */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog
  current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except
  false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp
  not null offset on only or order placing primary references returning select session_user some symmetric table then to
  trailing true union unique user using variadic when where window with`.split(/\s+/),
);

const start = String.raw`[A-Za-z_\u0080-\uffff]`;
const word = String.raw`${start}[\w$\u0080-\uffff]*`;
/** In this order: what comes first wins. Lexical structure: PostgreSQL manual, 4.1. */
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

/** Functions that take a statement, or the name of a relation or type, as text; and `do`, which takes a block of code. */
const takesSqlAsText =
  /^do$|_to_xml|dblink|^ts_stat$|^ts_rewrite$|^query_|^cursor_|^table_|^schema_|^database_|^pg_input_|^(array|record|domain|range|multirange)_in$|^crosstab|^connectby$|^xpath_table$/;
const wordsInText = new RegExp(word, 'g');

/** PostgreSQL cuts names after 63 bytes. */
function cut(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return bytes.length <= 63 ? name : new TextDecoder().decode(bytes.slice(0, 63)).replace(/\ufffd+$/, '');
}

const lowered = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** `a=-1` is `=` and `-`, where the server may see either. */
function partsOf(run: string): readonly string[] {
  const parts: string[] = [];
  for (let from = 0; from < run.length; from += 1)
    for (let to = from + 1; to <= run.length; to += 1) parts.push(run.slice(from, to));
  return parts;
}

interface Found {
  readonly words: Set<string>;
  readonly schemas: Set<string>;
  readonly operators: Set<string>;
  readonly alone: Set<string>;
  /** All words without quotes, those that name nothing too. */
  readonly spoken: Set<string>;
  readonly texts: string[];
}

/** False where something cannot be read. */
function scan(statement: string, { words, schemas, operators, alone, spoken, texts }: Found): boolean {
  let last: readonly string[] = [];
  let isAfterDot = false;
  let begun: readonly string[] = []; // alone, unless a dot follows
  let at = 0;
  while (at < statement.length) {
    tokens.lastIndex = at;
    const found = tokens.exec(statement)?.groups;
    if (found === undefined || found['unicode'] !== undefined) return false;
    if (/^['"]$/.test(found['other'] ?? '')) return false;
    at = found['block'] === undefined ? tokens.lastIndex : endOfComment(statement, tokens.lastIndex);
    if (found['block'] !== undefined || found['line'] !== undefined || /^\s$/.test(found['other'] ?? '')) continue;
    if (found['other'] === '.') for (const one of last) schemas.add(one);
    else for (const one of begun) alone.add(one);
    const text = found['escaped'] ?? found['string'] ?? found['dollar'];
    if (text !== undefined) texts.push(text);
    for (const part of partsOf(found['operator'] ?? '')) operators.add(part);
    last = namesOf(found, isAfterDot);
    for (const one of last) words.add(one);
    begun = isAfterDot ? [] : last;
    if (found['word'] !== undefined) spoken.add(lowered(found['word']));
    isAfterDot = found['other'] === '.';
  }
  for (const one of begun) alone.add(one);
  return true;
}

/** How a token may read as a name. Which letters beyond ASCII are folded depends on the encoding of the database. */
function namesOf({ quoted, word: plain = '' }: Record<string, string | undefined>, isAfterDot: boolean) {
  if (quoted !== undefined) return [cut(quoted.slice(1, -1).replaceAll('""', '"'))];
  return [lowered(plain), plain.toLowerCase()].filter((one) => isAfterDot || !reserved.has(one)).map(cut);
}

/** What stands between the quotes. */
const inner = (text: string): string => text.replace(/^[eE]?'|^\$[^$]*\$|'$|\$[^$]*\$$/g, '').replaceAll("''", "'");

const oneName = new RegExp(String.raw`^\s*(?:${word}|"(?:[^"]|"")+")\s*$`);

/** A text that reads as one name may be cast to the relation of that name. */
function nameAsText(text: string): readonly string[] {
  const name = inner(text);
  if (!oneName.test(name)) return [];
  const trimmed = name.trim();
  return namesOf(trimmed.startsWith('"') ? { quoted: trimmed } : { word: trimmed }, true);
}

/** Undefined where the text spells a name in a way that cannot be read here: `U&"..."`, or a quote that does not end. */
export function namesIn(statement: string): SqlNames | undefined {
  const names = { words: new Set<string>(), schemas: new Set<string>(), operators: new Set<string>() };
  const found: Found = { ...names, alone: new Set(), spoken: new Set(), texts: [] };
  if (!scan(statement, found)) return undefined;
  const { words, schemas, operators, alone, spoken, texts } = found;
  for (const text of texts) for (const one of nameAsText(text)) alone.add(one);
  if ([...words, ...spoken].some((one) => takesSqlAsText.test(one))) {
    for (const text of texts) {
      const isRead = scan(inner(text), found); // what is quoted in there is read next
      for (const [one] of text.matchAll(wordsInText))
        for (const kind of [words, schemas, spoken, ...(isRead ? [] : [alone])]) kind.add(cut(lowered(one)));
    }
  }
  for (const one of spoken) for (const operator of spokenOperators[one] ?? []) operators.add(operator);
  for (const kind of [words, schemas, alone]) kind.delete('');
  return { words, schemas, operators, alone };
}
