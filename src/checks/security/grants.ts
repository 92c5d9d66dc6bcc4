import { allowed, isDeclared, isInFlux, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { noBaseline, sayCounted } from '../pieces.ts';
import { functionBefore, grantableCatalogs } from './grantable.ts';
import { grantsQuery } from './grants-sql.ts';
import { everybody, includesWord, missingRole, watchedRoles, wordsFor } from './watched.ts';

type Grants = CheckInput<'grants'>;

/**
 * One holder's privileges on one object: `insert, select*`. The star means that the holder may pass the privilege on.
 */
interface Held {
  readonly thing: Thing;
  readonly grantee: string;
  readonly privileges: readonly string[];
  /** Who granted each privilege. */
  readonly by: Readonly<Record<string, readonly string[]>>;
}

const thingOf = ({ kind, relation, name }: Cells, input: Grants): Thing => ({
  kind: kind ?? '',
  relation: relation ?? undefined,
  name: kind === 'function' ? functionBefore(input.declared, name ?? '') : (name ?? undefined),
});

const heldOf = (row: Cells, input: Grants): Held => ({
  thing: thingOf(row, input),
  grantee: row.grantee ?? everybody,
  privileges: (row.privileges ?? '').split(', ').filter((one) => one !== ''),
  by: JSON.parse(row.grantors ?? '{}') as Held['by'],
});

const named = (thing: Thing, { declared }: Grants): string => sayThing(thingBefore(declared, thing));
const keyOf = ({ thing, grantee }: Held, input: Grants): string => `${named(thing, input)} to ${grantee}`;

/** Kinds that a bare name in the plan never means, because a table may have the same name as a schema. */
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

/**
 * What a phase lets these holders do with this object, declared for the object itself or for the table it belongs to.
 */
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

const grant = (privilege: string, held: Held, input: Grants): string =>
  `grant ${privilege} on ${named(held.thing, input)} to ${held.grantee}`;
const withoutStar = (privilege: string): string => privilege.replace('*', '');
const grantorsOf = (privilege: string, { by }: Held): Pick<Fault, 'by'> => {
  const grantors = by[privilege];
  return grantors === undefined ? {} : { by: grantors };
};

/** What renames an object makes its grants new. So it must be known which rows name it. */
const madeIn = ({ thing: { kind, relation, name = '' } }: Held): Pick<Fault, 'made' | 'relation' | 'rests'> => {
  if (relation !== undefined) {
    const rests = { kind: 'relation', name: kind === 'sequence' ? name : relation, watched: true } as const;
    return { made: 'any', relation, rests };
  }
  return kind === 'schema' || kind === 'database' ? { made: 'any', rests: { kind, name, watched: true } } : {};
};

const madeOf = ({ thing: { name = '' } }: Held): Pick<Fault, 'made' | 'rests'> => ({
  made: 'any',
  rests: { kind: 'function', name, watched: true },
});

/** More than a phase allows the holder. The plan has no word for the right to pass a privilege on. */
function beyond(held: Held, words: readonly string[], input: Grants): readonly Fault[] {
  return held.privileges
    .map(withoutStar)
    .filter((privilege) => !includesWord(words, privilege))
    .map((privilege) => ({
      object: grant(privilege, held, input),
      what: 'is granted, though a phase declares less',
      consequence: 'veto' as const,
      ...grantorsOf(privilege, held),
      ...madeIn(held),
      ...(held.thing.kind === 'function' && madeOf(held)),
      declared: true as const,
    }));
}

/** More than in the baseline. */
function gained(held: Held, baseline: Seen, input: Grants): readonly Fault[] {
  const before = (baseline[keyOf(held, input)] ?? '').split(', ');
  return held.privileges.flatMap((privilege): readonly Fault[] => {
    const plain = withoutStar(privilege);
    if (before.includes(privilege) || before.includes(`${plain}*`)) return [];
    const passedOn = before.includes(plain);
    const what = passedOn ? 'may now be passed on' : 'is new';
    const by = grantorsOf(passedOn ? `${plain}*` : plain, held);
    return [{ object: grant(plain, held, input), what, consequence: 'veto', ...by, ...madeIn(held) }];
  });
}

const without = (held: Held, words: readonly string[]): Held => ({
  ...held,
  privileges: held.privileges.filter((privilege) => !includesWord(words, withoutStar(privilege))),
});

/** What everybody may do with a new object unless it is revoked. */
const usual: Readonly<Record<string, string>> = { function: 'execute', type: 'usage', language: 'usage' };

/**
 * A caller can do anyway what a new function does with the caller's rights. Other checks cover functions that run as
 * their owner, and languages that let code in.
 */
const isUsual = ({ thing, grantee, privileges }: Held, baseline: Seen, input: Grants): boolean =>
  grantee === everybody && privileges.join() === usual[thing.kind] && baseline[named(thing, input)] === undefined;

const memberKey = (role: string): string => `watched through ${role}`;

function faultsOf(held: Held, baseline: Seen, input: Grants): readonly Fault[] {
  const { declared } = input;
  const thing = forPlan(held.thing);
  if (isInFlux(declared, thing, 'grants')) return [];
  const words = allowedTo(held, input, (mapping) => wordsFor(mapping, held.grantee) ?? []);
  if (words !== undefined && isWatched(held.grantee, input)) return beyond(held, words, input);
  // A role that a watched role has newly joined: the membership is the new fault.
  if (held.grantee !== everybody && baseline[memberKey(held.grantee)] === undefined) return [];
  // A watched role may have its declared rights through a role that it belongs to, but no more than those.
  const anybodys = allowedTo(held, input, (mapping) => Object.values(mapping).flat());
  if (anybodys !== undefined) return gained(without(held, anybodys), baseline, input);
  if (isDeclared(declared, thing, 'grants') || isUsual(held, baseline, input)) return [];
  return gained(held, baseline, input);
}

const isWatched = (grantee: string, { scope }: Grants): boolean =>
  grantee === everybody || watchedRoles(scope).includes(grantee);

/**
 * What a phase declares that a watched role may do with a table, and the role may not, not even through another role.
 */
function lacking(row: Cells, input: Grants): readonly Fault[] {
  const held = heldOf(row, input);
  const words = allowed(input.declared, held.thing, 'grants');
  if (words === undefined || isInFlux(input.declared, held.thing, 'grants')) return [];
  return (wordsFor(words, held.grantee) ?? [])
    .filter((word) => word !== 'all' && !held.privileges.includes(word))
    .map((word) => ({
      object: grant(word, held, input),
      what: 'is missing, though a phase declares it',
      consequence: 'sustained' as const,
    }));
}

function seenOf(held: readonly Held[], through: readonly string[], input: Grants): Seen {
  const known = held.filter(({ thing }) => thing.kind in usual);
  return Object.fromEntries([
    ...known.map(({ thing }) => [named(thing, input), '']),
    ...through.map((role) => [memberKey(role), '']),
    ...held.flatMap((one) => (one.privileges.length === 0 ? [] : [[keyOf(one, input), one.privileges.join(', ')]])),
  ]);
}

/**
 * Checks what PUBLIC and the watched roles may do, also through roles they already belonged to. If a phase's list of
 * grants names a table, the phase may grant it freely; if the mapping names it, exactly as declared there.
 */
export const grants = check({
  id: 'grants',
  cost: 'B',
  against: 'baseline',
  mayAt: 'veto',
  reads: [...grantableCatalogs, 'pg_largeobject_metadata', 'pg_roles'],
  needs: everyone,
  remedy: 'revoke PRIVILEGE on OBJECT from ROLE',
  ask: (scope) => ({
    text: grantsQuery(scope.server.version),
    values: [watchedRoles(scope), scope.phaseTables],
  }),
  judge: (input) => {
    const { rows, baseline, scope } = input;
    const of = (about: string) => rows.filter((row) => row.about === about);
    const held = of('held').map((row) => heldOf(row, input));
    const through = of('through').flatMap(({ grantee }) => grantee ?? []);
    const seen = seenOf(held, through, input);
    const missing = missingRole(scope);
    if (missing !== undefined) return { unknown: missing, seen };
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = [
      ...held.flatMap((one) => faultsOf(one, baseline, input)),
      ...of('effective').flatMap((row) => lacking(row, input)),
    ];
    const whom = [...watchedRoles(scope), everybody].join(', ');
    return { faults, seen, saw: `${sayCounted(held.length, 'grant')} to ${whom}, none more than before` };
  },
  breach: {
    baseline: { 'watched through anon': '' },
    rows: [{ about: 'held', kind: 'table', relation: 'public.t', name: null, grantee: 'anon', privileges: 'select' }],
  },
});
