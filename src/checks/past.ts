import type { Millis } from '../core/kernel/units.ts';
import { StatementTimedOut } from '../target/errors.ts';
import type { Asks } from './asks.ts';
import type { Cells } from './check.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { recordsInSlices } from './slices.ts';

/**
 * To print a definition, PostgreSQL opens the relations that it names, and walks the stored expression. Whoever owns an
 * object can make that fail. It must not hide the definitions of all other objects.
 */

/** Why a definition was not printed, and what to do. */
export interface Why {
  readonly why: string;
  readonly todo: string;
  /** It stays so until somebody changes the object. */
  readonly lasts?: true;
}

/** What the next try leaves out, by oid. */
export interface Hidden {
  /** Relations that it must not open. */
  readonly locks: Map<string, Why>;
  /** Objects that it must not print, and roles whose objects it must not print. */
  readonly skipped: Map<string, Why>;
}

/** Why a try failed. `isLate`: there was no answer in time. */
export type Failed = Refusal & { readonly isLate: boolean };

/** Handles one kind of error: adds to what is hidden, and says whether to try again. */
export type Past = (asks: Asks, failed: Failed, hidden: Hidden, timeout: Millis) => Promise<boolean>;

/** SQL: the relations in `param`, by oid, that block the definition of this object; null if none does. */
export const lockedBefore = (param: string, relation: string, catalogue: string, object: string): string => `(
  select string_agg(l.oid::text, ',' order by l.oid) from unnest(${param}::oid[]) l (oid)
  where l.oid = ${relation} or exists (
    select from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = ${object}
      and d.refclassid = 'pg_class'::regclass and d.refobjid = l.oid))`;

/** SQL: which of the object and its owner are in `param`; null if neither is. */
export const skippedBy = (param: string, object: string, owner: string): string => `(
  select string_agg(s.oid::text, ',' order by s.oid) from unnest(${param}::oid[]) s (oid)
  where s.oid in (${object}, ${owner}))`;

/** SQL: why the definition of this object must not be printed; null if it may be. */
export const hiddenBy = (
  { locks, skipped }: { readonly locks: string; readonly skipped: string },
  { relation, catalogue, object, owner }: Readonly<Record<'relation' | 'catalogue' | 'object' | 'owner', string>>,
): string =>
  `nullif(concat_ws(',', ${lockedBefore(locks, relation, catalogue, object)}, ${skippedBy(skipped, object, owner)}), '')`;

/** Replaces oids with what is wrong with these objects. */
function said(row: Cells, { locks, skipped }: Hidden): Cells {
  const oids = (row.locked ?? '').split(',');
  const reasons = oids.map((oid) => locks.get(oid) ?? skipped.get(oid) ?? { why: oid, todo: '' });
  return {
    ...row,
    locked: reasons.map(({ why }) => why).join('; '),
    todo: [...new Set(reasons.map(({ todo }) => todo))].join('; '),
    lasts: reasons.every(({ lasts }) => lasts === true) ? 't' : null,
  };
}

export interface PastOptions {
  readonly timeout: Millis;
  readonly prepared?: boolean;
}

export const failedBy = (error: unknown): Failed => ({
  ...refusalOf(error),
  isLate: error instanceof StatementTimedOut,
});

/** Tries with more and more left out, until the statement succeeds or nothing more can be left out. */
export async function tryPast<Made>(
  asks: Asks,
  timeout: Millis,
  pasts: readonly Past[],
  attempt: (hidden: Hidden) => Promise<Made>,
): Promise<Made> {
  const hidden: Hidden = { locks: new Map(), skipped: new Map() };
  for (;;) {
    try {
      return await attempt(hidden);
    } catch (error) {
      const failed = failedBy(error);
      let isWorthwhile = false;
      for (const past of pasts) isWorthwhile ||= await past(asks, failed, hidden, timeout);
      if (!isWorthwhile) throw error;
    }
  }
}

/**
 * Runs a statement whose last two parameters list the relations, by oid, that it must not open, and the objects and owners
 * whose definitions it must not print. Its column `locked` says which of them kept a row's definition from being printed.
 */
export async function askPast(
  asks: Asks,
  { text, values = [] }: { readonly text: string; readonly values?: readonly unknown[] },
  options: PastOptions,
  pasts: readonly Past[],
): Promise<readonly Cells[]> {
  return tryPast(asks, options.timeout, pasts, async (hidden) => {
    const around = [[...hidden.locks.keys()], [...hidden.skipped.keys()]];
    const rows = await recordsInSlices(await asks.query(text, [...values, ...around], options));
    return rows.map((row) => (typeof row.locked === 'string' ? said(row, hidden) : row));
  });
}
