import {
  type Declared,
  isDeclared,
  isInFlux,
  isUnsettled,
  nameBefore,
  thingBefore,
  unfinished,
} from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import { sayWhole } from '../../core/kernel/whole.ts';
import type { Effects } from '../../core/plan/phase.ts';
import { type Cells, check, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted } from '../pieces.ts';
import {
  absentOf,
  besideFaults,
  careful,
  named,
  everyName,
  nameOf,
  readOr,
  readsEverything,
  sayUnread,
  type Table,
  tablesNamed,
} from '../tables.ts';
import { referenceOf, withApplied } from './reference.ts';

type Direction = Effects['writes'][string]['rows'];

export const tableThing = (relation: string | null | undefined): Thing => ({ kind: 'table', relation: relation ?? '' });

/** The combined direction of the phases. Growth plus shrinking may be any change; no declaration means no change. */
function directionOf(declared: Declared, since: Declared['applied'], relation: string): Direction {
  const says = ({ effects }: Declared['applied'][number]): readonly Direction[] => [
    ...Object.entries(effects.writes).flatMap(([name, { rows }]) =>
      sameTable(declared, name, relation) ? [rows] : [],
    ),
    ...[...effects.creates, ...effects.drops].flatMap((name) =>
      sameTable(declared, name, relation) ? ['any' as const] : [],
    ),
  ];
  const said = new Set(since.flatMap(says).filter((direction) => direction !== 'same'));
  if (said.size > 1) return 'any';
  return [...said][0] ?? 'same';
}

/** Whether an operator's name means this relation, under its current, former or intermediate name. */
export function sameTable(declared: Declared, name: string, relation: string): boolean {
  const own = nameBefore(declared, name.includes('.') ? name : `public.${name}`);
  return own.replaceAll('"', '') === nameBefore(declared, relation).replaceAll('"', '');
}

const breaks = (direction: Direction, was: number, is: number): boolean => {
  switch (direction) {
    case 'any':
      return false;
    case 'grow':
      return is < was;
    case 'shrink':
      return is > was;
    case 'same':
      return is !== was;
  }
};

/**
 * A static table keeps its number of rows, apart from declared changes. Applications write to the other tables, so
 * their number proves nothing by itself: an undeclared decrease is worth a note.
 */
function countFault(row: Cells, was: string, direction: Direction, { declared, scope }: CheckInput<'row-counts'>) {
  const isStatic = scope.staticTables.some((name) => sameTable(declared, name, row.relation ?? ''));
  const [before, now] = [Number(was), Number(row.count)];
  const broken = isStatic ? breaks(direction, before, now) : now < before && breaks(direction, before, now);
  if (!broken) return [];
  const wanted = direction === 'same' ? '' : `, which a phase declares to ${direction}`;
  const said = `has ${sayCounted(now, 'row')} where it had ${sayWhole(before)}${wanted}`;
  return [faultOf(declared, tableThing(row.relation), said, isStatic ? 'veto' : 'note')];
}

/** Tables that had rows and now exist under none of their names. */
function goneFaults(seen: Readonly<Record<string, string>>, { rows, declared, scope }: CheckInput<'row-counts'>) {
  const there = new Set(rows.map(({ relation }) => sayThing(thingBefore(declared, tableThing(relation)))));
  return Object.keys(seen)
    .filter((object) => object.startsWith('table ') && !there.has(object))
    .flatMap((object): readonly Fault[] => {
      const relation = object.slice('table '.length);
      const table = tableThing(relation);
      const dropped = [...declared.applied, ...unfinished(declared)].some(({ effects }) =>
        effects.drops.some((name) => sameTable(declared, name, relation)),
      );
      if (dropped) return [];
      const isStatic = scope.staticTables.some((name) => sameTable(declared, name, relation));
      const settled = !isUnsettled(declared, table, 'existence');
      const what = `is gone, with the ${sayCounted(Number(seen[object]), 'row')} that it had`;
      return [{ object, what, consequence: isStatic && settled ? 'veto' : 'note' }];
    });
}

/** Static tables that never existed. Without this, a misspelt table would pass forever. */
export function neverThere(
  { declared, scope }: Pick<CheckInput, 'declared' | 'scope'>,
  rows: readonly Cells[],
  seen: object,
) {
  const known = [...rows.map(({ relation }) => relation ?? ''), ...Object.keys(seen).map((key) => key.slice(6))];
  return [
    ...new Set(
      scope.staticTables
        .map((name) => nameBefore(declared, name))
        .filter((name) => !known.some((relation) => sameTable(declared, name, relation)))
        .filter((name) => !isDeclared(declared, tableThing(name), 'existence'))
        .filter((name) => !isUnsettled(declared, tableThing(name), 'existence')),
    ),
  ];
}

export const sayNeverThere = (names: readonly string[]): string =>
  `the static ${names.length === 1 ? 'table is' : 'tables are'} not there: ${names.join(', ')}; ` +
  'correct static_tables in the plan';

export const rowCounts = check({
  id: 'row-counts',
  cost: 'C',
  login: 'reading',
  against: 'boundary',
  mayAt: 'veto',
  reads: ['pg_class', 'pg_namespace'],
  needs: readsEverything,
  remedy: 'Find out who removed or added rows, then restore the missing ones from the backup',
  ask: {
    steps: async (asks, scope, limits) => {
      const names = everyName(scope, [...scope.staticTables, ...scope.phaseTables, ...limits.tables]);
      const tables = await tablesNamed(asks, names);
      const code = scope.code(tables.map(({ oid }) => oid));
      const count = async (table: Table): Promise<readonly Cells[]> => {
        const answer = await readOr(() =>
          careful(asks, code, [named(table.oid, table.schema, table.name)]).query(
            `select count(*) from ${nameOf(table)}`,
          ),
        );
        if (!('refused' in answer))
          return [{ relation: table.relation, count: answer.rows[0]?.[0] ?? null, unread: null }];
        const again = answer.refused.kind === 'gone' ? await tablesNamed(asks, names) : tables;
        if (!again.some(({ oid }) => oid === table.oid)) return [];
        return [{ relation: table.relation, count: null, unread: answer.refused.message }];
      };
      const rows: Cells[] = [...(await absentOf(asks, scope, limits.tables))];
      for (const table of tables) rows.push(...(await count(table)));
      return rows;
    },
  },
  judge: (input) => {
    const { rows, declared } = input;
    const counted = rows.filter(({ unread }) => unread === null);
    const seen = withApplied(
      declared,
      Object.fromEntries(
        counted.map(
          ({ relation, count }) => [sayThing(thingBefore(declared, tableThing(relation))), count ?? '0'] as const,
        ),
      ),
    );
    const reference = referenceOf(input);
    const never = neverThere(input, rows, reference?.seen ?? {});
    if (never.length > 0) return { unknown: sayNeverThere(never), seen };
    if (reference === undefined) return { unknown: noBaseline, seen };
    const faults = [
      ...counted.flatMap((row): readonly Fault[] => {
        const table = tableThing(row.relation);
        const was = reference.seen[sayThing(thingBefore(declared, table))];
        if (was === undefined || isInFlux(declared, table, 'rows')) return [];
        return countFault(row, was, directionOf(declared, reference.since, row.relation ?? ''), input);
      }),
      ...goneFaults(reference.seen, input),
    ];
    const unread = rows.flatMap(({ relation, unread: why }) =>
      why === null ? [] : [{ what: relation ?? '', why: why ?? '' }],
    );
    const grave = faults.some(({ consequence }) => consequence === 'veto');
    if (!grave && unread.length > 0) return { unknown: sayUnread(unread), seen };
    const saw = `${sayCounted(rows.length, 'table')}, with the rows that they should have`;
    return { faults, seen, saw, ...besideFaults(unread) };
  },
  breach: {
    baseline: { 'table public.t': '2' },
    rows: [{ relation: 'public.t', count: '1', unread: null }],
  },
});
