import { canonical } from '../kernel/canonical.ts';
import { sayWhole } from '../kernel/whole.ts';
import type { Expectation } from '../plan/questions.ts';
import {
  type Answer,
  evidenceOf,
  fingerprintOf,
  isCut,
  type Row,
  sayCell,
  sayCount,
  sayRow,
  sayRows,
} from './answer.ts';
import type { Finding, Status } from './finding.ts';
import { newRows } from './row-hashes.ts';

export interface Judgement {
  readonly status: Status;
  /** What was found, and what was wanted. */
  readonly summary: string;
}

type Wanted<Key extends string> = Extract<Expectation, Readonly<Record<Key, unknown>>>;

/** Cells are compared as PostgreSQL prints them: true is `t`, a number its digits. */
function asText(cell: Wanted<'value'>['value']): string | null {
  if (cell === null || typeof cell === 'string') return cell;
  return typeof cell === 'boolean' ? (cell ? 't' : 'f') : String(cell);
}

const broken = (found: string, wanted: string): Judgement => ({
  status: 'error',
  summary: `the check itself is broken: ${found}, wanted ${wanted}`,
});
const tooLong = broken(`it gives ${sayCount(Infinity)}`, 'few: let the statement count, sum or hash them');

/** Rows of `some` that are missing from `others`, as a multiset difference. */
function without(some: readonly Row[], others: readonly Row[]): readonly Row[] {
  const left = new Map<string, number>();
  for (const row of others) left.set(canonical(row), (left.get(canonical(row)) ?? 0) + 1);
  return some.filter((row) => {
    const count = left.get(canonical(row)) ?? 0;
    left.set(canonical(row), count - 1);
    return count <= 0;
  });
}

function sayDifference(found: readonly Row[], wanted: readonly Row[]): string {
  const [missing, added] = [without(wanted, found), without(found, wanted)];
  if (missing.length === 0 && added.length === 0) return 'the same rows in another order (does it need an "order by"?)';
  const parts = [
    missing.length > 0 && `missing ${sayRows(missing)}`,
    added.length > 0 && `not wanted ${sayRows(added)}`,
  ];
  return parts.filter((part) => part !== false).join('; ');
}

function judgeValue({ rows, fields }: Answer, wanted: string | null): Judgement {
  const [row] = rows;
  const cell = row?.[0];
  if (row === undefined || rows.length > 1 || cell === undefined) {
    return broken(`it gives ${sayCount(rows.length)} of ${sayCount(fields.length, 'column')}`, 'one row with a value');
  }
  return cell === wanted
    ? { status: 'ok', summary: `${sayCell(cell)}, as wanted` }
    : { status: 'breach', summary: `${row.length === 1 ? sayCell(cell) : sayRow(row)}, wanted ${sayCell(wanted)}` };
}

function judgeExactly({ rows, fields }: Answer, wanted: readonly Row[]): Judgement {
  const misfit = wanted.find((row) => row.length !== fields.length);
  if (misfit !== undefined)
    return broken(`it gives ${sayCount(fields.length, 'column')}`, `${misfit.length}: ${sayRow(misfit)}`);
  if (wanted.length > 0 && isCut({ rows, fields })) return tooLong;
  if (canonical(rows) === canonical(wanted)) return { status: 'ok', summary: `${sayCount(rows.length)}, as wanted` };
  const counts = `${sayCount(rows.length)}, wanted ${wanted.length === 0 ? 'none' : wanted.length}`;
  return { status: 'breach', summary: `${counts}: ${sayDifference(rows, wanted)}` };
}

/** If the baseline has rows too, names only the rows that it does not have. */
function judgeNone(answer: Answer, baseline: Finding | undefined): Judgement {
  const { rows } = answer;
  if (rows.length === 0) return { status: 'ok', summary: 'no rows, as wanted' };
  const fresh = newRows(rows, baseline) ?? [];
  const number = `${isCut(answer) ? 'at least ' : ''}${sayWhole(fresh.length)}`;
  const which = fresh.length === 0 ? `: ${sayRows(rows)}` : `; ${number} not in the baseline: ${sayRows(fresh)}`;
  return { status: 'breach', summary: `${sayCount(rows.length)}, wanted none${which}` };
}

function judgeAgainst(baseline: Finding | undefined, answer: Answer): Judgement {
  if (isCut(answer)) return tooLong;
  const count = sayCount(answer.rows.length);
  if (baseline?.fingerprint === undefined) {
    const why = baseline === undefined ? 'there is no baseline' : 'the baseline could not look';
    return { status: 'unknown', summary: `${count}, but ${why} to compare with` };
  }
  if (fingerprintOf(answer) === baseline.fingerprint) return { status: 'ok', summary: `${count}, as in the baseline` };
  const [then, rows] = [baseline.rowCount, baseline.rows];
  const wanted = then === undefined ? 'the same as in the baseline' : `the baseline’s ${sayWhole(then)}`;
  const both = answer.rows.length <= 20 && rows !== undefined && rows.length === then; // otherwise not all rows were kept
  const detail = both ? `: ${sayDifference(evidenceOf(answer.rows), rows)}` : ', with different rows';
  return { status: 'breach', summary: `${count}, wanted ${wanted}${detail}` };
}

/**
 * Whether the answer is the expected one. An answer of the wrong shape is an `error`: the check is broken, not the target.
 * `baseline` is the same check's finding in the frozen baseline.
 */
export function judgeRows(expect: Expectation, answer: Answer, baseline: Finding | undefined): Judgement {
  const { rows } = answer;
  if (expect === 'no rows') return judgeNone(answer, baseline);
  if (expect === 'some rows') {
    return rows.length === 0
      ? { status: 'breach', summary: 'no rows, wanted some' }
      : { status: 'ok', summary: `${sayCount(rows.length)}, as wanted` };
  }
  if (expect === 'same as baseline') return judgeAgainst(baseline, answer);
  if ('value' in expect) return judgeValue(answer, asText(expect.value));
  return judgeExactly(
    answer,
    expect.rows.map((row) => row.map(asText)),
  );
}
