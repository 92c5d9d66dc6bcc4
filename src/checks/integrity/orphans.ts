import { type Declared, isInFlux, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import { quoteIdentifier } from '../../target/identifiers.ts';
import type { NamedRelation } from '../../target/reading.ts';
import type { RelationCode } from '../../target/untrusted-code.ts';
import type { Asks } from '../asks.ts';
import { type Cells, check, type CheckInput } from '../check.ts';
import { type LockPatience, lockPatience } from '../lock-patience.ts';
import { faultOf, recordsOf, sayCounted, userSchemas } from '../pieces.ts';
import { besideFaults, careful, named, nameOf, readOr, readsEverything, sayUnread } from '../tables.ts';

/** One column of a key: the referencing column, the referenced column, and how they are compared. */
interface Pair {
  readonly from: string;
  readonly to: string;
  /** Schema and name of the operator `to = from`. */
  readonly equals: readonly [string, string];
  /** Schema and name of the collation of `to`, if that of `from` differs. */
  readonly collation: readonly [string, string] | null;
}

/**
 * A partition's key is left out if the parent table has the same key, because the check covers it there. A key that is
 * not enforced (PostgreSQL 18) promises nothing.
 */
const listed = (version: number): string => `
  select k.oid, k.conrelid as own_oid, k.confrelid as referred_oid, quote_ident(k.conname) as name, format('%I.%I', n.nspname, c.relname) as relation,
    format('%I.%I', rn.nspname, r.relname) as referred, n.nspname as schema, c.relname as table, c.relkind as kind,
    pg_get_userbyid(c.relowner) as owner, pg_get_userbyid(r.relowner) as referred_owner,
    rn.nspname as referred_schema, r.relname as referred_table, r.relkind as referred_kind, k.confmatchtype as match,
    ${version >= 180_000 ? 'k.conperiod' : 'false'} as period,
    (select json_agg(json_build_object('from', f.attname, 'to', t.attname, 'equals',
        (select json_build_array(os.nspname, o.oprname) from pg_operator o
         join pg_namespace os on os.oid = o.oprnamespace where o.oid = p.equals),
        'collation', case when f.attcollation <> t.attcollation and t.attcollation <> 0 then
          (select json_build_array(ls.nspname, l.collname) from pg_collation l
           join pg_namespace ls on ls.oid = l.collnamespace where l.oid = t.attcollation) end) order by p.place)
     from unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality as p (own, other, equals, place)
       join pg_attribute f on f.attrelid = k.conrelid and f.attnum = p.own
       join pg_attribute t on t.attrelid = k.confrelid and t.attnum = p.other) as pairs
  from pg_constraint k
    join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_class r on r.oid = k.confrelid join pg_namespace rn on rn.oid = r.relnamespace
  where k.contype = 'f' and k.conparentid = 0 and ${userSchemas('n')}
    ${version >= 180_000 ? 'and k.conenforced' : ''}
  order by 3, 2`;

/** A key on an inheritance parent applies to the parent's own rows only. */
const rowsOf = (kind: string | null, schema: string | null, name: string | null): string =>
  `${kind === 'p' ? '' : 'only '}${nameOf({ schema: schema ?? '', name: name ?? '' })}`;

/** An operator name consists of characters that need no quoting. */
function operator([schema, sign]: readonly [string, string]): string {
  if (!/^[-+*/<>=~!@#%^&|`?]+$/.test(sign)) throw new TypeError(`${sign} is not the name of an operator`);
  return `operator(${quoteIdentifier(schema)}.${sign})`;
}

function matches({ from, to, equals, collation }: Pair): string {
  const collate = collation === null ? '' : ` collate ${collation.map(quoteIdentifier).join('.')}`;
  return `r.${quoteIdentifier(to)} ${operator(equals)} f.${quoteIdentifier(from)}${collate}`;
}

/** For a key with a period, the referenced periods must together cover the row's period. */
function isThere({ period, referred_kind, referred_schema, referred_table }: Cells, pairs: readonly Pair[]): string {
  const referred = rowsOf(referred_kind ?? null, referred_schema ?? null, referred_table ?? null);
  const last = pairs.at(-1);
  if (period !== 't' || last === undefined)
    return `exists (select from ${referred} r where ${pairs.map(matches).join(' and ')})`;
  const covered = `range_agg(r.${quoteIdentifier(last.to)}) operator(pg_catalog.@>) f.${quoteIdentifier(last.from)}`;
  const same = pairs.slice(0, -1).map(matches).join(' and ');
  return `coalesce((select ${covered} from ${referred} r where ${same}), false)`;
}

/** MATCH SIMPLE ignores a row with any null. MATCH FULL ignores only a row where all columns are null. */
function countingOrphans(key: Cells): string {
  const pairs = JSON.parse(key.pairs ?? '[]') as readonly Pair[];
  const own = pairs.map(({ from }) => `f.${quoteIdentifier(from)}`);
  const bound = own.map((column) => `${column} is ${key.match === 'f' ? '' : 'not '}null`).join(' and ');
  return `select count(*) from ${rowsOf(key.kind ?? null, key.schema ?? null, key.table ?? null)} f
    where ${key.match === 'f' ? `not (${bound})` : bound} and not ${isThere(key, pairs)}`;
}

async function isStillThere(asks: Asks, { oid }: Cells): Promise<boolean> {
  const { rows } = await asks.query('select from pg_constraint where oid = $1', [oid]);
  return rows.length > 0;
}

const relationsOf = (key: Cells): readonly NamedRelation[] => [
  named(key.own_oid, key.schema, key.table),
  named(key.referred_oid, key.referred_schema, key.referred_table),
];

/**
 * A key that was dropped after it was listed has no orphans. A key that cannot be read does not block the answers about
 * other keys.
 */
async function read(asks: Asks, key: Cells, code: RelationCode, patience: LockPatience): Promise<readonly Cells[]> {
  const owners = [key.owner, key.referred_owner];
  const known: Cells = { name: key.name ?? null, relation: key.relation ?? null, referred: key.referred ?? null };
  const over = patience.over(owners);
  if (over !== undefined) return [{ ...known, orphans: null, unread: over }];
  const answer = await readOr(() => careful(asks, code, relationsOf(key)).query(countingOrphans(key)));
  if (!('refused' in answer)) return [{ ...known, orphans: answer.rows[0]?.[0] ?? null, unread: null }];
  if (answer.refused.kind === 'gone' && !(await isStillThere(asks, key))) return [];
  patience.met(owners, answer.refused);
  return [{ ...known, orphans: null, unread: answer.refused.message }];
}

const keyOf = ({ name, relation }: Cells) => ({ kind: 'constraint', name: name ?? '', relation: relation ?? '' });

/** While a phase is writing rows or creating a key, these are judged only at its end. */
const isUnsettled = (row: Cells, declared: Declared): boolean =>
  isInFlux(declared, keyOf(row), 'existence') ||
  [row.relation, row.referred].some((table) => isInFlux(declared, { kind: 'table', relation: table ?? '' }, 'content'));

/** Orphans that the baseline has are known. More of them are a separate fault. */
function faultsOf(row: Cells, { declared, baseline }: CheckInput<'orphans'>): readonly Fault[] {
  const [key, orphans] = [keyOf(row), Number(row.orphans)];
  if (orphans === 0 || isUnsettled(row, declared)) return [];
  const rows = orphans === 1 ? '1 row refers' : `${sayWhole(orphans)} rows refer`;
  const fault = faultOf(declared, key, `does not hold: ${rows} to missing rows of ${row.referred ?? ''}`, 'veto');
  const known = Number(baseline?.[fault.object] ?? 0);
  if (known === 0 || orphans <= known) return [fault];
  const more = `are ${sayWhole(orphans - known)} beside the ${sayWhole(known)} of the baseline`;
  return [fault, { ...fault, object: `more orphans of ${fault.object}`, what: more }];
}

/**
 * Reads the rows themselves: rows added while triggers were off leave a key that is marked valid, and `validate
 * constraint` does not check it again.
 */
export const orphans = check({
  id: 'orphans',
  cost: 'C',
  login: 'reading',
  against: 'baseline',
  mayAt: 'veto',
  reads: ['pg_constraint', 'pg_class', 'pg_namespace', 'pg_attribute', 'pg_operator', 'pg_collation'],
  needs: readsEverything,
  remedy: 'Restore the referenced rows, or remove the rows that reference them',
  ask: {
    steps: async (asks, { server, code: codeOf }) => {
      const keys = recordsOf(await asks.query(listed(server.version)));
      const code = codeOf([...new Set(keys.flatMap(relationsOf).map(({ oid }) => oid))]);
      const found: Cells[] = [];
      const patience = lockPatience();
      for (const key of keys) found.push(...(await read(asks, key, code, patience)));
      return found;
    },
  },
  judge: (look) => {
    const { rows, declared } = look;
    const counted = rows.filter(({ unread }) => unread === null);
    const faults = counted.flatMap((row) => faultsOf(row, look));
    const seen = Object.fromEntries(
      counted.map((row) => [sayThing(thingBefore(declared, keyOf(row))), row.orphans ?? '0'] as const),
    );
    const unread = rows.flatMap((row) =>
      row.unread === null ? [] : [{ what: sayThing(keyOf(row)), why: row.unread ?? '' }],
    );
    if (faults.length === 0 && unread.length > 0) return { unknown: sayUnread(unread), seen };
    const saw = `${sayCounted(rows.length, 'foreign key')}, every referenced row exists`;
    return { faults, seen, saw, ...besideFaults(unread) };
  },
  breach: { rows: [{ name: 'k', relation: 'public.t', referred: 'public.u', orphans: '1', unread: null }] },
});
