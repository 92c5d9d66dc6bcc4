import { performance } from 'node:perf_hooks';

import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { SqlNames } from '../core/plan/sql-names.ts';
import { codeFingerprint } from './code-fingerprint-sql.ts';
import { type ShadowedName, shadowedIn } from './shadowed-names.ts';
import type { Answer, QueryOptions, Value } from './query.ts';
import { anyUntrusted, untrustedCode } from './untrusted-code-sql.ts';
import type { CodeRules, FoundCode } from './untrusted-code.ts';

/** Asks the catalogs. */
export type Asks = {
  query(
    text: string,
    values: readonly Value[],
    options: Pick<QueryOptions, 'timeout' | 'prepared'>,
  ): Promise<Pick<Answer, 'rows'>>;
};

/** What is watched: relations by number, and statements by what they name. */
export interface Watched {
  readonly relations?: readonly string[];
  readonly statements?: readonly SqlNames[];
}

const timeout = seconds(10);
/**
 * What was seen so lately is not looked up again. Between a look and the reading somebody may plant code that runs, as a
 * login that can only read: so it is looked up after the reading, too, and what was found once counts for a while, though
 * it is gone: whoever can plant it can take it away for the moment of a look.
 */
const stale: Millis = millis(50);
const remembered: Millis = seconds(60);

const allOf = ({ statements = [] }: Watched, kind: keyof SqlNames): readonly string[] => [
  ...new Set(statements.flatMap((names) => [...names[kind]])),
];

interface Seen {
  /** What the print is made of: relations, types and functions, by number. */
  readonly numbers: readonly string[];
  readonly print: string;
  readonly found: readonly FoundCode[];
  readonly shadowed: readonly ShadowedName[];
}

/** Nobody who is not trusted owns anything that could run or connect: whatever is read, no code will be found. */
const clean = (named: string, shadowed: string): Seen => ({
  numbers: [],
  print: named,
  found: [],
  shadowed: shadowedIn(shadowed),
});

type Row = readonly [string, string, string, string, string, string, string];
const foundIn = (json: string): readonly FoundCode[] =>
  (JSON.parse(json) as readonly Row[]).map(([oid, schema, name, kind, object, runs, owner]) => ({
    oid,
    schema,
    name,
    holder: `${kind} ${object}`,
    runs,
    owner,
  }));

/** Looks up what code would run, whole at first, and then only whether anything has changed. */
export interface CodeWatch {
  /**
   * As it is now, or was since then by `performance.now`, and what was found in the last minute. Rejects with a TargetError:
   * then nobody knows, and nothing may be read.
   */
  look(since?: number): Promise<readonly FoundCode[]>;
  /** The names without a schema that others decide, by the last look and for as long. */
  shadowed(): readonly ShadowedName[];
  /**
   * Another one when something of it has changed between two looks: what was read in between may have been something else,
   * though all is again as it was.
   */
  changes(): number;
}

type Lately = Pick<Seen, 'found' | 'shadowed'>;

/** What was found lately, once each. */
function memoryOf<Found>() {
  const all = new Map<string, { readonly one: Found; readonly at: number }>();
  return (found: readonly Found[], at: number): readonly Found[] => {
    for (const one of found) all.set(JSON.stringify(one), { one, at });
    for (const [key, old] of all) if (at - old.at >= remembered) all.delete(key);
    return [...all.values()].map(({ one }) => one);
  };
}

export function watchCode(asks: Asks, watched: Watched, { trusts, path, reader, login }: CodeRules): CodeWatch {
  const [words, operators, alone] = [allOf(watched, 'words'), allOf(watched, 'operators'), allOf(watched, 'alone')];
  const schemas = [...new Set([...path, ...allOf(watched, 'schemas')])];
  const { relations: watchedRelations = [] } = watched;
  const ask = async (text: string, values: readonly Value[]) =>
    (await asks.query(text, values, { timeout, prepared: true })).rows[0]?.map((cell) => cell ?? '') ?? [];
  let seen: Seen | undefined;
  let at = -Infinity;
  let changes = 0;

  const lookUp = async (): Promise<Seen> => {
    if (seen !== undefined && seen.numbers.length > 0) {
      const values = [...seen.numbers, words, operators, schemas, trusts, login ?? null, alone];
      const [print] = await ask(codeFingerprint, values);
      if (print === seen.print) return seen;
    }
    const [any, named = '', names = '[]'] = await ask(anyUntrusted, [trusts, words, watchedRelations, alone, path]);
    if (any === 'f') return clean(named, names);
    // All in one statement, and so in one snapshot: what changes from here on changes the print.
    const values = [watchedRelations, words, operators, schemas, trusts, reader, login ?? null, alone, path];
    const [relations = '', types = '', functions = '', print = '', ...rest] = await ask(untrustedCode, values);
    const [found = '', shadowed = '[]'] = rest;
    const numbers = [relations, types, functions];
    return { numbers, print, found: foundIn(found), shadowed: shadowedIn(shadowed) };
  };
  let lately: Lately = { found: [], shadowed: [] };
  const [rememberFound, rememberShadowed] = [memoryOf<FoundCode>(), memoryOf<ShadowedName>()];
  let looking: { begun: number; readonly found: Promise<readonly FoundCode[]> } | undefined;
  const lookAfter = (before: Promise<unknown> | undefined) => {
    const lookNow = async () => {
      await before?.catch(() => undefined);
      one.begun = performance.now();
      const now = await lookUp();
      if (seen !== undefined && seen.print !== now.print) changes += 1;
      seen = now;
      at = one.begun;
      lately = { found: rememberFound(seen.found, at), shadowed: rememberShadowed(seen.shadowed, at) };
      return lately.found;
    };
    const one = { begun: Infinity, found: Promise.resolve().then(lookNow) };
    const over = () => void (looking = looking === one ? undefined : looking);
    one.found.then(over, over);
    return one;
  };
  return {
    look(since = performance.now() - stale) {
      if (seen !== undefined && at >= since) return Promise.resolve(lately.found);
      // Whoever asks later must not be told what a slow look saw before.
      if (looking === undefined || looking.begun < since) looking = lookAfter(looking?.found);
      return looking.found;
    },
    shadowed: () => lately.shadowed,
    changes: () => changes,
  };
}
