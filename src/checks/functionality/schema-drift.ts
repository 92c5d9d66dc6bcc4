import { isDeclared, isUnsettled, nameBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import type { Thing } from '../../core/evidence/thing.ts';
import { seconds } from '../../core/kernel/units.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted } from '../pieces.ts';
import { unseenIn } from '../unseen.ts';
import { partsQuery } from './schema-parts.ts';

/**
 * Kind, name, hash, the name used for comparison, the owner if the part has its own, and the other roles that can take
 * it away. The last three are optional.
 */
type Part = readonly [
  kind: string,
  name: string,
  hash: string,
  before?: string | null,
  owner?: string | null,
  takers?: readonly string[] | null,
];

/** A part's identity within its relation, mapped to the part. */
type Parts = ReadonlyMap<string, Part>;

const keyOf = ([kind, name, , before]: Part): string => `${kind} ${before ?? name}`;
const partsIn = (text: string | null | undefined): Parts =>
  new Map((JSON.parse(text ?? '[]') as readonly Part[]).map((part) => [keyOf(part), part]));

/** Key in the snapshot: `table public.molecule`, by its former name. Parts of no relation share a key per kind. */
const ownerOf = ({ kind, relation }: Cells, { declared }: Pick<CheckInput, 'declared'>): string =>
  relation === null ? 'others' : `${kind} ${nameBefore(declared, relation ?? '')}`;

function thingOf([kind, name]: Part, owner: string, relationNow: string | undefined): Thing {
  if (owner === 'others') return { kind, name };
  const [ownKind, before] = [owner.slice(0, owner.indexOf(' ')), owner.slice(owner.indexOf(' ') + 1)];
  const relation = relationNow ?? before;
  // A sequence that fills a column is part of that column.
  if (kind === 'sequence') return { kind: 'column', relation, name };
  return kind === 'self' ? { kind: ownKind, relation } : { kind, relation, name };
}

const lasting = seconds(10);

/** The former and current owner. A part of a relation has the relation's owner. */
function makersOf(owner: string, key: string, all: readonly Parts[]): Pick<Fault, 'by'> {
  const makers = all.flatMap((parts) => parts.get(owner === 'others' ? key : 'self ')?.[4] ?? []);
  return makers.length === 0 ? {} : { by: [...new Set(makers)] };
}

/** Other roles that could have taken it, or a part of it, away. */
function takersOf(key: string, all: readonly Parts[]): Pick<Fault, 'takers'> {
  const takers = all.flatMap((parts) => parts.get(key)?.[5] ?? []);
  return takers.length === 0 ? {} : { takers: [...new Set(takers)] };
}

type Change = 'new' | 'gone' | 'changed';
const words: Readonly<Record<Change, string>> = {
  new: 'is new, and no phase declares it',
  gone: 'is gone, and no phase declares it',
  changed: 'has changed, and no phase declares it',
};

/** New objects that change the behaviour of existing statements. A cast does so unless one of its types is also new. */
function reachesBack([kind, name]: Part, was: Parts, is: Parts): boolean {
  if (kind === 'rule' || kind === 'trigger') return true;
  const isNew = (type: string) => is.has(`type ${type}`) && !was.has(`type ${type}`);
  return kind === 'cast' && !name.split(' as ').some(isNew);
}

/** Any other new object harms nothing that existed before. */
function faultFor(
  change: Change,
  thing: Thing,
  { declared }: CheckInput<'schema-drift'>,
  harmless: boolean,
): readonly Fault[] {
  if (isUnsettled(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
  if (harmless) return [faultOf(declared, thing, words[change], 'note')];
  return [{ ...faultOf(declared, thing, words[change], 'sustained'), lasting }];
}

function changeOf(was: Part | undefined, is: Part | undefined): Change | undefined {
  if (was === undefined) return 'new';
  if (is === undefined) return 'gone';
  return was[2] === is[2] ? undefined : 'changed';
}

/** A relation that was added or removed is one fault, not one per column. */
function compare(
  owner: string,
  was: Parts,
  is: Parts,
  relation: string | undefined,
  input: CheckInput<'schema-drift'>,
) {
  const whole = owner !== 'others' && (was.size === 0 || is.size === 0);
  const keys = whole ? ['self '] : [...new Set([...was.keys(), ...is.keys()])];
  return keys.flatMap((key): readonly Fault[] => {
    const [before, now] = [was.get(key), is.get(key)];
    const part = now ?? before;
    const change = changeOf(before, now);
    if (part === undefined || change === undefined) return [];
    const harmless = change === 'new' && !reachesBack(part, was, is);
    const makers = { ...makersOf(owner, key, [was, is]), ...(change !== 'new' && takersOf(key, [was, is])) };
    const found = faultFor(change, thingOf(part, owner, relation), input, harmless);
    // A relation that is gone has no name, so its owner cannot be looked up.
    const named = found.map(({ relation: name, ...fault }) =>
      whole && change === 'gone' ? fault : { ...fault, ...(name !== undefined && { relation: name }) },
    );
    return named.map((fault) => ({ ...fault, ...makers }));
  });
}

/** What was not printed, by its key in the snapshot: whole relations, parts of a relation, and parts of no relation. */
function hiddenIn({ rows, declared }: CheckInput<'schema-drift'>) {
  const hidden = rows.filter(({ locked }) => typeof locked === 'string');
  const relations = hidden.filter(({ relation, name }) => relation !== null && name === null);
  const partsOf = (whose: string | null): ReadonlySet<string> =>
    new Set(hidden.flatMap(({ kind, relation, name }) => (before(relation) === whose ? [`${kind} ${name}`] : [])));
  const before = (relation: string | null | undefined) =>
    relation === null || relation === undefined ? null : nameBefore(declared, relation);
  return {
    owners: new Set(relations.map((row) => ownerOf(row, { declared }))),
    partsOf: (owner: string) =>
      hidden.length === 0 ? none : partsOf(owner === 'others' ? null : owner.slice(owner.indexOf(' ') + 1)),
  };
}

const none: ReadonlySet<string> = new Set();
const without = (parts: Parts, hidden: ReadonlySet<string>): Parts =>
  hidden.size === 0 ? parts : new Map([...parts].filter(([key]) => !hidden.has(key)));

const isNote = ({ consequence }: Fault): boolean => consequence === 'note';

/** If a column and the sequence that fills it both changed, only the more severe fault is reported. */
function onceEach(faults: readonly Fault[]): readonly Fault[] {
  const graverLast = [...faults.filter(isNote), ...faults.filter((fault) => !isNote(fault))];
  return [...new Map(graverLast.map((fault) => [fault.object, fault])).values()];
}

const order = ({ object: a }: Fault, { object: b }: Fault): number => (a < b ? -1 : 1);

/**
 * Compares a hash of every definition with the baseline. Definitions name relations as they were called before any
 * phase, so a rename alone makes no difference. Other checks cover access.
 */
export const schemaDrift = check({
  id: 'schema-drift',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: [
    'pg_class',
    'pg_namespace',
    'pg_attribute',
    'pg_attrdef',
    'pg_type',
    'pg_constraint',
    'pg_index',
    'pg_inherits',
    'pg_trigger',
    'pg_rewrite',
    'pg_sequence',
    'pg_proc',
    'pg_aggregate',
    'pg_enum',
    'pg_range',
    'pg_operator',
    'pg_opclass',
    'pg_opfamily',
    'pg_amop',
    'pg_amproc',
    'pg_am',
    'pg_cast',
    'pg_collation',
    'pg_ts_config',
    'pg_ts_config_map',
    'pg_ts_dict',
    'pg_depend',
    'pg_foreign_table',
    'pg_foreign_server',
  ],
  needs: everyone,
  remedy: 'Undo what changed, or declare it in the effects of the phase that changes it',
  ask: partsQuery,
  prints: true,
  judge: (input) => {
    const { baseline } = input;
    const { unseen, ...more } = unseenIn(input.rows);
    const rows = input.rows.filter(({ locked }) => typeof locked !== 'string');
    const hidden = hiddenIn(input);
    const relations = new Map(rows.map((row) => [ownerOf(row, input), row.relation ?? undefined] as const));
    const seen: Seen = Object.fromEntries(rows.map((row) => [ownerOf(row, input), row.parts ?? '[]'] as const));
    if (baseline === undefined)
      return unseen === undefined ? { unknown: noBaseline, seen } : { faults: [], saw: unseen, unseen, ...more, seen };
    const all = [...new Set([...Object.keys(baseline), ...Object.keys(seen)])];
    const owners = all.filter((owner) => !hidden.owners.has(owner));
    const faults = owners.flatMap((owner) =>
      baseline[owner] === seen[owner]
        ? []
        : compare(
            owner,
            without(partsIn(baseline[owner]), hidden.partsOf(owner)),
            partsIn(seen[owner]),
            relations.get(owner),
            input,
          ),
    );
    const found = onceEach(faults).toSorted(order);
    if (unseen !== undefined) return { faults: found, saw: unseen, unseen, ...more, ...(more.lasting && { seen }) };
    return {
      faults: found,
      seen,
      saw: `${sayCounted(rows.length - 1, 'table and view', 'tables and views')}, as declared`,
    };
  },
  breach: {
    baseline: { 'table public.t': '[["self","","1"],["column","id","1"]]' },
    rows: [{ kind: 'table', relation: 'public.t', parts: '[["self","","1"]]' }],
  },
});
