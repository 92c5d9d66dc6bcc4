import type { Expectation } from '../plan/questions.ts';
import { sayRows } from './answer.ts';
import type { Finding } from './finding.ts';
import { hashesOf, placesNotIn } from './row-hashes.ts';

/** Whether a breach shows only what existed before. */
export type Known = 'yes' | 'no' | 'unknown';

/** For a breach that shows only what the baseline shows. */
export const sayKnown = (summary: string): string => `${summary} (known: the baseline shows it too)`;

/** For a breach that cannot be compared with the earlier one. */
export const sayUnlikened = (summary: string, before: 'baseline' | 'boundary'): string =>
  `${summary}; whether the ${before} shows the same rows is unknown, because some rows have no recorded hash`;

/** A cut answer has more rows than any that was counted. */
const sizeOf = ({ rows, rowCount }: Finding): number => rowCount ?? (rows === undefined ? Number.NaN : Infinity);

/** If no rows are expected, each row is a separate fault. */
function hasOnlyKnownRows(before: Finding, now: Finding): Known {
  const [then, is] = [hashesOf(before), hashesOf(now)];
  if (then.complete && placesNotIn(is.hashes, then.hashes).length > 0) return 'no';
  if (then.complete && is.complete) return 'yes';
  return sizeOf(now) > sizeOf(before) ? 'no' : 'unknown';
}

/** If one number is expected: between it and the earlier number. The same distance on the other side is another fault. */
function isNoFurther(before: Finding, now: Finding, wanted: number): boolean {
  const off = ({ rows }: Finding) => Number(rows?.[0]?.[0] ?? Number.NaN) - wanted;
  const [was, is] = [off(before), off(now)];
  return Math.sign(is) === Math.sign(was) && Math.abs(is) <= Math.abs(was);
}

/** Whether a breach shows only what the baseline shows. Known faults never count as a breach; new ones do. */
export function isKnown(before: Finding | undefined, now: Finding, expect: Expectation | undefined): Known {
  if (before?.status !== 'breach') return 'no';
  if (now.fingerprint !== undefined && now.fingerprint === before.fingerprint) return 'yes';
  if (expect === 'no rows') return hasOnlyKnownRows(before, now);
  const value = typeof expect === 'object' && 'value' in expect ? expect.value : null;
  const isNumber = value !== null && typeof value !== 'boolean';
  return isNumber && isNoFurther(before, now, Number(value)) ? 'yes' : 'no';
}

/** The new rows of a breach, as far as it shows them; otherwise its own summary. */
export function sayNew(before: Finding | undefined, now: Finding): string {
  const [then, is] = [before === undefined ? undefined : hashesOf(before), hashesOf(now)];
  if (then?.complete !== true || !is.complete || before?.status !== 'breach') return now.summary;
  const places = placesNotIn(is.hashes, then.hashes);
  const shown = places.map((place) => now.rows?.[place]).filter((row) => row !== undefined);
  return shown.length === 0 ? now.summary : `${places.length} new since then: ${sayRows(shown)}`;
}
