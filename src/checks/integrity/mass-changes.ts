import { all as everyPhase, type Declared, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import type { Asks } from '../asks.ts';
import { type Before, type Cells, check, type CheckInput, everyone, type Scope } from '../check.ts';
import { lockPatience } from '../lock-patience.ts';
import { faultOf, noBaseline, recordsOf, sayCounted, userSchemas } from '../pieces.ts';
import { careful, named, nameOf, readOr } from '../tables.ts';
import { sameTable, tableThing } from './row-counts.ts';

/** In smaller tables, a loss of most rows is everyday business. */
const fewestRows = 1_000;
/** A larger table is not counted: its loss is told from the estimate. */
const mostCounted = 5_000_000;

/** What the statistics say about a table's rows. */
interface Counts {
  /** About how many there are; undefined if nobody knows. */
  readonly rows: number | undefined;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** The file that holds the rows: another one once the table is truncated or rewritten. */
  readonly file: string;
}

/** After a reset or a crash, the counters begin at zero. */
const isReset = ({ inserted }: Cells, was: Counts | undefined): boolean =>
  was !== undefined && Number(inserted) < was.inserted;

/**
 * A table that was never vacuumed or analyzed, or was truncated, has -1 in `reltuples`. Its live rows are then counted from zero,
 * although a database that was copied or restored has more. What changed since they were last known can be counted.
 */
function estimate(row: Cells, was: Counts | undefined): number | undefined {
  const { live, planned, inserted, deleted, file, counted } = row;
  if (typeof counted === 'string') return Number(counted) > mostCounted ? undefined : Number(counted);
  const isFresh = isReset(row, was);
  if (Number(planned) >= 0) return !isFresh && Number(live) + Number(inserted) > 0 ? Number(live) : Number(planned);
  if (was?.rows === undefined || isFresh || was.file !== file) return undefined;
  return Math.max(0, was.rows + Number(inserted) - was.inserted - (Number(deleted) - was.deleted));
}

const countsOf = (row: Cells, was: Counts | undefined): Counts => ({
  rows: estimate(row, was),
  inserted: Number(row.inserted),
  updated: Number(row.updated),
  deleted: Number(row.deleted),
  file: row.file ?? '',
});

const objectOf = ({ relation }: Cells, declared: Declared): string =>
  sayThing(thingBefore(declared, tableThing(relation)));
const readCounts = (said: string | undefined): Counts | undefined =>
  said === undefined ? undefined : (JSON.parse(said) as Counts);

interface Compared {
  readonly row: Cells;
  readonly was: Counts;
  readonly is: Counts;
}

/** The greater of what the baseline and the latest boundary saw: a table may have grown since the baseline. */
function compareOne(row: Cells, declared: Declared, { baseline, boundary }: Before): Compared | undefined {
  const object = objectOf(row, declared);
  const earlier = [readCounts(baseline?.[object]), readCounts(boundary?.[object])].filter((one) => one !== undefined);
  const was = earlier.toSorted((a, b) => (b.rows ?? 0) - (a.rows ?? 0))[0];
  const newest = earlier.toSorted((a, b) => b.inserted - a.inserted)[0];
  return was && { row, was, is: countsOf(row, newest) };
}

/** The share of rows that a loss must exceed to be told at all, and to be grave. */
const [told, grave] = [0.1, 0.5];

const lossOf = ({ was, is }: Pick<Compared, 'was' | 'is'>): number =>
  was.rows === undefined || is.rows === undefined || was.rows < fewestRows ? 0 : 1 - is.rows / was.rows;

/** Worth counting: rows seem to be gone, or nothing tells how many are left. */
const isSuspect = (one: Compared): boolean => {
  const { rows = 0 } = one.was;
  return rows >= fewestRows && rows <= mostCounted && (one.is.rows === undefined || lossOf(one) > told);
};

/** Whether a phase, finished or not, says that rows of this table go or are rewritten. */
const isMeant = (declared: Declared, relation: string, counts: 'rows' | 'content'): boolean =>
  everyPhase(declared).some(({ effects }) => {
    const written = Object.entries(effects.writes).some(
      ([name, { rows }]) =>
        sameTable(declared, name, relation) && (counts === 'content' || rows === 'any' || rows === 'shrink'),
    );
    return written || [...effects.creates, ...effects.drops].some((name) => sameTable(declared, name, relation));
  });

/**
 * The rows of a queue, or of a table that is refilled each night, have been replaced before: as many were inserted as would
 * fill it twice.
 */
const isOftenReplaced = ({ rows = 0, inserted }: Counts): boolean => inserted >= 2 * rows;

function lossFaults(one: Compared, declared: Declared): readonly Fault[] {
  const { row, was, is } = one;
  const isCounted = typeof row.counted === 'string';
  const now = is.rows ?? 0;
  const loss = lossOf(one);
  if (loss <= told || isMeant(declared, row.relation ?? '', 'rows')) return [];
  const because = typeof row.uncounted === 'string' ? `, which could not be counted: ${row.uncounted}` : '';
  const often = isOftenReplaced(was) ? '; its rows have been replaced before' : '';
  const said = `has ${isCounted ? '' : 'about '}${sayCounted(now, 'row')} where it had about ${sayWhole(was.rows ?? 0)}${because}${often}`;
  return [faultOf(declared, tableThing(row.relation), said, loss > grave && often === '' ? 'veto' : 'note')];
}

/** Statistics do not tell a wrong update from a right one, so this is worth a note. */
function updateFaults({ row, was, is }: Compared, declared: Declared): readonly Fault[] {
  const [rows, updated] = [was.rows ?? 0, is.updated - was.updated];
  if (rows < fewestRows || updated <= rows * grave || isMeant(declared, row.relation ?? '', 'content')) return [];
  const object = `updates of ${objectOf(row, declared)}`;
  return [{ object, what: `are ${sayWhole(updated)}, of about ${sayWhole(rows)} rows`, consequence: 'note' }];
}

const listed = `
  select c.oid, n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as relation,
    pg_get_userbyid(c.relowner) as owner, c.reltuples::int8 as planned, pg_stat_get_live_tuples(c.oid) as live,
    pg_stat_get_tuples_inserted(c.oid) as inserted, pg_stat_get_tuples_updated(c.oid) as updated,
    pg_stat_get_tuples_deleted(c.oid) as deleted, c.relfilenode::text as file
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and ${userSchemas('n')}`;

/** Counts each table, no further than its limit. */
async function counted(
  asks: Asks,
  scope: Scope,
  tables: readonly { readonly row: Cells; readonly limit: number }[],
): Promise<ReadonlyMap<string, Cells>> {
  const code = scope.code(tables.map(({ row }) => row.oid ?? ''));
  const patience = lockPatience();
  const countOne = async (row: Cells, limit: number): Promise<Cells> => {
    const over = patience.over([row.owner]);
    if (over !== undefined) return { uncounted: over };
    const from = nameOf({ schema: row.schema ?? '', name: row.name ?? '' });
    const reading = careful(asks, code, [named(row.oid, row.schema, row.name)]);
    const answer = await readOr(() =>
      reading.query(`select count(*) from (select from only ${from} limit ${limit}) counted`),
    );
    if (!('refused' in answer)) return { counted: answer.rows[0]?.[0] ?? null };
    patience.met([row.owner], answer.refused);
    return { uncounted: answer.refused.message };
  };
  const found = new Map<string, Cells>();
  for (const { row, limit } of tables) found.set(row.oid ?? '', await countOne(row, limit));
  return found;
}

/** For a baseline, tables without statistics are counted; after it, those that seem to have lost rows. */
function toCount(rows: readonly Cells[], { phases }: Scope, before: Before) {
  if (before.capturing === true)
    return rows.filter(({ planned }) => Number(planned) < 0).map((row) => ({ row, limit: mostCounted + 1 }));
  return rows.flatMap((row) => {
    const one = compareOne(row, { underWay: [], applied: phases }, before);
    // No further than it takes to know that hardly any are gone.
    return one !== undefined && isSuspect(one) ? [{ row, limit: Math.ceil((one.was.rows ?? 0) * (1 - told)) }] : [];
  });
}

async function ask(asks: Asks, scope: Scope, before: Before): Promise<readonly Cells[]> {
  const rows = recordsOf(await asks.query(listed));
  const tables = toCount(rows, scope, before);
  if (tables.length === 0) return rows;
  const found = await scope.rows((reading) => counted(reading, scope, tables));
  return rows.map((row) => ({ ...row, ...found.get(row.oid ?? '') }));
}

const seenOf = (rows: readonly Cells[], { declared, baseline }: CheckInput<'mass-changes'>): Seen =>
  Object.fromEntries(
    rows.map((row) => {
      const object = objectOf(row, declared);
      return [object, JSON.stringify(countsOf(row, readCounts(baseline?.[object])))];
    }),
  );

/**
 * The server's own statistics show when most rows of a table are gone, for every table and nearly for nothing. They are
 * estimates, so a loss is counted before it is told, if the table is not too large.
 */
export const massChanges = check({
  id: 'mass-changes',
  cost: 'B',
  against: 'boundary',
  mayAt: 'veto',
  reads: ['pg_class', 'pg_namespace'],
  needs: everyone,
  remedy: 'Find out who removed the rows, then restore them from the backup',
  ask: { steps: (asks, scope, _, before) => ask(asks, scope, before) },
  judge: (input) => {
    const { rows, baseline, boundary, declared } = input;
    const seen = seenOf(rows, input);
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const compared = rows.flatMap((row) => compareOne(row, declared, { baseline, boundary }) ?? []);
    const faults = compared.flatMap((one) => [...lossFaults(one, declared), ...updateFaults(one, declared)]);
    const known = compared.filter(({ was, is }) => was.rows !== undefined && is.rows !== undefined).length;
    const without = compared.length - known;
    const rest = without === 0 ? '' : `; ${sayCounted(without, 'table')} without statistics not compared`;
    return { faults, seen, saw: `the estimated rows of ${sayCounted(known, 'table')}, none with a tenth less${rest}` };
  },
  breach: {
    baseline: { 'table public.t': '{"rows":400000,"inserted":400000,"updated":0,"deleted":0,"file":"1"}' },
    rows: [
      { relation: 'public.t', planned: '-1', inserted: '400000', updated: '0', deleted: '0', file: '2', counted: '0' },
    ],
  },
});
