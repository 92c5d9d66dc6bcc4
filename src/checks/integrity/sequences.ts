import { isInFlux, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault } from '../../core/evidence/finding.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { quoteIdentifier } from '../../target/identifiers.ts';
import type { RelationCode } from '../../target/untrusted-code.ts';
import type { Asks } from '../asks.ts';
import { type Cells, check, type CheckInput } from '../check.ts';
import { type LockPatience, lockPatience } from '../lock-patience.ts';
import { faultOf, recordsOf, sayCounted } from '../pieces.ts';
import { listed } from './sequences-sql.ts';
import { besideFaults, careful, named, nameOf, readOr, sayUnread } from '../tables.ts';

const isReadable = ({ indexed, numbers, cycles }: Cells): boolean =>
  indexed === 't' && numbers === 't' && cycles === 'f';

/**
 * A sequence ignores snapshots: the statement reads its current state, after taking the snapshot in which it reads the
 * column. So the sequence has already reached the number of every row that the statement sees.
 */
function asking(place: number, row: Cells): string {
  const { schema, sequence, table_schema: tableSchema, table, column, step } = row;
  const end = Number(step) > 0 ? 'max' : 'min';
  const farthest = isReadable(row)
    ? `(select ${end}(${quoteIdentifier(column ?? '')})::text
       from ${nameOf({ schema: tableSchema ?? '', name: table ?? '' })})`
    : 'null';
  return `select ${place} as place, last_value::text, is_called::text, ${farthest} as farthest
    from ${nameOf({ schema: schema ?? '', name: sequence ?? '' })}`;
}

const together = 100;

async function isStillThere(asks: Asks, oid: string | null | undefined): Promise<boolean> {
  return (await asks.query('select from pg_sequence where seqrelid = $1', [oid])).rows.length > 0;
}

interface Reading {
  readonly asks: Asks;
  readonly code: RelationCode;
  readonly patience: LockPatience;
}

/** Sequences that the check no longer waits for are reported as unread; it reads the others. */
async function readTogether(all: readonly Cells[], reading: Reading): Promise<readonly Cells[]> {
  const { asks, code, patience } = reading;
  const over = all.flatMap((row) => {
    const unread = patience.over([row.owner]);
    return unread === undefined ? [] : [{ ...row, unread }];
  });
  const rows = all.filter((row) => patience.over([row.owner]) === undefined);
  if (rows.length === 0) return over;
  const relations = rows.flatMap((row) => [
    named(row.table_oid, row.table_schema, row.table),
    named(row.oid, row.schema, row.sequence),
  ]);
  const question = rows.map((row, place) => asking(place, row)).join('\nunion all ');
  const answer = await readOr(() => careful(asks, code, relations).query(question));
  if (!('refused' in answer)) {
    const read = recordsOf(answer).map(({ place, ...cells }) => ({ ...rows[Number(place)], ...cells, unread: null }));
    return [...over, ...read];
  }
  if (rows.length > 1) return [...over, ...(await readOneByOne(rows, reading))];
  if (answer.refused.kind === 'gone' && !(await isStillThere(asks, rows[0]?.oid))) return over;
  patience.met([rows[0]?.owner], answer.refused);
  return [...over, { ...rows[0], unread: answer.refused.message }];
}

/**
 * A sequence that is locked, forbidden or dropped since it was listed makes the combined statement fail. Then each
 * sequence is read on its own.
 */
async function readOneByOne(rows: readonly Cells[], reading: Reading): Promise<readonly Cells[]> {
  const read: Cells[] = [];
  for (const row of rows) read.push(...(await readTogether([row], reading)));
  return read;
}

const sequenceOf = ({ name, relation }: Cells) => ({ kind: 'sequence', name: name ?? '', relation: relation ?? '' });

/** A numeric column may contain fractions. */
const wholeOf = (text: string | null | undefined): bigint => BigInt((text ?? '0').split('.', 1)[0] ?? '0');

/** Whether the next number already exists in the column, or numbers before the column's end are still to come. */
function isBehind({ step, last_value: last, is_called: isCalled, farthest }: Cells): boolean {
  if (farthest === null || farthest === undefined) return false;
  const by = wholeOf(step);
  const next = wholeOf(last) + (isCalled === 'true' ? by : 0n);
  return by > 0n ? next <= wholeOf(farthest) : next >= wholeOf(farthest);
}

/** The share of numbers used so far, of those that fit both the sequence and its column. */
function usedOf({ step, least, most, fits, last_value: last, is_called: isCalled }: Cells): number {
  if (isCalled !== 'true') return 0;
  const ascends = wholeOf(step) > 0n;
  const [from, given, holds] = [wholeOf(ascends ? least : most), wholeOf(last), wholeOf(fits)];
  const sequenceEnd = wholeOf(ascends ? most : least);
  const columnEnd = ascends ? holds : -holds - 1n;
  const end = ascends === sequenceEnd < columnEnd ? sequenceEnd : columnEnd;
  return Number(given - from) / Number(end - from);
}

function faultsOf(row: Cells, { declared, limits }: CheckInput<'sequences'>): readonly Fault[] {
  const sequence = sequenceOf(row);
  const { column, relation, farthest, last_value: last, step } = row;
  const filled = `${relation}.${quoteIdentifier(column ?? '')}`;
  const settled = !isInFlux(declared, { kind: 'table', relation: relation ?? '' }, 'content');
  const used = usedOf(row);
  return [
    ...(isReadable(row) && settled && isBehind(row)
      ? [
          faultOf(
            declared,
            sequence,
            `is at ${last}, while ${filled} already goes ${Number(step) > 0 ? 'up' : 'down'} to ${farthest}`,
            'veto',
          ),
        ]
      : []),
    ...(row.cycles === 'f' && used > limits.used
      ? [
          {
            object: `range of ${sayThing(thingBefore(declared, sequence))}`,
            what: `is used up by ${Math.floor(used * 100)} %`,
            consequence: 'note' as const,
          },
        ]
      : []),
  ];
}

const sayNames = (names: readonly (string | null | undefined)[]): string =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;

/**
 * Names the sequences that were not compared with their column, and why. A sequence named here does not count as ok.
 */
function saySequences(rows: readonly Cells[]): string {
  const left = rows.filter((row) => !isReadable(row) && row.cycles === 'f').map(({ name }) => name);
  const cycling = rows.filter(({ cycles }) => cycles === 't').map(({ name }) => name);
  return [
    `${sayCounted(rows.length - left.length - cycling.length, 'sequence')} ahead of the columns they fill`,
    ...(left.length > 0 ? [`not compared, because no numeric index starts with the column: ${sayNames(left)}`] : []),
    ...(cycling.length > 0 ? [`not compared, because they cycle: ${sayNames(cycling)}`] : []),
  ].join('; ');
}

const readsSequences = 'grant pg_read_all_data to the login that reads';

/**
 * A sequence that is behind gives out numbers that exist already: inserts fail, or two rows get the same number. The
 * check reads the end of an index for each sequence, which takes half a second for a thousand, so it runs in rounds.
 */
export const sequences = check({
  id: 'sequences',
  cost: 'C',
  login: 'reading',
  against: 'nothing',
  mayAt: 'veto',
  reads: ['pg_sequence', 'pg_depend', 'pg_class', 'pg_namespace', 'pg_attribute', 'pg_index', 'pg_am'],
  needs: readsSequences,
  remedy: "select setval('NAME', (select max(COLUMN) from TABLE))",
  ask: {
    steps: async (asks, scope) => {
      const rows = recordsOf(await asks.query(listed));
      const code = scope.code(rows.map((row) => row.table_oid ?? ''));
      const read: Cells[] = [];
      const reading = { asks, code, patience: lockPatience() };
      for (let at = 0; at < rows.length; at += together)
        read.push(...(await readTogether(rows.slice(at, at + together), reading)));
      return read;
    },
  },
  judge: (input) => {
    const { rows } = input;
    const read = rows.filter(({ unread }) => unread === null);
    const faults = read.flatMap((row) => faultsOf(row, input));
    const unread = rows.flatMap((row) =>
      row.unread === null ? [] : [{ what: sayThing(sequenceOf(row)), why: row.unread ?? '' }],
    );
    if (faults.every(({ consequence }) => consequence === 'note') && unread.length > 0)
      return { unknown: sayUnread(unread, readsSequences) };
    return { faults, saw: saySequences(rows), ...besideFaults(unread, readsSequences) };
  },
  breach: {
    rows: [
      {
        name: 'public.s',
        relation: 'public.t',
        column: 'id',
        step: '1',
        least: '1',
        most: '99',
        cycles: 'f',
        fits: '99',
        numbers: 't',
        indexed: 't',
        last_value: '1',
        is_called: 'true',
        farthest: '7',
        unread: null,
      },
    ],
  },
});
