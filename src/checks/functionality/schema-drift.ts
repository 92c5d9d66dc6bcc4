import { isDeclared, isInFlux, nameBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import type { Thing } from '../../core/evidence/thing.ts';
import { seconds } from '../../core/kernel/units.ts';
import { type Cells, check, everyone, type Look } from '../check.ts';
import { faultOf, noBaseline, sayCounted } from '../pieces.ts';
import { partsQuery } from './schema-parts.ts';

/** Kind, name, hash, and the name by which it is compared; the last is left out where nothing is renamed. */
type Part = readonly [kind: string, name: string, hash: string, before?: string];

/** A part's identity within its relation, to its hash. */
type Parts = ReadonlyMap<string, Part>;

const keyOf = ([kind, name, , before = name]: Part): string => `${kind} ${before}`;
const partsIn = (text: string | null | undefined): Parts =>
  new Map((JSON.parse(text ?? '[]') as readonly Part[]).map((part) => [keyOf(part), part]));

/** Within what is seen: `table public.molecule`, by its name from before; and what belongs to no relation. */
const ownerOf = ({ kind, relation }: Cells, { declared }: Pick<Look, 'declared'>): string =>
  relation === null ? 'others' : `${kind} ${nameBefore(declared, relation ?? '')}`;

function thingOf([kind, name]: Part, owner: string, relationNow: string | undefined): Thing {
  if (owner === 'others') return { kind, name };
  const [ownKind, before] = [owner.slice(0, owner.indexOf(' ')), owner.slice(owner.indexOf(' ') + 1)];
  const relation = relationNow ?? before;
  return kind === 'self' ? { kind: ownKind, relation } : { kind, relation, name };
}

const lasting = seconds(10);

type Change = 'new' | 'gone' | 'changed';
const words: Readonly<Record<Change, string>> = {
  new: 'is new, and no phase declares it',
  gone: 'is gone, and no phase declares it',
  changed: 'is not as it was, and no phase declares it',
};

/** What is new harms nobody who was there before. */
function faultFor(change: Change, thing: Thing, { declared }: Look<'schema-drift'>): readonly Fault[] {
  if (isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
  if (change === 'new') return [faultOf(declared, thing, words.new, 'note')];
  return [{ ...faultOf(declared, thing, words[change], 'sustained'), lasting }];
}

function changeOf(was: Part | undefined, is: Part | undefined): Change | undefined {
  if (was === undefined) return 'new';
  if (is === undefined) return 'gone';
  return was[2] === is[2] ? undefined : 'changed';
}

/** A relation that came or went is one fault, not one for each of its columns. */
function compare(owner: string, was: Parts, is: Parts, relation: string | undefined, look: Look<'schema-drift'>) {
  const whole = owner !== 'others' && (was.size === 0 || is.size === 0);
  const keys = whole ? ['self '] : [...new Set([...was.keys(), ...is.keys()])];
  return keys.flatMap((key): readonly Fault[] => {
    const [before, now] = [was.get(key), is.get(key)];
    const part = now ?? before;
    const change = changeOf(before, now);
    if (part === undefined || change === undefined) return [];
    return faultFor(change, thingOf(part, owner, relation), look);
  });
}

const order = ({ object: a }: Fault, { object: b }: Fault): number => (a < b ? -1 : 1);

/**
 * Compares a hash of every definition with that of the baseline. Definitions name relations as they were called before
 * any phase, so that a rename alone is no difference. Who may use what is asked by other checks.
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
    'pg_trigger',
    'pg_proc',
    'pg_enum',
    'pg_depend',
    'pg_foreign_table',
    'pg_foreign_server',
  ],
  needs: everyone,
  remedy: 'Undo what changed, or declare it in the effects of the phase that changes it',
  ask: partsQuery,
  judge: (look) => {
    const { rows, baseline } = look;
    const relations = new Map(rows.map((row) => [ownerOf(row, look), row.relation ?? undefined] as const));
    const seen: Seen = Object.fromEntries(rows.map((row) => [ownerOf(row, look), row.parts ?? '[]'] as const));
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const owners = [...new Set([...Object.keys(baseline), ...Object.keys(seen)])];
    const faults = owners.flatMap((owner) =>
      baseline[owner] === seen[owner]
        ? []
        : compare(owner, partsIn(baseline[owner]), partsIn(seen[owner]), relations.get(owner), look),
    );
    return {
      faults: faults.toSorted(order),
      seen,
      saw: `${sayCounted(rows.length - 1, 'table and view', 'tables and views')}, as declared`,
    };
  },
  breach: {
    baseline: { 'table public.t': '[["self","","1"],["column","id","1"]]' },
    rows: [{ kind: 'table', relation: 'public.t', parts: '[["self","","1"]]' }],
  },
});
