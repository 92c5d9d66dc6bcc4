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
  /** About how many there are; undefined if the server does not know. */
  readonly rows: number | undefined;
  readonly inserted: number;
  readonly updated: number;
}

/** A table that was never analyzed has -1 in `reltuples`. After a reset or a crash, the counters begin at zero. */
function countsOf({ live, planned, inserted, updated }: Cells, isReset: boolean): Counts {
  const known = Number(planned) >= 0 ? Number(planned) : undefined;
  const rows = isReset ? known : Number(live) > 0 || Number(inserted) > 0 ? Number(live) : known;
  return { rows, inserted: Number(inserted), updated: Number(updated) };
}

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
  if (was === undefined) return undefined;
  const newest = Math.max(...earlier.map(({ inserted }) => inserted));
  return { row, was, is: countsOf(row, Number(row.inserted) < newest) };
}

/** The share of rows that a loss must exceed to be told at all, and to be grave. */
const [told, grave] = [0.1, 0.5];

const lossOf = ({ was, is }: Pick<Compared, 'was' | 'is'>): number =>
  was.rows === undefined || is.rows === undefined || was.rows < fewestRows ? 0 : 1 - is.rows / was.rows;

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
 * The rows of a queue, or of a table that is filled anew each night, have been replaced before: as many were inserted as would
 * fill it twice.
 */
const isOftenReplaced = ({ rows = 0, inserted }: Counts): boolean => inserted >= 2 * rows;

function lossFaults(one: Compared, declared: Declared): readonly Fault[] {
  const { row, was, is } = one;
  const isCounted = typeof row.counted === 'string';
  const now = isCounted ? Number(row.counted) : (is.rows ?? 0);
  const loss = isCounted ? lossOf({ was, is: { ...is, rows: now } }) : lossOf(one);
  if (loss <= told || isMeant(declared, row.relation ?? '', 'rows')) return [];
  const because = typeof row.uncounted === 'string' ? `, which could not be counted: ${row.uncounted}` : '';
  const often = isOftenReplaced(was) ? '; its rows have been replaced before' : '';
  const said = `has ${isCounted ? '' : 'about '}${sayCounted(now, 'row')} where the statistics had about ${sayWhole(was.rows ?? 0)}${because}${often}`;
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
    pg_stat_get_tuples_inserted(c.oid) as inserted, pg_stat_get_tuples_updated(c.oid) as updated
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't' and ${userSchemas('n')}`;

/** Counts no further than it takes to know that hardly any are gone. */
async function counted(asks: Asks, scope: Scope, suspects: readonly Compared[]): Promise<ReadonlyMap<string, Cells>> {
  const code = scope.code(suspects.map(({ row }) => row.oid ?? ''));
  const patience = lockPatience();
  const countOne = async ({ row, was }: Compared): Promise<Cells> => {
    const over = patience.over([row.owner]);
    if (over !== undefined) return { uncounted: over };
    const enough = Math.ceil((was.rows ?? 0) * (1 - told));
    const from = nameOf({ schema: row.schema ?? '', name: row.name ?? '' });
    const reading = careful(asks, code, [named(row.oid, row.schema, row.name)]);
    const answer = await readOr(() =>
      reading.query(`select count(*) from (select from only ${from} limit ${enough}) counted`),
    );
    if (!('refused' in answer)) return { counted: answer.rows[0]?.[0] ?? null };
    patience.met([row.owner], answer.refused);
    return { uncounted: answer.refused.message };
  };
  const found = new Map<string, Cells>();
  for (const one of suspects) found.set(one.row.oid ?? '', await countOne(one));
  return found;
}

async function ask(asks: Asks, scope: Scope, before: Before): Promise<readonly Cells[]> {
  const rows = recordsOf(await asks.query(listed));
  const declared = { underWay: [], applied: scope.phases };
  const suspects = rows
    .flatMap((row) => compareOne(row, declared, before) ?? [])
    .filter((one) => lossOf(one) > told && (one.was.rows ?? 0) <= mostCounted);
  if (suspects.length === 0) return rows;
  const found = await scope.rows((reading) => counted(reading, scope, suspects));
  return rows.map((row) => ({ ...row, ...found.get(row.oid ?? '') }));
}

const seenOf = (rows: readonly Cells[], { declared, baseline }: CheckInput<'mass-changes'>): Seen =>
  Object.fromEntries(
    rows.map((row) => {
      const object = objectOf(row, declared);
      const was = readCounts(baseline?.[object]);
      return [object, JSON.stringify(countsOf(row, was !== undefined && Number(row.inserted) < was.inserted))];
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
    baseline: { 'table public.t': '{"rows":400000,"inserted":400000,"updated":0}' },
    rows: [{ relation: 'public.t', planned: '-1', live: '0', inserted: '400000', updated: '0' }],
  },
});
