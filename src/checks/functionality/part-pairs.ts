/**
 * Kind, name, hash, the name used for comparison, the owner if the part has its own, and the other roles that can take
 * it away. The last three are optional.
 */
export type Part = readonly [
  kind: string,
  name: string,
  hash: string,
  before?: string | null,
  owner?: string | null,
  takers?: readonly string[] | null,
];

/** A part whose definition was not printed has no hash. */
export const isPrinted = ([, , hash]: Part): boolean => hash !== '';

const nameOf = ([kind, name]: Part): string => `${kind} ${name}`;
const nameBeforeOf = ([kind, name, , before]: Part): string => `${kind} ${before ?? name}`;
export const partsIn = (text: string | null | undefined): readonly Part[] =>
  JSON.parse(text ?? '[]') as readonly Part[];

/** A part as it was and as it is. One of them is absent if the part is new or gone. */
export interface Pair {
  readonly was?: Part | undefined;
  readonly is?: Part | undefined;
}

function pairedBy(keyOf: (part: Part) => string, was: readonly Part[], is: readonly Part[]) {
  const left = Map.groupBy(is, keyOf);
  const pairs = was.map((part): Pair => ({ was: part, is: left.get(keyOf(part))?.shift() }));
  const alone = pairs.flatMap((pair) => (pair.is === undefined && pair.was !== undefined ? [pair.was] : []));
  return { pairs: pairs.filter((pair) => pair.is !== undefined), was: alone, is: [...left.values()].flat() };
}

/**
 * Pairs by name first: where the plan renames `molecule` to `molecules`, the columns `molecule_a` and `molecules_a` have
 * one former name, and may both be there.
 */
export function paired(was: readonly Part[], is: readonly Part[]): readonly Pair[] {
  const same = pairedBy(nameOf, was, is);
  const renamed = pairedBy(nameBeforeOf, same.was, same.is);
  return [
    ...same.pairs,
    ...renamed.pairs,
    ...renamed.was.map((part): Pair => ({ was: part })),
    ...renamed.is.map((part): Pair => ({ is: part })),
  ];
}
