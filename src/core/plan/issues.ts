import type { z } from 'zod';

import type { Objection } from './fault.ts';
import { knownKeys } from './json-schema.ts';
import { nearest } from './nearest.ts';
import { describe } from './shown.ts';
import { isMapping, type Path, pathKey, valueAt } from './tree.ts';

/** Turns the schema library's issues into objections: the most helpful branch of a union, and one objection per unknown key. */

type Issue = z.core.$ZodIssue;

const pathOf = (base: Path, issue: Issue): Path => [
  ...base,
  ...issue.path.filter((part): part is string | number => typeof part !== 'symbol'),
];

const kinds: Readonly<Record<string, string>> = {
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** Schemas word their own errors after "wanted"; other issues are worded here by kind. */
function sayWanted(issue: Issue): string {
  if (issue.message.startsWith('wanted ')) return issue.message.slice('wanted '.length);
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') {
    return `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  }
  const [what, counted] = 'origin' in issue && issue.origin === 'array' ? ['a list of ', ' or more'] : ['', ''];
  if (issue.code === 'too_small') return `${what}${counted === '' ? 'at least ' : ''}${issue.minimum}${counted}`;
  return issue.code === 'too_big' ? `at most ${issue.maximum}` : issue.message;
}

/** How far a union's branch is from the input: the number of missing and unknown keys; a misspelt key counts once. */
function mismatch(branch: readonly Issue[], value: unknown): number {
  const here = branch.filter((issue) => issue.path.length === 0);
  if (!isMapping(value) || here.some(({ code }) => code !== 'unrecognized_keys' && code !== 'custom')) return Infinity;
  const unknown = here.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const missing = branch
    .filter((issue) => issue.path.length === 1 && valueAt(value, [String(issue.path[0])]) === undefined)
    .map((issue) => String(issue.path[0]));
  const misspelt = missing.filter((key) => unknown.some((word) => nearest(word, [key]) !== undefined));
  return unknown.length + missing.length - misspelt.length;
}

/** The branch that the input clearly means; undefined if there is none, so that the union's own error applies. */
function branchMeant(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  const scored = branches.map((branch) => ({ branch, score: mismatch(branch, value) }));
  const [best, second] = scored.toSorted((a, b) => a.score - b.score);
  const clear = best !== undefined && best.score < Infinity && best.score < (second?.score ?? Infinity);
  return clear ? best.branch : undefined;
}

interface Objected extends Objection {
  /** For an unknown key: the path of the key that was probably meant. */
  readonly meant?: Path;
}

function unknownKeys(parent: Path, keys: readonly string[]): readonly Objected[] {
  const known = knownKeys(parent);
  const all = known.length === 0 ? 'no keys here' : `one of ${known.join(', ')}`;
  return keys.map((key) => {
    const meant = nearest(key, known);
    const objection = { path: [...parent, key], at: 'key', found: `unknown key ${key.slice(0, 60)}` } as const;
    if (meant === undefined) return { ...objection, wanted: all };
    return { ...objection, wanted: `a known key: did you mean ${meant}?`, meant: [...parent, meant] };
  });
}

function objectionsTo(issue: Issue, base: Path, tree: unknown): readonly Objected[] {
  const path = pathOf(base, issue);
  if (issue.code === 'unrecognized_keys') return unknownKeys(path, issue.keys);
  if (issue.code === 'invalid_union') {
    const meant = branchMeant(issue.errors, valueAt(tree, path));
    if (meant !== undefined) return meant.flatMap((inner) => objectionsTo(inner, path, tree));
  }
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    const wanted = inner === undefined ? 'another key' : sayWanted(inner);
    return [{ path, at: 'key', found: JSON.stringify(String(path.at(-1)).slice(0, 60)), wanted }];
  }
  return [{ path, at: 'value', found: describe(valueAt(tree, path), path), wanted: sayWanted(issue) }];
}

/** A secret that comes from a file is not missing. */
const plain = (path: Path): Path => [...path.slice(0, -1), String(path.at(-1)).replace(/_file$/, '')];

/**
 * `written`: the plan as data, before placeholders are expanded; messages quote from it. A missing key is not reported if a
 * misspelt one stands in its place.
 */
export function schemaObjections(issues: readonly Issue[], written: unknown): readonly Objection[] {
  const all = issues.flatMap((issue) => objectionsTo(issue, [], written));
  const misspelt = new Set(
    all.flatMap(({ meant }) => (meant === undefined ? [] : [pathKey(meant), pathKey(plain(meant))])),
  );
  return all.filter(({ path, found }) => found !== 'nothing' || !misspelt.has(pathKey(path)));
}
