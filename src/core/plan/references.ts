import { authorities, builtInNeeds, builtInRights, builtInRoles, type Right, rightToApprove } from './authority.ts';
import type { Objection } from './fault.ts';
import { describe, masked } from './shown.ts';
import { isMapping, type Path, valueAt } from './tree.ts';

/**
 * Cross-references: duplicate ids, unknown names, and roles with too few people for their decisions. Also works on a plan
 * with other faults.
 */

interface Named {
  readonly path: Path;
  readonly id: unknown;
  /** The name as the text has it, with placeholders. */
  readonly shown: string;
}

interface Trees {
  /** With placeholders expanded; used for comparison. */
  readonly expanded: unknown;
  /** As written; used in messages. */
  readonly written: unknown;
}

const list = (tree: unknown, path: Path): readonly Path[] => {
  const value = valueAt(tree, path);
  return Array.isArray(value) ? value.map((_, index) => [...path, index]) : [];
};
const keys = (tree: unknown, path: Path): readonly string[] => {
  const value = valueAt(tree, path);
  return isMapping(value) ? Object.keys(value) : [];
};

const named = ({ expanded, written }: Trees, paths: readonly Path[]): readonly Named[] =>
  paths
    .map((path) => ({ path, id: valueAt(expanded, path), shown: String(valueAt(written, path)) }))
    .filter(({ id }) => typeof id === 'string');

const idsIn = (trees: Trees, path: Path): readonly Named[] =>
  named(
    trees,
    list(trees.expanded, path).map((item) => [...item, 'id']),
  );

function repeated(trees: Trees, all: readonly Named[], wanted = 'a unique id'): readonly Objection[] {
  const seen = new Set<unknown>();
  return all.flatMap(({ path, id }): readonly Objection[] => {
    const again = seen.has(id);
    seen.add(id);
    const found = `${describe(valueAt(trees.written, path), path)} again`;
    return again ? [{ path, at: 'value', found, wanted }] : [];
  });
}

const oneOf = (what: string, known: readonly string[]): string =>
  known.length === 0 ? `${what}, of which the plan has none` : `${what}: ${known.join(', ')}`;

const shownOnce = (known: readonly Pick<Named, 'shown'>[]): readonly string[] => [
  ...new Set(known.map(({ shown }) => masked(shown))),
];

/** Reports names that are not among the known ones. */
function unknown(
  trees: Trees,
  names: readonly Named[],
  known: readonly Pick<Named, 'id' | 'shown'>[],
  what: string,
): readonly Objection[] {
  const ids = new Set(known.map(({ id }) => id));
  const wanted = oneOf(what, shownOnce(known));
  return names
    .filter(({ id }) => !ids.has(id))
    .map(({ path }) => ({ path, at: 'value', found: describe(valueAt(trees.written, path), path), wanted }));
}

function unknownPhasesAfter(trees: Trees, path: Path, phases: readonly Named[]): readonly Objection[] {
  const wanted = oneOf('a phase', shownOnce(phases));
  return keys(trees.expanded, path)
    .filter((key) => phases.every(({ id }) => id !== key))
    .map((key) => ({ path: [...path, key], at: 'key', found: JSON.stringify(key), wanted }));
}

/** Reports ids that have another meaning in the journal. */
const reserved = (all: readonly Named[], name: string, means: string): readonly Objection[] =>
  all
    .filter(({ id }) => id === name)
    .map(({ path }) => ({ path, at: 'value', found: `"${name}"`, wanted: `another id: this one means ${means}` }));

/** The role's rights from the plan, or else its default rights; undefined for an unknown role. */
function rightsIn(tree: unknown, role: unknown): readonly unknown[] | undefined {
  if (typeof role !== 'string') return undefined;
  const given = keys(tree, ['roles']).includes(role) ? valueAt(tree, ['roles', role, 'rights']) : undefined;
  if (Array.isArray(given)) return given;
  const builtIn = builtInRoles.find((name) => name === role);
  if (builtIn !== undefined) return builtInRights[builtIn];
  return keys(tree, ['roles']).includes(role) ? [] : undefined;
}

/** The role needs no other role and no other role needs it, or it is an authority. */
function decidesAlone(tree: unknown, role: unknown): boolean {
  const given = keys(tree, ['roles'])
    .map((name): readonly [string, unknown] => [name, valueAt(tree, ['roles', name, 'needs_also'])])
    .filter(([, other]) => other !== undefined);
  const needs = [...Object.entries(builtInNeeds), ...given];
  const isCounsel = needs.some(([, other]) => other === role);
  return needs.every(([one]) => one !== role) && (!isCounsel || authorities.some((one) => one === role));
}

/** Reports pre-approvals whose role could not activate them, or could not do by hand what they allow the guard to do. */
const roleCannotActivate = ({ expanded, written }: Trees): readonly Objection[] =>
  list(expanded, ['pre_approvals']).flatMap((item): readonly Objection[] => {
    const path = [...item, 'by_role'];
    const rights = rightsIn(expanded, valueAt(expanded, path));
    const wanted: readonly Right[] = ['pre-approve', rightToApprove(String(valueAt(expanded, [...item, 'do'])))];
    const lacks = wanted.filter((right) => rights?.includes(right) === false);
    const object = (what: string): readonly Objection[] => [
      { path, at: 'value', found: describe(valueAt(written, path), path), wanted: `a role ${what}` },
    ];
    if (lacks.length > 0) return object(`with the right ${lacks.join(' and ')}`);
    return decidesAlone(expanded, valueAt(expanded, path)) ? [] : object('that decides alone');
  });

/** A restore loses user data, so in production nobody decides it alone, unless a pre-approval covers it. */
function soleApprover({ expanded, written }: Trees): readonly Objection[] {
  const path = ['environments', 'production', 'restore', 'approvals'];
  const wanted = 'at least 2: nobody may restore production alone, unless a pre-approval with do: restore';
  if (valueAt(expanded, path) !== 1) return [];
  return [{ path, at: 'value', found: describe(valueAt(written, path), path), wanted: `${wanted} covers it` }];
}

const asNames = (names: readonly string[]) => names.map((name) => ({ id: name, shown: name }));

export function referenceObjections(trees: Trees): readonly Objection[] {
  const { expanded } = trees;
  const phases = idsIn(trees, ['phases']);
  const principals = idsIn(trees, ['principals']);
  const environments = asNames(keys(expanded, ['environments']));
  const roles = asNames([...builtInRoles, ...keys(expanded, ['roles'])]);
  const under = (section: string, key: string) => list(expanded, [section]).map((item): Path => [...item, key]);
  const each = (section: string, key: string) => under(section, key).flatMap((path) => list(expanded, path));
  const lists: readonly (readonly Path[])[] = [
    // Verdicts are keyed by criterion and subject, and the subject may be a probe or a check.
    [['probes'], ['checks']],
    ...['phases', 'verification', 'principals', 'pre_approvals'].map((section) => [[section]]),
    ...list(expanded, ['phases']).map((phase) => [[...phase, 'rollback', 'steps']]),
    ...keys(expanded, ['environments']).map((name) => [['environments', name, 'restore', 'steps']]),
  ];
  const needed = keys(expanded, ['roles']).map((name): Path => ['roles', name, 'needs_also']);
  return [
    // Ids must be unique across these lists together.
    ...lists.flatMap((together) =>
      repeated(
        trees,
        together.flatMap((path) => idsIn(trees, path)),
      ),
    ),
    ...repeated(trees, named(trees, under('principals', 'token_hash')), 'a separate token for each principal'),
    ...reserved(phases, 'run', 'the whole run'),
    ...reserved(principals, 'pre-approval', 'that nobody was asked'),
    ...reserved(principals, 'guard', 'Ripcord itself'),
    ...[...under('probes', 'after'), ...under('checks', 'after')].flatMap((path) =>
      unknownPhasesAfter(trees, path, phases),
    ),
    ...unknown(trees, named(trees, each('pre_approvals', 'phases')), phases, 'a phase'),
    ...unknown(trees, named(trees, each('pre_approvals', 'environments')), environments, 'an environment'),
    ...unknown(trees, named(trees, under('pre_approvals', 'by_role')), roles, 'a role'),
    ...roleCannotActivate(trees),
    ...soleApprover(trees),
    ...unknown(trees, named(trees, under('principals', 'role')), roles, 'a role'),
    ...unknown(trees, named(trees, needed), roles, 'a role'),
  ];
}
