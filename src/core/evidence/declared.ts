import { type Effects, type PhasePlan, tablesOf } from '../plan/phase.ts';
import { relationAsPrinted } from './quoting.ts';
import { before, qualified, type Renames, renamesIn, since } from './renames.ts';
import { bare, spellings, type Thing } from './thing.ts';

/** The declarations of phases that apply now. */
export interface Declared {
  /** Running or being undone: their declared changes may or may not be there, and are judged at the end. */
  readonly underWay: readonly PhasePlan[];
  /** Their declared changes must be there. */
  readonly applied: readonly PhasePlan[];
  /**
   * Failed. Nobody knows how far they got, so a name, a table or its rows may be as before or as declared. Nothing else that
   * they left behind is excused, least of all that somebody can do more.
   */
  readonly left?: readonly PhasePlan[];
  /** Lost, with no work left running. They excuse as little as failed ones, but nobody saw them fail. */
  readonly lost?: readonly PhasePlan[];
  /** Their declarations excuse nothing, but they may have renamed objects. */
  readonly named?: readonly PhasePlan[];
}

export const nothingDeclared: Declared = { underWay: [], applied: [] };

/** The aspects of an object that a phase can declare to change. */
export type Aspect = 'existence' | 'rls' | 'policies' | 'grants' | 'rows' | 'content';

/** Every phase that may have changed something. */
export const all = ({ underWay, applied, left = [], lost = [], named = [] }: Declared): readonly PhasePlan[] => [
  ...applied,
  ...underWay,
  ...left,
  ...lost,
  ...named,
];

/** Phases whose declared effects may or may not be there. */
export const unfinished = ({ underWay, left = [], lost = [] }: Declared): readonly PhasePlan[] => [
  ...underWay,
  ...left,
  ...lost,
];

/** Keeps the renames but excuses nothing because of unfinished phases, so that a comparison shows everything. */
export const withoutExcuses = (declared: Declared): Declared => ({
  underWay: [],
  applied: declared.applied,
  named: [...unfinished(declared), ...(declared.named ?? [])],
});

/** Cached with the phases that they come from, because a caller may add phases to its arrays. */
const known = new WeakMap<
  Declared,
  { readonly phases: readonly PhasePlan[]; readonly steps: readonly Renames[]; readonly names: Renames }
>();

/** Of every phase that may have renamed, and of all together; cached, because thousands of tables ask. */
function renamesOf(declared: Declared) {
  const phases = all(declared);
  const made = known.get(declared);
  if (made?.phases.length === phases.length && made.phases.every((phase, place) => phase === phases[place]))
    return made;
  const steps = phases.map(renamesIn).filter(({ size }) => size > 0);
  const fresh = { phases, steps, names: new Map(steps.flatMap((step) => [...step])) };
  known.set(declared, fresh);
  return fresh;
}

const renames = (declared: Declared): Renames => renamesOf(declared).names;

/**
 * The relation's name before all phases, as PostgreSQL prints it, so that facts about `public.molecule` apply to
 * `public.molecules`.
 */
export function nameBefore(declared: Declared, relation: string): string {
  const { steps } = renamesOf(declared);
  if (steps.length === 0) return relation;
  const own = bare(relation);
  const name = before(steps, own);
  return name === own ? relation : relationAsPrinted(name);
}

/** The possible current names of a table in the plan: its own, and those that applied phases may have given it. */
export const namesNow = (declared: Declared, table: string): readonly string[] =>
  since(renamesOf(declared).steps, qualified(table));

const nameInSql = String.raw`"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*`;
/** `''` inside a text reads as two texts. Alternatives within the repetition would use up the stack on a long text. */
const literalOrNames = new RegExp(String.raw`'[^']*'|(?:${nameInSql})(?:\.(?:${nameInSql}))*`, 'gu');
const numbered = /_\d+$/;

/**
 * Restores, in an expression that PostgreSQL printed with every table's schema, the names before all phases: of renamed
 * tables, and of such a table in the names of its columns. Removes quotes. `alone`: an unqualified name is that of a table.
 */
export function sqlBefore(declared: Declared, sql: string, alone = false): string {
  const [full, short] = [renames(declared), new Map<string, string>()];
  for (const [now, before] of full) short.set(now.slice(now.indexOf('.') + 1), before.slice(before.indexOf('.') + 1));
  const shortBefore = (name: string): string => {
    const suffix = numbered.exec(name)?.[0] ?? '';
    const plain = short.has(name) ? name : name.slice(0, name.length - suffix.length);
    return (short.get(plain) ?? plain) + name.slice(plain.length);
  };
  return sql.replaceAll(literalOrNames, (found) => {
    if (found.startsWith("'")) return found;
    const parts = [...found.matchAll(new RegExp(nameInSql, 'gu'))].map(([part]) => part.replaceAll('"', ''));
    const [first = '', second, ...others] = parts;
    if (second === undefined) return alone || numbered.test(first) ? shortBefore(first) : first;
    const table = bare(nameBefore(declared, `${first}.${second}`));
    if (full.has(`${first}.${second}`)) return [table, ...others].join('.');
    return [shortBefore(first), second, ...others].join('.');
  });
}

const ownName = (relation: string): string => bare(relation).slice(bare(relation).indexOf('.') + 1);

/** If table `molecule` became `molecules`, `molecules_pkey` was `molecule_pkey`: objects may be renamed with their table. */
function namedAfter(name: string, relation: string, before: string): string {
  const [now, old] = [ownName(relation), ownName(before)];
  const at = name.startsWith(`${now}_`) ? 0 : name.indexOf(`.${now}_`) + 1;
  if (now === old || (at === 0 && !name.startsWith(`${now}_`))) return name;
  return `${name.slice(0, at)}${old}${name.slice(at + now.length)}`;
}

/** The object under its names before all phases: its table's, and its own if it begins with its table's. */
export function thingBefore(declared: Declared, thing: Thing): Thing {
  const { relation, name } = thing;
  if (relation === undefined) return thing;
  const before = nameBefore(declared, relation);
  return { ...thing, relation: before, ...(name !== undefined && { name: namedAfter(name, relation, before) }) };
}

const namesIn = (
  { renames: renamed, creates, drops, indexes, rls, policies, grants, writes }: Effects,
  aspect: Aspect,
) => {
  switch (aspect) {
    case 'existence':
      return [...Object.entries(renamed).flat(), ...creates, ...drops, ...indexes];
    case 'rls':
      return rls;
    case 'policies':
      return tablesOf(policies);
    case 'grants':
      return tablesOf(grants);
    case 'rows':
      return Object.entries(writes).flatMap(([table, { rows }]) => (rows === 'same' ? [] : [table]));
    case 'content':
      return Object.keys(writes);
  }
};

/** Under its current name and under the original one. */
const allSpellings = (declared: Declared, thing: Thing): readonly string[] => [
  ...spellings(thing),
  ...spellings(thingBefore(declared, thing)),
];

/** What belongs to a new or dropped table comes and goes with it. */
const withOwner = (declared: Declared, thing: Thing): readonly string[] => [
  ...allSpellings(declared, thing),
  ...(thing.relation === undefined ? [] : allSpellings(declared, { kind: 'table', relation: thing.relation })),
];

/** Columns and rows come and go with their table, but a phase must declare who can access it. */
const comesAlong: readonly Aspect[] = ['existence', 'rows', 'content'];

interface Names {
  /** The objects that phases declare to change in this aspect. */
  readonly own: ReadonlySet<string>;
  /** The objects that they create or drop. */
  readonly whole: ReadonlySet<string>;
}

/** Cached per phase, whose effects never change: thousands of objects ask. */
const namesOf = new WeakMap<Effects, Map<Aspect, Names>>();

function namesBy(effects: Effects, aspect: Aspect): Names {
  const made = namesOf.get(effects) ?? new Map<Aspect, Names>();
  const known = made.get(aspect);
  if (known !== undefined) return known;
  const names = { own: new Set(namesIn(effects, aspect)), whole: new Set([...effects.creates, ...effects.drops]) };
  namesOf.set(effects, made.set(aspect, names));
  return names;
}

function declares(phases: readonly PhasePlan[], declared: Declared, thing: Thing, aspect: Aspect): boolean {
  const named = phases.map(({ effects }) => namesBy(effects, aspect));
  const along = comesAlong.includes(aspect);
  if (!named.some(({ own, whole }) => own.size > 0 || (along && whole.size > 0))) return false;
  const mine = aspect === 'existence' ? allSpellings(declared, thing) : withOwner(declared, thing);
  const owner = along ? withOwner(declared, thing) : [];
  return named.some(({ own, whole }) => mine.some((name) => own.has(name)) || owner.some((name) => whole.has(name)));
}

/** Whether a phase that is under way declares this change. Until it ends, either state is well. */
export const isInFlux = (declared: Declared, thing: Thing, aspect: Aspect): boolean =>
  declares(declared.underWay, declared, thing, aspect);

/**
 * Also true if a failed phase declares the change, because it may or may not have got that far. Applies only to existence:
 * anything that is a fault in itself, or that lets somebody do more, is a breach whoever left it behind.
 */
export const isUnsettled = (declared: Declared, thing: Thing, aspect: 'existence'): boolean =>
  declares(unfinished(declared), declared, thing, aspect);

/** Whether an applied phase declared this change. */
export const isDeclared = (declared: Declared, thing: Thing, aspect: Aspect): boolean =>
  declares(declared.applied, declared, thing, aspect);

/**
 * What the last applied phase that declares it allows each role on this object: roles to words such as `select`. Undefined if
 * no phase lists the roles, or if a later one names only the object.
 */
export function allowed(
  declared: Declared,
  thing: Thing,
  aspect: 'policies' | 'grants',
): Readonly<Record<string, readonly string[]>> | undefined {
  if (!declared.applied.some(({ effects }) => namesBy(effects, aspect).own.size > 0)) return undefined;
  const mine = new Set(allSpellings(declared, thing));
  for (const { effects } of declared.applied.toReversed()) {
    const named = effects[aspect];
    if (Array.isArray(named)) {
      if (named.some((name) => mine.has(name))) return undefined;
      continue;
    }
    const found = Object.entries(named).find(([name]) => mine.has(name));
    if (found !== undefined) return found[1];
  }
  return undefined;
}
