import { isDeclared, isUnsettled, nameBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import type { Thing } from '../../core/evidence/thing.ts';
import { seconds } from '../../core/kernel/units.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted } from '../pieces.ts';
import { unseenIn } from '../unseen.ts';
import { isPrinted, type Pair, paired, type Part, partsIn } from './part-pairs.ts';
import { partsQuery } from './schema-parts.ts';

/** Key in the snapshot: `table public.molecule`, by its former name. Parts of no relation share a key per kind. */
const ownerOf = ({ kind, relation }: Cells, { declared }: Pick<CheckInput, 'declared'>): string =>
  relation === null ? 'others' : `${kind} ${nameBefore(declared, relation ?? '')}`;

/**
 * The rows with their keys. While a phase renames, somebody may create a relation of the old or the new name, which then
 * has the same key. The renamed one keeps it, although the other may look more like the baseline: anybody can make that.
 */
function keyed(rows: readonly Cells[], input: CheckInput<'schema-drift'>): readonly (readonly [string, Cells])[] {
  const groups = Map.groupBy(rows, (row) => ownerOf(row, input));
  return [...groups].flatMap(([owner, group]) => {
    const isRenamed = ({ kind, relation }: Cells) => `${kind} ${relation}` !== owner;
    const first = group.find(isRenamed) ?? group[0];
    return group.map((row) => [row === first ? owner : `${owner} beside ${row.relation}`, row] as const);
  });
}

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
function makersOf(parts: readonly (Part | undefined)[]): Pick<Fault, 'by'> {
  const makers = parts.flatMap((part) => part?.[4] ?? []);
  return makers.length === 0 ? {} : { by: [...new Set(makers)] };
}

/** Other roles that could have taken it, or a part of it, away. */
function takersOf({ was, is }: Pair): Pick<Fault, 'takers'> {
  const takers = [was, is].flatMap((part) => part?.[5] ?? []);
  return takers.length === 0 ? {} : { takers: [...new Set(takers)] };
}

type Change = 'new' | 'gone' | 'changed';
const words: Readonly<Record<Change, string>> = { new: 'is new', gone: 'is gone', changed: 'has changed' };
/** Of the sequence that a column owns. The fault is the column's, which itself is still there. */
const sequenceWords: Readonly<Record<Change, string>> = {
  new: 'owns another sequence',
  gone: 'no longer owns the sequence that fills it',
  changed: 'has another definition of the sequence that fills it',
};
const say = (change: Change, [kind]: Part): string =>
  `${(kind === 'sequence' ? sequenceWords : words)[change]}, and no phase declares it`;

/** New objects that change the behaviour of existing statements. A cast does so unless one of its types is also new. */
function reachesBack([kind, name]: Part, newTypes: ReadonlySet<string>): boolean {
  if (kind === 'rule' || kind === 'trigger') return true;
  return kind === 'cast' && !name.split(' as ').some((type) => newTypes.has(type));
}

const newTypesOf = (pairs: readonly Pair[]): ReadonlySet<string> =>
  new Set(pairs.flatMap(({ was, is }) => (was === undefined && is?.[0] === 'type' ? [is[1]] : [])));

/** Any other new object harms nothing that existed before. */
function faultFor(
  change: Change,
  part: Part,
  thing: Thing,
  { declared }: CheckInput<'schema-drift'>,
  harmless: boolean,
): readonly Fault[] {
  if (isUnsettled(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
  if (harmless) return [faultOf(declared, thing, say(change, part), 'note')];
  return [{ ...faultOf(declared, thing, say(change, part), 'sustained'), lasting }];
}

function changeOf({ was, is }: Pair): Change | undefined {
  if (was === undefined) return 'new';
  if (is === undefined) return 'gone';
  return was[2] === is[2] ? undefined : 'changed';
}

const isSelf = (part: Part): boolean => part[0] === 'self';

/** A relation that was added or removed is one fault, not one per column. */
function compare(
  owner: string,
  was: readonly Part[],
  is: readonly Part[],
  relation: string | undefined,
  input: CheckInput<'schema-drift'>,
) {
  const whole = owner !== 'others' && (was.length === 0 || is.length === 0);
  const all = paired(...(whole ? ([was.filter(isSelf), is.filter(isSelf)] as const) : ([was, is] as const)));
  const pairs = all.filter((pair) => pair.is === undefined || isPrinted(pair.is));
  const newTypes = newTypesOf(pairs);
  const selves = [was.find(isSelf), is.find(isSelf)];
  return pairs.flatMap((pair): readonly Fault[] => {
    const [part, change] = [pair.is ?? pair.was, changeOf(pair)];
    if (part === undefined || change === undefined) return [];
    // A column is filled as before by a sequence that it no longer owns.
    const isDisowned = change === 'gone' && part[0] === 'sequence';
    const harmless = isDisowned || (change === 'new' && !reachesBack(part, newTypes));
    const makers = {
      ...makersOf(owner === 'others' ? [pair.was, pair.is] : selves),
      ...(change !== 'new' && takersOf(pair)),
    };
    const found = faultFor(change, part, thingOf(part, owner, relation), input, harmless);
    // A relation that is gone has no name, so its owner cannot be looked up.
    const named = found.map(({ relation: name, ...fault }) =>
      whole && change === 'gone' ? fault : { ...fault, ...(name !== undefined && { relation: name }) },
    );
    return named.map((fault) => ({ ...fault, ...makers }));
  });
}

/** What was not printed: whole relations, by their key in the snapshot, and parts, by their relation if they have one. */
function hiddenIn({ rows, declared }: CheckInput<'schema-drift'>) {
  const hidden = rows.filter(({ locked }) => typeof locked === 'string');
  const relations = hidden.filter(({ relation, name }) => relation !== null && name === null);
  const parts = Map.groupBy(hidden, ({ relation }) => relation);
  return {
    owners: new Set(relations.map((row) => ownerOf(row, { declared }))),
    partsOf: (row: Cells | undefined): readonly Part[] =>
      (row === undefined ? [] : (parts.get(row.relation) ?? [])).flatMap((part) => partsIn(part.parts)),
  };
}

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
    const all = keyed(rows, input);
    const rowOf = new Map(all);
    const seen: Seen = Object.fromEntries(all.map(([owner, { parts }]) => [owner, parts ?? '[]'] as const));
    if (baseline === undefined)
      return unseen === undefined ? { unknown: noBaseline, seen } : { faults: [], saw: unseen, unseen, ...more, seen };
    const known = [...new Set([...Object.keys(baseline), ...Object.keys(seen)])];
    const owners = known.filter((owner) => !hidden.owners.has(owner));
    const faults = owners.flatMap((owner) =>
      baseline[owner] === seen[owner]
        ? []
        : compare(
            owner,
            partsIn(baseline[owner]),
            [...partsIn(seen[owner]), ...hidden.partsOf(rowOf.get(owner))],
            rowOf.get(owner)?.relation ?? undefined,
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
