import { performance } from 'node:perf_hooks';

import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { SqlNames } from '../core/plan/sql-names.ts';
import { codeFingerprint } from './code-fingerprint-sql.ts';
import { type ShadowedName, shadowedIn } from './shadowed-names.ts';
import type { Answer, QueryOptions, Value } from './query.ts';
import { anyUntrusted, untrustedCode } from './untrusted-code-sql.ts';
import type { CodeRules, FoundCode } from './untrusted-code.ts';

/** Queries the catalogs. */
export type Asks = {
  query(
    text: string,
    values: readonly Value[],
    options: Pick<QueryOptions, 'timeout' | 'prepared'>,
  ): Promise<Pick<Answer, 'rows'>>;
};

/** What is watched: relations by oid, and the names in statements. */
export interface Watched {
  readonly relations?: readonly string[];
  readonly statements?: readonly SqlNames[];
}

const timeout = seconds(10);
/**
 * A result this fresh is not looked up again. Between a lookup and the read, someone may plant code, which runs with a
 * read-only login. So the lookup is repeated after the read. A finding counts for a while even after it is gone,
 * because whoever plants code can remove it for the moment of a lookup.
 */
const stale: Millis = millis(50);
const remembered: Millis = seconds(60);

const allOf = ({ statements = [] }: Watched, kind: keyof SqlNames): readonly string[] => [
  ...new Set(statements.flatMap((names) => [...names[kind]])),
];

interface Seen {
  /** The input of the fingerprint: relations, types and functions, by oid. */
  readonly numbers: readonly string[];
  readonly print: string;
  readonly found: readonly FoundCode[];
  readonly shadowed: readonly ShadowedName[];
}

/** No untrusted role owns anything that could run or connect, so no read can run untrusted code. */
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

/** Looks up which code would run: completely at first, then only whether anything has changed. */
export interface CodeWatch {
  /**
   * The code that would run now, or would have run at some time since `since` (by `performance.now`), plus findings
   * from the last minute. Rejects with a TargetError; then the answer is unknown and nothing may be read.
   */
  find(since?: number): Promise<readonly FoundCode[]>;
  /** The unqualified names that untrusted roles decide, from the last lookup and kept as long. */
  shadowed(): readonly ShadowedName[];
  /**
   * A number that changes if something changed between two lookups. What was read in between may then have been
   * something else, even if everything is back as it was.
   */
  changes(): number;
}

type Recent = Pick<Seen, 'found' | 'shadowed'>;

/** Recent findings, once each. */
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
    // One statement, and so one snapshot: any later change changes the fingerprint.
    const values = [watchedRelations, words, operators, schemas, trusts, reader, login ?? null, alone, path];
    const [relations = '', types = '', functions = '', print = '', ...rest] = await ask(untrustedCode, values);
    const [found = '', shadowed = '[]'] = rest;
    const numbers = [relations, types, functions];
    return { numbers, print, found: foundIn(found), shadowed: shadowedIn(shadowed) };
  };
  let recent: Recent = { found: [], shadowed: [] };
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
      recent = { found: rememberFound(seen.found, at), shadowed: rememberShadowed(seen.shadowed, at) };
      return recent.found;
    };
    const one = { begun: Infinity, found: Promise.resolve().then(lookNow) };
    const over = () => void (looking = looking === one ? undefined : looking);
    one.found.then(over, over);
    return one;
  };
  return {
    find(since = performance.now() - stale) {
      if (seen !== undefined && at >= since) return Promise.resolve(recent.found);
      // A later caller must not get the result of a slow lookup that began earlier.
      if (looking === undefined || looking.begun < since) looking = lookAfter(looking?.found);
      return looking.found;
    },
    shadowed: () => recent.shadowed,
    changes: () => changes,
  };
}
