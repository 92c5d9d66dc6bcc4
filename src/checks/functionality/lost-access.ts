import { allowed, type Declared, isDeclared, isInFlux, namesNow, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import { type Grant, grantsIn, unquoted } from '../access-list.ts';
import type { Asks } from '../asks.ts';
import { type Cells, check, type CheckInput, everyone, type Scope } from '../check.ts';
import { noBaseline, recordsOf, sayCounted } from '../pieces.ts';
import { functionBefore, grantableCatalogs } from '../security/grantable.ts';
import { everybody, includesWord, wordsFor } from '../security/watched.ts';
import { lacked, listed } from './lost-access-sql.ts';

const thingOf = ({ kind, relation, name }: Cells): Thing => ({
  kind: kind ?? '',
  relation: relation ?? undefined,
  name: name ?? undefined,
});
function named(declared: Declared, thing: Thing): string {
  if (thing.kind !== 'function' || thing.name === undefined) return sayThing(thingBefore(declared, thing));
  return sayThing(thingBefore(declared, { ...thing, name: functionBefore(declared, thing.name) }));
}

const keyOf = (object: string, { privilege, grantee }: Grant): string =>
  `grant ${privilege} on ${object} to ${grantee}`;
const thereKey = (object: string): string => `${object} is there`;

interface Missing extends Grant {
  readonly row: Cells;
  readonly object: string;
}

/** By object, the grants of the baseline. */
function grantsBefore(baseline: Seen): ReadonlyMap<string, readonly Grant[]> {
  return new Map(
    Object.entries(baseline).flatMap(([key, said]) => {
      if (!key.endsWith(' is there')) return [];
      return [[key.slice(0, -thereKey('').length), grantsIn(said)] as const];
    }),
  );
}

/** Grants of the baseline that the access list of the same object no longer has. The holder may still have the privilege. */
function missingIn(rows: readonly Cells[], declared: Declared, baseline: Seen): readonly Missing[] {
  const before = grantsBefore(baseline);
  return rows.flatMap((row): readonly Missing[] => {
    if (row.about !== 'object') return [];
    const object = named(declared, thingOf(row));
    const held = new Set(grantsIn(row.acl).map((grant) => keyOf(object, grant)));
    return (before.get(object) ?? [])
      .filter((grant) => !held.has(keyOf(object, grant)))
      .map((grant) => ({ ...grant, row, object }));
  });
}

/** Whether a phase says that this holder is to have less. */
function isMeant({ row, grantee, privilege }: Missing, declared: Declared): boolean {
  const thing = thingOf(row);
  const table: Thing = { kind: 'table', relation: thing.relation };
  for (const one of thing.relation === undefined ? [thing] : [thing, table]) {
    if (isInFlux(declared, one, 'grants')) return true;
    const words = allowed(declared, one, 'grants');
    if (words !== undefined) return !includesWord(wordsFor(words, grantee) ?? [], privilege);
    if (isDeclared(declared, one, 'grants')) return true;
  }
  return false;
}

/** The columns that were granted, under the names that their tables may have now. */
const columnsIn = (baseline: Seen, declared: Declared): readonly string[] =>
  Object.keys(baseline).flatMap((key) => {
    const [, relation, column] = /^column (.*)\.("(?:[^"]|"")*"|[^".]+) is there$/.exec(key) ?? [];
    if (relation === undefined) return [];
    return [relation, ...namesNow(declared, relation)].map((table) => `${table}.${column}`);
  });

/** Adds a row for each grant that is gone and whose holder has not got the privilege in another way. */
async function ask(asks: Asks, { phases }: Scope, baseline: Seen | undefined): Promise<readonly Cells[]> {
  // A table has the name that a phase gives it only once the phase has done so.
  const declared = { underWay: [], applied: phases };
  const rows = recordsOf(await asks.query(listed, [columnsIn(baseline ?? {}, declared)]));
  const missing = baseline === undefined ? [] : missingIn(rows, declared, baseline);
  if (missing.length === 0) return rows;
  const column = (of: (one: Missing) => string | null | undefined) => missing.map((one) => of(one) ?? '0');
  const lost = await asks.query(lacked, [
    column(({ row }) => row.kind),
    column(({ row }) => row.oid),
    column(({ row }) => row.part),
    column(({ grantee }) => (grantee === everybody ? 'public' : grantee)),
    column(({ privilege }) => privilege),
  ]);
  return [
    ...rows,
    ...recordsOf(lost).flatMap(({ place }): readonly Cells[] => {
      const one = missing[Number(place) - 1];
      return one === undefined ? [] : [{ about: 'lost', name: keyOf(one.object, one) }];
    }),
  ];
}

const membershipOf = ({ kind, name }: Cells): string => `membership of ${kind} in ${name}`;
const loginOf = ({ name }: Cells): string => `login of ${name}`;

function lostMemberships(rows: readonly Cells[], { declared }: Pick<CheckInput, 'declared'>, baseline: Seen) {
  const members = new Set(rows.filter(({ about }) => about === 'member').map(membershipOf));
  const roles = new Set(rows.filter(({ about }) => about === 'role').map(({ name }) => name ?? ''));
  return Object.keys(baseline).flatMap((object): readonly Fault[] => {
    const [, member = '', role = ''] = /^membership of (.*) in (.*)$/.exec(object) ?? [];
    if (!roles.has(member) || !roles.has(role) || members.has(object)) return [];
    const thing: Thing = { kind: 'membership', name: object.replace(/^membership /, '') };
    if (isInFlux(declared, thing, 'grants') || isDeclared(declared, thing, 'grants')) return [];
    return [{ object, what: 'is gone', consequence: 'sustained' }];
  });
}

/** While the phases' role is fenced, it may not log in, by the guard's own doing. */
function lostLogins(rows: readonly Cells[], { declared, scope }: CheckInput<'lost-access'>, baseline: Seen) {
  return rows.flatMap((row): readonly Fault[] => {
    if (row.about !== 'role' || row.acl === 'login' || baseline[loginOf(row)] !== 'login') return [];
    const thing: Thing = { kind: 'role', name: row.name ?? '' };
    const isFenced = scope.phase.role !== undefined && unquoted(row.name ?? '') === scope.phase.role;
    if (isFenced || isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
    return [{ object: loginOf(row), what: 'is no longer possible', consequence: 'sustained' }];
  });
}

function seenOf(rows: readonly Cells[], declared: Declared): Seen {
  return Object.fromEntries(
    rows.flatMap((row): readonly (readonly [string, string])[] => {
      if (row.about === 'object') return [[thereKey(named(declared, thingOf(row))), row.acl ?? '[]']];
      if (row.about === 'member') return [[membershipOf(row), '']];
      return row.about === 'role' && row.acl === 'login' ? [[loginOf(row), 'login']] : [];
    }),
  );
}

/**
 * What everybody but an owner could do and no longer can. A table that is rebuilt under its old name has none of
 * its grants, and the application is turned away.
 */
export const lostAccess = check({
  id: 'lost-access',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: [...grantableCatalogs, 'pg_auth_members', 'pg_roles'],
  needs: everyone,
  remedy: 'grant PRIVILEGE on OBJECT to ROLE; or declare in the phase’s grants who may still do what',
  ask: { steps: (asks, scope, _, { baseline }) => ask(asks, scope, baseline) },
  judge: (input) => {
    const { rows, baseline, declared } = input;
    const seen = seenOf(rows, declared);
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const lost = new Set(rows.filter(({ about }) => about === 'lost').map(({ name }) => name ?? ''));
    const faults = [
      ...missingIn(rows, declared, baseline)
        .filter((one) => lost.has(keyOf(one.object, one)) && !isMeant(one, declared))
        .map((one): Fault => {
          const relation = one.row.relation ?? undefined;
          const object = keyOf(one.object, one);
          return { object, what: 'is gone', consequence: 'sustained', ...(relation !== undefined && { relation }) };
        }),
      ...lostMemberships(rows, input, baseline),
      ...lostLogins(rows, input, baseline),
    ];
    const objects = rows.filter(({ about }) => about === 'object').length;
    return { faults, seen, saw: `grants on ${sayCounted(objects, 'object')}, none less than before` };
  },
  breach: {
    baseline: { 'table public.t is there': '["app=r/owner"]' },
    rows: [
      { about: 'object', kind: 'table', relation: 'public.t', name: null, acl: '[]' },
      { about: 'lost', name: 'grant select on table public.t to app' },
    ],
  },
});
