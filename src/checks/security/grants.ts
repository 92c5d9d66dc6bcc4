import { allowed, isDeclared, isInFlux, sqlBefore, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone, type Look } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { grantsQuery } from './grants-sql.ts';
import { everybody, includesWord, missingRole, watchedRoles, wordsFor } from './watched.ts';

type Grants = Look<'grants'>;

/** One holder's privileges on one thing: `insert, select*`, where the star says that they may be passed on. */
interface Held {
  readonly thing: Thing;
  readonly grantee: string;
  readonly privileges: readonly string[];
  /** Who granted each of them. */
  readonly by: Readonly<Record<string, readonly string[]>>;
}

/** A function's arguments may be rows of a table that was renamed. */
function functionBefore({ declared }: Grants, name: string): string {
  const open = name.indexOf('(');
  return name.slice(0, open) + sqlBefore(declared, name.slice(open), true);
}

const thingOf = ({ kind, relation, name }: Cells, look: Grants): Thing => ({
  kind: kind ?? '',
  relation: relation ?? undefined,
  name: kind === 'function' ? functionBefore(look, name ?? '') : (name ?? undefined),
});

const heldOf = (row: Cells, look: Grants): Held => ({
  thing: thingOf(row, look),
  grantee: row.grantee ?? everybody,
  privileges: (row.privileges ?? '').split(', ').filter((one) => one !== ''),
  by: JSON.parse(row.grantors ?? '{}') as Held['by'],
});

const named = (thing: Thing, { declared }: Grants): string => sayThing(thingBefore(declared, thing));
const keyOf = ({ thing, grantee }: Held, look: Grants): string => `${named(thing, look)} to ${grantee}`;

/** What a bare name in the plan never means: a table may be called like a schema. */
const saidWithKind = new Set([
  'schema',
  'database',
  'foreign server',
  'foreign data wrapper',
  'language',
  'tablespace',
  'parameter',
  'large objects',
]);
const forPlan = (thing: Thing): Thing =>
  saidWithKind.has(thing.kind) ? { kind: thing.kind, name: `${thing.kind} ${thing.name ?? ''}`.trim() } : thing;

const onSequence = ['usage', 'select', 'update'];

/** What a phase lets these holders do with this thing: said of itself, or of the table that it belongs to. */
function allowedTo(
  { thing }: Held,
  { declared }: Grants,
  wordsIn: (mapping: Readonly<Record<string, readonly string[]>>) => readonly string[],
): readonly string[] | undefined {
  const own = allowed(declared, forPlan(thing), 'grants');
  if (own !== undefined) return wordsIn(own);
  if (thing.relation === undefined) return undefined;
  const table = allowed(declared, { kind: 'table', relation: thing.relation }, 'grants');
  if (table === undefined) return undefined;
  const words = wordsIn(table);
  if (thing.kind !== 'sequence') return words;
  return includesWord(words, 'insert') ? onSequence : [];
}

const grant = (privilege: string, held: Held, look: Grants): string =>
  `grant ${privilege} on ${named(held.thing, look)} to ${held.grantee}`;
const withoutStar = (privilege: string): string => privilege.replace('*', '');
const grantorsOf = (privilege: string, { by }: Held): Pick<Fault, 'by'> => {
  const grantors = by[privilege];
  return grantors === undefined ? {} : { by: grantors };
};

/** More than a phase lets the holder do; the plan has no word for passing on. */
function beyond(held: Held, words: readonly string[], look: Grants): readonly Fault[] {
  return held.privileges
    .map(withoutStar)
    .filter((privilege) => !includesWord(words, privilege))
    .map((privilege) => ({
      object: grant(privilege, held, look),
      what: 'is there, though a phase declares less',
      consequence: 'veto' as const,
      ...grantorsOf(privilege, held),
    }));
}

/** More than in the baseline. */
function gained(held: Held, baseline: Seen, look: Grants): readonly Fault[] {
  const before = (baseline[keyOf(held, look)] ?? '').split(', ');
  return held.privileges.flatMap((privilege): readonly Fault[] => {
    const plain = withoutStar(privilege);
    if (before.includes(privilege) || before.includes(`${plain}*`)) return [];
    const what = before.includes(plain) ? 'may now be passed on' : 'is new';
    return [{ object: grant(plain, held, look), what, consequence: 'veto', ...grantorsOf(plain, held) }];
  });
}

const without = (held: Held, words: readonly string[]): Held => ({
  ...held,
  privileges: held.privileges.filter((privilege) => !includesWord(words, withoutStar(privilege))),
});

/** What everybody may do with what is new, unless somebody forbids it. */
const usual: Readonly<Record<string, string>> = { function: 'execute', type: 'usage', language: 'usage' };

/**
 * What a new function does as its caller the caller may do anyway. Those that run as their owner, and languages that let
 * code in, are looked at by checks of their own.
 */
const isUsual = ({ thing, grantee, privileges }: Held, baseline: Seen, look: Grants): boolean =>
  grantee === everybody && privileges.join() === usual[thing.kind] && baseline[named(thing, look)] === undefined;

const memberKey = (role: string): string => `watched through ${role}`;

function faultsOf(held: Held, baseline: Seen, look: Grants): readonly Fault[] {
  const { declared } = look;
  const thing = forPlan(held.thing);
  if (isInFlux(declared, thing, 'grants')) return [];
  const words = allowedTo(held, look, (mapping) => wordsFor(mapping, held.grantee) ?? []);
  if (words !== undefined && isWatched(held.grantee, look)) return beyond(held, words, look);
  // A role that a watched one has become a member of: its membership is what is new.
  if (held.grantee !== everybody && baseline[memberKey(held.grantee)] === undefined) return [];
  // What a watched role may have, it may have through a role that it is a member of; and no more than that.
  const anybodys = allowedTo(held, look, (mapping) => Object.values(mapping).flat());
  if (anybodys !== undefined) return gained(without(held, anybodys), baseline, look);
  if (isDeclared(declared, thing, 'grants') || isUsual(held, baseline, look)) return [];
  return gained(held, baseline, look);
}

const isWatched = (grantee: string, { scope }: Grants): boolean =>
  grantee === everybody || watchedRoles(scope).includes(grantee);

/** What a phase says that a watched role may do with a table, and it may not: not even by way of another role. */
function lacking(row: Cells, look: Grants): readonly Fault[] {
  const held = heldOf(row, look);
  const words = allowed(look.declared, held.thing, 'grants');
  if (words === undefined || isInFlux(look.declared, held.thing, 'grants')) return [];
  return (wordsFor(words, held.grantee) ?? [])
    .filter((word) => word !== 'all' && !held.privileges.includes(word))
    .map((word) => ({
      object: grant(word, held, look),
      what: 'is missing, though a phase declares it',
      consequence: 'sustained' as const,
    }));
}

function seenOf(held: readonly Held[], through: readonly string[], look: Grants): Seen {
  const known = held.filter(({ thing }) => thing.kind in usual);
  return Object.fromEntries([
    ...known.map(({ thing }) => [named(thing, look), '']),
    ...through.map((role) => [memberKey(role), '']),
    ...held.flatMap((one) => (one.privileges.length === 0 ? [] : [[keyOf(one, look), one.privileges.join(', ')]])),
  ]);
}

/**
 * What everybody and the roles that are watched may do, be it by a role that they were a member of before. A table that
 * is named in a phase's list of grants may be granted as the phase likes; one in its mapping exactly as that says.
 */
export const grants = check({
  id: 'grants',
  cost: 'B',
  against: 'baseline',
  mayAt: 'veto',
  reads: [
    'pg_class',
    'pg_attribute',
    'pg_proc',
    'pg_type',
    'pg_language',
    'pg_namespace',
    'pg_database',
    'pg_tablespace',
    'pg_foreign_data_wrapper',
    'pg_foreign_server',
    'pg_largeobject_metadata',
    'pg_roles',
  ],
  needs: everyone,
  remedy: 'revoke PRIVILEGE on OBJECT from ROLE',
  ask: (scope) => ({
    text: grantsQuery(scope.server.version),
    values: [watchedRoles(scope), scope.phaseTables],
  }),
  judge: (look) => {
    const { rows, baseline, scope } = look;
    const of = (about: string) => rows.filter((row) => row.about === about);
    const held = of('held').map((row) => heldOf(row, look));
    const through = of('through').flatMap(({ grantee }) => grantee ?? []);
    const seen = seenOf(held, through, look);
    const missing = missingRole(scope);
    if (missing !== undefined) return { unknown: missing, seen };
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = [
      ...held.flatMap((one) => faultsOf(one, baseline, look)),
      ...of('effective').flatMap((row) => lacking(row, look)),
    ];
    const whom = [...watchedRoles(scope), everybody].join(', ');
    return { faults, seen, saw: `${sayCounted(held.length, 'grant')} to ${whom}, none more than before` };
  },
  breach: {
    baseline: { 'watched through anon': '' },
    rows: [{ about: 'held', kind: 'table', relation: 'public.t', name: null, grantee: 'anon', privileges: 'select' }],
  },
});
