import { type Effects, type PhasePlan, tablesOf } from '../plan/phase.ts';
import { relationAsPrinted } from './quoting.ts';
import { bare, spellings, type Thing } from './thing.ts';

/** What the phases have declared that count now. */
export interface Declared {
  /** At work, or being undone: what they declare may be so or otherwise, and is judged at their end. */
  readonly underWay: readonly PhasePlan[];
  /** What these declare must be so. */
  readonly applied: readonly PhasePlan[];
  /**
   * Failed, or lost with nothing of them at work. Nobody knows how far they came, so that a name, a table or its rows may
   * be as before or as declared. Nothing else of what they left behind is excused: least of all that anybody may do more.
   */
  readonly left?: readonly PhasePlan[];
  /** Nothing of what these declare is excused, and yet they may have renamed. */
  readonly named?: readonly PhasePlan[];
}

export const nothingDeclared: Declared = { underWay: [], applied: [] };

/** What of a thing a phase may declare to change. */
export type Aspect = 'existence' | 'rls' | 'policies' | 'grants' | 'rows' | 'content';

/** The name with the schema that it has when none is written. */
const qualified = (name: string): string => (name.includes('.') ? name : `public.${name}`);

/** Every phase that may have changed something. */
export const all = ({ underWay, applied, left = [], named = [] }: Declared): readonly PhasePlan[] => [
  ...applied,
  ...underWay,
  ...left,
  ...named,
];

/** Phases whose declared effects may be there or not. */
export const unfinished = ({ underWay, left = [] }: Declared): readonly PhasePlan[] => [...underWay, ...left];

/** The same names, and nothing that is left out since a phase has not finished: what that hides shows by comparison. */
export const withoutExcuses = (declared: Declared): Declared => ({
  underWay: [],
  applied: declared.applied,
  named: [...unfinished(declared), ...(declared.named ?? [])],
});

/** By the phases that were declared by then: nobody is kept from adding to them. */
const known = new WeakMap<
  Declared,
  { readonly phases: readonly PhasePlan[]; readonly names: ReadonlyMap<string, string> }
>();

/** New name to old one, of every phase that may have renamed: asked for each of a thousand tables, and made once. */
function renames(declared: Declared): ReadonlyMap<string, string> {
  const phases = all(declared);
  const made = known.get(declared);
  if (made?.phases.length === phases.length && made.phases.every((phase, place) => phase === phases[place]))
    return made.names;
  const names = allRenames(declared);
  known.set(declared, { phases, names });
  return names;
}

/** Each with its schema and without quotes. */
function allRenames(declared: Declared): ReadonlyMap<string, string> {
  const pairs = all(declared).flatMap(({ effects }) => Object.entries(effects.renames));
  return new Map(
    pairs.map(([from, to]) => {
      const old = qualified(from);
      const schema = old.slice(0, old.indexOf('.'));
      return [to.includes('.') ? to : `${schema}.${to}`, old];
    }),
  );
}

/**
 * The relation's name from before any phase, as PostgreSQL prints it: what was known of `public.molecule` holds for
 * `public.molecules`.
 */
export function nameBefore(declared: Declared, relation: string): string {
  const old = renames(declared);
  if (old.size === 0) return relation;
  const own = bare(relation);
  let name = own;
  for (let step = 0; step < old.size; step += 1) name = old.get(name) ?? name;
  return name === own ? relation : relationAsPrinted(name);
}

/** The names that a table of the plan may have now: its own, and what phases that may be applied rename it to. */
export function namesNow(declared: Declared, table: string): readonly string[] {
  const renamed = [...renames(declared)];
  const names = new Set([qualified(table)]);
  for (const known of names) for (const [name, old] of renamed) if (old === known) names.add(name);
  return [...names];
}

const nameInSql = String.raw`"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*`;
const literalOrNames = new RegExp(String.raw`'(?:[^']|'')*'|(?:${nameInSql})(?:\.(?:${nameInSql}))*`, 'gu');
const numbered = /_\d+$/;

/**
 * An expression that PostgreSQL printed with every table's schema, as it was printed before any phase: names of tables
 * that phases renamed are put back, and so are the names under which such a table's columns are meant. Quotes go.
 * `alone`: a name that stands alone is that of a table.
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

/** `molecules_pkey` of a table that was `molecule` was `molecule_pkey`: what is named after a table may be renamed with it. */
function namedAfter(name: string, relation: string, before: string): string {
  const [now, old] = [ownName(relation), ownName(before)];
  const at = name.startsWith(`${now}_`) ? 0 : name.indexOf(`.${now}_`) + 1;
  if (now === old || (at === 0 && !name.startsWith(`${now}_`))) return name;
  return `${name.slice(0, at)}${old}${name.slice(at + now.length)}`;
}

/** The thing by the names from before any phase: its table's, and its own where that begins with its table's. */
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

/** Under its name now and under the one from before. */
const allSpellings = (declared: Declared, thing: Thing): readonly string[] => [
  ...spellings(thing),
  ...spellings(thingBefore(declared, thing)),
];

/** What belongs to a new or dropped table comes and goes with it. */
const withOwner = (declared: Declared, thing: Thing): readonly string[] => [
  ...allSpellings(declared, thing),
  ...(thing.relation === undefined ? [] : allSpellings(declared, { kind: 'table', relation: thing.relation })),
];

/** A new or dropped table brings or takes its columns and rows along; whom it is open to must be said. */
const comesAlong: readonly Aspect[] = ['existence', 'rows', 'content'];

interface Names {
  /** What phases declare to change in this way. */
  readonly own: ReadonlySet<string>;
  /** What they create or drop. */
  readonly whole: ReadonlySet<string>;
}

/** Of the effects of a phase, which never change: asked for each of thousands of things. */
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

/** Whether a phase that is under way says that it changes this: then either state is well until its end. */
export const isInFlux = (declared: Declared, thing: Thing, aspect: Aspect): boolean =>
  declares(declared.underWay, declared, thing, aspect);

/**
 * The same, or a phase that failed says so and may have come that far or not. Only for whether something is there: a fault
 * in itself, and what lets anybody do more, is a breach whoever left it behind.
 */
export const isUnsettled = (declared: Declared, thing: Thing, aspect: 'existence'): boolean =>
  declares(unfinished(declared), declared, thing, aspect);

/** Whether a phase that has been applied said that it changes this. */
export const isDeclared = (declared: Declared, thing: Thing, aspect: Aspect): boolean =>
  declares(declared.applied, declared, thing, aspect);

/**
 * What the last applied phase that says so lets each role do with this thing: roles to words such as `select`. Undefined
 * where no phase tells it role by role, or a later one merely names it.
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
