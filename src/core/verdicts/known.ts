import type { Row } from '../evidence/answer.ts';
import type { Finding } from '../evidence/finding.ts';
import { canonical } from '../kernel/canonical.ts';
import type { Expectation } from '../plan/questions.ts';

/** Every row of the answer, when all of them were kept. */
const wholeAnswer = ({ rows, rowCount }: Finding): readonly Row[] | undefined =>
  rows !== undefined && rows.length === rowCount ? rows : undefined;

/** Of a breach that only shows what the baseline showed. */
export const sayKnown = (summary: string): string => `${summary} (known: the baseline shows it too)`;

/** Where no row was wanted, each row is a fault with an identity of its own. */
function hasNoNewRow(before: Finding, now: Finding): boolean {
  const [then, rows] = [wholeAnswer(before), wholeAnswer(now)];
  if (then === undefined || rows === undefined) return (now.rowCount ?? Infinity) <= (before.rowCount ?? Infinity);
  const known = new Set(then.map(canonical));
  return rows.every((row) => known.has(canonical(row)));
}

/** Where one number was wanted: not further from it than in the baseline. */
function isNoFurther(before: Finding, now: Finding, wanted: number): boolean {
  const distance = ({ rows }: Finding) => Math.abs(Number(rows?.[0]?.[0] ?? Number.NaN) - wanted);
  return distance(now) <= distance(before);
}

/** Whether a breach shows only what the baseline showed: known faults never fire, new ones beside them do. */
export function isKnown(before: Finding | undefined, now: Finding, expect: Expectation): boolean {
  if (before?.status !== 'breach') return false;
  if (now.fingerprint !== undefined && now.fingerprint === before.fingerprint) return true;
  if (expect === 'no rows') return hasNoNewRow(before, now);
  const value = typeof expect === 'object' && 'value' in expect ? expect.value : null;
  return value !== null && typeof value !== 'boolean' && isNoFurther(before, now, Number(value));
}
