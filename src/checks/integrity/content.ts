import { type Declared, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import type { PhasePlan } from '../../core/plan/phase.ts';
import { type Cells, check, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted } from '../pieces.ts';
import { besideFaults, careful, everyName, named, readOr, readsEverything, sayUnread, tablesNamed } from '../tables.ts';
import { columnsOf, seedOf, type Sum, sumsBefore, sumsIn, sumsOf, without } from './content-sums.ts';
import { referenceOf, withApplied } from './reference.ts';
import { neverThere, sameTable, sayNeverThere, tableThing } from './row-counts.ts';

const equal = (a: readonly string[], b: readonly string[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Compares by the widest column set that no phase has declared to change since. */
function compare(
  row: Cells,
  old: readonly Sum[],
  touched: readonly string[],
): 'same' | 'incomparable' | { readonly differs: string } {
  const lost = without(old[0]?.columns ?? [], [...(JSON.parse(row.columns ?? '[]') as string[]), ...touched]);
  if (lost.length > 0) return { differs: `no longer has ${lost.join(', ')}` };
  const comparable = old
    .filter(({ columns }) => columns.every((column) => !touched.includes(column)))
    .toSorted((a, b) => b.columns.length - a.columns.length);
  for (const was of comparable) {
    const is = sumsIn(row.sums ?? undefined).find(({ columns }) => equal(columns, was.columns));
    if (is !== undefined && is.seed !== was.seed) continue;
    if (is !== undefined && is.sum === was.sum && is.rows === was.rows) return 'same';
    if (is === undefined) continue;
    const now = sayCounted(Number(is.rows), 'row');
    const differs =
      is.rows === was.rows ? `has different content in its ${now}` : `has ${now} where it had ${was.rows}`;
    return { differs };
  }
  return 'incomparable';
}

/**
 * A phase that declares writes to a table, but names neither columns nor a change in row count, may change anything in
 * it.
 */
const writesRows = ({ effects }: PhasePlan, declared: Declared, relation: string): boolean =>
  [...effects.creates, ...effects.drops].some((name) => sameTable(declared, name, relation)) ||
  Object.entries(effects.writes).some(
    ([name, { rows, columns }]) => (rows !== 'same' || columns.length === 0) && sameTable(declared, name, relation),
  );

interface Compared {
  readonly faults: readonly Fault[];
  /** Tables whose rows a phase declares to add or remove, or that have no earlier sum to compare with. */
  readonly left: readonly string[];
  readonly incomparable: readonly string[];
}

function compareAll(rows: readonly Cells[], input: CheckInput<'content'>): Compared | undefined {
  const { declared } = input;
  const reference = referenceOf(input);
  if (reference === undefined) return undefined;
  const found: { faults: Fault[]; left: string[]; incomparable: string[] } = { faults: [], left: [], incomparable: [] };
  for (const row of rows.filter(({ unread }) => unread === null)) {
    const relation = row.relation ?? '';
    const old = reference.seen[sayThing(thingBefore(declared, tableThing(relation)))];
    if (old === undefined || reference.since.some((phase) => writesRows(phase, declared, relation))) {
      found.left.push(relation);
      continue;
    }
    const touched = reference.since.flatMap((phase) => columnsOf(phase, declared, relation));
    if (without(sumsIn(old)[0]?.columns ?? [], touched).length === 0) {
      found.left.push(relation);
      continue;
    }
    const said = compare(row, sumsIn(old), touched);
    if (said === 'incomparable') found.incomparable.push(relation);
    else if (said !== 'same') found.faults.push(faultOf(declared, tableThing(relation), said.differs, 'veto'));
  }
  const there = new Set(rows.map(({ relation }) => sayThing(thingBefore(declared, tableThing(relation)))));
  for (const object of Object.keys(reference.seen)) {
    const relation = object.slice('table '.length);
    const dropped = reference.since.some((phase) => writesRows(phase, declared, relation));
    if (object.startsWith('table ') && !there.has(object) && !dropped)
      found.faults.push({ object, what: 'is gone', consequence: 'veto' });
  }
  return found;
}

/**
 * Sums a hash of every row of the static tables. Compares with the boundary of the latest phase, so it does not report
 * changes that earlier phases declared and made. The hashes treat 1.0 and 1.00 as equal, as `=` does.
 */
export const content = check({
  id: 'content',
  cost: 'C',
  login: 'reading',
  against: 'boundary',
  mayAt: 'veto',
  reads: ['pg_class', 'pg_namespace', 'pg_attribute', 'pg_type', 'pg_opclass', 'pg_amproc', 'pg_am', 'pg_inherits'],
  needs: readsEverything,
  remedy: 'Find out who writes to the table, then restore its rows from the backup',
  ask: {
    steps: async (asks, scope, _, before) => {
      const names = everyName(scope, scope.staticTables);
      const rows: Cells[] = [];
      const tables = await tablesNamed(asks, names);
      const code = scope.code(tables.map(({ oid }) => oid));
      const seed = seedOf(before);
      for (const table of tables) {
        const read = await readOr(async () => ({
          sums: await sumsOf(careful(asks, code, [named(table.oid, table.schema, table.name)]), table, scope, {
            before: sumsBefore(before, table, scope),
            seed,
          }),
        }));
        rows.push('refused' in read ? { relation: table.relation, unread: read.refused.message } : read.sums);
      }
      return rows;
    },
  },
  judge: (input) => {
    const { rows, declared } = input;
    const read = rows.filter(({ unread }) => unread === null);
    const seen = withApplied(
      declared,
      Object.fromEntries(
        read.map(
          ({ relation, sums }) => [sayThing(thingBefore(declared, tableThing(relation))), sums ?? '[]'] as const,
        ),
      ),
    );
    const compared = compareAll(rows, input);
    const never = neverThere(input, rows, input.boundary ?? input.baseline ?? {});
    if (never.length > 0) return { unknown: sayNeverThere(never), seen };
    if (compared === undefined) return { unknown: noBaseline, seen };
    const { faults, left, incomparable } = compared;
    const unread = rows.flatMap(({ relation, unread: why }) =>
      why === null ? [] : [{ what: relation ?? '', why: why ?? '' }],
    );
    if (faults.length === 0 && unread.length > 0) return { unknown: sayUnread(unread), seen };
    if (faults.length === 0 && incomparable.length > 0)
      return { unknown: `no comparable columns are left in ${incomparable.join(', ')}`, seen };
    const apart =
      left.length === 0 ? '' : `; not compared, since a phase declares to change its rows: ${left.join(', ')}`;
    return {
      faults,
      seen,
      saw: `${sayCounted(read.length - left.length, 'static table')}, as before${apart}`,
      ...besideFaults(unread),
    };
  },
  breach: {
    baseline: { 'table public.t': '[{"columns":["a"],"rows":"1","sum":"5","seed":"1"}]' },
    rows: [
      {
        relation: 'public.t',
        columns: '["a"]',
        sums: '[{"columns":["a"],"rows":"1","sum":"6","seed":"1"}]',
        unread: null,
      },
    ],
  },
});
