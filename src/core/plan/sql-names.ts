import { lowered, sqlTokens, type SqlToken, word } from './sql-tokens.ts';

/**
 * The names in a statement, found without parsing its grammar: the guard looks them up on the server before it sends the
 * statement. It prefers a word too many to a word too few.
 */
export interface SqlNames {
  /** Words that may name a relation, function, type or column; unquoted ones in lower case. */
  readonly words: ReadonlySet<string>;
  /** The words that may name a schema, because a dot follows. */
  readonly schemas: ReadonlySet<string>;
  /** Operators, including characters beside them without a space. */
  readonly operators: ReadonlySet<string>;
  /** Names without a schema, including a quoted single name (`'orders'::regclass`); the search path resolves them. */
  readonly alone: ReadonlySet<string>;
}

/** Operators that the grammar looks up by symbol although the text has a word (gram.y, `makeSimpleA_Expr`). */
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

/** Fully reserved words, which name nothing unless quoted or after a dot (PostgreSQL manual, appendix C). */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog
  current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except
  false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp
  not null offset on only or order placing primary references returning select session_user some symmetric table then to
  trailing true union unique user using variadic when where window with`.split(/\s+/),
);

/** Functions that take a statement, or the name of a relation or type, as text; and `do`, which takes a block of code. */
const takesSqlAsText =
  /^do$|_to_xml|dblink|^ts_stat$|^ts_rewrite$|^query_|^cursor_|^table_|^schema_|^database_|^pg_input_|^(array|record|domain|range|multirange)_in$|^crosstab|^connectby$|^xpath_table$/;
const wordsInText = new RegExp(word, 'g');

/** PostgreSQL cuts names after 63 bytes. */
function cut(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return bytes.length <= 63 ? name : new TextDecoder().decode(bytes.slice(0, 63)).replace(/\ufffd+$/, '');
}

/** `a=-1` is `=` and `-`, but the server may see either reading. */
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
  /** All unquoted words, including keywords. */
  readonly spoken: Set<string>;
  readonly texts: string[];
}

/** False if something cannot be read. */
function scan(statement: string, { words, schemas, operators, alone, spoken, texts }: Found): boolean {
  let last: readonly string[] = [];
  let isAfterDot = false;
  let begun: readonly string[] = []; // without a schema, unless a dot follows
  for (const found of sqlTokens(statement)) {
    if (found === 'unreadable') return false;
    if (found.other === '.') for (const one of last) schemas.add(one);
    else for (const one of begun) alone.add(one);
    const text = found.escaped ?? found.string ?? found.dollar;
    if (text !== undefined) texts.push(text);
    for (const part of partsOf(found.operator ?? '')) operators.add(part);
    last = namesOf(found, isAfterDot);
    for (const one of last) words.add(one);
    begun = isAfterDot ? [] : last;
    if (found.word !== undefined) spoken.add(lowered(found.word));
    isAfterDot = found.other === '.';
  }
  for (const one of begun) alone.add(one);
  return true;
}

/** How a token may read as a name. The database's encoding decides which letters beyond ASCII are folded. */
function namesOf({ quoted, word: plain = '' }: Pick<SqlToken, 'quoted' | 'word'>, isAfterDot: boolean) {
  if (quoted !== undefined) return [cut(quoted.slice(1, -1).replaceAll('""', '"'))];
  return [lowered(plain), plain.toLowerCase()].filter((one) => isAfterDot || !reserved.has(one)).map(cut);
}

/** The text between the quotes. */
const inner = (text: string): string => text.replace(/^[eE]?'|^\$[^$]*\$|'$|\$[^$]*\$$/g, '').replaceAll("''", "'");

const oneName = new RegExp(String.raw`^\s*(?:${word}|"(?:[^"]|"")+")\s*$`);

/** A text that reads as a single name may be cast to the relation with that name. */
function nameAsText(text: string): readonly string[] {
  const name = inner(text);
  if (!oneName.test(name)) return [];
  const trimmed = name.trim();
  return namesOf(trimmed.startsWith('"') ? { quoted: trimmed } : { word: trimmed }, true);
}

/** Undefined if a name uses an unsupported spelling (`U&"..."`) or a quote does not end. */
export function namesIn(statement: string): SqlNames | undefined {
  const names = { words: new Set<string>(), schemas: new Set<string>(), operators: new Set<string>() };
  const found: Found = { ...names, alone: new Set(), spoken: new Set(), texts: [] };
  if (!scan(statement, found)) return undefined;
  const { words, schemas, operators, alone, spoken, texts } = found;
  for (const text of texts) for (const one of nameAsText(text)) alone.add(one);
  if ([...words, ...spoken].some((one) => takesSqlAsText.test(one))) {
    for (const text of texts) {
      const isRead = scan(inner(text), found); // quoted text inside it is read next
      for (const [one] of text.matchAll(wordsInText))
        for (const kind of [words, schemas, spoken, ...(isRead ? [] : [alone])]) kind.add(cut(lowered(one)));
    }
  }
  for (const one of spoken) for (const operator of spokenOperators[one] ?? []) operators.add(operator);
  for (const kind of [words, schemas, alone]) kind.delete('');
  return { words, schemas, operators, alone };
}
